package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/settings"
)

// The commands that show and change the shared files: drover configure, and configure set, get,
// list, list-profiles and import (R-CMD-132). None of them needs a server.

// configureUsage is the help on configure.
const configureUsage = `usage: %[1]s configure [--profile NAME]
       %[1]s configure set KEY VALUE [--profile NAME]
       %[1]s configure get KEY [--profile NAME]
       %[1]s configure list [--profile NAME]
       %[1]s configure list-profiles
       %[1]s configure import --csv file://PATH [--profile-prefix PREFIX] [--skip-invalid]
       %[1]s configure export-credentials [--format FORMAT] [--profile NAME]

Shows and changes the files ~/.aws/config and ~/.aws/credentials, which the aws command line reads,
too. Without a further word it asks for the keys, the region and the output format; an empty line
leaves what is there.

A profile may have keys of its own, or say where they come from: role_arn with source_profile or
credential_source, web_identity_token_file, sso_session, credential_process. list shows which.
import stores downloaded keys, each under the name of its user. export-credentials prints the keys
in force, as process, env, env-no-export, powershell, windows-cmd or fish.

  %[1]s configure set region eu-west-1
  %[1]s configure set endpoint_url http://127.0.0.1:8080 --profile plant
  %[1]s configure get region --profile plant
  %[1]s configure set role_arn arn:aws:iam::123456789012:role/operators --profile ops
  %[1]s configure set source_profile plant --profile ops
  %[1]s configure import --csv file://credentials.csv --profile-prefix plant-
  %[1]s --profile plant iot list-jobs
`

// configure runs one of the commands.
func (c *call) configure(ctx context.Context, words []string) error {
	own := slices.Concat(command.ImportOptions, command.ExportOptions)
	if err := c.line.Read(words, slices.Concat(command.Globals, own)); err != nil {
		return err
	}
	if len(c.line.LeftOver) > 0 {
		return exit.LeftOver(strings.Join(c.line.LeftOver, ", "))
	}
	plain := c.line.Plain
	if c.line.WantsHelp() || len(plain) == 2 && plain[1] == "help" {
		_, err := fmt.Fprintf(c.env.Stdout, configureUsage, c.env.Program)
		return err
	}
	verb := ""
	if len(plain) > 0 {
		verb = plain[0]
	}
	verbs := command.ConfigureVerbs()
	at := slices.IndexFunc(verbs, func(v command.ConfigureVerb) bool { return v.Name == verb })
	if at < 0 {
		names := make([]string, len(verbs)-1) // without configure alone
		for i, v := range verbs[1:] {
			names[i] = v.Name
		}
		return invalidChoice("subcommand", verb, names)
	}
	wanted := verbs[at]
	for _, o := range own {
		if c.line.Has(o.Name) && !slices.Contains(wanted.Options, o) {
			return exit.LeftOver("--" + o.Name)
		}
	}
	given, names := plain[min(1, len(plain)):], wanted.Words
	switch {
	case len(given) < len(names):
		return exit.BadLine("the following arguments are required: %s",
			strings.Join(names[len(given):], ", "))
	case len(given) > len(names):
		return exit.LeftOver(strings.Join(given[len(names):], ", "))
	}
	return c.runConfigure(ctx, verb, given)
}

// runConfigure runs the command of a verb, with the words that it wants.
func (c *call) runConfigure(ctx context.Context, verb string, given []string) error {
	switch verb {
	case "set":
		return settings.Store(c.sources(), given[0], given[1])
	case "get":
		return c.configureGet(given[0])
	case "list":
		return c.configureList()
	case "list-profiles":
		return c.listProfiles()
	case "import":
		return c.configureImport()
	case "export-credentials":
		return c.exportCredentials(ctx)
	}
	return c.configureAll()
}

// configureGet prints the text of a key. Without one it prints nothing and ends with the status 1.
func (c *call) configureGet(key string) error {
	text, err := settings.Stored(c.sources(), key)
	if err != nil {
		return err
	}
	if text == "" {
		return &exit.Error{Status: 1, Quiet: true}
	}
	return c.env.print(text)
}

// listProfiles prints the profiles, one a line.
func (c *call) listProfiles() error {
	names, err := settings.ProfileNames(c.env.Getenv)
	if err != nil || len(names) == 0 {
		return err
	}
	return c.env.print(strings.Join(names, "\n"))
}

// masked hides all but the last four characters of a key.
func masked(text string) string {
	return strings.Repeat("*", 16) + text[max(0, len(text)-4):]
}

// configureList shows which settings are in force, and where each comes from.
func (c *call) configureList() error {
	all, err := settings.InForce(c.sources())
	if err != nil {
		return err
	}
	var b strings.Builder
	row := func(cells ...any) { fmt.Fprintf(&b, "%-16s %-28s %-20s %s\n", cells...) }
	row("NAME", "VALUE", "TYPE", "LOCATION")
	for _, s := range all {
		switch {
		case s.Text == "":
			s.Text, s.Kind, s.Where = "<not set>", "None", "None"
		case s.Secret && s.Text != settings.NotFetched:
			s.Text = masked(s.Text)
		}
		row(s.Name, s.Text, s.Kind, s.Where)
	}
	_, err = fmt.Fprint(c.env.Stdout, b.String())
	return err
}

// configureAll asks for what every profile needs.
func (c *call) configureAll() error {
	in := bufio.NewScanner(c.env.Stdin)
	for _, q := range []struct{ key, ask string }{
		{"aws_access_key_id", "AWS Access Key ID"},
		{"aws_secret_access_key", "AWS Secret Access Key"},
		{"region", "Default region name"},
		{"output", "Default output format"},
	} {
		now, err := settings.Stored(c.sources(), q.key)
		// A profile that is not there yet is made by the first answer.
		failed, ok := errors.AsType[*exit.Error](err)
		if err != nil && (!ok || failed.Code != exit.CodeNoProfile) {
			return err
		}
		shown := now
		switch {
		case now == "":
			shown = "None"
		case slices.Contains([]string{"aws_access_key_id", "aws_secret_access_key"}, q.key):
			shown = masked(now)
		}
		fmt.Fprintf(c.env.Stdout, "%s [%s]: ", q.ask, shown)
		if !in.Scan() {
			fmt.Fprintln(c.env.Stdout)
			return in.Err()
		}
		if text := strings.TrimSpace(in.Text()); text != "" {
			if err := settings.Store(c.sources(), q.key, text); err != nil {
				return err
			}
		}
	}
	return nil
}
