package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"runtime"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/drover-iot/drover/agent"
	"github.com/drover-iot/drover/internal/config"
)

// agentAbout is the help text of drover agent.
const agentAbout = "Do the jobs of a thing on this device: on a Drover or on AWS IoT. " +
	"It connects by MQTT over TLS with the certificate of the device, and goes on where it was after a " +
	"restart, a reboot or a power cut. It knows the documents of AWS's managed templates; what else a " +
	"device is to do are programs in the folder of --handlers. docs/agent.md says all about it.\n\n" +
	"  drover agent --endpoint jobs.example.org --thing pump-07 --certificate device.pem --key device.key\n\n" +
	"A device without a certificate gets one by a claim:\n\n" +
	"  drover agent --endpoint jobs.example.org --template pumps --parameters SerialNumber=4711 \\\n" +
	"    --claim-certificate claim.pem --claim-key claim.key\n\n" +
	"Each option can stand in a file too, which --config names: lines of YAML like \"thing: pump-07\". It is\n" +
	"also an environment variable, DROVER_THING."

// errNoAgent says where an agent can run.
var errNoAgent = errors.New("the agent runs on Linux and macOS only")

// runAgent does the jobs of a device until ctx ends.
func runAgent(ctx context.Context, args []string) error {
	c := agent.Default()
	settings := config.All(c.Settings())
	flags := flag.NewFlagSet("agent", flag.ContinueOnError)
	file := flags.String("config", "", "`file` with settings, which count less than options and variables: "+
		"lines of YAML, with the names of options as keys (default: that of the variable "+configVariable+")")
	given := config.Flags(flags, settings)
	if err := parse(flags, args, agentAbout); err != nil {
		return err
	}
	loaded, err := config.Load(settings, config.Sources{
		File: cmp.Or(*file, os.Getenv(configVariable)), Environ: os.Environ(),
		OtherVariables: otherVariables, Given: *given,
	})
	if err != nil {
		return err
	}
	c.Origins = loaded.Origins
	if runtime.GOOS == "windows" {
		return errNoAgent
	}
	c.Log = slog.New(logHandler(c.LogFormat, c.LogLevel))
	for _, text := range loaded.Unknown {
		c.Log.Warn(text)
	}
	context.AfterFunc(ctx, func() { tellSupervisor(c.Log, daemon.SdNotifyStopping) })
	return agent.Run(ctx, c, func() { tellSupervisor(c.Log, daemon.SdNotifyReady) })
}
