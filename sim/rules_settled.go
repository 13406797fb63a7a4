package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// settled checks what must hold when nothing is due: no work is left lying, and every device was told the truth. Where
// nothing was committed since the last time, only time has passed, and looking now and then finds what it brought.
func (r *rules) settled() {
	if r.quiet++; r.quiet%16 != 0 && len(r.stirred) == 0 {
		return
	}
	r.must("read", r.store.Store.Read(r.ctx, func(s store.Reader) error {
		for _, m := range r.jobs {
			r.nothingLeft(s, m)
			r.scheduled(m)
			r.nobodyForgotten(s, m)
		}
		r.informed(s)
		r.events.settled(r)
		clear(r.retold)
		return nil
	}))
}

// nothingLeft checks that what was due for a job is done (R-CON-26, R-TMO-9).
func (r *rules) nothingLeft(s store.Reader, m *model) {
	now, n, p := r.clock.Now(), m.counts(), m.ramp
	switch {
	case m.row.Status == "DELETION_IN_PROGRESS":
		r.fail("R-JOB-10, R-CON-26", "%s is still being deleted, with %v", m.id, n)
	case m.row.Status == "CANCELED" && (n[job.ExecutionQueued] > 0 || m.row.ForceCanceled && n[job.ExecutionInProgress] > 0):
		r.fail("R-JOB-21, R-JOB-22", "%s is CANCELED, forced %v, with %v", m.id, m.row.ForceCanceled, n)
	case m.row.Status == "IN_PROGRESS" && !m.row.Progress.Finished && (!now.Before(p.next) || p.quota > 0 && len(m.waiting(s)) > 0):
		r.fail("R-ROLL-3", "%s does not release: the next tick is at %s, the present one has %d left, waiting %v", m.id, p.next, p.quota, m.waiting(s))
	}
	for _, x := range m.rows {
		if at := deadline(x); !at.IsZero() && !now.Before(at) {
			r.fail("R-TMO-9", "%+v of %s is overdue", x, m.id)
		}
		if x.Status == job.ExecutionQueued && !m.reaches(s, x.Thing) {
			r.fail("R-EXE-20, R-EXE-23", "%+v of %s waits for a thing that has left", x, m.id)
		}
	}
}

// sight is what a thing can see: its pending executions as a set, and the first of them. cut says that a list does not
// show them all.
type sight struct {
	list, next string
	cut        bool
}

// A list shows so many executions of jobs without windows, and so many of jobs with them (R-ORD-5).
const plainShown, windowedShown = 10, 5

// sight is what a thing can see as of the last commit.
func (r *rules) sight(thing registry.ThingID) (s sight) {
	var keys []string
	plain, windowed := 0, 0
	for _, x := range sorted(r.pending[thing]) {
		if !r.visible(x) {
			continue
		}
		if len(r.jobs[x.Job].windows) > 0 {
			windowed++
		} else {
			plain++
		}
		keys = append(keys, fmt.Sprintf("%s#%d", r.jobs[x.Job].id, x.Number))
	}
	if len(keys) > 0 {
		s.next = keys[0]
	}
	slices.Sort(keys)
	s.list, s.cut = strings.Join(keys, " "), plain > plainShown || windowed > windowedShown
	return s
}

// notices compares what things are told with how what they can see differs from before the commit (R-MQTT-39). What one
// change of a commit did and another undid may be told all the same.
func (c *commit) notices() {
	if c.violation != nil {
		return
	}
	for thing := range c.told {
		if _, known := c.before[thing]; !known {
			c.before[thing] = c.sight(thing)
		}
	}
	for thing, before := range c.before {
		c.stir(thing)
		after, told := c.sight(thing), c.told[thing]
		list, next := before.list != after.list, before.next != after.next
		undone := c.changes[thing] > 1 && (told.Notify || !list) && (told.NotifyNext || !next)
		if c.retold[thing] {
			continue
		}
		if (told.Notify != list || told.NotifyNext != next) && !undone {
			c.fail("R-MQTT-39", "thing %v is told %+v: it had [%s], next %q, and has [%s], next %q",
				thing, told, before.list, before.next, after.list, after.next)
		}
	}
}

// informed compares what each thing was told last with what is true (R-MQTT-38, R-ORD-6). Only those are looked at for
// which either changed since.
func (r *rules) informed(s store.Reader) {
	for name := range r.stirred {
		thing, _ := s.ThingID(name) // none: nothing is pending
		told, want := r.server.said(name), r.sight(thing)
		if told.next != want.next {
			r.fail("R-MQTT-38", "%s was told that %q is next, it is %q", name, told.next, want.next)
		}
		if told.list != want.list && !want.cut {
			r.fail("R-MQTT-38", "%s was told that [%s] is pending, it is [%s]", name, told.list, want.list)
		}
	}
	clear(r.stirred)
}

// stir has a thing looked at when nothing is due.
func (c *commit) stir(thing registry.ThingID) {
	if name, err := c.ThingName(thing); err == nil {
		c.stirred[name] = true
	}
}
