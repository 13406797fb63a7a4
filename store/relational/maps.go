package relational

import "bytes"

// Maps that are kept as JSON, read without encoding/json where they are plain.

// plainMap reads {"key":"value",…} without spaces and escapes; ok is false for anything else.
func plainMap(text []byte) (m map[string]string, ok bool) {
	if len(text) < 2 || text[0] != '{' || bytes.IndexByte(text, '\\') >= 0 {
		return nil, false
	}
	m = make(map[string]string, bytes.Count(text, []byte(`":"`)))
	for rest := text[1:]; ; rest = rest[1:] {
		var key, value string
		if key, rest, ok = plainString(rest); !ok || len(rest) == 0 || rest[0] != ':' {
			return nil, false
		}
		if value, rest, ok = plainString(rest[1:]); !ok || len(rest) == 0 {
			return nil, false
		}
		m[key] = value
		if rest[0] != ',' {
			return m, rest[0] == '}' && len(rest) == 1
		}
	}
}

// plainString cuts a quoted string off the front.
func plainString(text []byte) (value string, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '"' {
		return "", nil, false
	}
	end := bytes.IndexByte(text[1:], '"')
	if end < 0 {
		return "", nil, false
	}
	return string(text[1 : 1+end]), text[end+2:], true
}
