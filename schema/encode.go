package schema

import (
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Encoding is the way back: a walk over the shape that writes each value as compact JSON. It cannot
// fail, because a Go value of a described type always has a JSON form.

// Append adds the JSON form of a structure, given as value or pointer, to dst: compact, in model
// order, absent optional members left out, never null (R-WIRE-13). Only body members are written.
// Empty lists, maps and structures that are not nil are written (R-WIRE-14).
func Append(dst []byte, v any) []byte {
	value := reflect.ValueOf(v)
	if value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	return ShapeOf(value.Type()).append(dst, value)
}

// append writes a value of the shape.
func (s *Shape) append(dst []byte, v reflect.Value) []byte {
	switch s.Kind {
	case String:
		return appendString(dst, v.String())
	case Boolean:
		return strconv.AppendBool(dst, v.Bool())
	case Integer, Long:
		return strconv.AppendInt(dst, v.Int(), 10)
	case Double:
		return append(dst, v.String()...)
	case Time:
		return Timestamp(v.Int()).append(dst)
	case Raw:
		return append(dst, v.Bytes()...)
	case List:
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = s.Elem.append(dst, v.Index(i))
		}
		return append(dst, ']')
	case Map:
		return s.appendMap(dst, v)
	default:
		return s.appendMembers(dst, v)
	}
}

// appendMembers writes the body members of a structure that are present, in model order.
func (s *Shape) appendMembers(dst []byte, v reflect.Value) []byte {
	dst = append(dst, '{')
	start := len(dst)
	for _, m := range s.Members {
		if m.In != Body {
			continue
		}
		field, ok := m.present(v)
		if !ok {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(dst, m.key...)
		dst = m.Shape.append(dst, field)
	}
	return append(dst, '}')
}

// present returns the member's value in the structure v, without its pointer. ok is false when it
// is absent: a nil pointer, list or map. A field of another kind is always present.
func (m *Member) present(v reflect.Value) (field reflect.Value, ok bool) {
	field = v.Field(m.index)
	switch field.Kind() {
	case reflect.Pointer:
		return field.Elem(), !field.IsNil()
	case reflect.Slice, reflect.Map:
		return field, !field.IsNil()
	}
	return field, true
}

// appendMap writes entries in the order of their keys, so that equal maps have equal text. Maps of
// strings, the usual ones, are written without reflection.
func (s *Shape) appendMap(dst []byte, v reflect.Value) []byte {
	dst = append(dst, '{')
	if s.plain {
		texts := v.Convert(plainMap).Interface().(map[string]string)
		var few [8]string // no memory is taken for them
		keys := few[:0]
		for key := range texts {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for i, key := range keys {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, key)
			dst = appendString(append(dst, ':'), texts[key])
		}
		return append(dst, '}')
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		if a.String() < b.String() {
			return -1
		}
		return 1
	})
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, key.String()), ':')
		value := v.MapIndex(key)
		if s.nullable {
			if value.IsNil() {
				dst = append(dst, "null"...)
				continue
			}
			value = value.Elem()
		}
		dst = s.Elem.append(dst, value)
	}
	return append(dst, '}')
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string. Only quotes, backslashes and control characters are escaped;
// invalid UTF-8 becomes U+FFFD.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0 // s[from:i] is still to be copied
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), "\uFFFD"...)
				from = i + 1
			}
			i += n
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, `\u00`...)
			dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}
