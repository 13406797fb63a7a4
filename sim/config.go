package sim

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Config says what to simulate. The same Config does the same, on every machine.
type Config struct {
	Seed   uint64
	Things int // devices
	Days   int // of virtual time, before the faults end and every job must end or say why it does not
	Jobs   int // that operators create in that time, about
	Faults Faults
	// Trace is told everything that happens; nil is quiet.
	Trace io.Writer
}

// Faults are how often things go wrong: chances from 0 to 1. Each seed draws for each fault whether it has none of it,
// the chance given, or three times that, because bugs hide both in calm and in storms.
type Faults struct {
	Drop    float64 // a message is lost
	Repeat  float64 // a message arrives twice
	Delay   float64 // a message is late, and overtaken by others
	Offline float64 // a device goes away when it has time, for hours or days
	Crash   float64 // the server stops between a commit and its answer or its notices
	Broken  float64 // a commit fails, or telling devices does
	Lag     float64 // due work is late, by up to a second
	Fail    float64 // an execution ends FAILED
	Reject  float64 // an execution ends REJECTED
	Hang    float64 // an execution is started and never ended
}

// Default is what Run is meant for, seed by seed: small enough to run a thousand of them in a minute.
func Default() Config {
	return Config{Seed: 1, Things: 16, Days: 2, Jobs: 8, Faults: Faults{
		Drop: 0.03, Repeat: 0.04, Delay: 0.06, Offline: 0.06, Crash: 0.004, Broken: 0.004, Lag: 0.05,
		Fail: 0.15, Reject: 0.04, Hang: 0.05,
	}}
}

// Option is one number of a Config that a command line may set.
type Option struct {
	Name, Help string
	Value      *float64
}

// Options are the faults by the names of the command line.
func (f *Faults) Options() []Option {
	return []Option{
		{"drop", "chance that a message is lost", &f.Drop},
		{"repeat", "chance that a message arrives twice", &f.Repeat},
		{"delay", "chance that a message is late and overtaken", &f.Delay},
		{"offline", "chance that a device goes away, whenever it has time", &f.Offline},
		{"crash", "chance that the server stops after a commit, before its answer or notices", &f.Crash},
		{"broken", "chance that a commit fails, or telling devices", &f.Broken},
		{"lag", "chance that due work is up to a second late", &f.Lag},
		{"fail", "chance that an execution fails", &f.Fail},
		{"reject", "chance that an execution is rejected", &f.Reject},
		{"hang", "chance that an execution is started and never ended", &f.Hang},
	}
}

// Command is the command line that does the same again.
func (c Config) Command() string {
	var b strings.Builder
	fmt.Fprintf(&b, "drover sim --seed %d --things %d --days %d --jobs %d", c.Seed, c.Things, c.Days, c.Jobs)
	usual := Default()
	for i, o := range c.Faults.Options() {
		if *o.Value != *usual.Faults.Options()[i].Value {
			fmt.Fprintf(&b, " --%s %v", o.Name, *o.Value)
		}
	}
	return b.String()
}

// Violation is a rule that did not hold.
type Violation struct {
	Rule, Text string
	At         time.Time
	Config     Config
}

func (v *Violation) Error() string {
	return fmt.Sprintf("seed %d at %s: %s: %s\nagain: %s --trace", v.Config.Seed, v.At.Format(timeForm), v.Rule, v.Text, v.Config.Command())
}

const timeForm = "01-02 15:04:05.000"
