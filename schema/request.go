package schema

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"
)

// Requests as clients write them: the other side of route.go and bind.go.

// A Request is an operation's request as a client sends it.
type Request struct {
	Method   string
	Path     string // percent-encoded
	RawQuery string
	Header   http.Header
	Body     []byte // nil when the operation has no body members (R-CMD-65)
}

// Request writes a request structure, given as pointer, as a client sends it (R-CMD-63 to
// R-CMD-66). It checks no constraints: the server does.
func (d *Description) Request(in any) (Request, error) {
	v := reflect.ValueOf(in).Elem()
	if v.Type() != d.Input.typ {
		return Request{}, fmt.Errorf("%s takes %v, not %v", d.Name, d.Input.typ, v.Type())
	}
	req, err := d.Address(func(m *Member) (string, bool) {
		field, ok := m.present(v)
		if !ok {
			return "", false
		}
		return m.Shape.text(field), true
	})
	if err == nil && d.HasBody {
		req.Body = d.Input.append(nil, v)
	}
	return req, err
}

// Address writes all of a request but its body. text returns the value of each member that stands
// in the path, the query or a header; ok is false when it is absent. The literal segments of a
// route stay as they are: the $next of StartNextPendingJobExecution is not encoded (R-CMD-63).
func (d *Description) Address(text func(*Member) (value string, ok bool)) (Request, error) {
	req := Request{Method: d.Method, Header: http.Header{}}
	var path, query []byte
	for _, s := range d.segments {
		path = append(path, '/')
		if s.label == "" {
			path = append(path, s.literal...)
			continue
		}
		value, ok := text(d.Input.Member(s.label))
		if !ok || value == "" {
			return req, fmt.Errorf("%s: %s is required in the path", d.Name, s.label)
		}
		path = appendEscaped(path, value)
	}
	for _, m := range d.Input.Members {
		if m.In != Query && m.In != Header {
			continue
		}
		value, ok := text(m)
		if !ok {
			continue
		}
		if m.In == Header {
			req.Header.Set(m.Wire, value)
			continue
		}
		if len(query) > 0 {
			query = append(query, '&')
		}
		query = append(appendEscaped(query, m.Wire), '=')
		query = appendEscaped(query, value)
	}
	req.Path, req.RawQuery = string(path), string(query)
	return req, nil
}

// text is the form of a value in a path, query or header.
func (s *Shape) text(v reflect.Value) string {
	switch s.Kind {
	case Boolean:
		return strconv.FormatBool(v.Bool())
	case Integer, Long:
		return strconv.FormatInt(v.Int(), 10)
	default:
		return v.String()
	}
}

// appendEscaped percent-encodes every byte but letters, digits and -._~ (R-CMD-63): "t 1:é" is
// t%201%3A%C3%A9.
func appendEscaped(dst []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		}
	}
	return dst
}
