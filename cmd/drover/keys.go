package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/drover-iot/drover/app"
)

// The secret of a key is stored as it is, because a signature is checked with it (docs/adr/0006).
// It can be read again in the data folder.

// keys makes an operator key and prints it as variables for a shell. A server that runs on the
// folder accepts it at once; none needs to run.
func keys(_ context.Context, args []string) error {
	const about = "Make another operator key. " +
		"It may call every operation of the server on that folder, at once."
	// There is one verb so far. It is required, so that others can come.
	if len(args) > 0 && args[0] == "create" {
		args = args[1:]
	} else if !asksHelp(args) {
		fmt.Fprintln(os.Stderr, "usage: drover keys create [--name NAME] [--data FOLDER]")
		return errUsage
	}
	flags := flag.NewFlagSet("keys create", flag.ContinueOnError)
	data := flags.String("data", app.Default().Data, "data `folder` of the server")
	name := flags.String("name", "", "`name` of the key, to tell it from others (default: key-N)")
	if err := parse(flags, args, about); err != nil {
		return err
	}
	// A folder that is not there is a mistyped one. Only the server makes one.
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
	fmt.Printf("export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s\n",
		key.AccessKeyID, key.SecretAccessKey)
	return nil
}
