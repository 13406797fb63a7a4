package jmespath

import (
	"cmp"
	"encoding/json"
	"math/big"
	"reflect"
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/value"
)

// A run is one evaluation. On the way in, plain turns an answer into what the library reads and
// notes what that loses. On the way out, value turns what the library found back, with the notes.
type run struct {
	query *Query

	// objects are the objects of the answer, by the identity of the map that stands for each. A map
	// that the library passes through is the same map, so its order can be given back.
	objects map[uintptr]*value.Object

	// numbers are the numbers of the answer by value, as they are written there; "" where two are
	// written differently and have one value, such as 1 and 1.0.
	numbers map[float64]json.Number
}

// newRun returns a run without notes.
func newRun(q *Query) *run {
	return &run{query: q, objects: map[uintptr]*value.Object{}, numbers: map[float64]json.Number{}}
}

// identity tells maps apart that have equal contents.
func identity(m map[string]any) uintptr { return reflect.ValueOf(m).Pointer() }

// plain turns a value of the answer into what the library reads: maps, slices and float64.
func (r *run) plain(v value.Value) any {
	switch v := v.(type) {
	case *value.Object:
		m := make(map[string]any, len(v.Fields))
		for _, f := range v.Fields {
			m[f.Key] = r.plain(f.Value)
		}
		r.objects[identity(m)] = v
		return m
	case value.List:
		items := make([]any, len(v))
		for i := range v {
			items[i] = r.plain(v[i])
		}
		return items
	case json.Number:
		return r.plainNumber(v)
	}
	return v
}

// plainNumber notes how a number is written. One that is beyond float64 goes in as a text.
func (r *run) plainNumber(n json.Number) any {
	f, err := n.Float64()
	if err != nil {
		return n.String()
	}
	if other, seen := r.numbers[f]; seen && other != n {
		n = ""
	}
	r.numbers[f] = n
	return f
}

// value turns a result back. An object that is a part of the answer is that part, with its order
// of keys. Another one was made by the expression: its keys come in the order in which they are
// written there, then by name.
func (r *run) value(v any) value.Value {
	switch v := v.(type) {
	case map[string]any:
		if part := r.objects[identity(v)]; part != nil {
			return part
		}
		o := &value.Object{}
		for key, inner := range v {
			o.Fields = append(o.Fields, value.Field{Key: key, Value: r.value(inner)})
		}
		slices.SortFunc(o.Fields, func(a, b value.Field) int {
			return cmp.Or(cmp.Compare(r.rank(a.Key), r.rank(b.Key)), strings.Compare(a.Key, b.Key))
		})
		return o
	case []any:
		items := make(value.List, len(v))
		for i := range v {
			items[i] = r.value(v[i])
		}
		return items
	case float64:
		return r.number(v)
	}
	return v
}

// rank is a key's place in the expression; keys that are not in it come last.
func (r *run) rank(key string) int {
	if at := slices.Index(r.query.keys, key); at >= 0 {
		return at
	}
	return len(r.query.keys)
}

// number writes a number as the answer does. One that is not in the answer was computed, such as a
// length: it is written as an integer when it is whole.
func (r *run) number(f float64) json.Number {
	if text := r.numbers[f]; text != "" {
		return text
	}
	if whole := big.NewFloat(f); whole.IsInt() {
		n, _ := whole.Int(nil)
		return json.Number(n.String())
	}
	return value.Double(f)
}
