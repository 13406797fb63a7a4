package sim

import (
	"cmp"
	"maps"
	"slices"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// single is a call of an operator about one execution, with what was true when it was made.
type single struct {
	thing, job string
	number     int64 // 0: the latest
	force      bool
	version    *int64
	deletes    bool

	x      job.Execution
	exists bool
	sure   bool // nothing about it is due at this moment
}

// aboutOne notes a call about one execution before it is made (chapter 21, sections 7 to 9).
func (r *rules) aboutOne(s *single) {
	var thing registry.ThingID
	r.must("read", r.store.Store.Read(r.ctx, func(from store.Reader) error {
		thing, _ = from.ThingID(s.thing)
		return nil
	}))
	s.sure = true
	for _, m := range r.jobs {
		for _, x := range m.rows {
			if m.id == s.job && x.Thing == thing && (s.number == x.Number || s.number == 0 && x.Number > s.x.Number) {
				at := deadline(x)
				s.x, s.exists = x, true
				s.sure = !r.edge(m) && m.row.Status != "DELETION_IN_PROGRESS" && (at.IsZero() || r.clock.Now().Before(at))
			}
		}
	}
	r.single = s
}

// judged checks how the call was answered, in the order of R-EXE-35.
func (r *rules) judged(err error) {
	s := r.single
	r.single = nil
	got := fault.Code("")
	if f := fault.Of(err); f != nil {
		got = f.Code
	} else if err != nil {
		return // a commit failed
	}
	want := fault.Code("")
	switch {
	case !s.exists:
		want = fault.NotFound
	case s.x.Status == job.ExecutionInProgress && !s.force, !s.deletes && !slices.Contains(legal[s.x.Status], job.ExecutionCanceled):
		want = fault.BadTransition
	case s.version != nil && *s.version != s.x.Version:
		want = fault.VersionDiffers
	}
	if got != want && s.sure {
		r.fail("R-EXE-30 to R-EXE-45", "%+v is answered %q, expected %q", *s, err, want)
	}
}

// canceledAlone says whether an execution became CANCELED by a call about it alone.
func (c *commit) canceledAlone(m *model, was, x job.Execution) bool {
	s := c.single
	if s == nil || s.deletes || s.job != m.id || s.x.ExecutionKey != x.ExecutionKey {
		return false
	}
	if x.ForceCanceled != s.force || was.Status == job.ExecutionInProgress && !s.force {
		c.fail("R-EXE-31, R-EXE-33", "%+v of %s became %+v by %+v", was, m.id, x, *s)
	}
	return true
}

// dropped takes a deleted execution out. Only a call about it, the deletion of its job and, long after its end, purging
// do that. It is told of unless it had ended and goes with its job (R-EVT-22, R-JOB-38).
func (c *commit) dropped(key job.ExecutionKey) {
	m, s := c.jobs[key.Job], c.single
	if m == nil {
		return
	}
	x, alone := m.rows[key], s != nil && s.deletes && s.x.ExecutionKey == key
	if !alone {
		m.dropping = true
	} else if x.Status == job.ExecutionInProgress && !s.force {
		c.fail("R-EXE-42", "%+v of %s is deleted by %+v", x, m.id, *s)
	}
	if alone || pending(x) && !m.purged(c) {
		c.tell(m, "deleted", x)
	}
	c.remove(key)
}

// purged says whether a job is old enough to be removed without a call (R-LIM-44, R-LIM-49).
func (m *model) purged(c *commit) bool {
	ended := m.row.Status == "COMPLETED" || m.row.Status == "CANCELED"
	return c.deleting != m.id && ended && c.server.limits.Retention > 0 && c.now.Sub(m.row.UpdatedAt) > c.server.limits.Retention
}

// any draws one of the executions there are.
func (r *rules) any() (s single, ok bool) {
	var all []job.ExecutionKey
	for _, m := range r.jobs {
		all = slices.AppendSeq(all, maps.Keys(m.rows))
	}
	if len(all) == 0 {
		return s, false
	}
	slices.SortFunc(all, func(a, b job.ExecutionKey) int {
		return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Thing, b.Thing), cmp.Compare(a.Number, b.Number))
	})
	key := all[r.r.IntN(len(all))]
	s.job, s.number = r.jobs[key.Job].id, key.Number
	r.must("read", r.store.Store.Read(r.ctx, func(from store.Reader) (err error) {
		s.thing, err = from.ThingName(key.Thing)
		return err
	}))
	return s, true
}
