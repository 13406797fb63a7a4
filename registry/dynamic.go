package registry

// Limits of dynamic groups and queries that clients name (R-ID-38).
const (
	IndexName    = "AWS_Things"
	QueryVersion = "2017-09-30"
)

// DynamicGroup is a dynamic group with its query compiled.
type DynamicGroup struct {
	Group
	Query *Query // nil for one whose members are leaving it: it takes none
}

// SelectDynamicGroups returns which of the dynamic groups, given from the oldest to the newest, a thing belongs to that is in so many
// static groups, and which it would belong to if it were not in ten groups already. It depends on present facts only, so
// older groups win over newer ones whatever came first (R-ID-42).
func SelectDynamicGroups(s *Subject, static int, groups []DynamicGroup) (in, full []Group) {
	for _, g := range groups {
		switch {
		case g.Query == nil || !g.Query.Matches(s):
		case static+len(in) < MaxGroupsPerThing:
			in = append(in, g.Group)
		default:
			full = append(full, g.Group)
		}
	}
	return in, full
}
