package rules

import (
	"slices"
	"strings"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The targets of a job are read when its rollout begins, and its things are released in that order:
// targets as they were given, and within a group by name (R-ROLL-12). The server stores a cursor
// and the newest membership that counts. The rules list all things at once and cross out those that
// have left since.

// rolloutTarget is one way by which a thing is a target of a rollout: it is named itself, or it was
// a member of a group when the rollout began.
type rolloutTarget struct {
	thing  registry.ThingID
	group  registry.GroupID // 0 when the thing is named itself
	joined int64            // the number of the membership
	target registry.GroupID // the target that the group is, or is below
}

// stillTarget says whether the thing exists and has not left the group. One that left and came back
// has a membership with another number.
func (t rolloutTarget) stillTarget(r store.Reader) bool {
	if _, err := r.Thing(t.thing); err != nil {
		return false
	}
	if t.group == 0 {
		return true
	}
	memberships, err := r.Memberships(t.thing)
	return err == nil && slices.ContainsFunc(memberships, func(m registry.Membership) bool {
		return m.Group == t.group && m.Joined == t.joined
	})
}

// unreleased lists the things that the rollout has not reached, in rollout order. In a snapshot job
// those that have left a group since it began, and are targets again, come last (R-JOB-54). Who
// comes back when the rollout was finished before the present commit waits in vain.
func (rec *jobRecord) unreleased(r store.Reader) (things []registry.ThingID) {
	listed := map[registry.ThingID]bool{}
	list := func(thing registry.ThingID, waits bool) {
		if rec.lastNumber[thing] == 0 && !listed[thing] && waits {
			listed[thing] = true
			things = append(things, thing)
		}
	}
	for _, t := range rec.rolloutTargets {
		list(t.thing, t.stillTarget(r))
	}
	if rec.continuous() || rec.stored.Progress.Finished {
		return things
	}
	for _, t := range rec.rolloutTargets {
		list(t.thing, t.group != 0 && t.isReached(r) && rec.isTarget(r, t.thing))
	}
	return things
}

// isReached says whether the rollout comes to the group once more by the same target: one below a
// target is not found any more when it was deleted. It may be a target itself, with a later turn.
func (t rolloutTarget) isReached(r store.Reader) bool {
	_, err := r.Group(t.group)
	return err == nil || t.group == t.target
}

// beginRollout reads the targets of a job (R-JOB-52). A thing or group that has been deleted since
// the job was created is left out.
func (c *commit) beginRollout(rec *jobRecord) {
	rec.started = true
	rec.rollout = rollout{nextTick: c.now, clockRuns: true}
	rec.rolloutTargets, rec.targetGroups, rec.targetThings = nil, nil, nil
	for _, target := range rec.stored.Targets {
		c.readTarget(rec, target, true)
	}
	rec.currentTargets = c.targetsNow(rec)
}

// readTarget adds one target to a job. The members of a group are added only when they are released
// at the rate of the rollout; those of a group that was associated later are late joiners instead.
func (c *commit) readTarget(rec *jobRecord, target job.Target, byRollout bool) {
	_, name, _ := strings.Cut(target.ARN, "/")
	if strings.Contains(target.ARN, ":thing/") {
		if thing, err := c.store.ThingByName(name); err == nil {
			rec.targetThings = append(rec.targetThings, thing.ID)
			rec.rolloutTargets = append(rec.rolloutTargets, rolloutTarget{thing: thing.ID})
		}
		return
	}
	group, err := c.store.GroupByName(name)
	if err != nil {
		return
	}
	rec.targetGroups = append(rec.targetGroups, group.ID)
	if byRollout {
		members, err := membersInOrder(c.store, group)
		c.ch.must("members of "+name, err)
		for i := range members {
			members[i].target = group.ID
		}
		rec.rolloutTargets = append(rec.rolloutTargets, members...)
	}
}

// membersInOrder lists the members of a group and of its descendants in rollout order: those of a
// group by name, and a group before its children, which are ordered by name too (R-ROLL-12,
// R-JOB-50).
func membersInOrder(r store.Reader, g registry.Group) (found []rolloutTarget, err error) {
	things, err := r.Things(store.ThingQuery{Limit: everyRow}) // by name
	if err != nil {
		return nil, err
	}
	for _, thing := range things {
		memberships, err := r.Memberships(thing.ID)
		if err != nil {
			return nil, err
		}
		for _, m := range memberships {
			if m.Group == g.ID {
				found = append(found, rolloutTarget{thing: thing.ID, group: g.ID, joined: m.Joined})
			}
		}
	}
	groups, err := r.Groups(store.GroupQuery{Limit: everyRow}) // by name
	if err != nil {
		return nil, err
	}
	for _, child := range groups {
		if child.Parent != g.ID {
			continue
		}
		below, err := membersInOrder(r, child)
		if err != nil {
			return nil, err
		}
		found = append(found, below...)
	}
	return found, nil
}

// isTarget says whether a thing is a target of the job now: it is named itself, or it is in a named
// group or below one. When it joined does not matter (R-JOB-50, R-JOB-60).
func (rec *jobRecord) isTarget(r store.Reader, thing registry.ThingID) bool {
	if _, err := r.Thing(thing); err != nil {
		return false
	}
	if slices.Contains(rec.targetThings, thing) {
		return true
	}
	memberships, err := r.Memberships(thing)
	for _, m := range memberships {
		for at := m.Group; at != 0 && err == nil; {
			if slices.Contains(rec.targetGroups, at) {
				return true
			}
			var group registry.Group
			group, err = r.Group(at)
			at = group.Parent
		}
	}
	return false
}

// targetsNow lists the things that a continuous job targets now; nil for a snapshot job.
func (c *commit) targetsNow(rec *jobRecord) map[registry.ThingID]bool {
	if !rec.continuous() {
		return nil
	}
	things, err := c.store.Things(store.ThingQuery{Limit: everyRow})
	c.ch.must("things", err)
	found := map[registry.ThingID]bool{}
	for _, thing := range things {
		if rec.isTarget(c.store, thing.ID) {
			found[thing.ID] = true
		}
	}
	return found
}
