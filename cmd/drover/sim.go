package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/sim"
	"github.com/drover-iot/drover/sim/simdisk"
)

// The simulator is a part of the binary, so that a seed that somebody reports can be run by
// anybody who has that version.

// simAbout is the help text of drover sim.
const simAbout = `Simulate a fleet, its operators and a server that crashes, in virtual time, all drawn from a seed.
After every step the server is held to its rules: counters, final states, rates, aborts, retries,
timers, completion, what devices are notified of, and that every job ends or says why it waits. The
server is the real engine, in this process, with its state in memory or, with --disk, in a file of
SQLite on a disk that fails: then what was acknowledged must be there after every loss of power.

The same seed always gives the same run. A range of seeds runs on all processors until a rule is
broken: then the command that repeats that run is printed, and the exit status is 1. --trace prints
everything that happens.

  drover sim --seed 17 --trace
  drover sim --seeds 1..1000
  drover sim --runs 500 --things 60 --days 7 --crash 0.02`

// simulate runs the fleet simulator: for one seed, or for a range of seeds until one breaks a
// rule. The exit status is 1 then.
func simulate(ctx context.Context, args []string) error {
	c := sim.Default()
	flags := flag.NewFlagSet("sim", flag.ContinueOnError)
	flags.Uint64Var(&c.Seed, "seed", c.Seed, "the `seed` to run, or the first of --runs")
	seeds := flags.String("seeds", "", "run a `range` of seeds: A..B")
	runs := flags.Uint64("runs", 1, "run this `number` of seeds, from --seed on")
	flags.IntVar(&c.Things, "things", c.Things, "`number` of things, each with a device")
	flags.IntVar(&c.Days, "days", c.Days,
		"`number` of days before faults end and all jobs must end")
	flags.IntVar(&c.Nodes, "nodes", c.Nodes,
		"`number` of servers that share the store; 0: each seed draws it")
	flags.IntVar(&c.Jobs, "jobs", c.Jobs, "`number` of jobs")
	disk := flags.Bool("disk", false, "keep the state in SQLite, on a disk that fails, is full and loses power")
	trace := flags.Bool("trace", false, "print what happens; for one seed")
	// Each fault has an option of its own, made from the simulator's list of them.
	for _, o := range c.Faults.Options() {
		flags.Float64Var(o.Value, o.Name, *o.Value,
			o.Help+"; each seed has `P`, three times P, or none of it")
	}
	if err := parse(flags, args, simAbout); err != nil {
		return err
	}
	if *disk {
		c.Disk = simdisk.New
	}
	first, last, err := seedRange(c.Seed, *runs, *seeds)
	if err == nil {
		err = checkSim(c, *trace && first != last)
	}
	if err != nil {
		return err
	}
	// One seed is for looking at what happens, many are for finding one that breaks a rule.
	c.Seed = first
	if first == last {
		return simulateOne(ctx, c, *trace)
	}
	return simulateMany(ctx, c, first, last)
}

// checkSim refuses what cannot be simulated. A trace of many seeds at once would be a mixture of
// all of them.
func checkSim(c sim.Config, traceMany bool) error {
	switch {
	case c.Disk != nil && c.Nodes > 1:
		return errors.New("--disk is for one node: a file has one server only")
	case c.Things < 1 || c.Days < 1 || c.Jobs < 0 || c.Nodes < 0:
		return errors.New("--things and --days must be at least 1, --jobs and --nodes at least 0")
	case traceMany:
		return errors.New("--trace is for one seed")
	}
	// Faults are chances.
	for _, o := range c.Faults.Options() {
		if *o.Value < 0 || *o.Value > 1 {
			return fmt.Errorf("--%s %v: must be 0 to 1", o.Name, *o.Value)
		}
	}
	return nil
}

// seedRange says which seeds to run, both ends included: those of the text A..B, or runs seeds
// from the first on when the text is "".
func seedRange(seed, runs uint64, text string) (first, last uint64, err error) {
	if text == "" {
		if runs == 0 {
			return 0, 0, errors.New("--runs must be at least 1")
		}
		return seed, seed + runs - 1, nil
	}
	// A range that ends before it begins is refused: it would run nothing and report success.
	low, high, found := strings.Cut(text, "..")
	first, err1 := strconv.ParseUint(low, 10, 64)
	last, err2 := strconv.ParseUint(high, 10, 64)
	if !found || err1 != nil || err2 != nil || last < first {
		return 0, 0, fmt.Errorf("--seeds %q: must be a range such as 1..1000", text)
	}
	return first, last, nil
}

// simulateOne runs one seed and says what it did. With a trace, everything that happens is printed.
func simulateOne(ctx context.Context, c sim.Config, trace bool) error {
	// A trace is long: without a buffer, writing it would be most of the work.
	out := bufio.NewWriter(os.Stdout)
	if trace {
		c.Trace = out
	}
	report, err := sim.Run(ctx, c)
	err = errors.Join(err, out.Flush())
	if err == nil {
		fmt.Fprintf(os.Stderr, "seed %d: %s\n", c.Seed, summary(report))
	}
	return err
}

// simulateMany runs a range of seeds on all processors and says every few seconds how far it is.
// The error of a seed that breaks a rule has the command that repeats it.
func simulateMany(ctx context.Context, c sim.Config, first, last uint64) error {
	var sum sim.Report
	begun := time.Now() // real time, only for how fast it goes
	shown, done := begun, uint64(0)
	rate := func() float64 { return float64(done) / time.Since(begun).Seconds() }
	// The report of each seed comes when it ends, in any order and one at a time.
	err := sim.Many(ctx, c, first, last, func(_ uint64, r sim.Report) {
		sum.Add(r)
		done++
		if time.Since(shown) > 5*time.Second {
			shown = time.Now()
			fmt.Fprintf(os.Stderr, "%d of %d seeds, %.0f a second\n", done, last-first+1, rate())
		}
	})
	fmt.Fprintf(os.Stderr, "%d seeds kept every rule, %.0f a second: %s\n",
		done, rate(), summary(sum))
	return err
}

// summary says what was simulated.
func summary(r sim.Report) string {
	text := fmt.Sprintf("%d jobs, %d executions, %d messages, %d commits, %d crashes, in %d steps",
		r.Jobs, r.Executions, r.Messages, r.Commits, r.Crashes, r.Steps)
	if r.DiskFaults+r.PowerCuts > 0 {
		text += fmt.Sprintf("; the disk failed %d times, and power %d times", r.DiskFaults, r.PowerCuts)
	}
	return text
}
