package jmespath

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jmespath/go-jmespath"

	"github.com/drover-iot/drover/cli/value"
)

// A Query is a compiled expression. A nil *Query returns every value as it is.
type Query struct {
	compiled *jmespath.JMESPath
	keys     []string // that the expression gives to objects, in the order written
}

// Compile reads an expression. The error of a bad one shows the place.
func Compile(text string) (q *Query, err error) {
	defer recovered(&err)
	compiled, err := jmespath.Compile(text)
	if err == nil {
		return &Query{compiled, writtenKeys(text)}, nil
	}
	if syntax, ok := errors.AsType[jmespath.SyntaxError](err); ok {
		return nil, errors.New(err.Error() + "\n" + syntax.HighlightLocation())
	}
	return nil, err
}

// Apply evaluates the expression over a value. The error is one of running it, such as abs() of a
// text.
func (q *Query) Apply(v value.Value) (result value.Value, err error) {
	defer recovered(&err)
	if q == nil {
		return v, nil
	}
	r := newRun(q)
	found, err := q.compiled.Search(r.plain(v))
	if err != nil {
		return nil, err
	}
	return r.value(found), nil
}

// recovered turns a panic of the library into an error: it panics at a few odd expressions, such
// as @().
func recovered(err *error) {
	if problem := recover(); problem != nil {
		*err = fmt.Errorf("the expression cannot be evaluated: %v", problem)
	}
}

// writtenKey matches a key of a multi-select hash, such as b in {b: jobId}, and in front of it the
// texts in which something that looks like a key is none: raw strings and literals.
var writtenKey = regexp.MustCompile("'(?:[^'\\\\]|\\\\.)*'|`(?:[^`\\\\]|\\\\.)*`|" +
	`([A-Za-z_][A-Za-z0-9_]*|"(?:[^"\\]|\\.)*")\s*:`)

// writtenKeys lists the keys that an expression gives to objects, in the order written.
func writtenKeys(text string) (keys []string) {
	for _, found := range writtenKey.FindAllStringSubmatch(text, -1) {
		if key := found[1]; strings.HasPrefix(key, `"`) {
			if v, err := value.ParseJSON(key); err == nil {
				keys = append(keys, value.Plain(v))
			}
		} else if key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}
