package job

import "github.com/drover-iot/drover/registry"

// Reaches reports whether the job targets a thing that is a direct member of these groups, directly or through a group
// or one of its descendants (R-JOB-50, R-EXE-25). For a snapshot job, only memberships that were there when it started
// count (R-JOB-52).
func (j Job) Reaches(thing registry.ThingID, memberships []registry.Membership) bool {
	for _, source := range j.Sources {
		if source.Thing == thing {
			return true
		}
		for _, m := range memberships {
			if m.Group == source.Group && (j.Selection == Continuous || m.Joined <= j.Frozen) {
				return true
			}
		}
	}
	return false
}
