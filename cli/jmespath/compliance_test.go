package jmespath_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/jmespath"
	"github.com/drover-iot/drover/cli/value"
)

// suite is a Go module with the public compliance cases of JMESPath beside its code.
const suite = "github.com/jmespath/go-jmespath@v0.4.0"

// A complianceGroup is a document with expressions about it.
type complianceGroup struct {
	Given json.RawMessage
	Cases []struct {
		Expression string
		Result     json.RawMessage
		Error      string
	}
}

// Each public case gives the value, or the kind of failure, that it names (R-CMD-89).
func TestCompliance(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", suite).Output()
	if err != nil {
		t.Fatalf("download %s: %v: %s", suite, err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(module.Dir, "compliance", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var groups []complianceGroup
		if err := json.Unmarshal(text, &groups); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, g := range groups {
			document, err := value.ParseJSON(string(g.Given))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range g.Cases {
				want := c.Error
				if want == "" {
					want = string(c.Result)
				}
				got := complied(c.Expression, document)
				if diff := cmp.Diff(plain(want), plain(got)); diff != "" {
					t.Errorf("%s: %s of %s (-want +got):\n%s",
						filepath.Base(file), c.Expression, g.Given, diff)
				}
				compared++
			}
		}
	}
	if compared < 700 {
		t.Errorf("only %d cases were compared", compared)
	}
}

// complied is what an expression gives: JSON, or the suite's word for a failure.
func complied(expression string, document value.Value) string {
	q, err := jmespath.Compile(expression)
	if err != nil {
		return "syntax"
	}
	got, err := q.Apply(document)
	if err != nil {
		return "error"
	}
	return string(value.AppendJSON(nil, got, "", ""))
}

// plain reads JSON, so that the order of keys and the form of numbers do not count. What is none is
// a failure: an error of syntax, or any other.
func plain(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err == nil {
		return v
	}
	if strings.HasPrefix(text, "syntax") {
		return "syntax"
	}
	return "error"
}
