package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"slices"

	"github.com/drover-iot/drover/app"
	"github.com/drover-iot/drover/bus"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/internal/config"
)

// The settings of a server: those of drover serve, which drover config shows (docs/spec/55).

// whereSettingsAre is the part of help about files and variables.
const whereSettingsAre = "Each option can stand in a file too, which --config names: lines of YAML like\n" +
	"\"region: eu-west-1\". It is also an environment variable, DROVER_REGION. An option on the\n" +
	"command line counts before the variable, and that before the file. \"drover config\" with\n" +
	"the same options shows what is in force; docs/configuration.md says all about each.\n\n"

// configAbout is the help text of drover config.
const configAbout = "Show the settings that drover serve with the same options would have, and where each " +
	"comes from: the file, the environment, the command line or the default. Secrets are not shown. " +
	"When a setting is wrong, the message says where it stands, and the exit status is 1, so that a " +
	"file can be checked before a server is given it.\n\n" + whereSettingsAre +
	"  drover config --config /etc/drover/drover.yaml"

// otherVariables are variables of the command line, which are no settings of a server.
var otherVariables = []string{configVariable, "DROVER_COMPLETION_TIME"}

// configVariable is the variable of --config.
const configVariable = "DROVER_CONFIG"

// serverSettings are the options of a command that reads the settings of a server, all of them or
// some. The file and the environment are read whole either way.
type serverSettings struct {
	flags *flag.FlagSet
	file  *string
	given *config.Given
}

// newServerSettings makes the options of a command of this name.
func newServerSettings(name string) *serverSettings {
	return newSomeSettings(name, config.All(new(app.Default()).Settings()))
}

// newLocalSettings makes the options of a command that works on the data of a server, beside it: where
// a server finds its data, these find them, too (R-CFG-12).
func newLocalSettings(name string, settings ...string) *serverSettings {
	all := config.All(new(app.Default()).Settings())
	return newSomeSettings(name, slices.DeleteFunc(all, func(s config.Setting) bool {
		return !slices.Contains(settings, s.Name)
	}))
}

// newSomeSettings makes the options of a command that has those of some settings.
func newSomeSettings(name string, settings []config.Setting) *serverSettings {
	s := &serverSettings{flags: flag.NewFlagSet(name, flag.ContinueOnError)}
	s.file = s.flags.String("config", "", "`file` with settings, which count less than options and "+
		"variables: lines of YAML, with the names of options as keys (default: that of the variable "+
		configVariable+")")
	s.given = config.Flags(s.flags, settings)
	return s
}

// read reads the file, the environment and the options, which have been parsed. The warnings are for
// the log.
func (s *serverSettings) read() (c app.Config, warnings []string, err error) {
	c, warnings, err = s.load()
	if err != nil {
		return c, nil, err
	}
	return c, append(warnings, visiblePasswords(c, s.path())...), c.Check()
}

// readLocal is read for a command that starts no server: it does not check whether one could start,
// says nothing of variables that are no settings, and warns on standard error.
func (s *serverSettings) readLocal() (c app.Config, err error) {
	if c, _, err = s.load(); err != nil {
		return c, err
	}
	for _, text := range visiblePasswords(c, s.path()) {
		fmt.Fprintln(os.Stderr, "drover: "+text)
	}
	return c, nil
}

// path is that of the file, empty for none.
func (s *serverSettings) path() string { return cmp.Or(*s.file, os.Getenv(configVariable)) }

// load reads the file, the environment and the options, each value by itself.
func (s *serverSettings) load() (c app.Config, unknown []string, err error) {
	c = app.Default()
	loaded, err := config.Load(config.All(c.Settings()), config.Sources{
		File:           s.path(),
		Environ:        os.Environ(),
		OtherVariables: otherVariables,
		Given:          *s.given,
	})
	if err != nil {
		return c, nil, err
	}
	c.Origins = loaded.Origins
	return c, loaded.Unknown, nil
}

const visiblePassword = "other users of this machine can see the password in --store; " +
	"use DROVER_STORE"

// visiblePasswords warns of passwords that other users of the machine can see: on the command line,
// or in a file that they can read.
func visiblePasswords(c app.Config, path string) (warnings []string) {
	kinds := map[config.Kind]bool{}
	if hasPassword(c.Store) {
		kinds[c.Origins["store"].Kind] = true
		if c.Origins["store"].Kind == config.Flag {
			warnings = append(warnings, visiblePassword)
		}
	}
	if bus.HasPassword(c.Bus) {
		kinds[c.Origins["bus"].Kind] = true
		if c.Origins["bus"].Kind == config.Flag {
			warnings = append(warnings,
				"other users of this machine can see the password in --bus; use DROVER_BUS")
		}
	}
	info, err := os.Stat(path)
	if kinds[config.File] && err == nil && info.Mode().Perm()&0o077 != 0 {
		warnings = append(warnings, "other users of this machine can read the password in "+path)
	}
	return warnings
}

// hasPassword reports whether there is a password in the URL of a database.
func hasPassword(store string) bool {
	u, err := url.Parse(store)
	if err != nil {
		return false
	}
	_, inUser := u.User.Password()
	return inUser || u.Query().Has("password")
}

// showConfig is drover config.
func showConfig(_ context.Context, args []string) error {
	settings := newServerSettings("config")
	if err := parse(settings.flags, args, configAbout); err != nil {
		return err
	}
	c, warnings, err := settings.read()
	if err != nil {
		return err
	}
	table := overview.Table{Titles: []string{"SETTING", "VALUE", "FROM"}}
	for _, row := range config.InForce(config.All(c.Settings()), c.Origins) {
		table.Rows = append(table.Rows, []overview.Cell{
			{Text: row.Name}, {Text: row.Value}, {Text: row.From},
		})
	}
	fmt.Print(table.String(0, false))
	for _, text := range warnings {
		fmt.Fprintln(os.Stderr, "drover: "+text)
	}
	return nil
}
