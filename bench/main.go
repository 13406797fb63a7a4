// Command bench prints the table of speeds that docs/benchmarks.md explains: each figure beside its
// bound or its peer, measured in the same run on the same machine. -quick is a short form; -million
// adds the fleet of a million.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"time"
)

// sizes are how much is measured.
type sizes struct {
	fleet   int           // things of the large fleet
	spell   time.Duration // how long a throughput is measured
	devices int           // active MQTT devices, one request in flight each
	active  int           // things that these devices stand for
	idle    int           // idle TLS devices
	crowd   int           // devices that are connected at once
	grown   int           // the largest size of what grows; 0 leaves it out
}

// judge reports whether figures must keep their bounds: not in tests, which only hold that they can
// be measured.
func (s sizes) judge() bool { return s.grown > 0 }

// turns is how often what is compared is measured: n times where it is judged.
func (s sizes) turns(n int) int {
	if s.judge() {
		return n
	}
	return 1
}

func main() {
	if part := ownPart(); part != nil {
		exit(part())
	}
	quick := flag.Bool("quick", false, "a short form, under a minute")
	million := flag.Bool("million", false, "with a fleet of a million")
	growth := flag.Bool("growth", false, "only what must not cost more as something grows")
	latency := flag.Bool("latency", false, "only how long devices wait for operators")
	steering := flag.Bool("steering", false, "only what the settings that steer a job cost")
	audit := flag.Bool("audit", false, "only what the audit log costs")
	sinks := flag.Bool("sinks", false, "only what a sink costs that never answers")
	devices := flag.Bool("devices", false, "only connections of devices")
	console := flag.Bool("console", false, "only what open consoles cost")
	nodes := flag.Bool("nodes", false, "only several nodes on PostgreSQL")
	binary := flag.String("drover", "bin/drover",
		"the built `binary`, for what is measured from outside")
	profile := flag.String("cpuprofile", "",
		"write a processor profile of the engine's part to this `file`")
	flag.Parse()
	if *profile != "" {
		file, err := os.Create(*profile)
		if err == nil {
			err = pprof.StartCPUProfile(file)
		}
		if err != nil {
			exit(err)
		}
	}
	s := sizes{fleet: 100_000, spell: 5 * time.Second, devices: 512, active: 100_000, idle: 1000, crowd: 10_000}
	if *quick {
		s = sizes{fleet: 100_000, spell: time.Second, devices: 512, active: 30_000, idle: 500, crowd: 2000}
	}
	if *million {
		s.fleet = 1_000_000
	}
	s.grown = 1_000_000
	if *quick {
		s.grown = 2000
	}
	measure := func(ctx context.Context) error { return run(ctx, s, *binary) }
	if *growth {
		measure = func(ctx context.Context) error { return inFolder(ctx, s, growthOnly) }
	}
	if *latency {
		measure = func(ctx context.Context) error { return inFolder(ctx, s, latencyOnly) }
	}
	if *steering {
		measure = func(ctx context.Context) error { return inFolder(ctx, s, steeringOnly) }
	}
	if *sinks {
		measure = func(ctx context.Context) error { return inFolder(ctx, s, sinksOnly) }
	}
	if *devices {
		measure = func(ctx context.Context) error {
			return inFolder(ctx, s, func(ctx context.Context, dir string, s sizes) error {
				return deviceRows(ctx, dir, s, *binary)
			})
		}
	}
	if *audit {
		measure = func(ctx context.Context) error {
			return inFolder(ctx, s, func(ctx context.Context, dir string, s sizes) error {
				return auditOnly(ctx, dir, s, *binary)
			})
		}
	}
	if *console {
		measure = func(ctx context.Context) error {
			return inFolder(ctx, s, func(ctx context.Context, dir string, s sizes) error {
				return consoleOnly(ctx, dir, s, *binary)
			})
		}
	}
	if *nodes {
		measure = func(ctx context.Context) error { return nodesTable(ctx, s, *binary) }
	}
	err := measure(context.Background())
	pprof.StopCPUProfile()
	exit(err)
}

// ownPart is what this process does as a child of a measurement; nil when it is the measurement.
func ownPart() func() error {
	if len(os.Args) < 2 {
		return nil
	}
	return map[string]func() error{
		"load":     func() error { return load(os.Args[2:]) },
		"listener": listener,
		"crowd":    func() error { return crowd(os.Args[2:]) },
		"writer":   writer,
		"tlspeer":  tlsPeer,
		"files":    func() error { return files(os.Args[2]) },
	}[os.Args[1]]
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// inFolder measures in a temporary folder.
func inFolder(
	ctx context.Context, s sizes, measure func(ctx context.Context, dir string, s sizes) error,
) error {
	dir, err := os.MkdirTemp("", "drover-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return measure(ctx, dir, s)
}

func growthOnly(ctx context.Context, dir string, s sizes) error {
	return growthRows(ctx, dir, s.grown)
}

func latencyOnly(ctx context.Context, dir string, s sizes) error {
	return latencyRows(ctx, filepath.Join(dir, "latency.db"), s, true)
}

func run(ctx context.Context, s sizes, binary string) error {
	return inFolder(ctx, s, func(ctx context.Context, dir string, s sizes) error {
		fmt.Printf("%-74s %14s %26s\n", "what", "measured", "to reach")
		bound, err := engineRows(ctx, dir, s)
		err = errors.Join(err, presignRow(), outsideRows(ctx, dir, s, binary, bound))
		err = errors.Join(err, latencyRows(ctx, filepath.Join(dir, "latency.db"), s, s.grown > 0))
		return errors.Join(err, growthRows(ctx, dir, s.grown))
	})
}

// row prints one line of the table.
func row(what, measured, reach string) { fmt.Printf("%-74s %14s %26s\n", what, measured, reach) }

// quantile returns the q-th share of sorted durations.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(q*float64(len(all))))]
}

// timed runs f n times and returns how long each took.
func timed(n int, f func(i int) error) (all []time.Duration, err error) {
	for i := range n {
		start := time.Now()
		if err := f(i); err != nil {
			return nil, err
		}
		all = append(all, time.Since(start))
	}
	return all, nil
}

// The cells of the table: a rate, a share, a duration to the precision that means something, and
// the median and the 99th percentile of many.

func perSecond(n int64, took time.Duration) string {
	return fmt.Sprintf("%.0f/s", float64(n)/took.Seconds())
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

func brief(d, precision time.Duration) string { return d.Round(precision).String() }

func p50p99(all []time.Duration, precision time.Duration) string {
	return brief(quantile(all, 0.5), precision) + ", " + brief(quantile(all, 0.99), precision)
}
