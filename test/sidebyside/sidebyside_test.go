// Package sidebyside runs command lines with the stock aws command line and with drover, against
// one server that records requests, and compares what both send, print and end with.
//
// The aws command line is the first generation, so drover runs with the setting that makes its exit
// statuses and times those of that generation (docs/spec/40, section 25). Lines stand in testdata,
// with the differences that the specification wants; more are made from the description of the API
// (lines_test.go, made_test.go).
package sidebyside

import (
	"flag"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/drover-iot/drover/test/testserver"
)

func TestMain(m *testing.M) { testserver.Main(m, "../../cmd/drover") }

// leastLines is how many lines must have been compared for the test to mean anything.
const leastLines = 600

// Every line that both know does the same in both (R-CMD-1), except where a rule says otherwise.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	pairs := startPairs(t)
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata: %v, %d files", err, len(files))
	}
	var groups []group
	for _, file := range files {
		groups = append(groups, readGroups(t, file)...)
	}
	var compared atomic.Int64
	t.Run("lines", func(t *testing.T) {
		for _, g := range append(groups, madeGroups()...) {
			t.Run(strings.ReplaceAll(g.name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				p := <-pairs
				defer func() { pairs <- p }()
				p.compare(t, g)
				compared.Add(int64(len(g.lines)))
			})
		}
	})
	whole := flag.Lookup("test.run").Value.String() == ""
	if n := compared.Load(); whole && n < leastLines {
		t.Errorf("%d lines were compared, want %d at least", n, leastLines)
	}
}
