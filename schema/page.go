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
//
// A response whose token is the one that the request had is an error: the list would never end.
func (d *Description) NextPage(in, out any) (more bool, err error) {
	if d.Page == nil {
		return false, nil
	}
	token, ok := d.Output.Member(d.Page.Out).present(reflect.ValueOf(out).Elem())
	if !ok || token.String() == "" {
		return false, nil
	}
	request, member := reflect.ValueOf(in).Elem(), d.Input.Member(d.Page.In)
	if sent, ok := member.present(request); ok && sent.String() == token.String() {
		return false, fmt.Errorf("%s: the server answered with the token %q again", d.Name, token)
	}
	member.setString(request, token.String())
	return true, nil
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
