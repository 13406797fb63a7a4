package schema

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// What is written down about operations that change something: the name of what they change, how it
// is before and after, and what was asked for.

// A Change says that an operation changes something that is stored, and how the record of that is
// made. Each row of the operations table that changes something has one.
type Change struct {
	// Resource is the kind and the name of what is changed. Members of the request stand in braces:
	// thing/{thingName}.
	Resource string
	// New says that the resource was not there before. Then the answers of Shown say all that was
	// asked for.
	New bool
	// Shown are the operations whose answers show the resource. Their requests have the members of
	// this operation's request that have the same names. A new resource without any is shown by the
	// request itself: to ask would cost as much as a third of making a thing.
	Shown []Operation

	labels []string // the names of the members that stand in braces in Resource
}

// newChange is a Change of a resource.
func newChange(resource string, shown []Operation) *Change {
	c := &Change{Resource: resource, Shown: shown}
	Named(resource, func(member string) string {
		c.labels = append(c.labels, member)
		return ""
	})
	return c
}

// Changes is the Change of an operation on a resource that is there already.
func Changes(resource string, shown ...Operation) *Change {
	return newChange(resource, shown)
}

// Creates is the Change of an operation that makes a resource.
func Creates(resource string, shown ...Operation) *Change {
	c := newChange(resource, shown)
	c.New = true
	return c
}

// Named fills in a text with member names in braces, such as thing/{thingName}. text returns the
// value of a member.
func Named(pattern string, text func(member string) string) string {
	var filled strings.Builder
	for {
		before, rest, ok := strings.Cut(pattern, "{")
		filled.WriteString(before)
		if !ok {
			return filled.String()
		}
		member, after, _ := strings.Cut(rest, "}")
		filled.WriteString(text(member))
		pattern = after
	}
}

// Labels are the names of the members that stand in braces in Resource.
func (c *Change) Labels() []string { return c.labels }

// Text returns the text of a member of a request, which is given as pointer. ok is false for a
// member that is absent, or that is a list, map or structure.
func (d *Description) Text(in any, member string) (text string, ok bool) {
	m := d.Input.Member(member)
	if m == nil || m.Shape.Kind > Long {
		return "", false
	}
	field, ok := m.present(reflect.ValueOf(in).Elem())
	if !ok {
		return "", false
	}
	return m.Shape.text(field), true
}

// Ask calls the handler of an operation with a request whose members have the texts that are given.
// It checks no constraints.
func (r *Router) Ask(
	ctx context.Context, operation string, text func(member string) (string, bool),
) (out any, err error) {
	route := r.byName[operation]
	if route == nil || route.call == nil {
		return nil, fmt.Errorf("schema: %s is no operation of %s", operation, r.service)
	}
	in := reflect.New(route.Input.typ)
	for _, m := range route.Input.Members {
		value, ok := text(m.Name)
		if !ok || m.Shape.Kind > Long {
			continue
		}
		if f := m.bind(in.Elem(), value); f != nil {
			return nil, f.inside(m.Name).fault()
		}
	}
	return route.call(ctx, in.Interface())
}

// Record returns the JSON form of a structure, given as value or pointer, as a record holds it:
// what Constraint.AsDigest is said of is replaced by its digest, and what Constraint.Unrecorded is said
// of is left out. The members of a path, a query and
// of headers are among the others; without are the names of members that are left out.
func Record(v any, digest func(string) string, without ...string) []byte {
	value := reflect.ValueOf(v)
	if value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	return ShapeOf(value.Type()).record(make([]byte, 0, usualRecord), value, digest, without)
}

// usualRecord is about how many bytes Record returns.
const usualRecord = 128

// record writes a value of the shape.
func (s *Shape) record(
	dst []byte, v reflect.Value, digest func(string) string, without []string,
) []byte {
	switch {
	case s.Kind == String && s.Constraint.Digest:
		return appendString(dst, digest(v.String()))
	case s.Kind == Structure:
		return s.recordMembers(dst, v, digest, without)
	case s.digests && s.Kind == List:
		return s.recordList(dst, v, digest)
	case s.digests && s.Kind == Map:
		return s.recordMap(dst, v, digest)
	}
	return s.append(dst, v)
}

// recordMembers writes the members of a structure that are present, in model order.
func (s *Shape) recordMembers(
	dst []byte, v reflect.Value, digest func(string) string, without []string,
) []byte {
	dst = append(dst, '{')
	start := len(dst)
	for _, m := range s.Members {
		field, ok := m.present(v)
		if !ok || m.Shape.Constraint.Hidden || slices.Contains(without, m.Name) {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(dst, m.key...)
		dst = m.Shape.record(dst, field, digest, nil)
	}
	return append(dst, '}')
}

// recordList writes a list with values that are replaced by their digests.
func (s *Shape) recordList(dst []byte, v reflect.Value, digest func(string) string) []byte {
	dst = append(dst, '[')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = s.Elem.record(dst, v.Index(i), digest, nil)
	}
	return append(dst, ']')
}

// recordMap writes a map with values that are replaced by their digests, in the order of its keys.
func (s *Shape) recordMap(dst []byte, v reflect.Value, digest func(string) string) []byte {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		return strings.Compare(a.String(), b.String())
	})
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, key.String()), ':')
		dst = s.Elem.record(dst, v.MapIndex(key), digest, nil)
	}
	return append(dst, '}')
}
