package jmespath

import (
	"encoding/json"
	"slices"

	"github.com/drover-iot/drover/cli/value"
)

// The functions that order values, or evaluate an expression for each element of an array.

// mapped evaluates an expression for each element; unlike a projection it keeps nulls.
func mapped(a []value.Value) (value.Value, error) {
	list := a[1].(value.List)
	all := make(value.List, len(list))
	for i, item := range list {
		var err error
		if all[i], err = a[0].(expression).evaluate(item); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// A keyed value is an element with the key that it is ordered by.
type keyed struct{ value, key value.Value }

// keysFor evaluates the key of each element: a number or a text. Whether all are of one type shows
// when two are compared.
func keysFor(name string, list value.List, key expression) ([]keyed, error) {
	all := make([]keyed, len(list))
	for i, item := range list {
		k, err := key.evaluate(item)
		if err != nil {
			return nil, err
		}
		switch k.(type) {
		case json.Number, string:
			all[i] = keyed{item, k}
		default:
			return nil, wrongType(name, k, "number string")
		}
	}
	return all, nil
}

// sameType checks that all keys have the type of the first.
func sameType(name string, all []keyed) error {
	for _, e := range all {
		if want := typeOf(all[0].key); typeOf(e.key) != want {
			return wrongType(name, e.key, want)
		}
	}
	return nil
}

// keyedBy is keysFor for the functions that compare all elements.
func keyedBy(name string, a []value.Value) ([]keyed, error) {
	all, err := keysFor(name, a[0].(value.List), a[1].(expression))
	if err != nil {
		return nil, err
	}
	return all, sameType(name, all)
}

// themselves are the elements of an array, each ordered by itself.
func themselves(list value.List) []keyed {
	all := make([]keyed, len(list))
	for i, item := range list {
		all[i] = keyed{item, item}
	}
	return all
}

// inOrder sorts elements. Of equal ones the first stays first.
func inOrder(all []keyed) value.List {
	slices.SortStableFunc(all, func(a, b keyed) int {
		order, _ := compare(a.key, b.key)
		return order
	})
	list := make(value.List, len(all))
	for i, e := range all {
		list[i] = e.value
	}
	return list
}

// sorted orders an array of numbers, or of texts by their characters.
func sorted(a []value.Value) (value.Value, error) {
	return inOrder(themselves(a[0].(value.List))), nil
}

// sortBy orders an array by the value of an expression for each element.
func sortBy(a []value.Value) (value.Value, error) {
	all, err := keyedBy("sort_by", a)
	return inOrder(all), err
}

// outermost is the first of the largest elements, with sign 1, or of the smallest, with -1; nil
// when there are none.
func outermost(all []keyed, sign int) value.Value {
	var best keyed
	for i, e := range all {
		if order, _ := compare(e.key, best.key); i == 0 || order*sign > 0 {
			best = e
		}
	}
	return best.value
}

// extreme is max, with sign 1, or min, with -1.
func extreme(sign int) func([]value.Value) (value.Value, error) {
	return func(a []value.Value) (value.Value, error) {
		return outermost(themselves(a[0].(value.List)), sign), nil
	}
}

// extremeBy is extreme by the value of an expression.
func extremeBy(name string, sign int) func([]value.Value) (value.Value, error) {
	return func(a []value.Value) (value.Value, error) {
		all, err := keyedBy(name, a)
		return outermost(all, sign), err
	}
}
