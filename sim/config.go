package sim

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/drover-iot/drover/sim/rules"
)

// Config says what to simulate. The same Config does the same, on every machine.
type Config struct {
	Seed   uint64 // what all chance of the run comes from
	Things int    // how many things there are, each with a device
	// Days is how many days of virtual time pass before the faults end. Then every job must end or
	// say why it does not.
	Days  int
	Jobs  int // how many jobs operators try to create in that time
	Nodes int // how many servers share the store; 0 lets each seed draw it
	// Disk makes the disk that the store is on, which fails; nil: the store is in memory. A file has
	// one server only.
	Disk   func() (Disk, error)
	Faults Faults
	// Trace gets a line for everything that happens; nil for none.
	Trace io.Writer
}

// Faults are how often things go wrong: chances from 0 to 1. Each seed draws for each fault whether
// it has none of it, the chance given, or three times that: some mistakes show only where hardly
// anything fails, some only where much does.
type Faults struct {
	Drop    float64 // a message is lost
	Repeat  float64 // a message arrives twice
	Delay   float64 // a message is late, and overtaken by others
	Offline float64 // a device disconnects for hours or days, whenever it has nothing else to do
	Crash   float64 // the server stops between a commit and its answer or its notices
	Broken  float64 // a commit fails, or notifying devices does
	Lag     float64 // due work is late, by up to a second
	Fail    float64 // an execution ends FAILED
	Reject  float64 // an execution ends REJECTED
	Hang    float64 // an execution is started and never ended
	Cut     float64 // a node is cut off from the store, when a device acts by itself
}

// Default is what Run is meant for, seed by seed: so small that a minute is enough for a thousand
// of them, and so eventful that most rules come up in each.
func Default() Config {
	return Config{
		Seed:   1,
		Things: 16,
		Days:   2,
		Jobs:   8,
		Faults: Faults{
			Drop:    0.03,
			Repeat:  0.04,
			Delay:   0.06,
			Offline: 0.06,
			Crash:   0.004,
			Broken:  0.004,
			Lag:     0.05,
			Fail:    0.15,
			Reject:  0.04,
			Hang:    0.05,
			Cut:     0.01,
		},
	}
}

// Option is one number of a Config that a command line may set, with its help text.
type Option struct {
	Name, Help string
	Value      *float64 // points into the Config
}

// Options lists the faults by the names that they have on the command line.
func (f *Faults) Options() []Option {
	return []Option{
		{"drop", "chance that a message is lost", &f.Drop},
		{"repeat", "chance that a message arrives twice", &f.Repeat},
		{"delay", "chance that a message is late and overtaken", &f.Delay},
		{"offline", "chance that a device goes away, whenever it has time", &f.Offline},
		{"crash", "chance that the server stops after a commit, before its answer", &f.Crash},
		{"broken", "chance that a commit fails, or notifying devices", &f.Broken},
		{"lag", "chance that due work is up to a second late", &f.Lag},
		{"fail", "chance that an execution fails", &f.Fail},
		{"reject", "chance that an execution is rejected", &f.Reject},
		{"cut", "chance that a node is cut off from the store, whenever a device has time", &f.Cut},
		{"hang", "chance that an execution is started and never ended", &f.Hang},
	}
}

// Command is the command line that runs the same again. It names only those faults that differ from
// the defaults.
func (c Config) Command() string {
	var b strings.Builder
	fmt.Fprintf(&b, "drover sim --seed %d --things %d --days %d --jobs %d",
		c.Seed, c.Things, c.Days, c.Jobs)
	usual := Default()
	if c.Disk != nil {
		b.WriteString(" --disk")
	}
	if c.Nodes != usual.Nodes {
		fmt.Fprintf(&b, " --nodes %d", c.Nodes)
	}
	for i, o := range c.Faults.Options() {
		if *o.Value != *usual.Faults.Options()[i].Value {
			fmt.Fprintf(&b, " --%s %v", o.Name, *o.Value)
		}
	}
	return b.String()
}

// Violation is the error of a run in which a rule did not hold.
type Violation struct {
	Rule   string    // its id, or a sentence for what has none
	Text   string    // what was expected, and what was found
	At     time.Time // in the time of the simulation
	Config Config    // as it was given
}

// Error says what did not hold, and the command that repeats it.
func (v *Violation) Error() string {
	return fmt.Sprintf("seed %d at %s: %s: %s\nagain: %s --trace",
		v.Config.Seed, v.At.Format(rules.TimeForm), v.Rule, v.Text, v.Config.Command())
}
