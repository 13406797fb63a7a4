package registry

import (
	"strconv"
	"strings"
	"time"
)

// Query is a compiled fleet query: which things a dynamic group has, and what SearchIndex finds (R-ID-40). It is made by
// ParseQuery, in queryparse.go, and safe for use by several goroutines.
type Query struct {
	root         criterion
	connectivity bool
}

// Everything is the query that matches every thing.
var Everything = func() *Query {
	q, err := ParseQuery("*")
	if err != nil {
		panic(err)
	}
	return q
}()

// OfConnectivity reports whether the answer depends on connections.
func (q *Query) OfConnectivity() bool { return q.connectivity }

// Subject is what a query looks at.
type Subject struct {
	Thing
	// Groups are the names of the static groups that the thing is in, and of their ancestors.
	Groups []string
	// Connectivity is nil when nothing is known of a connection.
	Connectivity *Connectivity
}

// Connectivity is the last thing that the broker saw of the client with the thing's name.
type Connectivity struct {
	Connected        bool
	At               time.Time
	DisconnectReason string // empty while connected
}

// Matches reports whether the query matches.
func (q *Query) Matches(s *Subject) bool { return q.root.holds(s) }

// criterion is one node of a query.
type criterion interface{ holds(*Subject) bool }

type (
	allOf  struct{ left, right criterion }
	anyOf  struct{ left, right criterion }
	noneOf struct{ of criterion }
	// everything is the query *.
	everything struct{}
	// term holds when one of the field's values passes the check. A field without values holds nothing.
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

// field is a searchable field. The empty one stands for any field of the registry.
type field struct {
	kind fieldKind
	name string // of an attribute
}

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

// fields are the fields with one name; attributes and families that are absent have more (fieldNamed).
var fields = map[string]fieldKind{
	"thingName": nameField, "thingId": idField, "thingTypeName": typeField, "thingGroupNames": groupsField,
	"connectivity.connected": connectedField, "connectivity.timestamp": timestampField,
	"connectivity.disconnectReason": reasonField, "version": absentField, "registry.version": absentField,
}

// fieldNamed finds a field; names are case-sensitive.
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
		return t.passes(s.Name) || t.passes(s.UUID) || s.Type != "" && t.passes(s.Type) || anyPasses(s.Groups, t)
	}
	return s.Connectivity != nil && s.Connectivity.any(f.kind, t)
}

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

func anyPasses(values []string, t check) bool {
	for _, value := range values {
		if t.passes(value) {
			return true
		}
	}
	return false
}

// check is what a term asks of a value. Letters compare without regard to case.
type check interface{ passes(value string) bool }

// matching asks for text, with wildcards or without.
type matching struct{ lower pattern }

func (m matching) passes(value string) bool { return m.lower.match(strings.ToLower(value)) }

// within asks for a value between two bounds: numbers when every bound is one, else text.
type within struct {
	low, high *bound // nil: unbounded
	numeric   bool
}

type bound struct {
	lower  string
	number float64
	open   bool // the bound itself is outside
}

func (w within) passes(value string) bool {
	number, isNumber := parseNumber(value)
	if w.numeric && !isNumber {
		return false
	}
	compare := func(b *bound) int { return strings.Compare(strings.ToLower(value), b.lower) }
	if w.numeric {
		compare = func(b *bound) int {
			switch {
			case number < b.number:
				return -1
			case number > b.number:
				return 1
			}
			return 0
		}
	}
	return (w.low == nil || compare(w.low) > 0 || compare(w.low) == 0 && !w.low.open) &&
		(w.high == nil || compare(w.high) < 0 || compare(w.high) == 0 && !w.high.open)
}

// newWithin makes a range and decides how it compares.
func newWithin(low, high *bound) within {
	w := within{low: low, high: high, numeric: true}
	for _, b := range []*bound{low, high} {
		if b == nil {
			continue
		}
		number, ok := parseNumber(b.lower)
		b.lower, b.number = strings.ToLower(b.lower), number
		w.numeric = w.numeric && ok
	}
	return w
}

// parseNumber reads a decimal number; words that Go takes for numbers as well (inf, 0x1p-2, 1_000) are none.
func parseNumber(text string) (float64, bool) {
	if text == "" || strings.Trim(text, "+-.0123456789eE") != "" {
		return 0, false
	}
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil
}
