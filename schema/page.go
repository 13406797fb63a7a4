package schema

import (
	"fmt"
	"reflect"
)

// Paging through a list: a client sends the same request again with the token that the last
// response carried, until a response carries none. Description.NextPage does that step for the
// structures of any operation, by the members that its Page names.

// NextPage prepares the request for the page after the response out, and reports whether there is
// one: it sets the token member of in to the token in out. Both are pointers to the operation's
// structures. Without a Page, and when out has no token or an empty one, in stays as it is.
func (d *Description) NextPage(in, out any) bool {
	if d.Page == nil {
		return false
	}
	token, ok := d.Output.Member(d.Page.Out).present(reflect.ValueOf(out).Elem())
	if !ok || token.String() == "" {
		return false
	}
	d.Input.Member(d.Page.In).setString(reflect.ValueOf(in).Elem(), token.String())
	return true
}

// setString gives a string member, optional or not, a value in the structure v.
func (m *Member) setString(v reflect.Value, text string) {
	field := v.Field(m.index)
	if m.pointer {
		field.Set(reflect.New(m.Shape.typ))
		field = field.Elem()
	}
	field.SetString(text)
}

// checkPage panics unless the members that Page names exist and can carry what they are for.
func (d *Description) checkPage() {
	if d.Page == nil {
		return
	}
	is := func(s *Shape, name string, kind Kind) bool {
		m := s.Member(name)
		return m != nil && m.Shape.Kind == kind
	}
	if !is(d.Input, d.Page.In, String) || !is(d.Output, d.Page.Out, String) ||
		!is(d.Output, d.Page.Items, List) {
		panic(fmt.Sprintf("schema: %s has no members for its paging", d.Name))
	}
}
