package registry

import (
	"maps"

	"github.com/drover-iot/drover/internal/fault"
)

// SameAs reports whether a thing is what a repeated CreateThing asks for, which then changes
// nothing. Another type or other attributes make it a conflict (R-ID-5), and so does another
// billing group, unless the request names none, which is the group 0 (R-ID-44).
func (t Thing) SameAs(
	thingType string, attributes map[string]string, group BillingGroupID,
) bool {
	return t.Type == thingType && maps.Equal(t.Attributes, attributes) &&
		(group == 0 || group == t.BillingGroup)
}

// ThingUpdate is what UpdateThing asks for.
type ThingUpdate struct {
	// Type is the new type, empty to have none any more. Nil leaves it.
	Type *string
	// Attributes replace those that the thing has, or with Merge are laid over them. Nil leaves
	// them.
	Attributes map[string]string
	Merge      bool
	// ExpectedVersion is the version that the thing must have; nil for any.
	ExpectedVersion *int64
}

// Update returns the thing after an update, one version further (R-ID-6, R-ID-53). That its type
// exists and takes things was checked before: what is wrong with the state comes before the version
// (R-ERR-9).
func (t Thing) Update(u ThingUpdate, l Limits) (Thing, error) {
	before := t
	if u.Type != nil {
		t.Type = *u.Type
	}
	if err := ExpectVersion(u.ExpectedVersion, t.Version); err != nil {
		return t, err
	}
	if u.Attributes != nil {
		t.Attributes = MergeAttributes(t.Attributes, u.Attributes, u.Merge)
	}
	t.Version++
	if t.Type == before.Type && len(t.Attributes) <= len(before.Attributes) {
		return t, nil // perhaps more than the limit, which was higher once (R-LIM-55)
	}
	return t, CheckAttributes(t.Attributes, l.OfType(t.Type))
}

// CheckDelete refuses to delete a thing that has principals attached, or another version than
// expected (R-ID-7).
func (t Thing) CheckDelete(attached bool, expectedVersion *int64) error {
	if attached {
		return fault.New(fault.Invalid,
			"thing %s has principals attached; detach them first", t.Name)
	}
	return ExpectVersion(expectedVersion, t.Version)
}

// ExpectVersion refuses a request that expects another version than the stored one; nil expects
// any. It is checked last, after what the state of the resource refuses (R-ERR-9).
func ExpectVersion(expected *int64, stored int64) error {
	if expected != nil && *expected != stored {
		return fault.New(fault.VersionDiffers,
			"expectedVersion %d does not match %d", *expected, stored)
	}
	return nil
}

// Exists is the fault of a name that is taken by a resource with other content: a repeated request
// with the same content would have been answered. id is what identifies the resource beside its ARN
// (R-ERR-4).
func Exists(kind, name, id string) error {
	return taken(kind, name, id, "exists already with other content")
}

// ExistsAlready is the fault of a name that is taken, whatever the content: the id of a certificate
// is a hash of its content, and a policy is refused with an equal document too (R-ID-16, R-ID-51).
func ExistsAlready(kind, name string) error { return taken(kind, name, name, "exists already") }

// taken is the fault of a name that a resource has, with how it has it in words.
func taken(kind, name, id, how string) error {
	f := fault.New(fault.Exists, "%s %s %s", kindName(kind), name, how)
	f.ResourceKind, f.ResourceName, f.ResourceID = kind, name, id
	return f
}
