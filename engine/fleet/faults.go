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

// NoBillingGroup is the fault of a billing group that does not exist.
func NoBillingGroup(name string) *fault.Error {
	return fault.New(fault.NotFound, "billing group %s does not exist", name)
}

// NoThingType is the fault of a thing type that does not exist.
func NoThingType(name string) *fault.Error {
	return fault.New(fault.NotFound, "thing type %s does not exist", name)
}
