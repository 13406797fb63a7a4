package jmespath

import (
	"errors"

	"github.com/drover-iot/drover/cli/value"
)

// Evaluating an expression over a value. What cannot be found is nil, which is null; an error comes
// from a function or a slice.

// A node is an expression that has been read. Evaluating it never changes the value.
type node interface {
	evaluate(v value.Value) (value.Value, error)
}

type (
	// current is the value itself: @.
	current struct{}
	// constant is a literal.
	constant struct{ value value.Value }
	// field is the value under a key.
	field string
	// sequence gives what the first expression finds to the second: a.b and a | b.
	sequence struct{ first, second node }
	// index is one element of a list; -1 is the last.
	index struct {
		list node
		at   int
	}
	// slice is a part of a list. What is nil was not given.
	slice struct {
		list              node
		start, stop, step *int
	}
	// projection takes something from each element of a list, and leaves out what is not there.
	projection struct{ list, taken node }
	// valuesOf are the values of an object, in its order.
	valuesOf struct{ object node }
	// flatten puts the elements of the lists in a list into it, one level deep.
	flatten struct{ list node }
	// filtered are the elements of a list for which a condition is true.
	filtered struct{ list, condition node }

	// multiSelectList makes a list of several expressions: [a, b].
	multiSelectList []node
	// multiSelectHash makes an object: {x: a, y: b}. Its keys come in the order written.
	multiSelectHash []pair
	// pair is one key of a multiSelectHash with the expression for its value.
	pair struct {
		key   string
		value node
	}

	// not is !inner, a boolean.
	not struct{ inner node }
	// and is left && right: the first of them that is false, or else right.
	and struct{ left, right node }
	// or is left || right: the first of them that is true, or else right.
	or struct{ left, right node }
	// comparison is one of ==, !=, <, <=, > and >=.
	comparison struct {
		operator    kind
		left, right node
	}

	// reference is &inner, which a function evaluates for each element.
	reference struct{ inner node }
	// call is function(arguments).
	call struct {
		function  string
		arguments []node
	}
)

// An expression is the value of a reference. Only functions take it.
type expression struct{ node }

func (current) evaluate(v value.Value) (value.Value, error) { return v, nil }

func (n constant) evaluate(value.Value) (value.Value, error) { return n.value, nil }

func (n reference) evaluate(value.Value) (value.Value, error) { return expression{n.inner}, nil }

// A field of anything but an object is null, and so is a key that is not there.
func (n field) evaluate(v value.Value) (value.Value, error) {
	if o, ok := v.(*value.Object); ok {
		found, _ := o.Get(string(n))
		return found, nil
	}
	return nil, nil
}

// The second expression is evaluated also when the first finds nothing: it may be a function.
func (n sequence) evaluate(v value.Value) (value.Value, error) {
	found, err := n.first.evaluate(v)
	if err != nil {
		return nil, err
	}
	return n.second.evaluate(found)
}

// evaluateList evaluates an expression that should give a list; ok is false when it does not.
func evaluateList(n node, v value.Value) (list value.List, ok bool, err error) {
	found, err := n.evaluate(v)
	list, ok = found.(value.List)
	return list, ok, err
}

// An index beyond the list is null, and so is one of anything but a list.
func (n index) evaluate(v value.Value) (value.Value, error) {
	list, _, err := evaluateList(n.list, v)
	at := n.at
	if at < 0 {
		at += len(list)
	}
	if err != nil || at < 0 || at >= len(list) {
		return nil, err
	}
	return list[at], nil
}

// A slice takes the elements from start on, before stop, each step-th; a negative step goes
// backwards. Bounds beyond the list are no error, a step of 0 is.
func (n slice) evaluate(v value.Value) (value.Value, error) {
	list, ok, err := evaluateList(n.list, v)
	if !ok || err != nil {
		return nil, err
	}
	step := 1
	if n.step != nil {
		step = *n.step
	}
	if step == 0 {
		return nil, errors.New("the step of a slice cannot be zero")
	}
	start, stop := bounds(n.start, n.stop, step, len(list))
	part := value.List{}
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		part = append(part, list[i])
		if step > len(list) || step < -len(list) {
			break // the next index may be beyond the largest number
		}
	}
	return part, nil
}

// bounds are the first index of a slice and the one that it ends before. Of a list of five, [::-1]
// has 4 and -1, and [-2:] has 3 and 5.
func bounds(start, stop *int, step, length int) (from, to int) {
	low, high := 0, length // what an index is limited to
	if step < 0 {
		low, high = -1, length-1
	}
	limit := func(index *int, otherwise int) int {
		if index == nil {
			return otherwise
		}
		at := *index
		if at < 0 {
			at += length
		}
		return min(max(at, low), high)
	}
	if step < 0 {
		return limit(start, high), limit(stop, low)
	}
	return limit(start, low), limit(stop, high)
}

// A projection of [{"a":1},{"b":2},5] with a taken is [1]: elements without the key leave nothing.
func (n projection) evaluate(v value.Value) (value.Value, error) {
	list, ok, err := evaluateList(n.list, v)
	if !ok || err != nil {
		return nil, err
	}
	all := value.List{}
	for _, item := range list {
		taken, err := n.taken.evaluate(item)
		if err != nil {
			return nil, err
		}
		if taken != nil {
			all = append(all, taken)
		}
	}
	return all, nil
}

// The values of anything but an object are null.
func (n valuesOf) evaluate(v value.Value) (value.Value, error) {
	found, err := n.object.evaluate(v)
	if o, ok := found.(*value.Object); ok && err == nil {
		return values(o), nil
	}
	return nil, err
}

// values lists the values of an object, in its order.
func values(o *value.Object) value.List {
	all := make(value.List, len(o.Fields))
	for i, f := range o.Fields {
		all[i] = f.Value
	}
	return all
}

// [[1],[2,[3]],4] becomes [1,2,[3],4].
func (n flatten) evaluate(v value.Value) (value.Value, error) {
	list, ok, err := evaluateList(n.list, v)
	if !ok || err != nil {
		return nil, err
	}
	all := value.List{}
	for _, item := range list {
		if inner, ok := item.(value.List); ok {
			all = append(all, inner...)
		} else {
			all = append(all, item)
		}
	}
	return all, nil
}

// The condition is evaluated over each element.
func (n filtered) evaluate(v value.Value) (value.Value, error) {
	list, ok, err := evaluateList(n.list, v)
	if !ok || err != nil {
		return nil, err
	}
	all := value.List{}
	for _, item := range list {
		matches, err := n.condition.evaluate(item)
		if err != nil {
			return nil, err
		}
		if isTrue(matches) {
			all = append(all, item)
		}
	}
	return all, nil
}

// Several expressions over null are null, not a list of nulls.
func (n multiSelectList) evaluate(v value.Value) (value.Value, error) {
	if v == nil {
		return nil, nil
	}
	return evaluateAll(n, v)
}

// evaluateAll evaluates several expressions over one value.
func evaluateAll(nodes []node, v value.Value) (value.List, error) {
	all := make(value.List, len(nodes))
	for i, n := range nodes {
		var err error
		if all[i], err = n.evaluate(v); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Of a key that is written twice the last expression counts, in the place of the first.
func (n multiSelectHash) evaluate(v value.Value) (value.Value, error) {
	if v == nil {
		return nil, nil
	}
	o := &value.Object{}
	for _, p := range n {
		inner, err := p.value.evaluate(v)
		if err != nil {
			return nil, err
		}
		o.Set(p.key, inner)
	}
	return o, nil
}

func (n not) evaluate(v value.Value) (value.Value, error) {
	inner, err := n.inner.evaluate(v)
	return !isTrue(inner), err
}

// The right side is evaluated only when it decides.
func (n and) evaluate(v value.Value) (value.Value, error) {
	left, err := n.left.evaluate(v)
	if err != nil || !isTrue(left) {
		return left, err
	}
	return n.right.evaluate(v)
}

// The right side is evaluated only when it decides.
func (n or) evaluate(v value.Value) (value.Value, error) {
	left, err := n.left.evaluate(v)
	if err != nil || isTrue(left) {
		return left, err
	}
	return n.right.evaluate(v)
}

// What has no order, such as a text and a number, is neither less nor greater: null.
func (n comparison) evaluate(v value.Value) (value.Value, error) {
	sides, err := evaluateAll([]node{n.left, n.right}, v)
	if err != nil {
		return nil, err
	}
	switch n.operator {
	case "==":
		return equal(sides[0], sides[1]), nil
	case "!=":
		return !equal(sides[0], sides[1]), nil
	}
	order, ok := compare(sides[0], sides[1])
	if !ok {
		return nil, nil
	}
	switch n.operator {
	case "<":
		return order < 0, nil
	case "<=":
		return order <= 0, nil
	case ">":
		return order > 0, nil
	}
	return order >= 0, nil
}

// The arguments are evaluated over the value in which the call stands.
func (n call) evaluate(v value.Value) (value.Value, error) {
	arguments, err := evaluateAll(n.arguments, v)
	if err != nil {
		return nil, err
	}
	return apply(n.function, arguments)
}
