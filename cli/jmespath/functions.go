package jmespath

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/drover-iot/drover/cli/value"
)

// The functions of the language, each with the types of its arguments.

// A function is one function.
type function struct {
	// parameters are the types that each argument may have, with blanks between; "any" is every
	// type. The types array-number and array-string are arrays with such elements only.
	parameters []string
	variadic   bool // the last parameter may be given more than once
	apply      func(arguments []value.Value) (value.Value, error)
}

// The types of arrays whose elements have one type.
const texts, numbers = "array-string", "array-number"

// functions are all functions by name.
var functions = map[string]function{
	"abs":         {[]string{"number"}, false, abs},
	"avg":         {[]string{numbers}, false, avg},
	"ceil":        {[]string{"number"}, false, round(math.Ceil)},
	"contains":    {[]string{"array string", "any"}, false, contains},
	"ends_with":   {[]string{"string", "string"}, false, onTexts(strings.HasSuffix)},
	"floor":       {[]string{"number"}, false, round(math.Floor)},
	"join":        {[]string{"string", texts}, false, join},
	"keys":        {[]string{"object"}, false, keys},
	"length":      {[]string{"string array object"}, false, length},
	"map":         {[]string{"expref", "array"}, false, mapped},
	"max":         {[]string{numbers + " " + texts}, false, extreme(1)},
	"max_by":      {[]string{"array", "expref"}, false, extremeBy("max_by", 1)},
	"merge":       {[]string{"object"}, true, merge},
	"min":         {[]string{numbers + " " + texts}, false, extreme(-1)},
	"min_by":      {[]string{"array", "expref"}, false, extremeBy("min_by", -1)},
	"not_null":    {[]string{"any"}, true, notNull},
	"reverse":     {[]string{"array string"}, false, reverse},
	"sort":        {[]string{texts + " " + numbers}, false, sorted},
	"sort_by":     {[]string{"array", "expref"}, false, sortBy},
	"starts_with": {[]string{"string", "string"}, false, onTexts(strings.HasPrefix)},
	"sum":         {[]string{numbers}, false, sumOf},
	"to_array":    {[]string{"any"}, false, toArray},
	"to_number":   {[]string{"any"}, false, toNumber},
	"to_string":   {[]string{"any"}, false, toString},
	"type":        {[]string{"any"}, false, typeName},
	"values":      {[]string{"object"}, false, valuesIn},
}

// apply calls a function when its arguments have the right number and types.
func apply(name string, arguments []value.Value) (value.Value, error) {
	f, ok := functions[name]
	if !ok {
		return nil, fmt.Errorf("Unknown function: %s()", name)
	}
	switch n := len(f.parameters); {
	case f.variadic && len(arguments) < n:
		return nil, fmt.Errorf("%s() takes at least %d arguments, got %d", name, n, len(arguments))
	case !f.variadic && len(arguments) != n:
		return nil, fmt.Errorf("%s() takes %d arguments, got %d", name, n, len(arguments))
	}
	for i, a := range arguments {
		types := f.parameters[min(i, len(f.parameters)-1)]
		if err := checkType(name, a, types); err != nil {
			return nil, err
		}
	}
	return f.apply(arguments)
}

// typeOf is the type of a value.
func typeOf(v value.Value) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		return "number"
	case value.List:
		return "array"
	case expression:
		return "expref"
	}
	return "object"
}

// checkType checks that an argument has one of some types. The elements of an array must all have
// the type that the first has.
func checkType(name string, argument value.Value, types string) error {
	if types == "any" {
		return nil
	}
	is := typeOf(argument)
	list, _ := argument.(value.List)
	for want := range strings.FieldsSeq(types) {
		element, ofElements := strings.CutPrefix(want, "array-")
		if want == is || ofElements && is == "array" && !slices.ContainsFunc(list,
			func(item value.Value) bool { return typeOf(item) != element }) {
			return nil
		}
	}
	return wrongType(name, argument, types)
}

// wrongType is the error that a value has another type than a function takes.
func wrongType(name string, v value.Value, types string) error {
	shown := "an expression"
	if !containsExpression(v) {
		shown = value.Plain(v)
	}
	return fmt.Errorf(
		"In function %s(), invalid type for value: %s, expected one of: %s, received: %s",
		name, shown, types, typeOf(v))
}

// abs is a number without its sign.
func abs(a []value.Value) (value.Value, error) { return absolute(a[0].(json.Number)), nil }

// round makes ceil and floor, which give whole numbers.
func round(direction func(float64) float64) func([]value.Value) (value.Value, error) {
	return func(a []value.Value) (value.Value, error) { return rounded(a[0].(json.Number), direction) }
}

// sumOf adds the numbers of an array; of an empty one it is 0.
func sumOf(a []value.Value) (value.Value, error) { return sum(a[0].(value.List)) }

// avg is the average of an array, null of an empty one.
func avg(a []value.Value) (value.Value, error) {
	if list := a[0].(value.List); len(list) > 0 {
		return average(list)
	}
	return nil, nil
}

// contains looks for an element of an array, or for a part of a text, which must be a text then.
func contains(a []value.Value) (value.Value, error) {
	if list, ok := a[0].(value.List); ok {
		return slices.ContainsFunc(list, func(v value.Value) bool { return equal(v, a[1]) }), nil
	}
	part, ok := a[1].(string)
	if !ok {
		return nil, wrongType("contains", a[1], "string")
	}
	return strings.Contains(a[0].(string), part), nil
}

// onTexts makes starts_with and ends_with.
func onTexts(test func(s, part string) bool) func([]value.Value) (value.Value, error) {
	return func(a []value.Value) (value.Value, error) {
		return test(a[0].(string), a[1].(string)), nil
	}
}

// join puts the separator, which comes first, between the texts of an array.
func join(a []value.Value) (value.Value, error) {
	var parts []string
	for _, v := range a[1].(value.List) {
		parts = append(parts, v.(string))
	}
	return strings.Join(parts, a[0].(string)), nil
}

// length counts the characters of a text, the elements of an array or the keys of an object.
func length(a []value.Value) (value.Value, error) {
	n := 0
	switch v := a[0].(type) {
	case string:
		n = utf8.RuneCountInString(v)
	case value.List:
		n = len(v)
	case *value.Object:
		n = len(v.Fields)
	}
	return json.Number(fmt.Sprint(n)), nil
}

// reverse turns an array round, or a text by its characters.
func reverse(a []value.Value) (value.Value, error) {
	if text, ok := a[0].(string); ok {
		runes := []rune(text)
		slices.Reverse(runes)
		return string(runes), nil
	}
	list := slices.Clone(a[0].(value.List))
	slices.Reverse(list)
	return list, nil
}

// keys lists the keys of an object, in its order.
func keys(a []value.Value) (value.Value, error) {
	all := value.List{}
	for _, f := range a[0].(*value.Object).Fields {
		all = append(all, f.Key)
	}
	return all, nil
}

// valuesIn lists the values of an object, in its order.
func valuesIn(a []value.Value) (value.Value, error) { return values(a[0].(*value.Object)), nil }

// merge puts the keys of several objects into one. A key that comes again keeps its place and gets
// the later value.
func merge(a []value.Value) (value.Value, error) {
	merged := &value.Object{}
	for _, v := range a {
		for _, f := range v.(*value.Object).Fields {
			merged.Set(f.Key, f.Value)
		}
	}
	return merged, nil
}

// notNull is the first argument that is not null.
func notNull(a []value.Value) (value.Value, error) {
	for _, v := range a {
		if v != nil {
			return v, nil
		}
	}
	return nil, nil
}

// typeName is the type of a value, as typeOf names it.
func typeName(a []value.Value) (value.Value, error) { return typeOf(a[0]), nil }

// toArray puts a value into an array, unless it is one.
func toArray(a []value.Value) (value.Value, error) {
	if list, ok := a[0].(value.List); ok {
		return list, nil
	}
	return value.List{a[0]}, nil
}

// toNumber reads the number in a text; what is neither text nor number gives null.
func toNumber(a []value.Value) (value.Value, error) {
	switch v := a[0].(type) {
	case json.Number:
		return v, nil
	case string:
		return parseNumber(v), nil
	}
	return nil, nil
}

// toString leaves a text as it is and writes anything else as JSON.
func toString(a []value.Value) (value.Value, error) {
	if _, ok := a[0].(string); ok {
		return a[0], nil
	}
	if containsExpression(a[0]) {
		return nil, wrongType("to_string", a[0], "any value")
	}
	return escapeNonASCII(value.Plain(a[0])), nil
}

// escapeNonASCII escapes what is not ASCII in a JSON text, as the reference does in to_string: é
// becomes \u00e9, and a character beyond U+FFFF two of those.
func escapeNonASCII(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r < 0x7F:
			b.WriteRune(r)
		case r > 0xFFFF:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
