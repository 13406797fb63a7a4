package fleetquery

import (
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/registry"
)

// Query is a compiled fleet query: it says which things a dynamic group has, and what SearchIndex
// finds (R-ID-40). Parse makes it. It never changes, so several goroutines may use it.
type Query struct {
	root         criterion
	connectivity bool // some term asks about the connection
}

// Everything is the query that matches every thing.
var Everything = &Query{root: everything{}}

// OfConnectivity reports whether the answer depends on the thing's connection, so that it may
// change without the registry changing.
func (q *Query) OfConnectivity() bool { return q.connectivity }

// OfGroups reports whether the answer may depend on the groups of the thing.
func (q *Query) OfGroups() bool { return ofGroups(q.root) }

func ofGroups(c criterion) bool {
	switch c := c.(type) {
	case allOf:
		return ofGroups(c.left) || ofGroups(c.right)
	case anyOf:
		return ofGroups(c.left) || ofGroups(c.right)
	case noneOf:
		return ofGroups(c.of)
	case term:
		return c.field.kind == groupsField || c.field.kind == anyField
	}
	return false
}

// Matches reports whether the query matches a thing.
func (q *Query) Matches(s *Subject) bool { return q.root.holds(s) }

// Subject is what a query looks at: a thing and what is known around it.
type Subject struct {
	registry.Thing
	// Groups are the names of the static groups that the thing is in, and of their ancestors.
	Groups []string
	// Connectivity is nil when nothing is known of a connection.
	Connectivity *Connectivity
}

// Connectivity is what the broker saw last of the client with the thing's name.
type Connectivity struct {
	Connected        bool
	At               time.Time // when it connected or disconnected; zero when that is not known
	DisconnectReason string    // empty while connected
}

// A compiled query is a tree: its leaves are terms, and above them stand AND, OR and NOT. Asking it
// is a walk that stops as soon as the answer is certain.

// criterion is one node of the tree.
type criterion interface{ holds(*Subject) bool }

// The nodes of the tree.
type (
	allOf  struct{ left, right criterion }
	anyOf  struct{ left, right criterion }
	noneOf struct{ of criterion }
	// everything is the query *.
	everything struct{}
	// term holds when one of the field's values passes the check. It never holds for a field
	// without values: attributes.site:* finds the things that have a site.
	term struct {
		field field
		check check
	}
)

func (c allOf) holds(s *Subject) bool    { return c.left.holds(s) && c.right.holds(s) }
func (c anyOf) holds(s *Subject) bool    { return c.left.holds(s) || c.right.holds(s) }
func (c noneOf) holds(s *Subject) bool   { return !c.of.holds(s) }
func (everything) holds(s *Subject) bool { return true }
func (c term) holds(s *Subject) bool     { return c.field.any(s, c.check) }

// field is a field that can be searched. The zero one stands for any field of the registry, as in a
// query that is only a word.
type field struct {
	kind fieldKind
	name string // of an attribute, empty for other fields
}

// fieldKind says which field it is.
type fieldKind uint8

const (
	anyField fieldKind = iota
	nameField
	idField
	typeField
	groupsField
	attributeField
	connectedField
	timestampField
	reasonField
	absentField // known, but never has a value here: shadow, deviceDefender, version
)

// fields lists the fields that have one fixed name; fieldNamed knows those that have many. Some
// have several: the list of managed fields says registry.thingTypeName, and the example of the page
// on query syntax says thingType.
var fields = map[string]fieldKind{
	"thingName":                     nameField,
	"thingId":                       idField,
	"thingTypeName":                 typeField,
	"thingType":                     typeField,
	"registry.thingTypeName":        typeField,
	"thingGroupNames":               groupsField,
	"registry.thingGroupNames":      groupsField,
	"connectivity.connected":        connectedField,
	"connectivity.timestamp":        timestampField,
	"connectivity.disconnectReason": reasonField,
	"version":                       absentField,
	"registry.version":              absentField,
}

// ofConnection reports whether the field is about the thing's connection.
func (f field) ofConnection() bool {
	return f.kind == connectedField || f.kind == timestampField || f.kind == reasonField
}

// fieldNamed finds a field by its name in a query; names are case-sensitive.
func fieldNamed(name string) (field, bool) {
	if attribute, ok := strings.CutPrefix(name, "attributes."); ok && attribute != "" {
		return field{attributeField, attribute}, true
	}
	if strings.HasPrefix(name, "shadow.") || strings.HasPrefix(name, "deviceDefender.") {
		return field{kind: absentField}, true
	}
	kind, ok := fields[name]
	return field{kind: kind}, ok
}

// any reports whether a value of the field passes the check.
func (f field) any(s *Subject, t check) bool {
	switch f.kind {
	case nameField:
		return t.passes(s.Name)
	case idField:
		return t.passes(s.UUID)
	case typeField:
		return s.Type != "" && t.passes(s.Type)
	case groupsField:
		return anyPasses(s.Groups, t)
	case attributeField:
		value, ok := s.Attributes[f.name]
		return ok && t.passes(value)
	case anyField:
		for _, value := range s.Attributes {
			if t.passes(value) {
				return true
			}
		}
		return t.passes(s.Name) || t.passes(s.UUID) || s.Type != "" && t.passes(s.Type) ||
			anyPasses(s.Groups, t)
	}
	return s.Connectivity != nil && s.Connectivity.any(f.kind, t)
}

// any is field.any for the fields of a connection.
func (c *Connectivity) any(kind fieldKind, t check) bool {
	switch kind {
	case connectedField:
		return t.passes(strconv.FormatBool(c.Connected))
	case timestampField:
		return !c.At.IsZero() && t.passes(strconv.FormatInt(c.At.UnixMilli(), 10))
	case reasonField:
		return c.DisconnectReason != "" && t.passes(c.DisconnectReason)
	}
	return false
}

// anyPasses reports whether one of several values passes the check.
func anyPasses(values []string, t check) bool {
	for _, value := range values {
		if t.passes(value) {
			return true
		}
	}
	return false
}
