package registry

import (
	"maps"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
)

// Limits of the registry that are the same everywhere (R-ID-11, R-ID-21, R-ID-22, R-ID-38).
const (
	MaxGroupAttributes   = 50
	MaxGroupDepth        = 7
	MaxGroupChildren     = 100
	MaxGroupsPerThing    = 10
	MaxDynamicGroups     = 100
	MaxPoliciesPerTarget = 10
	MaxPolicyVersions    = 5
)

// MergeAttributes returns the attributes after an update: given replaces stored, or with merge is
// laid over it. An empty value removes the attribute either way (R-ID-6, R-ID-53).
func MergeAttributes(stored, given map[string]string, merge bool) map[string]string {
	after := map[string]string{}
	if merge {
		maps.Copy(after, stored)
	}
	for name, value := range given {
		if value == "" {
			delete(after, name)
		} else {
			after[name] = value
		}
	}
	return after
}

// Limits are those that a server may set otherwise. They judge requests only: what is stored stays
// (R-LIM-55).
type Limits struct {
	Attributes        int // of a thing that has a type (R-ID-8)
	AttributesUntyped int // of a thing without one (R-ID-8)
	Tags              int // of each resource (R-LIM-28)
}

// DefaultLimits are those of AWS IoT.
var DefaultLimits = Limits{Attributes: 50, AttributesUntyped: 3, Tags: 50}

// MostLimits are the most that a server may set.
var MostLimits = Limits{Attributes: 200, AttributesUntyped: 200, Tags: 200}

// OfType is how many attributes a thing of a type may have; the empty type is none (R-ID-8).
func (l Limits) OfType(thingType string) int {
	if thingType == "" {
		return l.AttributesUntyped
	}
	return l.Attributes
}

// CheckAttributes refuses more attributes than a thing of this type, or a group, may have (R-ID-8).
func CheckAttributes(attributes map[string]string, limit int) error {
	if len(attributes) > limit {
		return fault.New(fault.Invalid,
			"attributePayload.attributes: %d attributes, at most %d are allowed",
			len(attributes), limit)
	}
	return nil
}

// AttributeFilter keeps what has an attribute with a value, or with a value that begins with it.
// Without a name it keeps everything (R-ID-9).
type AttributeFilter struct {
	Name, Value string
	// Prefix says that the value may go on. With an empty Value it keeps whatever has the attribute.
	Prefix bool
}

// Keeps reports whether attributes are those that the filter asks for.
func (f AttributeFilter) Keeps(attributes map[string]string) bool {
	if f.Name == "" {
		return true
	}
	value, ok := attributes[f.Name]
	return ok && (value == f.Value || f.Prefix && strings.HasPrefix(value, f.Value))
}
