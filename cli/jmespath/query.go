package jmespath

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/drover-iot/drover/cli/value"
)

// A Query is a compiled expression. A nil *Query returns every value as it is.
type Query struct {
	root node
}

// Compile reads an expression. The error of a bad one shows the place.
func Compile(text string) (*Query, error) {
	if text == "" {
		return nil, errors.New("the expression is empty")
	}
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	p := parser{text: text, tokens: tokens}
	root, err := p.whole()
	if err != nil {
		return nil, err
	}
	return &Query{root}, nil
}

// Apply evaluates the expression over a value. The error is one of running it, such as abs() of a
// text.
func (q *Query) Apply(v value.Value) (value.Value, error) {
	if q == nil {
		return v, nil
	}
	result, err := q.root.evaluate(v)
	if err == nil && containsExpression(result) {
		return nil, errors.New("the result contains an expression (&), which only functions take")
	}
	return result, err
}

// containsExpression reports whether a result contains an expression reference somewhere.
func containsExpression(v value.Value) bool {
	switch v := v.(type) {
	case expression:
		return true
	case value.List:
		for _, item := range v {
			if containsExpression(item) {
				return true
			}
		}
	case *value.Object:
		for _, f := range v.Fields {
			if containsExpression(f.Value) {
				return true
			}
		}
	}
	return false
}

// syntaxError is the error of an expression that cannot be read, with a mark below its place, which
// is an offset in bytes.
func syntaxError(text string, at int, format string, args ...any) error {
	mark := strings.Repeat(" ", utf8.RuneCountInString(text[:at])) + "^"
	return fmt.Errorf("%s\n%s\n%s", fmt.Sprintf(format, args...), text, mark)
}
