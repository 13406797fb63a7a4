package sim

import (
	"slices"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// restless says whether a job may still be expected to end: it runs, and states no reason to wait.
func (r *rules) restless() (restless bool) {
	r.must("read", r.store.Store.Read(r.ctx, func(s store.Reader) error {
		for _, m := range r.jobs {
			restless = restless || r.unended(s, m)
		}
		return nil
	}))
	return restless
}

// unended says whether a job has not ended though nothing keeps it.
func (r *rules) unended(s store.Reader, m *model) bool {
	switch m.row.Status {
	case "COMPLETED", "CANCELED":
		return slices.ContainsFunc(r.live(m), func(x job.Execution) bool { return !r.offline(s, x) })
	}
	live := r.live(m)
	if m.row.TargetSelection == "CONTINUOUS" && len(live) == 0 && !m.past(r.clock.Now()) {
		return false // goes on without end (R-JOB-12)
	}
	if !m.row.Progress.Finished || len(live) == 0 {
		return true
	}
	return slices.ContainsFunc(live, func(x job.Execution) bool { return !r.offline(s, x) })
}

// live lists what is pending of a job.
func (r *rules) live(m *model) (found []job.Execution) {
	for _, x := range m.rows {
		if pending(x) {
			found = append(found, x)
		}
	}
	return found
}

// offline says whether the device of an execution has gone for good and no timer runs: the reason that a job may wait
// for (R-TMO-11).
func (r *rules) offline(s store.Reader, x job.Execution) bool {
	name, _ := s.ThingName(x.Thing)
	d := r.byName[name]
	return d != nil && d.gone && deadline(x).IsZero()
}

// finished checks the end of a run: every job has ended, or waits for a device that is away.
func (r *rules) finished() {
	if r.violation != nil || r.caller.Err() != nil {
		return
	}
	r.everything()
	r.must("read", r.store.Store.Read(r.ctx, func(s store.Reader) error {
		for _, m := range r.jobs {
			if r.unended(s, m) {
				r.fail("every job ends or says why it does not", "%s is %s with %v and %+v, pending are %+v", m.id, m.row.Status, m.counts(), m.row.Progress, r.live(m))
			}
		}
		return nil
	}))
}
