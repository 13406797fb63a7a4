package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/help"
	"github.com/drover-iot/drover/internal/nearest"
)

// Commands that are nouns have verbs behind them: drover jobs list. A verb is one row here and one
// function, which reads its own flags and has a page of its own.

// A verb is one of those of a noun.
type verb struct {
	name, how string // how is what follows the name
	run       func(ctx context.Context, how string, args []string) error
}

// jobVerbs are the verbs of drover jobs.
func jobVerbs() []verb {
	return []verb{
		{"create", "--file FILE --targets ARN... [options]", createJob},
		{"list", "[options]", listJobs},
		{"executions", "JOB [options]", listExecutions},
		{"watch", "JOB [options]", watchJob},
		{"pause", "JOB [REASON...] [options]", pauseJob},
		{"resume", "JOB [options]", resumeJob},
		{"set", "JOB KEY=VALUE... [options]", setSettings},
		{"unset", "JOB KEY... [options]", unsetSettings},
		{"steering", "JOB [options]", showSteering},
		{"approve", "JOB [options]", approveWave},
		{"retry", "JOB [options]", retryJob},
		{"progress", "JOB [options]", showProgress},
		{"failures", "JOB [options]", showFailures},
		{"what-if", "JOB [--rollout ...] [--abort ...] [--guard ...] [options]", whatIf},
	}
}

// thingVerbs are the verbs of drover things.
func thingVerbs() []verb {
	return []verb{
		{"list", "[options]", listThings},
		{"count", "QUERY [options]", countThings},
		{"timeline", "THING [options]", showTimeline},
		{"hold", "THING REASON... [options]", holdThing},
		{"release", "THING [options]", releaseThing},
		{"holds", "[options]", listHolds},
	}
}

// verbNames are the names of verbs.
func verbNames(verbs []verb) (names []string) {
	for _, v := range verbs {
		names = append(names, v.name)
	}
	return names
}

// noun is a command whose words begin with a verb.
func noun(name, about string, verbs func() []verb) command {
	run := func(ctx context.Context, args []string) error {
		if len(args) > 0 {
			for _, v := range verbs() {
				if v.name == args[0] {
					return v.run(ctx, v.how, args[1:])
				}
			}
		}
		if asksHelp(args) {
			return nounPage(name, about, verbs())
		}
		return wrongVerb(name, args, verbs())
	}
	return command{name, about, verbNames(verbs()), run}
}

// synopsis are the lines of a noun, one for each verb.
func synopsis(noun string, verbs []verb) (lines []string) {
	for _, v := range verbs {
		lines = append(lines, "drover "+noun+" "+v.name+" "+v.how)
	}
	return lines
}

// nounPage is the page of a noun as a whole.
func nounPage(name, about string, verbs []verb) *helpWanted {
	p := &help.Page{Name: "drover " + name, Summary: about}
	p.Sections = []help.Section{
		help.NameSection(p),
		{Title: "SYNOPSIS", Blocks: []help.Block{help.Code(synopsis(name, verbs))}},
		{Title: "DESCRIPTION", Blocks: []help.Block{help.Paragraph(
			"\"drover " + name + " <verb> --help\" says more about each.")}},
	}
	return &helpWanted{page: p}
}

// wrongVerb answers a noun alone, or with a word that is none of its verbs.
func wrongVerb(noun string, args []string, verbs []verb) error {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		fmt.Fprintf(os.Stderr, "drover %s: there is no %q\n", noun, args[0])
		if near := nearest.To(args[0], verbNames(verbs)); near != "" {
			fmt.Fprintf(os.Stderr, "(did you mean %s?)\n", near)
		}
	}
	fmt.Fprintf(os.Stderr, "usage: %s\n\"drover %s help\" says more.\n",
		strings.Join(synopsis(noun, verbs), "\n       "), noun)
	return errUsage
}

// isSingular reports whether a word is the singular of a noun that has verbs: drover job create.
func isSingular(word string, c command) bool {
	return len(c.verbs) > 0 && word+"s" == c.name
}

// findCommand finds one of drover's own commands by its name.
func findCommand(name string) (command, bool) {
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == name || isSingular(name, c) })
	if i < 0 {
		return command{}, false
	}
	return all[i], true
}
