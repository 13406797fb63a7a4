package registry

// PathGroup is one group on the way from the top of a tree down to a place in it. Its name says where
// a walk goes on when the group was deleted meanwhile: at the next one beside it.
type PathGroup struct {
	Group GroupID `json:"group"`
	Name  string  `json:"name"`
}

// GroupPath leads from a group, which is not part of it, down to a group below it. Empty it leads to
// the group itself. It must not be changed in place.
type GroupPath []PathGroup

// Group is the group at the end of a path that begins at top.
func (p GroupPath) Group(top GroupID) GroupID {
	if len(p) == 0 {
		return top
	}
	return p[len(p)-1].Group
}
