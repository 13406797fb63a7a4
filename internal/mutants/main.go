// Command mutants checks the tests: it makes one small mistake at a time in the code, and each of
// them must make a test fail. `make mutants` runs all of them, `make mutants ONLY=abort` those with
// a name that matches.
//
// The mistakes stand in table/, a file for each area, written as differences (table.go). None of
// them is equivalent to the code as it is, none needs the simulator to be seen, and none uses
// memory without bound: one that never ends is killed by time. The checkout is left alone: the go
// command is given the changed file in place of the real one. That the table still fits the code is
// an ordinary test.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

func main() {
	only := flag.String("only", "", "run only mutants whose name matches this regular expression")
	limit := flag.Duration("limit", time.Minute, "how long the tests of one package may take")
	workers := flag.Int("workers", 2, "how many mutants run at the same time")
	flag.Parse()
	ok, err := run(*only, runner{root: ".", limit: *limit}, *workers)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// run runs the mutants that are asked for and reports whether all were killed.
func run(only string, r runner, workers int) (ok bool, err error) {
	chosen, err := choose(only)
	if err != nil {
		return false, err
	}
	if r.folder, err = os.MkdirTemp("", "mutants"); err != nil {
		return false, err
	}
	defer os.RemoveAll(r.folder)
	fmt.Println("the tests as they are")
	if err := r.unchanged(chosen); err != nil {
		return false, err
	}
	results := runAll(r, chosen, workers)
	return printTable(results), nil
}

// choose returns the mutants whose name matches.
func choose(only string) ([]mutant, error) {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	all, err := table()
	if err != nil {
		return nil, err
	}
	chosen := slices.DeleteFunc(all, func(m mutant) bool { return !wanted.MatchString(m.name) })
	if len(chosen) == 0 {
		return nil, fmt.Errorf("-only: no mutant has a name that matches %q", only)
	}
	return chosen, nil
}

// runAll runs mutants, several at the same time, and says of each how it ended.
func runAll(r runner, chosen []mutant, workers int) []result {
	var mu sync.Mutex
	var results []result
	var running sync.WaitGroup
	waiting := make(chan mutant)
	for range workers {
		running.Go(func() {
			for m := range waiting {
				done := r.run(m)
				mu.Lock()
				results = append(results, done)
				fmt.Printf("[%d/%d] %s: %s %s (%s)\n", len(results), len(chosen),
					m.name, done.outcome, done.by, done.took.Round(100*time.Millisecond))
				mu.Unlock()
			}
		})
	}
	for _, m := range chosen {
		waiting <- m
	}
	close(waiting)
	running.Wait()
	return results
}

// printTable prints what became of each mutant, what has to be looked at last, and reports whether
// all were killed.
func printTable(results []result) (ok bool) {
	slices.SortFunc(results, func(a, b result) int {
		return cmp.Or(
			cmp.Compare(a.outcome, b.outcome), strings.Compare(a.mutant.name, b.mutant.name))
	})
	counts := map[outcome]int{}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "\nmutant\trule\toutcome\tby\ttime")
	for _, r := range results {
		counts[r.outcome]++
		by, _, _ := strings.Cut(r.by, "\n")
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n",
			r.mutant.name, r.mutant.rule, r.outcome, by, r.took.Round(100*time.Millisecond))
	}
	out.Flush() //nolint:errcheck // it is printed for a person
	killed := counts[killed] + counts[killedByTime]
	fmt.Printf("\n%d mutants: %d killed (%d of them by time), %d survived, %d do not compile\n",
		len(results), killed, counts[killedByTime], counts[survived], counts[broken])
	return killed == len(results)
}
