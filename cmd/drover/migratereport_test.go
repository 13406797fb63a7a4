package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/migrate"
)

// reported is the report on some findings.
func reported(t *testing.T, asJSON bool, findings []migrate.Finding, s migrate.Summary) string {
	t.Helper()
	var out bytes.Buffer
	line := progressLine{terminal.NewProgress(io.Discard, func(string) string { return "" })}
	r := newMigrationReport(&out, asJSON, true, line)
	for _, f := range findings {
		if err := r.found(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.end(s, true); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// manyFindings are 25 things that are created, one that cannot come, and a job.
func manyFindings() (findings []migrate.Finding) {
	for i := range 25 {
		findings = append(findings, migrate.Finding{
			Outcome: migrate.Created, Kind: migrate.Things, Name: fmt.Sprintf("t%02d", i),
		})
	}
	return append(findings,
		migrate.Finding{
			Outcome: migrate.Refused, Kind: migrate.Things, Name: "odd", Why: "a \"reason\" \x1b[2J",
		},
		migrate.Finding{
			Outcome: migrate.Created, Kind: migrate.Jobs, Name: "fw", Why: "for 3 things",
		})
}

// People see 20 objects of a kind that are created, all that cannot come, and the counts. R-MOV-3
func TestMigrationReport(t *testing.T) {
	t.Parallel()
	out := reported(t, false, manyFindings(), migrate.Summary{
		migrate.Things: {migrate.Created: 25, migrate.Refused: 1, migrate.Equal: 7},
		migrate.Tags:   {migrate.Refused: 1},
	})
	_, end, _ := strings.Cut(out, "create   things         t19\n")
	want := `cannot   things         odd: a "reason" \u001b[2J
create   jobs           fw: for 3 things
create   things         and 5 more, which --output json lists

KIND    TO CREATE  CHANGED  EQUAL  DIFFER  CANNOT COME
things  25         0        7      0       1
tags    0          0        0      0       1
`
	if end != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

// The report for scripts is one JSON document, with and without findings. R-MOV-3
func TestMigrationReportJSON(t *testing.T) {
	t.Parallel()
	for _, findings := range [][]migrate.Finding{nil, manyFindings()} {
		var r struct {
			Plan, Complete bool
			Findings       []migrate.Finding
			Summary        migrate.Summary
		}
		out := reported(t, true, findings, migrate.Summary{migrate.Things: {migrate.Created: 25}})
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatalf("%v in\n%s", err, out)
		}
		if len(r.Findings) != len(findings) || !r.Plan || !r.Complete ||
			r.Summary.Count(migrate.Created) != 25 {
			t.Errorf("%d findings came as %+v", len(findings), r)
		}
	}
}
