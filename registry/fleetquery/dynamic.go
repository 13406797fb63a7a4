package fleetquery

import (
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// What requests call the one index and the version of the query language (R-ID-38).
const (
	IndexName = "AWS_Things"
	Version   = "2017-09-30"
)

// CheckIndex refuses a version of the query language and an index that do not exist here, and a
// query that cannot be read (R-ID-38). Nil is absent. What is wrong in itself comes before what is
// not there (R-ERR-9).
func CheckIndex(index, version, query *string) error {
	if version != nil && *version != Version {
		return fault.New(fault.Invalid,
			"queryVersion: %q is not known; it is %s", *version, Version)
	}
	if query != nil {
		if _, err := Parse(*query); err != nil {
			return err
		}
	}
	if index != nil && *index != IndexName {
		return fault.New(fault.NotFound,
			"indexName: there is no index %s; the only one is %s", *index, IndexName)
	}
	return nil
}

// DynamicGroup is a dynamic group with its query compiled.
type DynamicGroup struct {
	registry.Group
	// Query is nil for a group that takes no things, because its members are leaving it.
	Query *Query
}

// Select returns which dynamic groups a thing belongs to, and which it would belong to as well if
// it were not in ten groups already (R-ID-42). groups are all dynamic groups from the oldest to the
// newest, and static is how many static groups the thing is in.
//
// The answer depends on present facts only: older groups come before newer ones, whichever query
// matched the thing first. A thing in 8 static groups that three queries match belongs to the two
// oldest of them.
func Select(s *Subject, static int, groups []DynamicGroup) (in, full []registry.Group) {
	for _, g := range groups {
		switch {
		case g.Query == nil || !g.Query.Matches(s):
		case static+len(in) < registry.MaxGroupsPerThing:
			in = append(in, g.Group)
		default:
			full = append(full, g.Group)
		}
	}
	return in, full
}
