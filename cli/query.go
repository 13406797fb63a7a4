package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/jmespath/go-jmespath"
)

// query is a JMESPath expression (section 15 of chapter 40).
type query struct{ compiled *jmespath.JMESPath }

// parseQuery compiles an expression before anything is sent.
func parseQuery(text string) (*query, error) {
	compiled, err := jmespath.Compile(text)
	if err == nil {
		return &query{compiled}, nil
	}
	reason := err.Error()
	var syntax jmespath.SyntaxError
	if errors.As(err, &syntax) {
		reason += "\n" + syntax.HighlightLocation()
	}
	return nil, &exitError{status: statusUsage, message: fmt.Sprintf("Bad value for --query %s: %s", text, reason)}
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
	return fromPlain(found, v), nil
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

// fromPlain turns a result back. An object that is a part of the answer gets the answer's key order and number texts;
// another is sorted by key.
func fromPlain(v any, answer value) value {
	switch v := v.(type) {
	case map[string]any:
		if same := findSame(v, answer); same != nil {
			return same
		}
		o := &object{}
		for key, inner := range v {
			o.fields = append(o.fields, field{key, fromPlain(inner, answer)})
		}
		slices.SortFunc(o.fields, func(a, b field) int { return strings.Compare(a.key, b.key) })
		return o
	case []any:
		items := make(list, len(v))
		for i := range v {
			items[i] = fromPlain(v[i], answer)
		}
		return items
	case float64:
		if whole := big.NewFloat(v); whole.IsInt() {
			n, _ := whole.Int(nil)
			return json.Number(n.String())
		}
		return json.Number(doubleText(v))
	}
	return v
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
