package audit

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// A Key is an operator key as the log knows it: all but its secret.
type Key struct {
	Operator
	CreatedAt time.Time `json:"createdAt"`
	// Role says what the key may do; empty: everything, as before there were roles.
	Role string `json:"role,omitempty"`
	// Policies are the names of the policies that decide what the key may do over MQTT, in one text.
	Policies string `json:"policies,omitempty"`
}

// everything is the role that an empty one stands for.
const everything = "admin"

// The operations on operator keys.
const (
	CreateKey = "CreateOperatorKey"
	UpdateKey = "UpdateOperatorKey" // its role is another one: only a hand changes that
	DeleteKey = "DeleteOperatorKey"
)

// KeyChanges are the entries for the difference between the keys that the log knows and those that
// there are, in the order of the lists; those that are gone first.
func KeyChanges(known, now []Key, by Operator, source string) (entries []Entry) {
	find := func(keys []Key, id string) int {
		return slices.IndexFunc(keys, func(k Key) bool { return k.KeyID == id })
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
		if find(now, k.KeyID) < 0 {
			e := entry(DeleteKey, k)
			e.Before = k.shown()
			entries = append(entries, e)
		}
	}
	for _, k := range now {
		i := find(known, k.KeyID)
		switch {
		case i < 0:
			e := entry(CreateKey, k)
			e.After = k.shown()
			entries = append(entries, e)
		case known[i].role() != k.role():
			e := entry(UpdateKey, k)
			e.Before, e.After = known[i].shown(), k.shown()
			entries = append(entries, e)
		}
	}
	return entries
}

// role is the role of a key, which may not be written.
func (k Key) role() string { return cmp.Or(k.Role, everything) }

// shown is a key as a record shows it.
func (k Key) shown() []byte {
	text, _ := json.Marshal(k) // strings and a time always have a JSON form
	return text
}
