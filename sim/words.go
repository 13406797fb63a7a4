package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// words writes what a violation is about with the names that a trace has; anything else it returns as it is.
func (r *rules) words(v any) any {
	switch v := v.(type) {
	case job.Execution:
		return r.execution(v)
	case []job.Execution:
		var texts []string
		for _, x := range v {
			texts = append(texts, r.execution(x))
		}
		return texts
	case job.ExecutionKey:
		return r.key(v)
	case []job.ExecutionKey:
		var texts []string
		for _, key := range v {
			texts = append(texts, r.key(key))
		}
		return texts
	case registry.ThingID:
		return r.thing(v)
	case time.Time:
		return v.Format(timeForm)
	case *job.ScheduleConfig:
		if v == nil {
			return "none"
		}
		return fmt.Sprintf("%+v", *v)
	}
	return v
}

func (r *rules) thing(id registry.ThingID) (name string) {
	_ = r.store.Store.Read(r.ctx, func(s store.Reader) (err error) { // a thing that is not known has no name
		name, err = s.ThingName(id)
		return err
	})
	return fmt.Sprintf("%s(%d)", name, id)
}

func (r *rules) key(key job.ExecutionKey) string {
	id := fmt.Sprintf("job(%d)", key.Job)
	if m := r.jobs[key.Job]; m != nil {
		id = m.id
	}
	return fmt.Sprintf("%s#%d on %s", id, key.Number, r.thing(key.Thing))
}

func (r *rules) execution(x job.Execution) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[%s %s v%d attempt %d used %+v sequence %d", r.key(x.ExecutionKey), x.Status, x.Version, x.Attempt, x.RetriesUsed, x.Sequence)
	for _, at := range []struct {
		name string
		time time.Time
	}{{"queued", x.QueuedAt}, {"started", x.StartedAt}, {"updated", x.UpdatedAt}, {"deadline", x.Deadline}, {"step deadline", x.StepDeadline}} {
		if !at.time.IsZero() {
			fmt.Fprintf(&b, " %s %s", at.name, at.time.Format(timeForm))
		}
	}
	if x.ForceCanceled {
		b.WriteString(" forced")
	}
	fmt.Fprintf(&b, " details %v token %q]", x.Details, x.Token)
	return b.String()
}
