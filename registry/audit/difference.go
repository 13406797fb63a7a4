package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Digest is what stands in a record for a document: its SHA-256 and its size. The document of a job
// may have 32 KiB and belongs to who may read the job.
func Digest(document string) string {
	return fmt.Sprintf("sha256:%x, %d bytes", sha256.Sum256([]byte(document)), len(document))
}

// Difference returns the members of two JSON objects that differ, each with its value before and
// after. Objects inside are compared member by member, all else as a whole. An empty text is no
// object: then the other one is returned as it is.
//
// For example, {"a":1,"b":{"c":2,"d":3}} and {"a":1,"b":{"c":4,"d":3}} differ in {"b":{"c":2}} and
// {"b":{"c":4}}.
func Difference(before, after []byte) (changedBefore, changedAfter []byte, err error) {
	if len(before) == 0 || len(after) == 0 {
		return before, after, nil
	}
	if bytes.Equal(before, after) {
		return nil, nil, nil
	}
	was, is := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if err := json.Unmarshal(before, &was); err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(after, &is); err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Collect(maps.Keys(was)) {
		now, there := is[name]
		if !there {
			continue
		}
		w, i := []byte(was[name]), []byte(now)
		if isObject(w) && isObject(i) {
			if w, i, err = Difference(w, i); err != nil {
				return nil, nil, err
			}
		} else if bytes.Equal(w, i) {
			w, i = nil, nil
		}
		replace(was, name, w)
		replace(is, name, i)
	}
	return object(was), object(is), nil
}

// isObject reports whether a JSON value is an object.
func isObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }

// replace sets a member, or removes it when there is no value.
func replace(members map[string]json.RawMessage, name string, value []byte) {
	if len(value) == 0 {
		delete(members, name)
		return
	}
	members[name] = value
}

// object is a JSON object, its members in the order of their names; {} without any.
func object(members map[string]json.RawMessage) []byte {
	text := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			text = append(text, ',')
		}
		quoted, _ := json.Marshal(name) // a string has always a JSON form
		text = append(append(append(text, quoted...), ':'), members[name]...)
	}
	return append(text, '}')
}

// Join makes one JSON object of several that have different members. Empty texts are left out;
// without any other the result is empty.
func Join(objects ...[]byte) (joined []byte) {
	for _, o := range objects {
		switch {
		case len(o) == 0:
		case len(joined) == 0:
			joined = append(joined, o...)
		case len(o) > len("{}"):
			joined = joined[:len(joined)-1]
			if len(joined) > 1 {
				joined = append(joined, ',')
			}
			joined = append(joined, o[1:]...)
		}
	}
	return joined
}
