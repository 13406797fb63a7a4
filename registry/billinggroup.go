package registry

import "github.com/drover-iot/drover/internal/fault"

// A billing group is a name for the cost of some things. Nothing follows from being in one, so all
// that is decided here is that a thing is in one only (R-ID-44).

// SameAs reports whether the group is what a repeated request to create one asks for, which then
// changes nothing.
func (g BillingGroup) SameAs(description string) bool { return g.Description == description }

// Update returns the group after an update, one version further. A description that is nil stays as
// it is; expected is the version that the group must have, nil for any.
func (g BillingGroup) Update(description *string, expected *int64) (BillingGroup, error) {
	if err := ExpectVersion(expected, g.Version); err != nil {
		return g, err
	}
	if description != nil {
		g.Description = *description
	}
	g.Version++
	return g, nil
}

// CheckDelete refuses to delete a group that has another version than expected, nil for any. One
// with things is deleted like any other.
func (g BillingGroup) CheckDelete(expected *int64) error { return ExpectVersion(expected, g.Version) }

// CanBill decides whether a thing may enter a billing group. current is the group that it is in,
// nil for none. enters is false when it is in the group already, which is no error.
func CanBill(thing string, current *BillingGroup, target BillingGroup) (enters bool, err error) {
	switch {
	case current == nil:
		return true, nil
	case current.ID == target.ID:
		return false, nil
	}
	return false, fault.New(fault.Invalid,
		"thing %s is in billing group %s; remove it from there first", thing, current.Name)
}
