package value

import (
	"encoding/json"
	"slices"
)

// A Value is one of: a string, a json.Number, a bool, nil, a List or an *Object; Raw and Date too,
// for a parameter. Numbers keep their text, so that they go out digit for digit (R-CMD-23).
type Value = any

// A List is a JSON array.
type List = []Value

// Raw is a value of bytes, such as the contents of a file given as fileb://. No member takes it as
// a text (R-CMD-42, R-CMD-44).
type Raw []byte

// Date is a date of YAML, as it is written. No member takes it as a text (R-CMD-50).
type Date string

// An Object is a JSON object that keeps the order of its keys. The zero Object has none.
type Object struct {
	Fields []Field
	index  map[string]int // where each key is; nil until a large object is looked into
}

// A Field is one key of an object with its value.
type Field struct {
	Key   string
	Value Value
}

// indexed is the number of fields from which an object is looked up in an index.
const indexed = 16

// Get returns the value under a key.
func (o *Object) Get(key string) (Value, bool) {
	if at := o.find(key); at >= 0 {
		return o.Fields[at].Value, true
	}
	return nil, false
}

// Text returns the text under a key, "" when there is none or it is no text.
func (o *Object) Text(key string) string {
	v, _ := o.Get(key)
	s, _ := v.(string)
	return s
}

// Set adds a key at the end, or gives one that is there another value in its place.
func (o *Object) Set(key string, v Value) {
	if at := o.find(key); at >= 0 {
		o.Fields[at].Value = v
		return
	}
	if o.Fields = append(o.Fields, Field{key, v}); o.index != nil {
		o.index[key] = len(o.Fields) - 1
	}
}

// find returns the place of a key, -1 without it. Large objects are looked up in an index, so that
// filling one takes time in proportion to its size (R-CMD-37).
func (o *Object) find(key string) int {
	if len(o.Fields) < indexed {
		return slices.IndexFunc(o.Fields, func(f Field) bool { return f.Key == key })
	}
	if len(o.index) != len(o.Fields) {
		o.index = make(map[string]int, len(o.Fields))
		for i, f := range o.Fields {
			o.index[f.Key] = i
		}
	}
	if at, ok := o.index[key]; ok {
		return at
	}
	return -1
}

// Plain returns a value as it stands in a path, query or header: a text as it is, anything else as
// JSON.
func Plain(v Value) string {
	if s, ok := v.(string); ok {
		return s
	}
	return string(AppendJSON(nil, v, "", ""))
}

// TypeName names the JSON type of a value for a message. A number with a point or an exponent is a
// "number", another an "integer".
func TypeName(v Value) string {
	switch v := v.(type) {
	case *Object:
		return "object"
	case List:
		return "list"
	case bool:
		return "boolean"
	case json.Number:
		if isFraction(v) {
			return "number"
		}
		return "integer"
	case string:
		return "string"
	case Raw:
		return "bytes"
	case Date:
		return "date"
	}
	return "null"
}
