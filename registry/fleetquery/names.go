package fleetquery

import (
	"strings"
	"unicode/utf8"
)

// A query that asks for a name, or for the beginning of one, matches things in few places of a list
// by name. Letters compare without regard to case and the list is in the order of bytes, so the
// places are as many as the beginning can be written: pump* is found at PUMP, PUMp up to pump. A
// search goes from one to the next and reads nothing between them; where all names of a fleet are
// written alike it reads one place.

// NextName returns where a list of things by name is to be read on after a name, empty for its
// beginning: no thing between that name and from matches the query. ok is false when no thing after
// the name does.
//
// For example, after a query thingName:pump* goes on from PUMP, after pump-7 from "pump-7\x01", and
// after q not at all. The name is one that a thing may have: none has other letters than those of
// ASCII.
func (q *Query) NextName(after string) (from string, ok bool) {
	if after != "" {
		after += "\x01" // before all that begins with it: no name has a control character
	}
	return nextName(q.root, after)
}

// nextName returns the least text, in the order of bytes, from which on names may hold.
func nextName(c criterion, from string) (next string, ok bool) {
	switch c := c.(type) {
	case allOf:
		if next, ok = nextName(c.left, from); !ok {
			return "", false
		}
		return nextName(c.right, next)
	case anyOf:
		left, inLeft := nextName(c.left, from)
		right, inRight := nextName(c.right, from)
		if inLeft && (!inRight || left < right) {
			return left, true
		}
		return right, inRight
	case term:
		if m, isText := c.check.(matching); isText && c.field.kind == nameField {
			return m.nextName(from)
		}
	}
	return from, true
}

// nextName is nextName for a term thingName:text.
func (m matching) nextName(from string) (next string, ok bool) {
	beginning, whole := m.lower.Beginning()
	return nextWritten(beginning, whole, from)
}

// nextWritten returns the least text, in the order of bytes, that is not before from and is written
// like a beginning, which is in lower case, followed by anything unless whole is set. Capital
// letters come before small ones.
func nextWritten(beginning string, whole bool, from string) (next string, ok bool) {
	if strings.ContainsFunc(beginning, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return "", false // no name has such a letter
	}
	least := strings.ToUpper(beginning)
	same := 0 // how far from is written like the beginning
	for same < len(from) && same < len(beginning) &&
		(from[same] == least[same] || from[same] == beginning[same]) {
		same++
	}
	switch {
	case same == len(beginning) && (len(from) == same || !whole):
		return from, true
	case same == len(from):
		return from + least[same:], true
	case same < len(beginning):
		for _, letter := range []string{least[same : same+1], beginning[same : same+1]} {
			if from[same:same+1] < letter {
				return from[:same] + letter + least[same+1:], true
			}
		}
	}
	for i := same - 1; i >= 0; i-- { // the last letter that can be written in a later way
		if from[i] < beginning[i] {
			return from[:i] + beginning[i:i+1] + least[i+1:], true
		}
	}
	return "", false
}
