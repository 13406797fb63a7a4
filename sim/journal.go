package sim

import (
	"errors"
	"fmt"

	"github.com/drover-iot/drover/sim/rules"
)

// journal is what a run leaves behind: its trace, its counts, and the rule that did not hold, if
// any.
type journal struct {
	config    Config // as it was given
	time      *timeline
	report    Report
	violation *Violation // nil while all rules hold
}

// Report says how much a run did.
type Report struct {
	Steps      int // of the clock
	Commits    int // of the store, those of due work included
	Messages   int // that reached the server, also while it was down
	Crashes    int // of the server
	DiskFaults int // commits and reads that the disk has failed
	PowerCuts  int
	Jobs       int // that were created
	Executions int // that were created, retries included
}

// Add sums reports.
func (r *Report) Add(o Report) {
	r.Steps += o.Steps
	r.Commits += o.Commits
	r.Messages += o.Messages
	r.Crashes += o.Crashes
	r.DiskFaults += o.DiskFaults
	r.PowerCuts += o.PowerCuts
	r.Jobs += o.Jobs
	r.Executions += o.Executions
}

// trace notes what happened, for whoever repeats the seed: one line that begins with the time of
// the simulation. It is all that differs between a run with a trace and one without.
func (j *journal) trace(format string, args ...any) {
	if j.config.Trace != nil {
		at := j.time.now().Format(rules.TimeForm)
		fmt.Fprintf(j.config.Trace, "%s  %s\n", at, fmt.Sprintf(format, args...))
	}
}

// fail ends the run because a rule did not hold. Only the first one counts.
func (j *journal) fail(rule, text string) {
	if j.violation == nil {
		j.violation = &Violation{Rule: rule, Text: text, At: j.time.now(), Config: j.config}
		j.trace("VIOLATION %s: %s", rule, text)
	}
}

// must ends the run when there is an error that the simulation did not bring about itself: the
// server has failed.
func (j *journal) must(what string, err error) {
	if err != nil && !errors.Is(err, errBroken) {
		j.fail("no failure of the server", fmt.Sprintf("%s: %v", what, err))
	}
}
