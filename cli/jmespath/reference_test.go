package jmespath_test

import (
	"os"
	"strings"
	"testing"

	"github.com/drover-iot/drover/cli/jmespath"
	"github.com/drover-iot/drover/cli/value"
)

// Each expression of the table gives what the reference gives, with its order of keys and its text
// of numbers, or what stands there as ours (R-CMD-89).
func TestReference(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("testdata/queries.txt")
	if err != nil {
		t.Fatal(err)
	}
	var document value.Value
	lines := strings.Split(string(table), "\n")
	compared := 0
	for i, line := range lines {
		if text, ok := strings.CutPrefix(line, "document: "); ok {
			if document, err = value.ParseJSON(text); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, ok := strings.CutPrefix(line, "= ")
		if !ok {
			continue
		}
		if ours, ok := strings.CutPrefix(lines[i+1], "! "); ok {
			want = ours
		}
		if got := evaluated(lines[i-1], document); got != want {
			t.Errorf("line %d: %s\n got %s\nwant %s", i, lines[i-1], got, want)
		}
		compared++
	}
	if compared < 500 {
		t.Errorf("only %d expressions were compared", compared)
	}
}

// evaluated is what an expression gives, in the form of the table.
func evaluated(text string, document value.Value) string {
	q, err := jmespath.Compile(text)
	if err != nil {
		return "syntax error"
	}
	got, err := q.Apply(document)
	if err != nil {
		return "error"
	}
	return string(value.AppendJSON(nil, got, "", ""))
}
