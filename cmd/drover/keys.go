package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/drover-iot/drover/app"
)

// keys makes operator keys. A server that runs on the folder accepts a new one at once.
func keys(args []string) error {
	const about = "Make another operator key. It may call every operation of the server on that folder, at once."
	if len(args) > 0 && args[0] == "create" {
		args = args[1:]
	} else if len(args) == 0 || args[0] != "--help" && args[0] != "-h" && args[0] != "help" {
		fmt.Fprintln(os.Stderr, "usage: drover keys create [--name NAME] [--data FOLDER]")
		return errUsage
	}
	flags := flag.NewFlagSet("keys create", flag.ContinueOnError)
	data := flags.String("data", app.Default().Data, "data `folder` of the server")
	name := flags.String("name", "", "`name` of the key, to tell it from others (default: key-N)")
	if err := parse(flags, args, about); err != nil {
		return err
	}
	if _, err := os.Stat(*data); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	open, err := app.OpenKeys(*data)
	if err != nil {
		return err
	}
	key, err := open.Create(*name)
	if err != nil {
		return err
	}
	fmt.Printf("export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s\n", key.AccessKeyID, key.SecretAccessKey)
	return nil
}
