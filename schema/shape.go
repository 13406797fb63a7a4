package schema

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Kind is the JSON kind of a value, finer where the API is.
type Kind uint8

// The kinds. Integer has 32 bits and Long 64; Double is a Decimal; Raw is any JSON value.
const (
	String Kind = iota
	Boolean
	Integer
	Long
	Double
	Time
	Raw
	List
	Map
	Structure
)

// kindNames are the kinds as the API model names them.
var kindNames = [...]string{
	"string", "boolean", "integer", "long", "double", "timestamp", "document",
	"list", "map", "structure",
}

// String returns the kind as the API model names it.
func (k Kind) String() string { return kindNames[k] }

// Location is the part of a request that carries a member.
type Location uint8

// The locations; Body is the one without a tag.
const (
	Body Location = iota
	Path
	Query
	Header
)

// locationNames are the locations as struct tags name them.
var locationNames = [...]string{"body", "path", "query", "header"}

// String returns the location as struct tags name it.
func (l Location) String() string { return locationNames[l] }

// A Shape describes a Go type as values of the API. Every walk over values, such as decoding,
// follows the shape of their type. Fields that do not concern its kind are zero.
type Shape struct {
	Name       string     // the Go type's name, "" for unnamed types
	Kind       Kind       // which decides what the fields below hold
	Constraint Constraint // on values of the type
	Elem       *Shape     // of a list's elements or a map's values
	Key        *Shape     // of a map's keys
	Members    []*Member  // of a structure, in model order

	typ      reflect.Type
	empty    reflect.Value      // of a list: one without elements that is not nil
	byName   map[string]*Member // of a structure: body members, by name and alias
	required uint64             // of a structure; bit i: Members[i] must be present
	plain    bool               // of a map: it is one of strings
	digests  bool               // a value of the shape, or inside of it, has Constraint.Digest
	nullable bool               // of a map: its values are pointers, and null is nil (R-STR-1)
}

// maxMembers is how many members a structure may have: one for each bit of Shape.required.
const maxMembers = 64

// A Member is one field of a structure.
//
// Struct tags describe it: json is the name; in is path, query or header, and the body without
// it; wire is the name in the query or header, where that differs; alias is a second name that is
// accepted in a body. A field that is a pointer, slice or map is optional unless tagged
// required:"true"; every other field is required.
//
//	Force *bool `json:"force" in:"query"`
type Member struct {
	Name     string // member name, as in JSON and in messages
	Wire     string // name in the query or header
	GoName   string // name of the Go field
	In       Location
	Required bool
	Shape    *Shape

	index   int    // of the field, and in Shape.Members
	pointer bool   // the field is a pointer
	key     []byte // `"name":`, as the encoder writes it
}

// Member returns the member of that name, or nil.
func (s *Shape) Member(name string) *Member {
	for _, m := range s.Members {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// shapes caches a Shape per Go type: the one reflection of each type.
var shapes sync.Map

// ShapeOf returns the shape of a Go type. It panics when the type has no place in an API:
// descriptions are compiled in, so that is a programming error which the first test finds.
func ShapeOf(t reflect.Type) *Shape {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if s, ok := shapes.Load(t); ok {
		return s.(*Shape)
	}
	s, _ := shapes.LoadOrStore(t, newShape(t))
	return s.(*Shape)
}

// newShape looks at a type by reflection, once for each type.
func newShape(t reflect.Type) *Shape {
	s := &Shape{Name: t.Name(), typ: t}
	if c, ok := reflect.Zero(t).Interface().(Constrained); ok {
		s.Constraint = c.Constraint()
	}
	text := t.Kind() == reflect.String
	switch {
	case t == reflect.TypeFor[Timestamp]():
		s.Kind = Time
	case t == reflect.TypeFor[RawJSON]():
		s.Kind = Raw
	case t == reflect.TypeFor[Decimal]() || text && s.Constraint.Decimal != nil:
		s.Kind = Double
	case text:
		s.Kind = String
	case t.Kind() == reflect.Bool:
		s.Kind = Boolean
	case t.Kind() == reflect.Int32:
		s.Kind = Integer
	case t.Kind() == reflect.Int64:
		s.Kind = Long
	case t.Kind() == reflect.Slice:
		s.Kind, s.Elem = List, narrowed(ShapeOf(t.Elem()), s.Constraint.Elem)
		s.empty = reflect.MakeSlice(t, 0, 0)
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		s.Kind, s.Elem = Map, narrowed(ShapeOf(t.Elem()), s.Constraint.Elem)
		s.Key = narrowed(ShapeOf(t.Key()), s.Constraint.Key)
		s.nullable = t.Elem().Kind() == reflect.Pointer
		s.plain = t.ConvertibleTo(plainMap)
	case t.Kind() == reflect.Struct:
		s.Kind = Structure
		s.addMembers()
	default:
		panic(fmt.Sprintf("schema: %v is no type of an API", t))
	}
	s.digests = s.Constraint.Digest || s.Elem != nil && s.Elem.digests
	for _, m := range s.Members {
		s.digests = s.digests || m.Shape.digests
	}
	return s
}

// narrowed returns the shape with the constraint that a list or map puts on it; without one, as
// it is.
func narrowed(s *Shape, c *Constraint) *Shape {
	if c == nil {
		return s
	}
	copied := *s
	copied.Constraint = *c
	copied.digests = s.digests || c.Digest
	return &copied
}

// addMembers looks at the fields of a structure.
func (s *Shape) addMembers() {
	if s.typ.NumField() > maxMembers {
		panic(fmt.Sprintf("schema: %v has more than %d members", s.typ, maxMembers))
	}
	s.byName = make(map[string]*Member, s.typ.NumField())
	for i := range s.typ.NumField() {
		m := newMember(s.typ, i)
		s.Members = append(s.Members, m)
		if m.Required {
			s.required |= 1 << i
		}
		if m.In != Body {
			continue
		}
		s.byName[m.Name] = m
		if alias, ok := s.typ.Field(i).Tag.Lookup("alias"); ok {
			s.byName[alias] = m
		}
	}
}

// newMember looks at field i of a structure and at its tags.
func newMember(owner reflect.Type, i int) *Member {
	f := owner.Field(i)
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" || !f.IsExported() || f.Anonymous {
		panic(fmt.Sprintf("schema: field %v.%s has no json name", owner, f.Name))
	}
	m := &Member{Name: name, Wire: name, GoName: f.Name, index: i, Shape: inBody(ShapeOf(f.Type))}
	m.key = append(appendString(nil, name), ':')
	m.pointer = f.Type.Kind() == reflect.Pointer
	optional := m.pointer || f.Type.Kind() == reflect.Slice || f.Type.Kind() == reflect.Map
	m.Required = !optional || f.Tag.Get("required") == "true"
	if wire := f.Tag.Get("wire"); wire != "" {
		m.Wire = wire
	}
	if in := f.Tag.Get("in"); in != "" {
		at := slices.Index(locationNames[1:], in)
		if at < 0 || m.Shape.Kind > Long {
			panic(fmt.Sprintf("schema: field %v.%s cannot be in %q", owner, f.Name, in))
		}
		m.In = Location(at + 1)
	}
	return m
}

// inBody is the shape of a structure that is a member of another one: all of it stands in the body,
// also what its own operation has in the path. So the request of one operation can be a member of
// the request of another.
func inBody(s *Shape) *Shape {
	located := func(m *Member) bool { return m.In != Body }
	if s.Kind != Structure || !slices.ContainsFunc(s.Members, located) {
		return s
	}
	copied := *s
	copied.Members, copied.byName = nil, maps.Clone(s.byName)
	for _, m := range s.Members {
		member := *m
		member.In = Body
		copied.Members = append(copied.Members, &member)
		copied.byName[m.Name] = &member
	}
	return &copied
}
