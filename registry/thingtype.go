package registry

import (
	"maps"
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// ThingType is what things of one kind have in common.
type ThingType struct {
	Name         string
	UUID         string // thingTypeId on the wire
	Properties   TypeProperties
	CreatedAt    time.Time
	DeprecatedAt time.Time // zero unless deprecated: no thing takes a deprecated type any more (R-ID-5)
}

// Deprecated reports whether things may not take the type any more.
func (t ThingType) Deprecated() bool { return !t.DeprecatedAt.IsZero() }

// TypeProperties is what CreateThingType says of a type. Only the description and the searchable
// attributes are of any use; the rest is kept and shown.
type TypeProperties struct {
	Description string       `json:"description,omitzero"`
	Searchable  []string     `json:"searchableAttributes,omitempty"`
	Propagating []Propagated `json:"propagatingAttributes,omitempty"`
}

// Propagated is one attribute that MQTT 5 messages would carry (mqtt5Configuration): kept, without
// effect.
type Propagated struct {
	UserPropertyKey     string `json:"userPropertyKey,omitzero"`
	ThingAttribute      string `json:"thingAttribute,omitzero"`
	ConnectionAttribute string `json:"connectionAttribute,omitzero"`
}

// Equal compares properties; searchable attributes compare as a set (R-ID-48).
func (p TypeProperties) Equal(q TypeProperties) bool {
	return p.Description == q.Description && maps.Equal(set(p.Searchable), set(q.Searchable)) && slices.Equal(p.Propagating, q.Propagating)
}

func set(texts []string) map[string]bool {
	s := make(map[string]bool, len(texts))
	for _, text := range texts {
		s[text] = true
	}
	return s
}

// CheckUsable refuses a thing that would get a deprecated type (R-ID-5, R-ID-53).
func (t ThingType) CheckUsable() error {
	if t.Deprecated() {
		return fault.New(fault.Invalid, "thingTypeName: thing type %s is deprecated", t.Name)
	}
	return nil
}

// CheckDelete refuses to delete a type that is not deprecated or that things have (R-ID-10).
func (t ThingType) CheckDelete(used bool) error {
	if !t.Deprecated() {
		return fault.New(fault.Invalid,
			"thing type %s is not deprecated; deprecate it first", t.Name)
	}
	if used {
		return fault.New(fault.Invalid,
			"thing type %s has things; give them another type or none first", t.Name)
	}
	return nil
}
