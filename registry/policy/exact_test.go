package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/drover-iot/drover/internal/fault"
)

// A document that is created is exact: every key is written as in R-ID-24, stands once and has a
// value, and every wanted value can be compared (R-ID-23, R-ID-31).
func TestExact(t *testing.T) {
	t.Parallel()
	rest := `"Action":"a","Resource":"*"`
	statement := func(s string) string { return `{"Statement":[{` + s + `}]}` }
	when := func(condition string) string {
		return statement(`"Effect":"Deny",` + rest + `,"Condition":` + condition)
	}
	for _, tt := range []struct{ text, says string }{
		{`{"version":"2012-10-17","Statement":[]}`, `Statement is missing`},
		{`{"version":"2012-10-17",` + statement(`"Effect":"Deny",` + rest)[1:],
			`unknown field "version": it is written Version`},
		{`{"ID":"x",` + statement(`"Effect":"Deny",` + rest)[1:], `it is written Id`},
		{`{"STATEMENT":[{"Effect":"Deny",` + rest + `}]}`, `it is written Statement`},
		{`{"Statement":[{"Effect":"Deny",` + rest + `}],"Statement":[{"Effect":"Allow",` + rest + `}]}`,
			`"Statement" stands twice`},
		{`{"Version":null,` + statement(`"Effect":"Deny",` + rest)[1:], `Version: null is not a value`},
		{statement(`"effect":"Allow",` + rest), `Statement[0]: unknown field "effect": it is written Effect`},
		{statement(`"Effect":"Deny","Effect":"Allow",` + rest), `Statement[0]: "Effect" stands twice`},
		{statement(`"Effect":"Allow","E\u0066fect":"Deny",` + rest), `Statement[0]: "Effect" stands twice`},
		{statement(`"Effect":"Deny","effect":"Allow",` + rest), `Statement[0]: unknown field "effect"`},
		{statement(`"Effect":"Allow","action":"a","Resource":"*"`), `it is written Action`},
		{statement(`"Effect":"Allow","Notaction":"a","Resource":"*"`), `it is written NotAction`},
		{statement(`"Effect":"Allow","Action":"a","resource":"*"`), `it is written Resource`},
		{statement(`"Effect":"Allow","Action":"a","NOTRESOURCE":"*"`), `it is written NotResource`},
		{statement(`"Effect":"Allow","Action":"b",` + rest), `"Action" stands twice`},
		{statement(`"Effect":"Allow","Resource":"b",` + rest), `"Resource" stands twice`},
		{statement(`"Effect":"Allow","sid":"b",` + rest), `it is written Sid`},
		{statement(`"Effect":"Allow","Sid":"b","Sid":"b",` + rest), `"Sid" stands twice`},
		{statement(`"Effect":"Allow","condition":{},` + rest), `it is written Condition`},
		{statement(`"Effect":"Allow","Condition":{},"Condition":{},` + rest), `"Condition" stands twice`},
		{when(`null`), `Condition: null is not a value`},
		{when(`{"Bool":null}`), `Condition: Bool: null is not a value`},
		{when(`{"Bool":{}}`), `Condition: Bool: names no key`},
		{when(`{"Bool":{"k":[]}}`), `Condition: Bool: k: has no value`},
		{when(`{"Bool":{"k":"true"},"Bool":{"k":"false"}}`), `Condition: "Bool" stands twice`},
		{when(`{"Bool":{"k":"true","k":"false"}}`), `Condition: Bool: "k" stands twice`},
		{when(`{"bool":{"k":"true"}}`), `Condition: unknown operator "bool"`},
		{when(`{"NullIfExists":{"k":"true"}}`), `Condition: unknown operator "NullIfExists"`},
		{when(`{"ForAnyValue:Null":{"k":"true"}}`), `Condition: unknown operator "ForAnyValue:Null"`},
		{when(`{"Null":{"k":"maybe"}}`), `Condition: Null: k: "maybe" is not true or false`},
		{when(`{"BoolIfExists":{"k":"1"}}`), `"1" is not true or false`},
		{when(`{"NumericLessThan":{"k":["1","x"]}}`), `"x" is not a number`},
		{when(`{"DateEquals":{"k":"noon"}}`), `"noon" is not a date`},
		{when(`{"NotIpAddress":{"k":"10.0.0.0/33"}}`), `"10.0.0.0/33" is not an address`},
	} {
		_, err := Parse(tt.text)
		if !fault.Is(err, fault.MalformedPolicy) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("R-ID-23 %s: %v, want %s", tt.text, err, tt.says)
		}
	}
	for _, condition := range []string{`{}`, `{"StringEquals":{"k":""}}`, `{"Null":{"k":true}}`,
		`{"Bool":{"k":"TRUE"}}`, `{"NumericEquals":{"k":["1",2.5,"-1e3","${iot:ClientId}"]}}`,
		`{"ForAnyValue:DateLessThanIfExists":{"k":["2026-03-01T12:00:00Z",60]}}`,
		`{"IpAddress":{"k":["10.0.0.1","10.0.0.0/8","::1","2001:db8::/32","${aws:SourceIp}"]}}`,
		`{"Bool":{"k":"true"},"BoolIfExists":{"k":"true"}}`} {
		if _, err := Parse(when(condition)); err != nil {
			t.Errorf("%s: %v", condition, err)
		}
	}
}

// What an earlier version has stored is in effect as it was: with keys in any case, and of a key
// that stands twice with the last; but no Allow that stands beside a Deny allows (R-ID-23).
func TestStoredByEarlierVersions(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]Decision{
		`"effect":"Allow","ACTION":"a","resource":"*"`:                  Allowed,
		`"effect":"Deny","action":"a","resource":"*"`:                   ExplicitDeny,
		`"Effect":"Deny","Effect":"Allow","Action":"a","Resource":"*"`:  ExplicitDeny,
		`"Effect":"Allow","Effect":"Deny","Action":"a","Resource":"*"`:  ExplicitDeny,
		`"Effect":"Deny","effect":"Allow","Action":"a","Resource":"*"`:  ExplicitDeny,
		`"Effect":"Allow","Action":"b","Action":"a","Resource":"*"`:     Allowed,
		`"Effect":"Allow","Action":"a","action":"b","Resource":"*"`:     ImplicitDeny,
		`"Effect":"Allow","Effect":"Allow","Action":"a","Resource":"*"`: Allowed,
	} {
		text := fmt.Sprintf(`{"Statement":{%s}}`, statement)
		if _, err := Parse(text); !fault.Is(err, fault.MalformedPolicy) {
			t.Errorf("R-ID-23 %s is created: %v", statement, err)
		}
		stored, err := ParseStored(text)
		if err != nil {
			t.Errorf("%s: %v", statement, err)
			continue
		}
		request := Request{Action: "a", Resource: "r"}
		if got := Evaluate([]*Document{stored}, request); got != want {
			t.Errorf("R-ID-23 %s: %d, want %d", statement, got, want)
		}
	}
	if _, err := ParseStored(`{"Statement":{"Effect":["Deny"],"Action":"a","Resource":"*"}}`); err == nil {
		t.Error("an Effect that is a list is accepted")
	}
}

// Operators without a word for sets on a key with several values: one value is enough for what they
// ask, and none may be what they exclude (R-ID-31). x stands for a value that is wanted, o for one
// that is not.
func TestSeveralValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		values                        string
		positive, negated             bool
		anyPositive, anyNegated       bool
		allPositive, allNegated       bool
		ifExists, negatedIfExists     bool
		anyNegatedIfExists, wantsNull bool
	}{
		{"x", true, false, true, false, true, false, true, false, false, false},
		{"o", false, true, false, true, false, true, false, true, true, false},
		{"x o", true, false, true, true, false, false, true, false, true, false},
		{"o x", true, false, true, true, false, false, true, false, true, false},
		{"x X", true, false, true, false, true, false, true, false, false, false},
		{"o o", false, true, false, true, false, true, false, true, true, false},
		{"", false, true, false, false, true, true, true, true, false, true},
	} {
		context := &Context{ConnectAttributes: strings.Fields(tt.values)}
		for operator, positive := range map[string]string{
			"StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
			"StringNotLike":             "StringLike",
			"ArnNotEquals":              "ArnEquals",
			"ArnNotLike":                "ArnLike",
			"StringNotEquals":           "StringEquals",
		} {
			for form, want := range map[string]bool{
				positive:                               tt.positive,
				operator:                               tt.negated,
				"ForAnyValue:" + positive:              tt.anyPositive,
				"ForAnyValue:" + operator:              tt.anyNegated,
				"ForAllValues:" + positive:             tt.allPositive,
				"ForAllValues:" + operator:             tt.allNegated,
				positive + "IfExists":                  tt.ifExists,
				operator + "IfExists":                  tt.negatedIfExists,
				"ForAnyValue:" + operator + "IfExists": tt.anyNegatedIfExists,
				"Null":                                 tt.wantsNull,
			} {
				wanted := "x,X"
				if form == "Null" {
					wanted = "true"
				}
				c := condense(t, form, "iot:ConnectAttributes", wanted)
				if got := c.holds(context); got != want {
					t.Errorf("R-ID-31 %s of %q is %v", form, tt.values, got)
				}
			}
		}
	}
	for _, tt := range []struct {
		operator, want, values string
		holds                  bool
	}{
		{"NotIpAddress", "10.0.0.0/8", "10.0.0.1 192.0.2.1", false},
		{"NotIpAddress", "10.0.0.0/8", "192.0.2.1 192.0.2.2", true},
		{"NumericNotEquals", "5", "5.0 6", false},
		{"NumericNotEquals", "5", "6 7", true},
		{"DateNotEquals", "60", "1970-01-01T00:01:00Z 61", false},
		{"DateNotEquals", "60", "61 62", true},
		{"StringNotEquals", "a,b", "c b", false},
		{"StringNotEquals", "${iot:ConnectAttributes}", "a b", false}, // no variable: two values
	} {
		context := &Context{ConnectAttributes: strings.Fields(tt.values)}
		c := condense(t, tt.operator, "iot:ConnectAttributes", tt.want)
		if got := c.holds(context); got != tt.holds {
			t.Errorf("R-ID-31 %s %s of %q is %v", tt.operator, tt.want, tt.values, got)
		}
	}
}
