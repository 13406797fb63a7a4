package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/drover-iot/drover/cli/shellwords"
	"github.com/drover-iot/drover/internal/endpoints"
)

const showEnvironmentAbout = "Print what another program needs to call the server that runs on a " +
	"data folder, as variables for a shell: the address, the region and an operator key. The aws " +
	"command line and every SDK read them. The folder is that of --data, of DROVER_DATA, or of the " +
	"file of --config or DROVER_CONFIG, as with drover serve.\n\n" +
	`eval "$(drover keys env)"`

// showEnvironment prints the variables with which other programs call the server on a folder
// (R-CMD-171).
func showEnvironment(_ context.Context, how string, args []string) error {
	settings := newLocalSettings("keys env", "data")
	k := &keysCommand{FlagSet: settings.flags, settings: settings}
	if _, err := k.read(args, how, showEnvironmentAbout, 0); err != nil {
		return err
	}
	e, err := endpoints.Read(k.config.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no server runs on %s: start one with drover serve, or name its folder "+
			"with --data", k.config.Data)
	}
	if err != nil {
		return err
	}
	fmt.Print(environmentOf(e))
	return nil
}

// environmentOf are the variables for a server, a line of a shell each.
func environmentOf(e endpoints.File) (lines string) {
	address, authority := e.HTTP, ""
	if address == "" {
		address, authority = e.HTTPS, e.CA
	}
	for _, v := range []struct{ name, value string }{
		{"AWS_ENDPOINT_URL", address},
		{"AWS_CA_BUNDLE", authority},
		{"AWS_DEFAULT_REGION", e.Region},
		{"AWS_ACCESS_KEY_ID", e.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", e.SecretAccessKey},
	} {
		if v.value != "" {
			lines += "export " + v.name + "=" + shellwords.Quote(v.value) + "\n"
		}
	}
	return lines
}
