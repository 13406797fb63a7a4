package fleet

import "github.com/drover-iot/drover/internal/fault"

// NoThing is the fault of a thing that does not exist.
func NoThing(name string) *fault.Error {
	return fault.New(fault.NotFound, "thing %s does not exist", name)
}

// NoGroup is the fault of a thing group that does not exist.
func NoGroup(name string) *fault.Error {
	return fault.New(fault.NotFound, "thing group %s does not exist", name)
}

// NoThingType is the fault of a thing type that does not exist.
func NoThingType(name string) *fault.Error {
	return fault.New(fault.NotFound, "thing type %s does not exist", name)
}

// Exists is the fault of a name that is taken by something else (R-ERR-4). id is the resourceId of the answer.
func Exists(kind, name, id string) *fault.Error {
	f := fault.New(fault.Exists, "%s %s exists already with other content", kind, name)
	f.ResourceKind, f.ResourceName, f.ResourceID = kind, name, id
	return f
}

// beingDeleted is the fault of a group that nothing can be done with any more.
func beingDeleted(name string) *fault.Error {
	return fault.New(fault.Invalid, "thing group %s is being deleted", name)
}

// checkVersion refuses a version that is not the stored one.
func checkVersion(expected *int64, stored int64) error {
	if expected != nil && *expected != stored {
		return fault.New(fault.VersionDiffers, "expectedVersion %d does not match %d", *expected, stored)
	}
	return nil
}
