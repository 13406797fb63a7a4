package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	apicommand "github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/help"
	"github.com/drover-iot/drover/internal/buildinfo"
)

// Man pages are the pages of help in another form, so that a package of Drover can bring them
// along.

// manAbout is the help text of drover man.
const manAbout = `Write man pages into the folder man1 of a directory: of drover, of each of its commands, and of
every operation of the API. A directory that man searches shows them at once:

  drover man ~/.local/share/man
  man drover-iot-create-job`

// runMan writes the man pages.
func runMan(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("man", flag.ContinueOnError)
	words, err := parseWords(flags, args, "DIR", manAbout)
	if err != nil {
		return err
	}
	if len(words) != 1 || words[0] == "" {
		return wrongWords(flags)
	}
	pages, err := allPages(ctx)
	if err != nil {
		return err
	}
	folder := filepath.Join(words[0], "man1")
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // for everybody to read
		return err
	}
	for _, p := range pages {
		path := filepath.Join(folder, p.ManName()+".1")
		err := os.WriteFile(path, []byte(p.Man(buildinfo.Read().Version)), 0o644) //nolint:gosec // for everybody
		if err != nil {
			return err
		}
	}
	fmt.Printf("%d pages in %s\n", len(pages), folder)
	return nil
}

// allPages are the pages of drover, its own commands, and the API.
func allPages(ctx context.Context) ([]*help.Page, error) {
	pages := []*help.Page{droverPage()}
	for _, c := range commands() {
		if len(c.verbs) != 1 { // a command with one verb has nothing to say beside it
			pages = append(pages, pageOf(ctx, c, "").page)
		}
		for _, verb := range c.verbs {
			pages = append(pages, pageOf(ctx, c, verb).page)
		}
	}
	var failed error
	add := func(p *help.Page, err error) {
		pages, failed = append(pages, p), errors.Join(failed, err)
	}
	for _, s := range apicommand.Services {
		add(help.Service("drover", s))
		for _, op := range s.Operations {
			add(help.Operation("drover", s, op.Describe()))
		}
	}
	return pages, failed
}
