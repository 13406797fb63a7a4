package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
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
	found, err := q.compiled.Search(toPlain(v))
	if err != nil {
		return nil, otherError("%v", err)
	}
	r := &outcome{query: q, answer: v, numbers: map[float64]json.Number{}}
	r.note(v)
	return r.value(found), nil
}

// toPlain turns a value into what the library reads.
func toPlain(v value) any {
	switch v := v.(type) {
	case *object:
		m := make(map[string]any, len(v.fields))
		for _, f := range v.fields {
			m[f.key] = toPlain(f.value)
		}
		return m
	case list:
		items := make([]any, len(v))
		for i := range v {
			items[i] = toPlain(v[i])
		}
		return items
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	}
	return v
}

// outcome turns what the library found back into values.
type outcome struct {
	*query
	answer  value
	numbers map[float64]json.Number // the numbers of the answer as they stand there; "" where two texts have one value
}

// note keeps the texts of the numbers in the answer.
func (r *outcome) note(v value) {
	switch v := v.(type) {
	case *object:
		for _, f := range v.fields {
			r.note(f.value)
		}
	case list:
		for _, item := range v {
			r.note(item)
		}
	case json.Number:
		f, err := v.Float64()
		if other, seen := r.numbers[f]; err != nil || seen && other != v {
			v = ""
		}
		r.numbers[f] = v
	}
}

// value turns a result back. An object that is a part of the answer is that part, key order and all; another has its keys
// as they are written in the expression, then by name. A number has the text it has in the answer.
func (r *outcome) value(v any) value {
	switch v := v.(type) {
	case map[string]any:
		if same := findSame(v, r.answer); same != nil {
			return same
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

// findSame finds the object of the answer that equals a result, or nil.
func findSame(m map[string]any, v value) *object {
	switch v := v.(type) {
	case *object:
		if len(v.fields) == len(m) && equal(m, v) {
			return v
		}
		for _, f := range v.fields {
			if found := findSame(m, f.value); found != nil {
				return found
			}
		}
	case list:
		for _, item := range v {
			if found := findSame(m, item); found != nil {
				return found
			}
		}
	}
	return nil
}

func equal(m map[string]any, o *object) bool {
	for _, f := range o.fields {
		inner, ok := m[f.key]
		if !ok || !sameValue(inner, f.value) {
			return false
		}
	}
	return true
}

func sameValue(a any, v value) bool {
	switch v := v.(type) {
	case *object:
		m, ok := a.(map[string]any)
		return ok && len(m) == len(v.fields) && equal(m, v)
	case list:
		items, ok := a.([]any)
		if !ok || len(items) != len(v) {
			return false
		}
		for i := range v {
			if !sameValue(items[i], v[i]) {
				return false
			}
		}
		return true
	case json.Number:
		f, err := v.Float64()
		return err == nil && a == f
	}
	return a == v
}
