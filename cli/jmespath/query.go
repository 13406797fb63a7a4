package jmespath

import (
	"errors"
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
func Compile(text string) (*Query, error) {
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
func (q *Query) Apply(v value.Value) (value.Value, error) {
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
