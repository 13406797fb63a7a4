package jmespath

import (
	"encoding/json"
	"math/big"
	"strings"

	"github.com/drover-iot/drover/cli/value"
)

// Truth, equality and order of values.

// isTrue reports whether a value counts as true: all but null, false, and what is empty. The number
// 0 is true.
func isTrue(v value.Value) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case value.List:
		return len(v) > 0
	case *value.Object:
		return len(v.Fields) > 0
	}
	return true
}

// equal reports whether two values are equal: 1 and 1.0 are, and so are objects with their keys in
// different orders. No number equals a boolean.
func equal(a, b value.Value) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return ok && compareNumbers(a, b) == 0
	case value.List:
		b, ok := b.(value.List)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case *value.Object:
		b, ok := b.(*value.Object)
		if !ok || len(a.Fields) != len(b.Fields) {
			return false
		}
		for _, f := range a.Fields {
			if other, ok := b.Get(f.Key); !ok || !equal(f.Value, other) {
				return false
			}
		}
		return true
	case expression:
		return false
	case string, bool, nil:
		return a == b
	}
	return false
}

// compare orders two numbers by value, or two texts by their characters. ok is false for anything
// else: it has no order.
func compare(a, b value.Value) (order int, ok bool) {
	switch a := a.(type) {
	case json.Number:
		if b, ok := b.(json.Number); ok {
			return compareNumbers(a, b), true
		}
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b), true // UTF-8 sorts as its characters do
		}
	}
	return 0, false
}

// isWhole reports whether a number is written as an integer. The reference computes with those
// exactly, and with all others as doubles.
func isWhole(n json.Number) bool { return !strings.ContainsAny(n.String(), ".eE") }

// exactly is the value of a number without loss: of an integer of any size, or of a double.
func exactly(n json.Number) *big.Float {
	if isWhole(n) {
		if i, ok := new(big.Int).SetString(n.String(), 10); ok {
			return new(big.Float).SetInt(i)
		}
	}
	f, _ := n.Float64() // beyond the largest double it is infinite
	return big.NewFloat(f)
}

// compareNumbers compares by value and without rounding: 9007199254740993 is more than
// 9007199254740992.0.
func compareNumbers(a, b json.Number) int {
	if a == b {
		return 0
	}
	return exactly(a).Cmp(exactly(b))
}
