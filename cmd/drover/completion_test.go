package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/drover-iot/drover/cli/complete"
)

// Every command, verb and flag of drover itself is offered (R-CMD-145).
func TestOwnCommandsAreCompleted(t *testing.T) {
	t.Parallel()
	p := complete.Program{Name: "drover", Own: ownCommands(t.Context(), "drover")}
	offered := func(word string, before ...string) (words []string) {
		for _, c := range complete.Complete(p, complete.Line{Before: before, Word: word}, true).Candidates {
			words = append(words, c.Text)
			if c.About == "" {
				t.Errorf("%v %s is not described", before, c.Text)
			}
		}
		return words
	}
	first := offered("")
	for _, name := range commandNames() {
		if !slices.Contains(first, name) {
			t.Errorf("%s is not offered", name)
		}
	}
	for _, c := range commands() {
		verbs := []string{""}
		if len(c.verbs) > 0 {
			verbs = c.verbs
			if got := offered("", c.name); !slices.Equal(got, verbs) {
				t.Errorf("%s: %v", c.name, got)
			}
		}
		for _, verb := range verbs {
			before := strings.Fields(c.name + " " + verb)
			flags := offered("--", before...)
			for _, f := range pageOf(t.Context(), c, verb).flags {
				if !slices.Contains(flags, "--"+f.Name) {
					t.Errorf("%v: no --%s", before, f.Name)
				}
			}
		}
	}
	if own := ownCommands(t.Context(), "aws"); own != nil {
		t.Errorf("aws has %v", own)
	}
}

// Words and options of own commands have the choices that their texts name, and the names that a
// list of the API has (R-CMD-145).
func TestOwnValuesAreCompleted(t *testing.T) {
	t.Parallel()
	p := complete.Program{Name: "drover", Own: ownCommands(t.Context(), "drover")}
	for line, want := range map[string]string{
		"serve --clock":            "real virtual",
		"serve --log":              "debug info warn error",
		"serve --artifacts":        "on off auto",
		"serve --s3-unknown-roles": "default refuse",
		"jobs list --status":       "IN_PROGRESS CANCELED COMPLETED DELETION_IN_PROGRESS SCHEDULED",
		"jobs list --output":       "table json",
		"nodes --output":           "table json",
		"jobs list --thing":        "ListThings",
		"jobs list --group":        "ListThingGroups",
		"jobs watch":               "ListJobs",
		"jobs pause":               "ListJobs",
		"jobs retry --status":      "FAILED TIMED_OUT REJECTED",
		"jobs retry --thing":       "ListThings",
		"jobs create --template":   "ListManagedJobTemplates",
		"things list --type":       "ListThingTypes",
		"things hold":              "ListThings",
	} {
		answer := complete.Complete(p, complete.Line{Before: strings.Fields(line)}, false)
		var got []string
		for _, c := range answer.Candidates {
			if !strings.HasPrefix(c.Text, "--") {
				got = append(got, c.Text)
			}
		}
		if answer.Wanted != nil {
			for _, l := range answer.Wanted.Lists {
				got = append(got, l.Operation.Describe().Name)
			}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %q, want %q", line, text, want)
		}
	}
}
