package sqlite

import (
	"bytes"
	"encoding/json"
)

// getMap reads a map that is kept as JSON, nil for NULL. The plain form, which is what json.Marshal
// writes when no character needs an escape, is cut up directly: a report reads two such maps, and
// encoding/json would take as long for them as SQLite does for finding their rows.
func (s *stmt) getMap() map[string]string {
	s.column++
	text := s.ColumnRawText(s.column)
	if text == nil {
		return nil
	}
	if m, ok := plainMap(text); ok {
		return m
	}
	var m map[string]string
	s.fail(json.Unmarshal(text, &m))
	return m
}

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
