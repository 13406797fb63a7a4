package schema

import (
	"fmt"
	"reflect"
)

// Paging through a list: a client sends the same request again with the token that the last
// response carried, until a response carries none. All of it is done here for the structures of
// any operation, by the members that its Page names: NextPage is the client's step from one page to
// the next, ReadPage and WritePage are what a server reads of the request and writes to the
// response.

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

// A PageRequest is what a request says about the page of the list that it asks for.
type PageRequest struct {
	// Token is that of the page, "" for the first one.
	Token string
	// Size is how many items the page may have. Where the request does not say, it is the largest
	// size that the member's type allows; 0 is any number.
	Size int
	// Filters is the rest of the request, as text: that of a request for another page of the same
	// list is equal, that of a request for another list differs.
	Filters []byte
}

// ReadPage reads, from a pointer to a request of an operation with a Page, which page it asks for.
func (d *Description) ReadPage(in any) (asked PageRequest) {
	request := reflect.ValueOf(in).Elem()
	for _, m := range d.Input.Members {
		field, present := m.present(request)
		switch {
		case m.Name == d.Page.Size && present:
			asked.Size = int(field.Int())
		case m.Name == d.Page.Size:
			asked.Size = m.largest()
		case m.Name == d.Page.In && present:
			asked.Token = field.String()
		case m.Name != d.Page.In && present:
			asked.Filters = m.Shape.append(append(asked.Filters, m.key...), field)
			asked.Filters = append(asked.Filters, ',')
		}
	}
	return asked
}

// largest is the largest value of an integer member, 0 when it has no bound.
func (m *Member) largest() int {
	if bound := m.Shape.Constraint.Num; bound.HasMax() {
		return int(bound.Max)
	}
	return 0
}

// WritePage sets, in a pointer to a response of an operation with a Page, the list to items, which
// has the type of that member, and the token of the next page. On the last page it is "", and the
// member stays absent.
func (d *Description) WritePage(out, items any, token string) {
	response := reflect.ValueOf(out).Elem()
	response.Field(d.Output.Member(d.Page.Items).index).Set(reflect.ValueOf(items))
	if token != "" {
		d.Output.Member(d.Page.Out).setString(response, token)
	}
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
	sized := d.Page.Size == "" || is(d.Input, d.Page.Size, Integer)
	if !sized || !is(d.Input, d.Page.In, String) || !is(d.Output, d.Page.Out, String) ||
		!is(d.Output, d.Page.Items, List) {
		panic(fmt.Sprintf("schema: %s has no members for its paging", d.Name))
	}
}
