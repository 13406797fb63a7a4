package main

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/help"
)

// Every command of drover and every verb has a page, in all spellings of the question, and its flags
// are described (R-CMD-126).
func TestPages(t *testing.T) {
	t.Parallel()
	for _, c := range commands() {
		for _, verb := range append([]string{""}, c.verbs...) {
			wanted := pageOf(t.Context(), c, verb)
			if len(wanted.page.Sections) < 3 || wanted.page.Summary == "" {
				t.Errorf("%s %s: %+v", c.name, verb, wanted.page)
				continue
			}
			text := wanted.page.Text(help.Style{})
			for _, f := range wanted.flags {
				if !strings.Contains(text, "\n    --"+f.Name) {
					t.Errorf("%s %s: no --%s", c.name, verb, f.Name)
				}
			}
			for _, word := range []string{"help", "-h"} {
				args := []string{word}
				if verb != "" {
					args = []string{verb, word}
				}
				var asked *helpWanted
				if err := c.run(t.Context(), args); !errors.As(err, &asked) || cmp.Diff(wanted.page, asked.page) != "" {
					t.Errorf("%s %s: %s is not --help: %v", c.name, verb, word, err)
				}
			}
		}
	}
}

// A word that is a file's name is no question, where it stands behind another one.
func TestHelpIsAWord(t *testing.T) {
	t.Parallel()
	flags := flag.NewFlagSet("artifact get", flag.ContinueOnError)
	words, err := parseWords(flags, []string{"KEY", "help"}, "KEY [FILE]", "")
	if diff := cmp.Diff([]string{"KEY", "help"}, words); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// The page of drover lists all commands.
func TestDroverPage(t *testing.T) {
	t.Parallel()
	text := droverPage().Text(help.Style{})
	for _, name := range commandNames() {
		if name != "help" && !strings.Contains(text, "\n    "+name+" ") {
			t.Errorf("no %s in:\n%s", name, text)
		}
	}
}

// drover man writes a page for drover, for each command and for each operation (R-CMD-143).
func TestWriteMan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := runMan(t.Context(), []string{dir}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"drover", "drover-serve", "drover-jobs", "drover-jobs-create", "drover-things-list", "drover-artifact", "drover-artifact-put", "drover-man", "drover-iot", "drover-iot-create-job",
		"drover-iot-jobs-data-update-job-execution"} {
		page, err := os.ReadFile(filepath.Join(dir, "man1", name+".1"))
		if err != nil {
			t.Error(err)
			continue
		}
		if title := `.TH "` + strings.ReplaceAll(strings.ToUpper(name), "-", `\-`) + `" 1`; !strings.HasPrefix(string(page), title) {
			t.Errorf("%s begins with %.60s", name, page)
		}
	}
}
