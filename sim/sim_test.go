package sim

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"strings"
	"testing"
	"time"
)

var (
	seeds = flag.Uint64("sim.seeds", 1000, "how many seeds TestSeeds runs")
	first = flag.Uint64("sim.first", 1, "the first of the seeds")
)

// TestSeeds is the short form of make sim: many small worlds, none of which may break a rule.
func TestSeeds(t *testing.T) {
	n := *seeds
	if testing.Short() {
		n = min(n, 50)
	}
	many(t, Default(), *first, *first+n-1)
}

// TestLargeFleets has fleets whose rollouts and sweeps take several steps (R-ROLL-21, R-JOB-62).
func TestLargeFleets(t *testing.T) {
	t.Parallel()
	c := Default()
	c.Things, c.Days, c.Jobs = 400, 1, 3
	c.Faults.Crash = 0.0003 // there are many more steps in which to crash
	many(t, c, 1, 6)
}

func many(t *testing.T, c Config, first, last uint64) {
	t.Helper()
	var sum Report
	start := time.Now()
	err := Many(t.Context(), c, first, last, func(_ uint64, r Report) { sum.Add(r) })
	if err != nil {
		t.Fatal(err)
	}
	n := last - first + 1
	t.Logf("%d seeds, %.1f a second: %+v", n, float64(n)/time.Since(start).Seconds(), sum)
}

// The same seed does the same, byte for byte; another one does not.
func TestTrace(t *testing.T) {
	t.Parallel()
	traces := [3]bytes.Buffer{}
	for i, seed := range []uint64{5, 5, 6} {
		c := Default()
		c.Seed, c.Trace = seed, &traces[i]
		if _, err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if traces[0].Len() < 1000 || !bytes.Equal(traces[0].Bytes(), traces[1].Bytes()) {
		t.Errorf("the traces of one seed have %d and %d bytes and differ",
			traces[0].Len(), traces[1].Len())
	}
	if bytes.Equal(traces[0].Bytes(), traces[2].Bytes()) {
		t.Error("two seeds have the same trace")
	}
}

// A broken rule ends the run with the command that repeats it.
func TestViolation(t *testing.T) {
	t.Parallel()
	c := Default()
	c.Seed, c.Faults.Fail = 7, 0.5
	w := newWorld(t.Context(), c)
	w.time.after(time.Hour, func() { w.log.fail("R-X-1", "as the test asked for") })
	w.run()
	want := "again: drover sim --seed 7 --things 16 --days 2 --jobs 8 --fail 0.5 --trace"
	if w.log.violation == nil || !strings.HasSuffix(w.log.violation.Error(), want) {
		t.Errorf("the violation is %v, want the end %q", w.log.violation, want)
	}
}

// A run that is given up is no broken rule.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Many(ctx, Default(), 1, 3, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Many returns %v", err)
	}
}
