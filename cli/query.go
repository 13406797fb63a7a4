package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/jmespath/go-jmespath"
)

// query is a JMESPath expression (section 15 of chapter 40). The library computes with Go maps and float64; outcome gives
// back what these lose, as far as it can be known (docs/adr/0003).
type query struct {
	compiled *jmespath.JMESPath
	keys     []string // that the expression gives to objects, in the order written
}

// parseQuery compiles an expression before anything is sent.
func parseQuery(text string) (*query, error) {
	compiled, err := jmespath.Compile(text)
	if err == nil {
		return &query{compiled, writtenKeys(text)}, nil
	}
	reason := err.Error()
	var syntax jmespath.SyntaxError
	if errors.As(err, &syntax) {
		reason += "\n" + syntax.HighlightLocation()
	}
	return nil, &exitError{status: statusUsage, message: fmt.Sprintf("Bad value for --query %s: %s", text, reason)}
}

// writtenKey is a key of a multi-select hash, or a text that is none.
var writtenKey = regexp.MustCompile("'(?:[^'\\\\]|\\\\.)*'|`(?:[^`\\\\]|\\\\.)*`|" + `([A-Za-z_][A-Za-z0-9_]*|"(?:[^"\\]|\\.)*")\s*:`)

// writtenKeys lists the keys that an expression gives to objects.
func writtenKeys(text string) (keys []string) {
	for _, found := range writtenKey.FindAllStringSubmatch(text, -1) {
		if key := found[1]; strings.HasPrefix(key, `"`) {
			if v, err := parseJSON(key); err == nil {
				keys = append(keys, plainText(v))
			}
		} else if key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// apply runs the expression over an answer; without one the answer is the result.
func (q *query) apply(v value) (value, error) {
	if q == nil {
		return v, nil
	}
	r := &outcome{query: q, objects: map[uintptr]*object{}, numbers: map[float64]json.Number{}}
	found, err := q.compiled.Search(r.plain(v))
	if err != nil {
		return nil, otherError("%v", err)
	}
	return r.value(found), nil
}

// outcome turns an answer into what the library reads, and what it found back into values.
type outcome struct {
	*query
	objects map[uintptr]*object     // the objects of the answer, by the identity of the map that stands for each
	numbers map[float64]json.Number // the numbers of the answer as they stand there; "" where two texts have one value
}

func identity(m map[string]any) uintptr { return reflect.ValueOf(m).Pointer() }

// plain turns a value of the answer into what the library reads, and notes what that loses.
func (r *outcome) plain(v value) any {
	switch v := v.(type) {
	case *object:
		m := make(map[string]any, len(v.fields))
		for _, f := range v.fields {
			m[f.key] = r.plain(f.value)
		}
		r.objects[identity(m)] = v
		return m
	case list:
		items := make([]any, len(v))
		for i := range v {
			items[i] = r.plain(v[i])
		}
		return items
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		if other, seen := r.numbers[f]; seen && other != v {
			v = ""
		}
		r.numbers[f] = v
		return f
	}
	return v
}

// value turns a result back. An object that is a part of the answer is that part, key order and all; another has its keys
// as they are written in the expression, then by name. A number has the text it has in the answer.
func (r *outcome) value(v any) value {
	switch v := v.(type) {
	case map[string]any:
		if part := r.objects[identity(v)]; part != nil {
			return part
		}
		o := &object{}
		for key, inner := range v {
			o.fields = append(o.fields, field{key, r.value(inner)})
		}
		slices.SortFunc(o.fields, func(a, b field) int {
			return cmp.Or(cmp.Compare(r.rank(a.key), r.rank(b.key)), strings.Compare(a.key, b.key))
		})
		return o
	case []any:
		items := make(list, len(v))
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
func (r *outcome) rank(key string) int {
	if at := slices.Index(r.keys, key); at >= 0 {
		return at
	}
	return len(r.keys)
}

func (r *outcome) number(f float64) json.Number {
	if text := r.numbers[f]; text != "" {
		return text
	}
	if whole := big.NewFloat(f); whole.IsInt() {
		n, _ := whole.Int(nil)
		return json.Number(n.String())
	}
	return json.Number(doubleText(f))
}
