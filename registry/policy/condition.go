package policy

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/wildcard"
)

// A Condition of a statement is a map from operators to keys to wanted values, for example
// {"StringLike": {"iot:ClientId": ["pump-*", "valve-*"]}}. Each operator with each of its keys
// becomes one condition; a statement matches when all of them hold. An operator is a comparison,
// and around it may stand a negation (StringNotLike), a word for keys with several values
// (ForAnyValue:StringLike) and a word for keys that are absent (StringLikeIfExists).

// condition is one operator with one key of a statement's Condition (R-ID-31).
type condition struct {
	key     string
	want    []wildcard.Pattern // one of them is enough
	test    test
	negated bool // the comparison must be false for all wanted values
	set     setMode
	// ifExists says that an absent key makes the condition true.
	ifExists bool
	// null marks the operator Null: want says whether the key must be absent.
	null bool
}

// test compares a value of the key with one wanted value, whose variables have been replaced.
type test func(value string, want wildcard.Pattern) bool

// setMode says how a key with several values is compared.
type setMode uint8

const (
	single       setMode = iota // one value must pass; with a negation, every value
	forAllValues                // every value must pass; an absent key does
	forAnyValue                 // one value must pass; an absent key has none, whatever is asked
)

// conditionValue is a string, number or boolean of a Condition, as text.
type conditionValue string

// UnmarshalJSON reads a scalar and refuses everything else, null too.
func (v *conditionValue) UnmarshalJSON(text []byte) error {
	switch text[0] {
	case '{', '[', 'n':
		return fmt.Errorf("a condition value must be a string, a number or a boolean")
	case '"':
		return json.Unmarshal(text, (*string)(v))
	}
	*v = conditionValue(text)
	return nil
}

// compileConditions makes the conditions of one statement.
func compileConditions(
	raw map[string]map[string]oneOrMany[conditionValue],
) (compiled []condition, err error) {
	for operator, keys := range raw {
		base, err := parseOperator(operator)
		if err != nil {
			return nil, err
		}
		for key, values := range keys {
			c := base
			c.key = key
			for _, value := range values {
				c.want = append(c.want, wildcard.Compile(string(value)))
			}
			compiled = append(compiled, c)
		}
	}
	return compiled, nil
}

// parseOperator reads an operator with its prefix for sets and its suffix IfExists.
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

// tests are the operators that are not negations, with what each compares.
var tests = map[string]test{
	"StringEquals":             literally(func(a, b string) bool { return a == b }),
	"StringEqualsIgnoreCase":   literally(strings.EqualFold),
	"StringLike":               func(v string, want wildcard.Pattern) bool { return want.Match(v) },
	"ArnEquals":                func(v string, want wildcard.Pattern) bool { return want.Match(v) },
	"ArnLike":                  func(v string, want wildcard.Pattern) bool { return want.Match(v) },
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
	"StringNotEquals":           "StringEquals",
	"StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
	"StringNotLike":             "StringLike",
	"ArnNotEquals":              "ArnEquals",
	"ArnNotLike":                "ArnLike",
	"NotIpAddress":              "IpAddress",
	"NumericNotEquals":          "NumericEquals",
	"DateNotEquals":             "DateEquals",
}

// literally compares with the wanted text, in which wildcards are ordinary characters.
func literally(equal func(value, want string) bool) test {
	return func(value string, want wildcard.Pattern) bool { return equal(value, want.String()) }
}

// numeric compares numbers; a text that is none makes it false.
func numeric(compare func(a, b float64) bool) test {
	return literally(func(value, want string) bool {
		a, errA := strconv.ParseFloat(value, 64)
		b, errB := strconv.ParseFloat(want, 64)
		return errA == nil && errB == nil && compare(a, b)
	})
}

// dated compares times; a text that is none makes it false.
func dated(compare func(a, b time.Time) bool) test {
	return literally(func(value, want string) bool {
		a, errA := parseDate(value)
		b, errB := parseDate(want)
		return errA == nil && errB == nil && compare(a, b)
	})
}

// parseDate reads a time as policies write it: RFC 3339, or seconds since 1970.
func parseDate(text string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	return time.Parse(time.RFC3339, text)
}

// inNetwork compares addresses, of either version of IP. It reports whether an address is one that
// is wanted, or lies in a network that is.
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

// holds reports whether the condition is true. A key with several values meets StringEquals and the
// like when one of them does, and StringNotEquals and the like when none of them is a wanted one: a
// connection with the attributes PersistentConnect and LastWill is not one "unless LastWill". A key
// that does not resolve makes StringEquals and the like false, and StringNotEquals, ForAllValues:
// and …IfExists true; but ForAnyValue: is false then, also with a negation or …IfExists (R-ID-31).
func (c condition) holds(context *Context) bool {
	values, found := context.lookup(c.key)
	if c.null {
		absent := strconv.FormatBool(!found)
		return slices.ContainsFunc(c.want, func(w wildcard.Pattern) bool {
			return strings.EqualFold(w.String(), absent)
		})
	}
	if !found {
		return c.set == forAllValues || c.set == single && (c.ifExists || c.negated)
	}
	wanted, ok := c.expand(context)
	if !ok {
		return false
	}
	holds := func(value string) bool {
		met := slices.ContainsFunc(wanted, func(w wildcard.Pattern) bool {
			return c.test(value, w)
		})
		return met != c.negated
	}
	if c.set == forAllValues || c.set == single && c.negated {
		return !slices.ContainsFunc(values, func(v string) bool { return !holds(v) })
	}
	return slices.ContainsFunc(values, holds)
}

// expand returns the wanted values with their variables replaced, without those whose variables do
// not resolve. ok is false for a negated operator with such a value: leaving it out would make
// "is not ${no:such}" true (R-ID-30).
func (c condition) expand(context *Context) (wanted []wildcard.Pattern, ok bool) {
	for _, want := range c.want {
		expanded, resolved := want.Expand(context.value)
		if !resolved && c.negated {
			return nil, false
		}
		if resolved {
			wanted = append(wanted, expanded)
		}
	}
	return wanted, true
}
