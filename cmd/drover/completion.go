package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/drover-iot/drover/cli"
	"github.com/drover-iot/drover/cli/complete"
	"github.com/drover-iot/drover/internal/nearest"
)

// Completion at TAB. drover completion prints a script for a shell, and that calls the program back
// with the line that is being written.

// completeWord is the command that the scripts call. It is for them alone, and not listed.
const completeWord = "__complete"

// completionAbout is the help text of drover completion.
const completionAbout = `Print the script that lets a shell complete words at TAB: commands,
operations, options, values that the API knows, and names of jobs, things, groups, templates,
policies and certificates of the server.

bash reads installed scripts when a shell starts to need them, with the package bash-completion:

  mkdir -p ~/.local/share/bash-completion/completions
  drover completion bash > ~/.local/share/bash-completion/completions/drover

Without that package, add this line to ~/.bashrc:

  source <(drover completion bash)

The bash of macOS, 3.2, needs eval "$(drover completion bash)" in its place.

zsh: a folder of fpath, which is set in ~/.zshrc before compinit is called:

  mkdir -p ~/.zsh/completions
  drover completion zsh > ~/.zsh/completions/_drover
  fpath=(~/.zsh/completions $fpath); autoload -Uz compinit; compinit

Or, behind compinit: source <(drover completion zsh)

fish:

  mkdir -p ~/.config/fish/completions
  drover completion fish > ~/.config/fish/completions/drover.fish

Where drover is called by another name, --for says which; the name of the file is then that name:
--for aws for "alias aws=drover" or a link. Called through a link named aws, "aws completion bash"
prints the script for aws.

The server is asked with the settings of the line: its --profile, --region and --endpoint-url, the
variables, the profile. It is only read, for less than a tenth of a second, and what has not come
by then is left out; DROVER_COMPLETION_TIME=300ms gives a server that is far away more time. Nothing
is asked when credentials would have to come from a credential_process.`

// runCompletion prints the script of a shell (R-CMD-144).
func runCompletion(_ context.Context, args []string) error {
	// The synopsis is where completion itself learns which words may follow.
	how := strings.Join(complete.Shells, "|") + " [options]"
	flags := flag.NewFlagSet("completion", flag.ContinueOnError)
	name := flags.String("for", programName(), "`name` of the command that is completed")
	words, err := parseWords(flags, args, how, completionAbout)
	if err != nil {
		return err
	}
	if len(words) != 1 {
		return wrongWords(flags)
	}
	for _, n := range []string{*name, programName()} { // both stand in the script as they are
		if strings.Trim(n, commandChars) != "" || n == "" {
			return fmt.Errorf("--for %q: must be the name of a command, "+
				"of letters, digits and . _ + -", n)
		}
	}
	script, known := complete.Script(words[0], *name, programName())
	if !known {
		hint := ""
		if near := nearest.To(words[0], complete.Shells); near != "" {
			hint = "\n(did you mean " + near + "?)"
		}
		fmt.Fprintf(os.Stderr, "drover completion: there is no script for %q; "+
			"there are those for %s%s\n", words[0], strings.Join(complete.Shells, ", "), hint)
		return errUsage
	}
	fmt.Print(script)
	return nil
}

// commandChars are the characters that a script may have in the name of a command.
const commandChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-"

// answerShell answers a script (R-CMD-145). Whatever goes wrong, nothing is said: the user is
// writing a line.
func answerShell(ctx context.Context, args []string) {
	// A server that hangs ends with this process, which waits for nobody.
	ctx, stop := context.WithTimeout(ctx, cli.CompletionTime(os.Getenv))
	defer stop()
	if request, ok := complete.ReadRequest(args); ok {
		own := ownCommands(ctx, request.Name)
		fmt.Print(cli.Completion(ctx, request, own, environment("drover")))
	}
}

// ownCommands are drover's own commands as completion reads them; none for the program named aws.
func ownCommands(ctx context.Context, name string) (own []complete.Own) {
	if name == "aws" {
		return nil
	}
	for _, c := range commands() {
		own = append(own, complete.Own{
			Name:  c.name,
			About: c.about,
			Verbs: c.verbs,
			Use:   func(verb string) complete.Use { return useOf(pageOf(ctx, c, verb)) },
		})
	}
	return own
}

// useOf is how a command is written, by its page.
func useOf(wanted *helpWanted) complete.Use {
	use := complete.Use{About: wanted.page.Summary, Words: wanted.words}
	for _, f := range wanted.flags {
		value, about := flag.UnquoteUsage(f)
		use.Options = append(use.Options,
			complete.OwnOption{Name: f.Name, About: about, Value: value})
	}
	return use
}
