package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/help"
	"github.com/drover-iot/drover/internal/nearest"
)

// Pages of drover's own commands are made of their flags and texts, where the flags are read. Who
// needs a page, for a terminal, as a man page or for completion, asks the command for help.

// helpWanted is the error of a command whose words ask for help.
type helpWanted struct {
	page  *help.Page
	words string       // what may follow the name of the command, as the synopsis says it
	flags []*flag.Flag // of the command
}

// Error is not shown: main shows the page.
func (*helpWanted) Error() string { return "help is asked for" }

// pageOf asks a command for its page; verb is "" for that of the command as a whole.
func pageOf(ctx context.Context, c command, verb string) *helpWanted {
	args := []string{"--help"}
	if verb != "" {
		args = []string{verb, "--help"}
	}
	var wanted *helpWanted
	if errors.As(c.run(ctx, args), &wanted) {
		return wanted
	}
	return &helpWanted{page: &help.Page{Name: "drover " + c.name}}
}

// asksHelp reports whether the words of a command ask for help.
func asksHelp(args []string) bool {
	if len(args) > 0 && args[0] == "help" {
		return true
	}
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.ContainsFunc(args, func(a string) bool {
		return a == "--help" || a == "-help" || a == "-h"
	})
}

// flagPage is the page of a command with flags. how is what follows its name, about the text on it:
// paragraphs, and lines for a shell behind two blanks.
func flagPage(flags *flag.FlagSet, how, about string) *helpWanted {
	name, inName, _ := strings.Cut(flags.Name(), " [")
	if inName != "" {
		how = "[" + inName + " " + how
	}
	p := &help.Page{Name: "drover " + name, Summary: summaryOf(name, about)}
	p.Sections = []help.Section{
		help.NameSection(p),
		{Title: "SYNOPSIS", Blocks: []help.Block{help.Code{p.Name + " " + how}}},
		{Title: "DESCRIPTION", Blocks: textBlocks(about)},
	}
	wanted := &helpWanted{page: p, words: how}
	var entries []help.Block
	flags.VisitAll(func(f *flag.Flag) {
		wanted.flags = append(wanted.flags, f)
		entries = append(entries, flagEntry(f))
	})
	p.Sections = append(p.Sections, help.Section{Title: "OPTIONS", Blocks: entries})
	return wanted
}

// summaryOf is the line on a command in the table; that of a verb is the first sentence on it.
func summaryOf(name, about string) string {
	if c, found := findCommand(name); found {
		return c.about
	}
	first, _, _ := strings.Cut(strings.ReplaceAll(about, "\n", " ")+" ", ". ")
	first, _, _ = strings.Cut(first, ": ")
	return strings.TrimSpace(first)
}

// textBlocks reads a text as blocks: lines that begin with two blanks stay lines.
func textBlocks(text string) (blocks []help.Block) {
	var paragraph []string
	end := func() {
		if len(paragraph) > 0 {
			blocks = append(blocks, help.Paragraph(strings.Join(paragraph, " ")))
		}
		paragraph = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		code, isCode := strings.CutPrefix(line, "  ")
		if !isCode {
			if line == "" {
				end()
				continue
			}
			paragraph = append(paragraph, line)
			continue
		}
		end()
		if last := len(blocks) - 1; last >= 0 {
			if lines, ok := blocks[last].(help.Command); ok {
				blocks[last] = append(lines, code)
				continue
			}
		}
		blocks = append(blocks, help.Command{code})
	}
	end()
	return blocks
}

// flagEntry is the entry of a flag, with its value and its default.
func flagEntry(f *flag.Flag) help.Entry {
	name, usage := flag.UnquoteUsage(f)
	e := help.Entry{Term: "--" + f.Name}
	if name != "" {
		e.Mark = " <" + name + ">"
	}
	zero := slices.Contains([]string{"", "0", "0s", "false"}, f.DefValue)
	if !zero && !strings.Contains(usage, "(default") {
		usage += " (default " + f.DefValue + ")"
	}
	e.Blocks = []help.Block{help.Paragraph(usage)}
	return e
}

// setUsage says what a wrong line of a command is answered with. how is what follows its name.
func setUsage(flags *flag.FlagSet, how string) {
	flags.Usage = func() {
		name, _, _ := strings.Cut(flags.Name(), " [")
		fmt.Fprintf(flags.Output(), "usage: drover %s %s\n\"drover %s --help\" says more.\n",
			flags.Name(), how, name)
	}
}

// readFlags reads flags. Unknown ones have been reported, with the nearest one that there is, when
// errUsage is returned.
func readFlags(flags *flag.FlagSet, args []string) error {
	// The package shows its message and then the usage. The hint belongs between the two.
	usage := flags.Usage
	defer func() { flags.Usage = usage }()
	flags.Usage = func() {}
	err := flags.Parse(args)
	if err == nil {
		return nil
	}
	if _, wrong, unknown := strings.Cut(err.Error(), "not defined: -"); unknown {
		var names []string
		flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
		if near := nearest.To(wrong, names); near != "" {
			fmt.Fprintf(os.Stderr, "(did you mean --%s?)\n", near)
		}
	}
	usage()
	return errUsage
}
