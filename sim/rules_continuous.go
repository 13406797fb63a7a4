package sim

import (
	"slices"
	"strings"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// begin reads the targets of a job when its rollout begins (R-JOB-52); what has gone since it was created is passed over.
func (c *commit) begin(m *model) {
	m.started, m.ramp, m.resumed = true, ramp{next: c.now}, true
	m.targets, m.roots, m.named = nil, nil, nil
	for _, arn := range m.row.Targets {
		c.aim(m, arn.ARN, true)
	}
	m.inside = c.insiders(m)
}

// aim adds one target to a job, with its members in rollout order if they are released at the rollout's rate.
func (c *commit) aim(m *model, arn string, paced bool) {
	_, name, _ := strings.Cut(arn, "/")
	if strings.Contains(arn, ":thing/") {
		if thing, err := c.ThingByName(name); err == nil {
			m.named = append(m.named, thing.ID)
			m.targets = append(m.targets, target{thing: thing.ID})
		}
		return
	}
	top, err := c.GroupByName(name)
	if err != nil {
		return
	}
	m.roots = append(m.roots, top.ID)
	if paced {
		members, err := freezeGroup(c.Reader, top)
		c.must("members of "+name, err)
		m.targets = append(m.targets, members...)
	}
}

// reaches says whether a thing is a target of the job now: named itself, or in a named group or below one. When it joined
// does not matter (R-JOB-50, R-JOB-60).
func (m *model) reaches(r store.Reader, thing registry.ThingID) bool {
	if _, err := r.Thing(thing); err != nil {
		return false
	}
	if slices.Contains(m.named, thing) {
		return true
	}
	memberships, err := r.Memberships(thing)
	for _, of := range memberships {
		for at := of.Group; at != 0 && err == nil; {
			if slices.Contains(m.roots, at) {
				return true
			}
			var g registry.Group
			g, err = r.Group(at)
			at = g.Parent
		}
	}
	return false
}

// insiders are the things that a continuous job targets now.
func (c *commit) insiders(m *model) map[registry.ThingID]bool {
	if m.row.TargetSelection != "CONTINUOUS" {
		return nil
	}
	things, err := c.Things(store.ThingQuery{Limit: 100_000})
	c.must("things", err)
	inside := map[registry.ThingID]bool{}
	for _, thing := range things {
		if m.reaches(c.Reader, thing.ID) {
			inside[thing.ID] = true
		}
	}
	return inside
}

// crossings notes which things enter and leave the continuous jobs, when the registry changes or a job gets new targets.
func (c *commit) crossings(changes store.Changes) {
	moved := len(changes.Registry.AddedMemberships)+len(changes.Registry.RemovedMemberships)+len(changes.Registry.DeletedThings)+len(changes.Registry.DeletedGroups) > 0
	if !moved {
		return
	}
	for _, m := range c.jobs {
		if m.started && active(m.row.Status) && m.row.TargetSelection == "CONTINUOUS" {
			c.cross(m)
		}
	}
}

// cross compares who is inside with who was. Who entered is owed an execution, outside the rate (R-JOB-55, R-ROLL-15),
// unless one is pending (R-JOB-57), as is who moved before its turn, so that the rollout does not find it any more; while
// the job is SCHEDULED it waits (R-JOB-56).
func (c *commit) cross(m *model) {
	was := m.inside
	m.inside = c.insiders(m)
	for thing := range was {
		if !m.inside[thing] {
			delete(m.owed, thing)
			delete(m.allowed, thing)
		}
	}
	if m.over(c.now) {
		return
	}
	waiting := m.waiting(c.Reader)
	for thing := range m.inside {
		switch {
		case was[thing] && (m.had[thing] > 0 || slices.Contains(waiting, thing)):
		case !c.busy(m, thing):
			m.owed[thing] = true
		case m.row.Status == "SCHEDULED": // what is pending may have ended when it resumes
			m.allowed[thing] = true
		}
	}
}

// busy says whether a thing has a pending execution of the job.
func (c *commit) busy(m *model, thing registry.ThingID) bool {
	for _, x := range c.rules.pending[thing] {
		if c.jobs[x.Job] == m {
			return true
		}
	}
	return false
}

// admitted says whether the new executions of one change are those of late joiners. Who may come either way was released
// by the rollout if the job says that it notified somebody.
func (c *commit) admitted(m *model, key job.Key, things []registry.ThingID) bool {
	rollout := slices.ContainsFunc(things, func(thing registry.ThingID) bool { return !m.owed[thing] && !m.allowed[thing] })
	if rollout {
		return false
	}
	owed := slices.ContainsFunc(things, func(thing registry.ThingID) bool { return m.owed[thing] })
	after, err := c.Reader.Job(key)
	return owed || err != nil || after.Progress.Notified == m.row.Progress.Notified
}

// associated notes that a continuous job got more groups: who enters by them is owed an execution, and who was about to
// get one by the rollout may get it now (R-API-22, R-JOB-42).
func (c *commit) associated(m *model, j job.Job) {
	had := len(m.row.Targets)
	if !m.started || len(j.Targets) <= had {
		return
	}
	for _, arn := range j.Targets[had:] {
		c.aim(m, arn.ARN, false)
	}
	c.cross(m)
	for thing := range m.inside {
		if m.had[thing] == 0 {
			m.allowed[thing] = true
		}
	}
}

// nobodyForgotten checks that every thing that a continuous job targets has had an execution, or will get one from the
// rollout.
func (r *rules) nobodyForgotten(s store.Reader, m *model) {
	if m.row.TargetSelection != "CONTINUOUS" || m.row.Status != "IN_PROGRESS" || m.over(r.clock.Now()) {
		return
	}
	for thing := range m.owed {
		r.fail("R-JOB-55, R-JOB-56, R-JOB-61", "thing %v entered %s and has no execution", thing, m.id)
	}
	clear(m.allowed) // who may have got one has
	waiting := m.waiting(s)
	for thing := range m.inside {
		if m.had[thing] == 0 && !slices.Contains(waiting, thing) {
			r.fail("R-JOB-55", "thing %v is a target of %s and never gets an execution", thing, m.id)
		}
	}
}
