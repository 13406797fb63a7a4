package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/sqlite"
)

// What must not cost more as something else grows: the groups below a target, the jobs of a thing,
// the requests that wait together. Each growth is a set-up in several sizes and the operations that
// are measured in each of them, the sizes in turns, so that a busy machine slows all alike. A bound
// that is broken fails the run. A new row is a new growth, or an operation of one that is there.
var growths = []growth{
	groupsBelowTarget, jobsTogether, releasesTogether, jobsOfGroup,
	thingsOfFleet, thingsOfBillingGroup, executionsOfThing, thingsOfEndedJob, timersTogether,
	thingsOfSlowJob, endedThings,
}

// growth is one thing that grows.
type growth struct {
	name       string
	sizes      []int
	setUp      func(context.Context, *grown) error
	operations []operation
}

// operation is one thing that is done in each size.
type operation struct {
	name  string
	times int // how often it is measured in each size
	do    func(ctx context.Context, g *grown, i int) error

	// ratio bounds the median at the largest size by that at the smallest. 0 is no bound.
	ratio float64
	// within bounds the median at any size, and commit the longest single commit of a run, which is
	// what everybody else waits for. Of the longest commits of several runs the shortest counts, so
	// that a disk that hangs once breaks no bound. 0 is no bound.
	within, commit time.Duration
}

// grown is a server in one size. It is stepped: what is due is done when an operation asks for it.
type grown struct {
	*engine.Engine
	size  int
	clock *clock.Virtual
	store *watchedStore
}

// watchedStore notes how long the longest commit took.
type watchedStore struct {
	*sqlite.Store
	longest time.Duration
}

func (s *watchedStore) Write(ctx context.Context, f func(store.Tx) error) error {
	start := time.Now()
	defer func() { s.longest = max(s.longest, time.Since(start)) }()
	return s.Store.Write(ctx, f)
}

// figures is what one run of an operation cost. Instructions are those of SQLite and, with the
// bytes that were allocated, the same on every machine.
type figures struct {
	took, commit        time.Duration
	instructions, bytes int64
}

func newGrown(path string, size int) (*grown, error) {
	s, err := sqlite.Open(path)
	if err != nil {
		return nil, err
	}
	g := &grown{size: size, clock: clock.NewVirtual(time.Now()), store: &watchedStore{Store: s}}
	g.Engine = engine.New(engine.Config{
		Store:   g.store,
		Clock:   g.clock,
		IDs:     ids.Random{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: ids.Random{}},
		Log:     slog.New(slog.DiscardHandler),
		Stepped: true,
	})
	return g, nil
}

// measure does the operation once.
func (g *grown) measure(ctx context.Context, o operation, i int) (f figures, err error) {
	var before, after runtime.MemStats
	effort := g.store.Effort()
	runtime.ReadMemStats(&before)
	g.store.longest = 0
	start := time.Now()
	if err := o.do(ctx, g, i); err != nil {
		return f, fmt.Errorf("%s at %d: %w", o.name, g.size, err)
	}
	f.took, f.commit = time.Since(start), g.store.longest
	runtime.ReadMemStats(&after)
	f.instructions = g.store.Effort() - effort
	f.bytes = int64(after.TotalAlloc - before.TotalAlloc)
	return f, nil
}

// run measures every operation of a growth in every size up to the largest, and gives what each run
// cost to judge, by operation.
func (w growth) run(
	ctx context.Context, dir string, largest int, judge func(operation, []int, [][]figures) error,
) (err error) {
	sizes := slices.DeleteFunc(slices.Clone(w.sizes), func(n int) bool { return n > largest })
	if len(sizes) == 0 {
		return nil
	}
	servers := make([]*grown, len(sizes))
	for i, size := range sizes {
		file := fmt.Sprintf("%s-%d.db", strings.ReplaceAll(w.name, " ", "-"), size)
		if servers[i], err = newGrown(filepath.Join(dir, file), size); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, servers[i].store.Close()) }()
		if err := w.setUp(ctx, servers[i]); err != nil {
			return fmt.Errorf("%s, %d: %w", w.name, size, err)
		}
	}
	var broken error
	for _, o := range w.operations {
		all := make([][]figures, len(sizes))
		for turn := range o.times {
			for i, g := range servers {
				f, err := g.measure(ctx, o, turn)
				if err != nil {
					return err
				}
				all[i] = append(all[i], f)
			}
		}
		broken = errors.Join(broken, judge(o, sizes, all))
	}
	return broken
}

// median returns the middle one of what f reads.
func median[T int64 | time.Duration](all []figures, f func(figures) T) T {
	values := make([]T, len(all))
	for i, one := range all {
		values[i] = f(one)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func took(f figures) time.Duration { return f.took }

// longestCommit is the shortest of the longest commits of several runs.
func longestCommit(all []figures) time.Duration {
	shortest := all[0].commit
	for _, one := range all {
		shortest = min(shortest, one.commit)
	}
	return shortest
}

// growthRows prints the table of growth. The error names the bounds that are broken.
func growthRows(ctx context.Context, dir string, largest int) error {
	var broken error
	for _, w := range growths {
		fmt.Printf("\n%-52s %50s %12s %22s\n", w.name, "median at each size", "commit", "bound")
		broken = errors.Join(broken, w.run(ctx, dir, largest, judgeTimes))
	}
	return broken
}

// judgeTimes prints the row of one operation and compares its times with its bounds.
func judgeTimes(o operation, sizes []int, all [][]figures) error {
	var cells, bounds []string
	var longest time.Duration
	var broken error
	exceeded := func(what string, got, bound any) {
		broken = errors.Join(broken, fmt.Errorf("%s: %s %v, at most %v", o.name, what, got, bound))
	}
	for i, size := range sizes {
		middle := median(all[i], took)
		cells = append(cells, fmt.Sprintf("%d: %v", size, brief(middle, roundTo(middle))))
		longest = max(longest, longestCommit(all[i]))
		if o.within > 0 && middle > o.within {
			exceeded(fmt.Sprintf("at %d", size), middle, o.within)
		}
	}
	if o.commit > 0 {
		bounds = append(bounds, fmt.Sprintf("commit %v", o.commit))
		if longest > o.commit {
			exceeded("a commit takes", longest, o.commit)
		}
	}
	if o.within > 0 {
		bounds = append(bounds, o.within.String())
	}
	if o.ratio > 0 {
		grows := float64(median(all[len(all)-1], took)) / float64(median(all[0], took))
		cells = append(cells, fmt.Sprintf("×%.2f", grows))
		bounds = append(bounds, fmt.Sprintf("×%.1f", o.ratio))
		if grows > o.ratio {
			exceeded("grows by", fmt.Sprintf("%.2f", grows), o.ratio)
		}
	}
	fmt.Printf("  %-38s %62s %12v %22s\n", o.name, strings.Join(cells, "  "),
		brief(longest, 100*time.Microsecond), strings.Join(bounds, ", "))
	return broken
}

// roundTo is the precision to which a duration is shown: three digits.
func roundTo(d time.Duration) time.Duration {
	precision := time.Duration(1)
	for d >= 1000*precision {
		precision *= 10
	}
	return precision
}
