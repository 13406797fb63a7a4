package rules

import (
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// TimeForm is how times are written in texts about rules, and in the trace of a simulation.
const TimeForm = "01-02 15:04:05.000"

// noFailure is reported when the server fails by itself.
const noFailure = "no failure of the server"

// fail reports a rule that does not hold. Only the first one is reported: the next ones mostly
// follow from it.
func (ch *Checker) fail(rule, format string, args ...any) {
	if ch.broken {
		return
	}
	ch.broken = true
	names := names{ch.state.Store, ch.jobs}
	for i, arg := range args {
		args[i] = names.text(arg)
	}
	ch.report(rule, fmt.Sprintf(format, args...))
}

// must reports a failure of the server when there is an error.
func (ch *Checker) must(what string, err error) {
	if err != nil {
		ch.fail(noFailure, "%s: %v", what, err)
	}
}

// names writes what a text is about with the names that a trace has.
type names struct {
	store store.Reader
	jobs  map[job.Key]*jobRecord
}

// text writes a value with the names that a trace has: a job by its id and a thing by its name.
// Values of other types are returned as they are.
func (n names) text(v any) any {
	switch v := v.(type) {
	case job.Execution:
		return n.execution(v)
	case []job.Execution:
		var texts []string
		for _, x := range v {
			texts = append(texts, n.execution(x))
		}
		return texts
	case job.ExecutionKey:
		return n.key(v)
	case []job.ExecutionKey:
		var texts []string
		for _, key := range v {
			texts = append(texts, n.key(key))
		}
		return texts
	case registry.ThingID:
		return n.thing(v)
	case time.Time:
		return v.Format(TimeForm)
	case *job.ScheduleConfig:
		if v == nil {
			return "none"
		}
		return fmt.Sprintf("%+v", *v)
	}
	return v
}

func (n names) thing(id registry.ThingID) string {
	name, _ := n.store.ThingName(id) // a thing that is not known has no name
	return fmt.Sprintf("%s(%d)", name, id)
}

func (n names) key(key job.ExecutionKey) string {
	id := fmt.Sprintf("job(%d)", key.Job)
	if rec := n.jobs[key.Job]; rec != nil {
		id = rec.id
	}
	return fmt.Sprintf("%s#%d on %s", id, key.Number, n.thing(key.Thing))
}

func (n names) execution(x job.Execution) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[%s %s v%d attempt %d used %+v sequence %d",
		n.key(x.ExecutionKey), x.Status, x.Version, x.Attempt, x.RetriesUsed, x.Sequence)
	for _, at := range []struct {
		name string
		time time.Time
	}{
		{"queued", x.QueuedAt},
		{"started", x.StartedAt},
		{"updated", x.UpdatedAt},
		{"deadline", x.Deadline},
		{"step deadline", x.StepDeadline},
	} {
		if !at.time.IsZero() {
			fmt.Fprintf(&b, " %s %s", at.name, at.time.Format(TimeForm))
		}
	}
	if x.ForceCanceled {
		b.WriteString(" forced")
	}
	fmt.Fprintf(&b, " details %v message %q]", x.Details, x.Message)
	return b.String()
}
