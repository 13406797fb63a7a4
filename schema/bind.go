package schema

import (
	"context"
	"net/url"
	"reflect"

	"github.com/drover-iot/drover/internal/fault"
)

// Parts are what a request holds beside its method and path.
type Parts struct {
	RawQuery string
	Header   interface{ Get(name string) string } // an http.Header; nil for none
	Body     []byte
}

// A Call is a request that has been read and checked, ready for its handler.
type Call struct {
	*Description
	In    any    // pointer to the operation's request structure
	route *route // with the handler
}

// Decode reads the request of the matched operation and checks it: first the syntax of the body,
// then every member in model order, wherever it stands (R-ERR-9 to R-ERR-11). The error is a
// fault: Malformed or Invalid. The operation must have a handler; see Router.CheckBound.
func (m *Match) Decode(parts Parts, how Decoding) (*Call, error) {
	v, p := reflect.New(m.Input.typ), begin()
	if err := m.bindParts(v.Elem(), parts, &p); err != nil {
		return nil, err
	}
	body := parts.Body
	if !m.HasBody {
		body = nil // a body that the operation does not have is not read
	}
	if f := m.Input.decodeBody(body, v.Elem(), how, &p); f != nil {
		return nil, f.fault()
	}
	if p.first != nil {
		return nil, p.first.fault()
	}
	return &Call{Description: m.Description, In: v.Interface(), route: m.route}, nil
}

// bindParts reads the members that stand in the path, the query and the headers into v. What is
// wrong with a member is recorded in p; an error is a query string that cannot be read at all.
func (m *Match) bindParts(v reflect.Value, parts Parts, p *progress) error {
	var query url.Values
	if parts.RawQuery != "" {
		var err error
		if query, err = url.ParseQuery(parts.RawQuery); err != nil {
			return fault.New(fault.Invalid, "the query string cannot be read")
		}
	}
	for _, member := range m.Input.Members {
		var text string
		var present bool
		switch member.In {
		case Body:
			continue
		case Path:
			text, present = m.Label(member.Name), true
		case Query:
			if values := query[member.Wire]; len(values) > 0 {
				text, present = values[0], true
			}
		case Header:
			if parts.Header != nil {
				text = parts.Header.Get(member.Wire)
			}
			present = text != ""
		}
		if present {
			p.seen |= 1 << member.index
			p.note(member.index, member.bind(v, text).inside(member.Name))
		}
	}
	return nil
}

// bind sets the member in the structure v to the text that a path, query or header holds.
func (m *Member) bind(v reflect.Value, text string) *failure {
	target := v.Field(m.index)
	if m.pointer {
		target = reflect.New(m.Shape.typ).Elem()
	}
	if f := m.Shape.setText(target, text); f != nil {
		return f
	}
	if m.pointer {
		v.Field(m.index).Set(target.Addr())
	}
	return nil
}

// setText sets v, which has the shape, to a text.
func (s *Shape) setText(v reflect.Value, text string) *failure {
	switch s.Kind {
	case Boolean:
		b, ok := parseBool(text)
		if !ok {
			return &failure{rule: "expected true or false, got " + clip([]byte(text))}
		}
		v.SetBool(b)
		return nil
	case Integer, Long:
		return s.setInteger([]byte(text), v, Decoding{})
	default:
		if f := s.Constraint.checkString([]byte(text)); f != nil {
			return f
		}
		v.SetString(text)
		return nil
	}
}

// Do calls the handler and returns the response body: "{}" for an operation without output
// members (R-WIRE-17). An error is what the handler returned, unchanged.
func (c *Call) Do(ctx context.Context) ([]byte, error) {
	out, err := c.route.call(ctx, c.In)
	if err != nil {
		return nil, err
	}
	return Append(nil, out), nil
}
