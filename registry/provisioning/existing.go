package provisioning

import (
	"maps"
	"slices"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// What becomes of a thing or a certificate that is there already. A property that the template does
// not name stays, and so does one that is as the template says; for one that differs OverrideSettings
// decides (R-ID-79).

// conflicts is the fault of a property whose setting is FAIL.
func conflicts(what, name, property string) error {
	return fault.New(fault.RegistrationFailed,
		"%s %s exists with a different %s, and the template says %s", what, name, property, Fail)
}

// UpdateOf returns what is to change of a thing that is there already; nil for nothing.
func (t Thing) UpdateOf(stored registry.Thing) (*registry.ThingUpdate, error) {
	u := registry.ThingUpdate{}
	if t.Type != "" && t.Type != stored.Type {
		switch t.OnType {
		case Fail:
			return nil, conflicts("thing", t.Name, "type")
		case Replace:
			u.Type = &t.Type
		}
	}
	wanted := registry.MergeAttributes(nil, t.Attributes, false)
	if t.Attributes != nil && !maps.Equal(wanted, stored.Attributes) {
		switch t.OnAttributes {
		case Fail:
			return nil, conflicts("thing", t.Name, "set of attributes")
		case Replace:
			u.Attributes = wanted
		case Merge:
			merged := registry.MergeAttributes(stored.Attributes, t.Attributes, true)
			if !maps.Equal(merged, stored.Attributes) {
				u.Attributes = merged
			}
		}
	}
	if u.Type == nil && u.Attributes == nil {
		return nil, nil
	}
	return &u, nil
}

// GroupsOf returns which static groups a thing that is there already leaves and which it joins. has
// are the names of those that it is in.
func (t Thing) GroupsOf(has []string) (leaves, joins []string, err error) {
	if t.Groups == nil {
		return nil, nil, nil
	}
	for _, name := range t.Groups {
		if !slices.Contains(has, name) {
			joins = append(joins, name)
		}
	}
	for _, name := range has {
		if !slices.Contains(t.Groups, name) {
			leaves = append(leaves, name)
		}
	}
	if len(leaves)+len(joins) == 0 {
		return nil, nil, nil
	}
	switch t.OnGroups {
	case Fail:
		return nil, nil, conflicts("thing", t.Name, "set of groups")
	case Replace:
		return leaves, joins, nil
	case Merge:
		return nil, joins, nil
	}
	return nil, nil, nil
}

// StatusOf returns the status that a certificate has afterwards. One that waits to be provisioned
// gets the status of the template whatever the setting is.
func (c Certificate) StatusOf(stored registry.Certificate) (registry.CertificateStatus, error) {
	if stored.Status == c.Status || stored.Status == registry.CertificatePending {
		return c.Status, nil
	}
	switch c.OnStatus {
	case Fail:
		return "", conflicts("certificate", stored.ID, "status")
	case Replace:
		return c.Status, nil
	}
	return stored.Status, nil
}
