package cli

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A value is what a parameter holds: a string, a json.Number, a bool, nil, a list or an *object. Numbers keep their
// text, so that they go out digit for digit (R-CMD-23).
type value = any

type list = []value

// raw is the contents of a file given as fileb://. No member takes it as a text (R-CMD-42).
type raw []byte

// object is a JSON object that keeps the order of its keys.
type object struct {
	fields []field
	index  map[string]int // where each key is, once there are many
}

type field struct {
	key   string
	value value
}

func (o *object) get(key string) (value, bool) {
	if at := o.find(key); at >= 0 {
		return o.fields[at].value, true
	}
	return nil, false
}

// find is the place of a key, -1 without it. Large objects are looked up in an index: reading them stays linear
// (R-CMD-37).
func (o *object) find(key string) int {
	if len(o.fields) < 16 {
		return slices.IndexFunc(o.fields, func(f field) bool { return f.key == key })
	}
	if len(o.index) != len(o.fields) {
		o.index = make(map[string]int, len(o.fields))
		for i, f := range o.fields {
			o.index[f.key] = i
		}
	}
	if at, ok := o.index[key]; ok {
		return at
	}
	return -1
}

// text is the text under a key, "" without one.
func (o *object) text(key string) string {
	v, _ := o.get(key)
	s, _ := v.(string)
	return s
}

// set adds a key, or gives it another value in its place.
func (o *object) set(key string, v value) {
	if at := o.find(key); at >= 0 {
		o.fields[at].value = v
		return
	}
	if o.fields = append(o.fields, field{key, v}); o.index != nil {
		o.index[key] = len(o.fields) - 1
	}
}

// parseJSON reads one JSON value strictly; of repeated keys the last wins (R-CMD-38). The error says where.
func parseJSON(text string) (value, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	v, err := readValue(decoder)
	if err == nil {
		if _, err = decoder.Token(); err == nil {
			err = errors.New("more than one value")
		} else if errors.Is(err, io.EOF) {
			return v, nil
		}
	}
	line, column := place(text, int(decoder.InputOffset()))
	return nil, fmt.Errorf("%w: line %d column %d", err, line, column)
}

// place is the line and column, from 1, of an offset.
func place(text string, offset int) (line, column int) {
	before := text[:min(offset, len(text))]
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndex(before, "\n")
}

func readValue(d *json.Decoder) (value, error) {
	token, err := d.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("no value")
		}
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return readObject(d)
	case json.Delim('['):
		items := list{}
		for d.More() {
			item, err := readValue(d)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		_, err := d.Token()
		return items, err
	}
	return token, nil
}

func readObject(d *json.Decoder) (value, error) {
	o := &object{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := readValue(d)
		if err != nil {
			return nil, err
		}
		o.set(key.(string), v) // the decoder has made sure of it
	}
	_, err := d.Token()
	return o, err
}

// appendJSON writes a value as JSON. With an indent it is spread over lines; "" writes it compact.
func appendJSON(dst []byte, v value, indent, margin string) []byte {
	switch v := v.(type) {
	case *object:
		return appendBlock(dst, '{', '}', len(v.fields), indent, margin, func(dst []byte, i int, inner string) []byte {
			dst = appendText(dst, v.fields[i].key)
			dst = append(dst, ':')
			if indent != "" {
				dst = append(dst, ' ')
			}
			return appendJSON(dst, v.fields[i].value, indent, inner)
		})
	case list:
		return appendBlock(dst, '[', ']', len(v), indent, margin, func(dst []byte, i int, inner string) []byte {
			return appendJSON(dst, v[i], indent, inner)
		})
	case string:
		return appendText(dst, v)
	case json.Number:
		return append(dst, v...)
	case bool:
		return fmt.Appendf(dst, "%t", v)
	case raw:
		return appendText(dst, base64.StdEncoding.EncodeToString(v))
	}
	return append(dst, "null"...)
}

func appendBlock(dst []byte, open, end byte, n int, indent, margin string, item func([]byte, int, string) []byte) []byte {
	dst = append(dst, open)
	inner := margin + indent
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		if indent != "" {
			dst = append(append(dst, '\n'), inner...)
		}
		dst = item(dst, i, inner)
	}
	if n > 0 && indent != "" {
		dst = append(append(dst, '\n'), margin...)
	}
	return append(dst, end)
}

// appendText writes a JSON string in which only quotes, backslashes and control characters are escaped (R-CMD-72).
func appendText(dst []byte, s string) []byte {
	const short = "\"\"\\\\\bb\ff\nn\rr\tt"
	dst = append(dst, '"')
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			dst = append(dst, c)
			continue
		}
		if at := strings.IndexByte(short, c); at >= 0 && at%2 == 0 {
			dst = append(dst, '\\', short[at+1])
		} else {
			dst = fmt.Appendf(dst, "\\u%04x", c)
		}
	}
	return append(dst, '"')
}
