package job

import (
	"slices"

	"github.com/drover-iot/drover/registry"
)

// A thing is a target of a job that names it, or names a group that it is in or a group above one.
// Its reach is the groups that it is in and all groups above them (R-JOB-50). Memberships change
// while jobs run: who loses an execution by leaving, and who gets one by entering, is decided here.

// TargetsThing reports whether the job names the thing itself.
func (d Definition) TargetsThing(thing registry.ThingID) bool {
	named := func(s Source) bool { return s.Thing == thing }
	return thing != 0 && slices.ContainsFunc(d.Sources, named)
}

// TargetsAnyGroup reports whether one of the groups is a target of the job. Asked with the reach of
// a thing, which holds all groups above those that it is in, it says whether the thing is a target
// through a group (R-JOB-50).
func (d Definition) TargetsAnyGroup(groups []registry.GroupID) bool {
	return slices.ContainsFunc(d.Sources, func(s Source) bool {
		return s.Group != 0 && slices.Contains(groups, s.Group)
	})
}

// IsTarget reports whether a thing with this reach is a target of the job. What counts is where the
// thing is now, whenever it came there (R-JOB-60).
func (d Definition) IsTarget(thing registry.ThingID, reach []registry.GroupID) bool {
	return d.TargetsThing(thing) || d.TargetsAnyGroup(reach)
}

// RemovesLeaver reports whether an execution of the job becomes REMOVED because its thing has left
// groups and has this reach now (R-EXE-20, R-EXE-21). Only what is QUEUED does: a device that works
// on the job may finish it (R-EXE-22). A thing that the job names itself cannot leave (R-EXE-25).
func (d Definition) RemovesLeaver(x Execution, reach []registry.GroupID) bool {
	return x.Status == ExecutionQueued && !d.IsTarget(x.Thing, reach)
}

// MembershipChange is what it means for a continuous job that the groups of a thing change.
type MembershipChange uint8

// What a job may have to do when the groups of a thing change.
const (
	MembershipNone       MembershipChange = iota // nothing
	MembershipEnter                              // create an execution (R-JOB-55, R-JOB-57)
	MembershipEnterLater                         // when the window opens or the job is resumed (R-JOB-56)
	MembershipLeave                              // forget that the thing waits for one
)

// Reach is where a thing was before its memberships changed, and where it is now.
type Reach struct {
	Before, After []registry.GroupID // its groups and all groups above them
	// Memberships are those that it has now, each with the part of After that it opens.
	Memberships []ReachedThrough
}

// ReachedThrough is one membership of a thing.
type ReachedThrough struct {
	Joined int64              // registry.Membership.Joined
	Groups []registry.GroupID // the group and all groups above it
}

// MembershipChange decides what a continuous job does when the groups of a thing change. lastNumber
// is the largest number of an execution that the thing ever had of the job, 0 when it had none. The
// job must be as its schedule has it (ApplySchedule).
//
// A thing enters when it becomes a target and leaves when it stops being one. Moving from one group
// of the job to another is neither (R-JOB-60), with one exception: the rollout takes only
// memberships that are older than itself. A thing that moves before its turn would be missed by the
// rollout, so it counts as entering. For example, the rollout froze at membership 40. A thing that
// joined group A with membership 12 moves to group B, also a target, with membership 41. If it has
// had an execution, nothing happens; if not, it gets one now (R-ROLL-15).
func (j Job) MembershipChange(thing registry.ThingID, r Reach, lastNumber int64) MembershipChange {
	if !j.RolloutStarted() || j.RolloutEnded || j.TargetsThing(thing) {
		return MembershipNone
	}
	was, is := j.TargetsAnyGroup(r.Before), j.TargetsAnyGroup(r.After)
	switch {
	case was && !is:
		return MembershipLeave
	case !is || was && !j.missedByRollout(r.Memberships, lastNumber):
		return MembershipNone
	case !was && j.takesAll(r.Memberships):
		return MembershipNone
	case j.Creates():
		return MembershipEnter
	}
	return MembershipEnterLater
}

// takesAll reports whether the rollout, or the back-fill of an associated group, takes each of the
// memberships that make the thing a target: they are older than it. Of several groups above each
// other the first counts that the job was given: later ones leave out who was a target already.
func (d Definition) takesAll(memberships []ReachedThrough) bool {
	return !slices.ContainsFunc(memberships, func(m ReachedThrough) bool {
		first := slices.IndexFunc(d.Sources, func(s Source) bool {
			return s.Group != 0 && slices.Contains(m.Groups, s.Group)
		})
		return first >= 0 && m.Joined > max(d.NewestMembership, d.Sources[first].NewestMembership)
	})
}

// missedByRollout reports whether the rollout will not reach a thing that is still a target: none
// of its memberships in the groups that the job began with is old enough, and it never had an
// execution. A group that was associated later does not count: the rollout does not go there, and
// the back-fill that does leaves out whoever was waiting for the rollout.
func (d Definition) missedByRollout(memberships []ReachedThrough, lastNumber int64) bool {
	first := d
	first.Sources = d.Sources[:d.FirstAssociatedSource()]
	return !first.hasInTime(memberships) && lastNumber == 0
}

// hasInTime reports whether one of the memberships makes a thing a target, and is older than the
// rollout.
func (d Definition) hasInTime(memberships []ReachedThrough) bool {
	return slices.ContainsFunc(memberships, func(m ReachedThrough) bool {
		return m.Joined <= d.NewestMembership && d.TargetsAnyGroup(m.Groups)
	})
}
