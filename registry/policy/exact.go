package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/internal/wildcard"
)

// encoding/json takes a key in any case for a member, and of a key that stands twice the last one.
// In a policy both are traps: in {"Effect":"Deny","Effect":"Allow"} an author, and other tools, may
// see the Deny. So a document that is created must be exact: each key is known as it is written,
// and stands once (R-ID-23). A condition that could never be compared is refused too. Documents
// that earlier versions have stored were not checked so, see ParseStored.

// The keys of a document and of a statement (R-ID-24).
var (
	documentKeys  = []string{"Version", "Id", "Statement"}
	statementKeys = []string{
		"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition",
	}
)

// checkExact refuses a document that is not exact. The document has been decoded before, so its
// values are of the right kinds, or null.
func checkExact(text string) error {
	document, err := exactMembers([]byte(text), documentKeys)
	if err != nil {
		return malformed("%s", err)
	}
	var statements oneOrMany[json.RawMessage]
	if err := json.Unmarshal(document["Statement"], &statements); err != nil {
		return malformed("%s", inWords(err))
	}
	for i, statement := range statements {
		members, err := exactMembers(statement, statementKeys)
		if err == nil {
			err = checkConditions(members["Condition"])
		}
		if err != nil {
			return malformed("Statement[%d]: %s", i, err)
		}
	}
	return nil
}

// exactMembers returns the members of an object. It refuses a key that is not known, unless known
// is nil, one that stands twice, and null as a value.
func exactMembers(object []byte, known []string) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, fmt.Errorf("expected an object, got %.20s", object)
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		key := token.(string) // encoding/json returns nothing else before a colon
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		_, twice := members[key]
		switch {
		case known != nil && !slices.Contains(known, key):
			return nil, unknownKey(key, known)
		case twice:
			return nil, fmt.Errorf("%q stands twice", key)
		case string(value) == "null":
			return nil, fmt.Errorf("%s: null is not a value", key)
		}
		members[key] = value
	}
	return members, nil
}

// unknownKey is the refusal of a key, with the known one that differs from it in case only.
func unknownKey(key string, known []string) error {
	for _, k := range known {
		if strings.EqualFold(k, key) {
			return fmt.Errorf("unknown field %q: it is written %s", key, k)
		}
	}
	return fmt.Errorf("unknown field %q", key)
}

// checkConditions checks the Condition of a statement; nil is none. Each operator and each key
// stands once and has a value, and values are such as the operator can compare (R-ID-31).
func checkConditions(condition json.RawMessage) error {
	if condition == nil {
		return nil
	}
	operators, err := exactMembers(condition, nil)
	if err != nil {
		return fmt.Errorf("Condition: %w", err)
	}
	for operator, text := range operators {
		if strings.Contains(operator, "Null") && operator != "Null" {
			return fmt.Errorf("Condition: unknown operator %q", operator)
		}
		keys, err := exactMembers(text, nil)
		if err != nil {
			return fmt.Errorf("Condition: %s: %w", operator, err)
		}
		if len(keys) == 0 {
			return fmt.Errorf("Condition: %s: names no key", operator)
		}
		for key, text := range keys {
			if err := checkValues(operator, text); err != nil {
				return fmt.Errorf("Condition: %s: %s: %w", operator, key, err)
			}
		}
	}
	return nil
}

// checkValues checks the wanted values of one operator and key. One with a variable is known only
// when it is compared.
func checkValues(operator string, text json.RawMessage) error {
	var values oneOrMany[conditionValue]
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	if len(values) == 0 {
		return fmt.Errorf("has no value")
	}
	for _, kind := range valueKinds {
		if !strings.Contains(operator, kind.operators) {
			continue
		}
		for _, value := range values {
			hasVariable := slices.ContainsFunc(wildcard.Compile(string(value)),
				func(t wildcard.Token) bool { return t.Kind == wildcard.Variable })
			if !hasVariable && !kind.valid(string(value)) {
				return fmt.Errorf("%q is not %s", string(value), kind.name)
			}
		}
	}
	return nil
}

// valueKinds are what the operators compare that do not compare texts, by a part of their names.
var valueKinds = []struct {
	operators, name string
	valid           func(string) bool
}{
	{"Null", "true or false", isBoolean},
	{"Bool", "true or false", isBoolean},
	{"Numeric", "a number", func(v string) bool {
		_, err := strconv.ParseFloat(v, 64)
		return err == nil
	}},
	{"Date", "a date as 2026-03-01T12:00:00Z or in seconds since 1970", func(v string) bool {
		_, err := parseDate(v)
		return err == nil
	}},
	{"IpAddress", "an address or a network as 10.0.0.0/8", func(v string) bool {
		_, notAddress := netip.ParseAddr(v)
		_, notNetwork := netip.ParsePrefix(v)
		return notAddress == nil || notNetwork == nil
	}},
}

func isBoolean(v string) bool {
	return strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
}
