package audit

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An Entry is what a record says of one change, before the record has its place in the chain.
// Request, Before and After are JSON objects without spaces, empty for none.
type Entry struct {
	Operator Operator
	// Source is the address that the request came from, without a port; empty for what the server
	// did by itself.
	Source string
	// Operation is the name of the operation as the API has it, Resource the kind and name of what
	// it has changed: thing/pump-07.
	Operation, Resource string
	// RequestID is the id that the answer had in its header x-amzn-RequestId.
	RequestID string
	// Request is what was asked for, without what names the resource; empty where Before and After
	// say all of it.
	Request []byte
	// Before and After are the members of the resource that differ. Before is empty for a resource
	// that was not there, After for one that is gone.
	Before, After []byte
}

// An Operator is who asked for a change: an access key, or the server itself.
type Operator struct {
	KeyID string `json:"accessKeyId,omitzero"`
	Name  string `json:"name"`
}

// Server is the operator of what the server does by itself, such as an abort.
const Server = "drover"

// KeyCommand is the operator of changes of keys that drover keys has made in a database.
const KeyCommand = "drover keys"

// A Record is an entry with its place in the chain.
type Record struct {
	Entry
	Link
	At       time.Time // to the millisecond
	Previous Hash      // of the record before it
}

// appendTime adds a time as the text of a record has it: 2026-03-01T12:00:00.123Z. It does what
// time.Time.AppendFormat does, in a tenth of the time: each commit has one.
func appendTime(text []byte, at time.Time) []byte {
	at = at.UTC()
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	text = appendDigits(text, year, 1000, '-')
	text = appendDigits(text, int(month), 10, '-')
	text = appendDigits(text, day, 10, 'T')
	text = appendDigits(text, hour, 10, ':')
	text = appendDigits(text, minute, 10, ':')
	text = appendDigits(text, second, 10, '.')
	return appendDigits(text, at.Nanosecond()/1e6, 100, 'Z')
}

// appendDigits adds the decimal digits of a number, from the one that has a weight on, and what
// follows them.
func appendDigits(text []byte, number, weight int, next byte) []byte {
	for ; weight > 0; weight /= 10 {
		text = append(text, byte('0'+number/weight%10))
	}
	return append(text, next)
}

// appendText adds the text of a record: a JSON object without spaces, its members in this order, and
// those that are empty left out. The text is what is hashed, so its form must never change for
// records that are stored. stamp is At, in its form.
func (r *Record) appendText(text, stamp []byte) []byte {
	text = append(text, `{"number":`...)
	text = strconv.AppendInt(text, r.Number, 10)
	text = append(text, `,"previous":"`...)
	text = hex.AppendEncode(text, r.Previous[:])
	text = append(append(append(text, `","time":"`...), stamp...), '"')
	text = appendMember(text, "accessKeyId", r.Operator.KeyID)
	text = appendMember(text, "operator", r.Operator.Name)
	text = appendMember(text, "sourceAddress", r.Source)
	text = appendMember(text, "operation", r.Operation)
	text = appendMember(text, "resource", r.Resource)
	text = appendMember(text, "requestId", r.RequestID)
	text = appendObject(text, "request", r.Request)
	text = appendObject(text, "before", r.Before)
	text = appendObject(text, "after", r.After)
	return append(text, '}')
}

// appendMember adds a member that is a string, unless it is empty.
func appendMember(text []byte, name, value string) []byte {
	if value == "" {
		return text
	}
	text = append(append(append(text, ',', '"'), name...), '"', ':')
	if isPlain(value) {
		return append(append(append(text, '"'), value...), '"')
	}
	quoted, _ := json.Marshal(value) // a string has always a JSON form
	return append(text, quoted...)
}

// isPlain reports whether a text stands between quotes as it is.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// appendObject adds a member that is an object, unless it is empty.
func appendObject(text []byte, name string, object []byte) []byte {
	if len(object) == 0 {
		return text
	}
	text = append(append(append(text, ',', '"'), name...), '"', ':')
	return append(text, object...)
}

// stored is the text of a record as encoding/json reads it.
type stored struct {
	Number    int64           `json:"number"`
	Previous  Hash            `json:"previous"`
	Time      time.Time       `json:"time"`
	KeyID     string          `json:"accessKeyId"`
	Operator  string          `json:"operator"`
	Source    string          `json:"sourceAddress"`
	Operation string          `json:"operation"`
	Resource  string          `json:"resource"`
	RequestID string          `json:"requestId"`
	Request   json.RawMessage `json:"request"`
	Before    json.RawMessage `json:"before"`
	After     json.RawMessage `json:"after"`
}

// Record reads what a stored record says. It checks nothing but the form; see Link.Check. With an
// error it returns no more than the link.
func (s Sealed) Record() (Record, error) {
	var text stored
	if err := json.Unmarshal(s.Text, &text); err != nil {
		return Record{Link: s.Link}, fmt.Errorf("record %d of the audit log: %w", s.Number, err)
	}
	return Record{
		Link:     s.Link,
		At:       text.Time,
		Previous: text.Previous,
		Entry: Entry{
			Operator:  Operator{KeyID: text.KeyID, Name: text.Operator},
			Source:    text.Source,
			Operation: text.Operation,
			Resource:  text.Resource,
			RequestID: text.RequestID,
			Request:   text.Request,
			Before:    text.Before,
			After:     text.After,
		},
	}, nil
}

// Matches reports whether a record is about a resource, or about one below it, and was made for an
// operator, given by name or access key id. An empty text matches all.
func (r *Record) Matches(resource, operator string) bool {
	below, found := strings.CutPrefix(r.Resource, resource)
	return found && (resource == "" || below == "" || below[0] == '/') &&
		(operator == "" || operator == r.Operator.Name || operator == r.Operator.KeyID)
}
