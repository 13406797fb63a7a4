package audit

import (
	"encoding/json"
	"slices"
	"time"
)

// A Key is an operator key as the log knows it: all but its secret.
type Key struct {
	Operator
	CreatedAt time.Time `json:"createdAt"`
}

// The operations on operator keys.
const (
	CreateKey = "CreateOperatorKey"
	DeleteKey = "DeleteOperatorKey"
)

// KeyChanges are the entries for the difference between the keys that the log knows and those that
// there are, in the order of the lists; those that are gone first.
func KeyChanges(known, now []Key, by Operator, source string) (entries []Entry) {
	has := func(keys []Key, id string) bool {
		return slices.ContainsFunc(keys, func(k Key) bool { return k.KeyID == id })
	}
	entry := func(operation string, k Key) Entry {
		return Entry{
			Operator:  by,
			Source:    source,
			Operation: operation,
			Resource:  "key/" + k.KeyID,
		}
	}
	for _, k := range known {
		if !has(now, k.KeyID) {
			e := entry(DeleteKey, k)
			e.Before = k.shown()
			entries = append(entries, e)
		}
	}
	for _, k := range now {
		if !has(known, k.KeyID) {
			e := entry(CreateKey, k)
			e.After = k.shown()
			entries = append(entries, e)
		}
	}
	return entries
}

// shown is a key as a record shows it.
func (k Key) shown() []byte {
	text, _ := json.Marshal(k) // strings and a time always have a JSON form
	return text
}
