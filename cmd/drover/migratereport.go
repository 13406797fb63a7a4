package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/migrate"
)

// The report of drover import and export is written as it is found, so that a fleet of any size
// needs no memory for it: a line each for people, or one JSON document.

// usualCreated is how many objects of one kind that were created are shown to people. What differs
// or cannot come is always shown.
const usualCreated = 20

// migrationReport is one report.
type migrationReport struct {
	out    io.Writer
	json   bool
	plan   bool
	line   progressLine
	lines  int                  // of JSON findings written
	create map[migrate.Kind]int // objects that were created
}

func newMigrationReport(out io.Writer, json, plan bool, line progressLine) *migrationReport {
	return &migrationReport{
		out:    out,
		json:   json,
		plan:   plan,
		line:   line,
		create: map[migrate.Kind]int{},
	}
}

// found writes one finding.
func (r *migrationReport) found(f migrate.Finding) error {
	if r.json {
		text, err := json.Marshal(f)
		if err != nil {
			return err
		}
		before := ",\n    "
		if r.lines == 0 {
			before = "{\"plan\": " + strconv.FormatBool(r.plan) + ",\n\"findings\": [\n    "
		}
		r.lines++
		_, err = io.WriteString(r.out, before+string(text))
		return err
	}
	if f.Outcome == migrate.Created {
		r.create[f.Kind]++
		if r.create[f.Kind] > usualCreated && f.Why == "" {
			return nil
		}
	}
	r.line.End()
	text := fmt.Sprintf("%-8s %-14s %s", f.Outcome, f.Kind, f.Name)
	if f.Why != "" {
		text += ": " + f.Why
	}
	_, err := fmt.Fprintln(r.out, text)
	return err
}

// end writes the summary. whole is whether the copy got to its end.
func (r *migrationReport) end(s migrate.Summary, whole bool) error {
	if r.json {
		return r.endJSON(s, whole)
	}
	for _, kind := range migrate.Kinds() {
		if n := r.create[kind]; n > usualCreated {
			if _, err := fmt.Fprintf(r.out, "%-8s %-14s and %d more, which --output json lists\n",
				migrate.Created, kind, n-usualCreated); err != nil {
				return err
			}
		}
	}
	created := "CREATED"
	if r.plan {
		created = "TO CREATE"
	}
	table := overview.Table{Titles: []string{"KIND", created, "EQUAL", "DIFFER", "CANNOT COME"}}
	for _, kind := range append(migrate.Kinds(), migrate.Tags) {
		row := []overview.Cell{{Text: string(kind)}}
		for _, o := range []migrate.Outcome{
			migrate.Created, migrate.Equal, migrate.Differs, migrate.Refused,
		} {
			row = append(row, overview.Cell{Text: strconv.Itoa(s[kind][o])})
		}
		if len(s[kind]) > 0 {
			table.Rows = append(table.Rows, row)
		}
	}
	_, err := io.WriteString(r.out, "\n"+table.String(0, false))
	return err
}

// endJSON ends the document.
func (r *migrationReport) endJSON(s migrate.Summary, whole bool) error {
	before := "\n],\n"
	if r.lines == 0 {
		before = "{\"plan\": " + strconv.FormatBool(r.plan) + ",\n\"findings\": [],\n"
	}
	text, err := json.MarshalIndent(s, "", "    ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.out, "%s\"summary\": %s,\n\"complete\": %t}\n", before, text, whole)
	return err
}
