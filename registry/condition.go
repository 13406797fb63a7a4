package registry

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// condition is one operator with one key of a statement's Condition (R-ID-31).
type condition struct {
	key      string
	want     []pattern
	test     test
	negated  bool // StringNotEquals and the like: true when no value matches, and when the key is missing
	set      setMode
	ifExists bool
	null     bool // Null: want says whether the key must be absent
}

// test compares the value of a key with one wanted value, whose variables are expanded.
type test func(value string, want pattern) bool

type setMode uint8

const (
	single setMode = iota
	forAllValues
	forAnyValue
)

// conditionValue is a string, number or boolean of a Condition, as text.
type conditionValue string

func (v *conditionValue) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err == nil {
		*v = conditionValue(s)
		return nil
	}
	switch text[0] {
	case '{', '[', 'n':
		return fmt.Errorf("a condition value must be a string, a number or a boolean")
	}
	*v = conditionValue(text)
	return nil
}

func compileConditions(raw map[string]map[string]oneOrMany[conditionValue]) (compiled []condition, err error) {
	for operator, keys := range raw {
		base, err := parseOperator(operator)
		if err != nil {
			return nil, err
		}
		for key, values := range keys {
			c := base
			c.key = key
			for _, value := range values {
				c.want = append(c.want, compilePattern(string(value)))
			}
			compiled = append(compiled, c)
		}
	}
	return compiled, nil
}

// parseOperator reads an operator with its set prefix and IfExists suffix.
func parseOperator(text string) (c condition, err error) {
	name := text
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		name, c.set = rest, forAllValues
	} else if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		name, c.set = rest, forAnyValue
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	if name == "Null" {
		c.null = true
		return c, nil
	}
	if c.test = tests[name]; c.test != nil {
		return c, nil
	}
	if positive, ok := negations[name]; ok {
		c.test, c.negated = tests[positive], true
		return c, nil
	}
	return c, fmt.Errorf("Condition: unknown operator %q", text)
}

// tests are the positive operators.
var tests = map[string]test{
	"StringEquals":             literally(func(a, b string) bool { return a == b }),
	"StringEqualsIgnoreCase":   literally(strings.EqualFold),
	"StringLike":               func(v string, want pattern) bool { return want.match(v) },
	"ArnEquals":                func(v string, want pattern) bool { return want.match(v) },
	"ArnLike":                  func(v string, want pattern) bool { return want.match(v) },
	"Bool":                     literally(strings.EqualFold),
	"IpAddress":                literally(inNetwork),
	"NumericEquals":            numeric(func(a, b float64) bool { return a == b }),
	"NumericLessThan":          numeric(func(a, b float64) bool { return a < b }),
	"NumericLessThanEquals":    numeric(func(a, b float64) bool { return a <= b }),
	"NumericGreaterThan":       numeric(func(a, b float64) bool { return a > b }),
	"NumericGreaterThanEquals": numeric(func(a, b float64) bool { return a >= b }),
	"DateEquals":               dated(func(a, b time.Time) bool { return a.Equal(b) }),
	"DateLessThan":             dated(func(a, b time.Time) bool { return a.Before(b) }),
	"DateLessThanEquals":       dated(func(a, b time.Time) bool { return !a.After(b) }),
	"DateGreaterThan":          dated(func(a, b time.Time) bool { return a.After(b) }),
	"DateGreaterThanEquals":    dated(func(a, b time.Time) bool { return !a.Before(b) }),
}

// negations are the negative operators and what they negate.
var negations = map[string]string{
	"StringNotEquals": "StringEquals", "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase", "StringNotLike": "StringLike",
	"ArnNotEquals": "ArnEquals", "ArnNotLike": "ArnLike", "NotIpAddress": "IpAddress",
	"NumericNotEquals": "NumericEquals", "DateNotEquals": "DateEquals",
}

// literally compares with the wanted text, in which wildcards are ordinary characters.
func literally(equal func(value, want string) bool) test {
	return func(value string, want pattern) bool { return equal(value, want.text()) }
}

// text writes a pattern back as it was.
func (p pattern) text() string {
	var out strings.Builder
	for _, t := range p {
		switch t.kind {
		case anyRun:
			out.WriteByte('*')
		case anyOne:
			out.WriteByte('?')
		default:
			out.WriteString(t.text)
		}
	}
	return out.String()
}

func numeric(compare func(a, b float64) bool) test {
	return literally(func(value, want string) bool {
		a, errA := strconv.ParseFloat(value, 64)
		b, errB := strconv.ParseFloat(want, 64)
		return errA == nil && errB == nil && compare(a, b)
	})
}

func dated(compare func(a, b time.Time) bool) test {
	return literally(func(value, want string) bool {
		a, errA := parseDate(value)
		b, errB := parseDate(want)
		return errA == nil && errB == nil && compare(a, b)
	})
}

func parseDate(text string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	return time.Parse(time.RFC3339, text)
}

func inNetwork(value, want string) bool {
	address, err := netip.ParseAddr(value)
	if err != nil {
		return false
	}
	if network, err := netip.ParsePrefix(want); err == nil {
		return network.Contains(address)
	}
	other, err := netip.ParseAddr(want)
	return err == nil && other == address
}

// holds reports whether the condition is true. A missing key makes positive operators false, negated ones and
// ForAllValues true (R-ID-31).
func (c condition) holds(context *Context) bool {
	values, found := context.lookup(c.key)
	if c.null {
		return slices.ContainsFunc(c.want, func(w pattern) bool { return strings.EqualFold(w.text(), strconv.FormatBool(!found)) })
	}
	if !found {
		return c.ifExists || c.negated || c.set == forAllValues
	}
	wanted, ok := c.expand(context)
	if !ok {
		return false
	}
	holds := func(value string) bool {
		return slices.ContainsFunc(wanted, func(w pattern) bool { return c.test(value, w) }) != c.negated
	}
	if c.set == forAllValues {
		return !slices.ContainsFunc(values, func(v string) bool { return !holds(v) })
	}
	return slices.ContainsFunc(values, holds)
}

// expand returns the wanted values with their variables replaced; those with one that does not resolve are left out. ok is
// false for a negated operator with such a value: it must not come true by that (R-ID-30).
func (c condition) expand(context *Context) (wanted []pattern, ok bool) {
	for _, want := range c.want {
		expanded, resolved := want.expand(context)
		if !resolved && c.negated {
			return nil, false
		}
		if resolved {
			wanted = append(wanted, expanded)
		}
	}
	return wanted, true
}
