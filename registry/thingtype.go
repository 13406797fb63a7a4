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
	UUID         string // thingTypeId in the API
	Properties   TypeProperties
	CreatedAt    time.Time
	DeprecatedAt time.Time // zero unless it is deprecated: no thing can get it any more (R-ID-5)
}

// Deprecated reports whether no thing can get the type any more.
func (t ThingType) Deprecated() bool { return !t.DeprecatedAt.IsZero() }

// TypeProperties is what CreateThingType says of a type. All of it is stored and shown, without
// effect.
type TypeProperties struct {
	Description string       `json:"description,omitzero"`
	Searchable  []string     `json:"searchableAttributes,omitempty"`
	Propagating []Propagated `json:"propagatingAttributes,omitempty"`
}

// Propagated is one attribute that MQTT 5 messages would carry (mqtt5Configuration).
type Propagated struct {
	UserPropertyKey     string `json:"userPropertyKey,omitzero"`
	ThingAttribute      string `json:"thingAttribute,omitzero"`
	ConnectionAttribute string `json:"connectionAttribute,omitzero"`
}

// Equal compares properties. Searchable attributes compare as a set: their order and repeats do not
// matter (R-ID-48).
func (p TypeProperties) Equal(q TypeProperties) bool {
	return p.Description == q.Description && maps.Equal(set(p.Searchable), set(q.Searchable)) &&
		slices.Equal(p.Propagating, q.Propagating)
}

// set is a list as a set.
func set(texts []string) map[string]bool {
	s := make(map[string]bool, len(texts))
	for _, text := range texts {
		s[text] = true
	}
	return s
}

// CheckUsable refuses to give the type to a thing when it is deprecated (R-ID-5, R-ID-53).
func (t ThingType) CheckUsable() error {
	if t.Deprecated() {
		return fault.New(fault.Invalid, "thingTypeName: thing type %s is deprecated", t.Name)
	}
	return nil
}

// Deprecate deprecates the type, or with undo makes it usable again; changed is false when there is
// nothing to change (R-ID-48).
func (t *ThingType) Deprecate(undo bool, now time.Time) (changed bool) {
	if t.Deprecated() != undo {
		return false
	}
	t.DeprecatedAt = now
	if undo {
		t.DeprecatedAt = time.Time{}
	}
	return true
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
