// Package command is the command line of the agent: its options, its file of settings, its log, and
// what it tells systemd. Two programs have it, drover agent and drover-agent, so that a device needs no
// server on its disk (R-AGT-21). How a page of help looks is left to them.
package command

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/drover-iot/drover/agent"
	"github.com/drover-iot/drover/internal/config"
)

// about is the help text; PROGRAM stands for what the user calls.
const about = "Do the jobs of a thing on this device: on a Drover or on AWS IoT. It connects by MQTT over TLS with the\n" +
	"certificate of the device, and goes on where it was after a restart, a reboot or a power cut. It knows the\n" +
	"documents of AWS's managed templates; what else a device is to do are programs in the folder of --handlers.\n" +
	"docs/agent.md says all about it.\n\n" +
	"  PROGRAM --endpoint jobs.example.org --thing pump-07 --certificate device.pem --key device.key\n\n" +
	"A device without a certificate gets one by a claim:\n\n" +
	"  PROGRAM --endpoint jobs.example.org --template pumps --parameters SerialNumber=4711 \\\n" +
	"    --claim-certificate claim.pem --claim-key claim.key\n\n" +
	"Each option can stand in a file too, which --config names: lines of YAML like \"thing: pump-07\". It is\n" +
	"also an environment variable, DROVER_THING. With --check it only says whether the settings are complete,\n" +
	"and what is wrong with them."

// configVariable is the variable of --config. The other one is the command line's, and no setting.
const configVariable = "DROVER_CONFIG"

var otherVariables = []string{configVariable, "DROVER_COMPLETION_TIME"}

// errNoAgent says where an agent can run.
var errNoAgent = errors.New("the agent runs on Linux and macOS only")

// About is the help text for a program of this name.
func About(program string) string { return strings.ReplaceAll(about, "PROGRAM", program) }

// A Command is an agent whose options are being read.
type Command struct {
	config   agent.Config
	settings []config.Setting // their values are members of config
	file     *string
	check    *bool
	given    *config.Given
}

// New defines the options of an agent. Run follows when they have been parsed.
func New(flags *flag.FlagSet) *Command {
	c := &Command{config: agent.Default()}
	c.settings = config.All(c.config.Settings())
	c.file = flags.String("config", "", "`file` with settings, which count less than options and variables: "+
		"lines of YAML, with the names of options as keys (default: that of the variable "+configVariable+")")
	c.check = flags.Bool("check", false, "only say whether the settings are complete and the certificates "+
		"readable, by the exit status 0 or 1; nothing is made, and no server is asked")
	c.given = config.Flags(flags, c.settings)
	return c
}

// Run does the jobs of a device until ctx ends, or only checks the settings and writes to out what they
// have come to.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	loaded, err := config.Load(c.settings, config.Sources{
		File: cmp.Or(*c.file, os.Getenv(configVariable)), Environ: os.Environ(),
		OtherVariables: otherVariables, Given: *c.given,
	})
	if err != nil {
		return err
	}
	c.config.Origins = loaded.Origins
	if runtime.GOOS == "windows" {
		return errNoAgent
	}
	if *c.check {
		summary, err := c.config.CheckFiles()
		if err == nil {
			fmt.Fprintln(out, summary)
		}
		return err
	}
	log := slog.New(logHandler(c.config.LogFormat, c.config.LogLevel))
	c.config.Log = log
	for _, text := range loaded.Unknown {
		log.Warn(text)
	}
	context.AfterFunc(ctx, func() { tellSystemd(log, daemon.SdNotifyStopping) })
	return agent.Run(ctx, c.config, func() { tellSystemd(log, daemon.SdNotifyReady) })
}

// logHandler writes the lines of the log to standard error.
func logHandler(format string, level slog.Level) slog.Handler {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.NewJSONHandler(os.Stderr, options)
	}
	return slog.NewTextHandler(os.Stderr, options)
}

// tellSystemd tells systemd something, when that has started the agent. That this fails is nothing that
// the agent should end for.
func tellSystemd(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("cannot tell systemd", "what", state, "err", err)
	}
}
