package job

import (
	"slices"

	"github.com/drover-iot/drover/registry"
)

// TargetsThing reports whether the job names the thing itself.
func (j Job) TargetsThing(thing registry.ThingID) bool {
	return slices.ContainsFunc(j.Sources, func(s Source) bool { return s.Thing == thing && thing != 0 })
}

// TargetsAnyGroup reports whether one of the groups is a target of the job, or was below one when the rollout started. Asked
// with the groups of a thing and all groups above them, it says whether the thing is a target through a group
// (R-JOB-50).
func (j Job) TargetsAnyGroup(groups []registry.GroupID) bool {
	return slices.ContainsFunc(j.Sources, func(s Source) bool { return s.Group != 0 && slices.Contains(groups, s.Group) })
}
