package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/drover-iot/drover/internal/fault"
)

// Every operator on both sides of what it asks, and negated (R-ID-31).
func TestOperators(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ operator, value, holds, fails string }{
		{"StringEquals", "Pump", "Pump", "pump"},
		{"StringEquals", "a*", "a*", "ab"},
		{"StringEqualsIgnoreCase", "Pump", "pUMP", "pumps"},
		{"StringLike", "pump-07", "pump-*", "Pump-*"},
		{"StringLike", "pump-07", "pump-0?", "pump-?"},
		{"ArnEquals", "arn:a:b", "arn:*", "arn"},
		{"ArnLike", "arn:a:b", "arn:?:b", "arn:?:c"},
		{"Bool", "true", "TRUE", "false"},
		{"IpAddress", "10.0.8.21", "10.0.8.21", "10.0.8.22"},
		{"IpAddress", "10.0.8.21", "10.0.8.16/28", "10.0.8.0/28"},
		{"IpAddress", "2001:db8::1", "2001:db8::/32", "2001:db9::/32"},
		{"IpAddress", "10.0.8.21", "10.0.8.21/32", "x"},
		{"NumericEquals", "7", "7.0", "8"},
		{"NumericLessThan", "7", "8", "7"},
		{"NumericLessThanEquals", "7", "7", "6"},
		{"NumericGreaterThan", "7", "6", "7"},
		{"NumericGreaterThanEquals", "7", "7", "8"},
		{"NumericEquals", "7", "7", "x"},
		{"DateEquals", "2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", "2026-03-01T13:00:00Z"},
		{"DateEquals", "1970-01-01T00:01:00Z", "60", "61"},
		{"DateLessThan", "2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z", "2026-03-01T12:00:00Z"},
		{"DateLessThanEquals", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z",
			"2026-03-01T11:59:59Z"},
		{"DateGreaterThan", "2026-03-01T12:00:00Z", "2026-03-01T11:59:59Z", "2026-03-01T12:00:00Z"},
		{"DateGreaterThanEquals", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z",
			"2026-03-01T12:00:01Z"},
		{"DateEquals", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z", "noon"},
	} {
		check := func(operator, want string, holds bool) {
			t.Helper()
			if got := condense(t, operator, "iot:ClientId",
				want).holds(&Context{ClientID: tt.value}); got != holds {
				t.Errorf("%s: %s of %s is %v", operator, tt.value, want, got)
			}
		}
		check(tt.operator, tt.holds, true)
		check(tt.operator, tt.fails, false)
		for negation, of := range negations {
			if of == tt.operator {
				check(negation, tt.holds, false)
				check(negation, tt.fails, true)
			}
		}
	}
}

// What cannot be compared is not equal, not less and not greater: neither a value of the key nor a
// wanted one counts as 0, as the first of all times or as an address (R-ID-31).
func TestNotComparable(t *testing.T) {
	t.Parallel()
	const noon = "2026-03-01T12:00:00Z"
	for _, tt := range []struct{ operator, value, want string }{
		{"NumericEquals", "x", "0"},
		{"NumericEquals", "0", "x"},
		{"NumericEquals", "x", "y"},
		{"NumericLessThan", "x", "5"},
		{"NumericLessThan", "-5", "x"},
		{"NumericLessThanEquals", "x", "y"},
		{"NumericGreaterThan", "5", "x"},
		{"NumericGreaterThan", "x", "-5"},
		{"NumericGreaterThanEquals", "x", "y"},
		{"DateEquals", "x", "y"},
		{"DateEquals", "x", "0001-01-01T00:00:00Z"},
		{"DateEquals", "0001-01-01T00:00:00Z", "x"},
		{"DateLessThan", "x", noon},
		{"DateLessThan", "x", "y"},
		{"DateGreaterThan", noon, "x"},
		{"DateGreaterThanEquals", "x", "y"},
		{"IpAddress", "x", "10.0.0.0/8"},
		{"IpAddress", "x", "10.0.0.1"},
		{"IpAddress", "x", "x"},
		{"IpAddress", "10.0.0.1", "10.0.0.0/33"},
		{"IpAddress", "10.0.0.1", "::/0"}, // the other version
		{"IpAddress", "::1", "0.0.0.0/0"},
	} {
		c := condense(t, tt.operator, "iot:ClientId", tt.want)
		if c.holds(&Context{ClientID: tt.value}) {
			t.Errorf("R-ID-31 %s: %s of %s is true", tt.operator, tt.value, tt.want)
		}
	}
}

// A wanted value with a variable that does not resolve equals nothing, its own text neither: a
// client could name itself so (R-ID-30).
func TestUnresolvedIsNoText(t *testing.T) {
	t.Parallel()
	const text = "${no:such}"
	for _, operator := range []string{"StringEquals", "StringLike", "StringEqualsIgnoreCase",
		"ArnLike", "ForAnyValue:StringEquals", "ForAllValues:StringEquals", "StringEqualsIfExists",
		"StringNotEquals", "StringNotLike"} {
		if condense(t, operator, "iot:ClientId", text).holds(&Context{ClientID: text}) {
			t.Errorf("R-ID-30 %s of %s is true", operator, text)
		}
		const empty = "iot:Connection.Thing.Attributes[empty]"
		if condense(t, operator, empty, text).holds(connection()) {
			t.Errorf("R-ID-30 %s of %s and an empty value is true", operator, text)
		}
	}
}

// condense compiles one condition with one wanted value, or several between commas.
func condense(t *testing.T, operator, key, want string) condition {
	t.Helper()
	values := []conditionValue{}
	for value := range strings.SplitSeq(want, ",") {
		values = append(values, conditionValue(value))
	}
	compiled, err := compileConditions(map[string]map[string]oneOrMany[conditionValue]{operator: {key: values}})
	if err != nil || len(compiled) != 1 {
		t.Fatalf("%s: %v", operator, err)
	}
	return compiled[0]
}

// A key that is absent: positive operators are false, negated ones, ForAllValues: and …IfExists true;
// none of its values can meet anything, so that ForAnyValue: is false in all forms (R-ID-31).
func TestAbsentKey(t *testing.T) {
	t.Parallel()
	for operator := range tests {
		for form, want := range map[string]bool{operator: false, operator + "IfExists": true,
			"ForAllValues:" + operator: true, "ForAnyValue:" + operator: false} {
			if got := condense(t, form, "no:such", "1").holds(&Context{}); got != want {
				t.Errorf("%s of an absent key is %v", form, got)
			}
		}
	}
	for operator := range negations {
		for form, want := range map[string]bool{operator: true, "ForAllValues:" + operator: true,
			"ForAnyValue:" + operator: false} {
			if got := condense(t, form, "no:such", "1").holds(&Context{}); got != want {
				t.Errorf("%s of an absent key is %v", form, got)
			}
		}
	}
	for _, form := range []string{"ForAnyValue:StringEqualsIfExists",
		"ForAnyValue:StringNotLikeIfExists"} {
		if condense(t, form, "no:such", "1").holds(&Context{}) {
			t.Errorf("%s of an absent key is true", form)
		}
	}
	for want, absent := range map[string]bool{"true": true, "false": false, "TRUE": true} {
		if condense(t, "Null", "no:such", want).holds(&Context{}) != absent ||
			condense(t, "Null", "iot:ClientId", want).holds(&Context{ClientID: "c"}) == absent {
			t.Errorf("Null %s", want)
		}
	}
}

// A key with several values: all of them, or one of them (R-ID-31).
func TestSets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		operator, want string
		values         string
		holds          bool
	}{
		{"ForAllValues:StringEquals", "a,b,c", "a b", true},
		{"ForAllValues:StringEquals", "a,c", "a b", false},
		{"ForAnyValue:StringEquals", "c,b", "a b", true},
		{"ForAnyValue:StringEquals", "c,d", "a b", false},
		{"ForAllValues:StringNotEquals", "c,d", "a b", true},
		{"ForAllValues:StringNotEquals", "b,c", "a b", false},
		{"ForAnyValue:StringNotEquals", "b,c", "a b", true},
		{"ForAnyValue:StringLike", "x*", "a xy", true},
	} {
		context := &Context{ConnectAttributes: strings.Fields(tt.values)}
		if got := condense(t, tt.operator, "iot:ConnectAttributes",
			tt.want).holds(context); got != tt.holds {
			t.Errorf("%s: %s of %s is %v", tt.operator, tt.values, tt.want, got)
		}
	}
}

// What a document that does not parse is told: where, and what (R-ID-23, R-ID-24, R-ID-31).
func TestMalformedTexts(t *testing.T) {
	t.Parallel()
	statement := func(s string) string {
		return `{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*"},{` + s + `}]}`
	}
	for _, tt := range []struct{ text, says string }{
		{`{"Version":"2020-01-01"}`, `Version "2020-01-01" is not 2012-10-17 or 2008-10-17`},
		{`{"Version":"2012-10-17"}`, "Statement is missing"},
		{statement(`"Effect":"allow"`), `Statement[1]: Effect must be Allow or Deny, not "allow"`},
		{statement(`"Effect":"Allow","Resource":"*"`), "Statement[1]: Action is missing"},
		{statement(`"Effect":"Allow","Action":"a","NotAction":"b","Resource":"*"`),
			"Statement[1]: Action and NotAction exclude each other"},
		{statement(`"Effect":"Allow","Action":"a"`), "Statement[1]: Resource is missing"},
		{statement(`"Effect":"Allow","Action":[],"Resource":"*"`),
			"Statement[1]: Action is missing"},
		{statement(`"Effect":"Allow","Action":"a","Resource":"*","Condition":{"Sounds":{"a":"b"}}`),
			`Statement[1]: Condition: unknown operator "Sounds"`},
		{statement(`"Effect":"Allow","Action":"a","Resource":"*","Condition":{"Bool":{"a":[{}]}}`),
			"Statement[1]: a condition value must be a string, a number or a boolean"},
		{statement(`"Effect":"Allow","Action":"a","Resource":"*","Condition":{"Bool":{"a":null}}`),
			"Statement[1]: a condition value must be a string, a number or a boolean"},
		{statement(`"Effect":"Allow","Action":"a","Resource":"*","Condition":{"Bool":{"a":["x",null]}}`),
			"Statement[1]: a condition value must be a string, a number or a boolean"},
		{statement(`"Effect":"Allow","Action":"a","Resource":"*","Condition":{"Bool":{"a":[["x"]]}}`),
			"Statement[1]: a condition value must be a string, a number or a boolean"},
		{allow("*", strings.Repeat("x", 2048)), "characters, at most 2048 are allowed"},
		{`{"Statement":[]} x`, "must be JSON; at byte 17 (line 1, column 18): the text goes on after " +
			"its JSON value"},
		{"{\"Statement\":[\n {},\n]}", "must be JSON; at byte 18 (line 2, column 4): a comma stands " +
			"before ']'"},
		{`{Version:2012-10-17}`, "must be JSON; at byte 1 (line 1, column 2): Version must stand in " +
			"double quotes; a shell removes those that are not quoted themselves"},
		{"", "must be JSON; the text is empty"},
		{`{"Principal":"*"}`, `policyDocument: unknown field "Principal"`},
		{`[]`, "policyDocument: expected an object, got a list"},
		{`5`, "policyDocument: expected an object, got a number"},
		{`null`, "Statement is missing"},
		{`{"Version":1}`, "policyDocument: Version: expected a string, got a number"},
		{`{"Statement":null}`, "policyDocument: Statement: expected an object, got null"},
		{`{"Statement":5}`, "Statement[0]: expected an object, got a number"},
		{statement(`"Effect":["Allow"]`), "Statement[1]: Effect: expected a string, got a list"},
		{statement(`"Effect":null`), `Statement[1]: Effect must be Allow or Deny, not ""`},
		{statement(`"Action":5`), "Statement[1]: Action: expected a string, got a number"},
		{statement(`"Action":["a",{}]`), "Statement[1]: Action: expected a string, got an object"},
		{statement(`"Action":[["a"]]`), "Statement[1]: Action: expected a string, got a list"},
		{statement(`"Effect":"Allow","Action":"a","NotResource":null`),
			"Statement[1]: NotResource: expected a string, got null"},
		{statement(`"Effect":"Allow","Action":"a","Resource":["b",null]`),
			"Statement[1]: Resource: expected a string, got null"},
		{statement(`"Condition":[]`), "Statement[1]: Condition: expected an object, got a list"},
		{statement(`"Condition":{"Bool":true}`), "Condition: expected an object, got a boolean"},
		{statement(`"Principal":"*"`), `Statement[1]: unknown field "Principal"`},
	} {
		_, err := Parse(tt.text)
		f := fault.Of(err)
		if f == nil || f.Code != fault.MalformedPolicy ||
			!strings.HasPrefix(f.Message, "policyDocument: ") ||
			!strings.Contains(f.Message, tt.says) {
			t.Errorf("%.60s: %v, want %s", tt.text, err, tt.says)
		}
	}
}

// The size counts characters, white space not among them: 2048 pass, 2049 do not (R-ID-23).
func TestSize(t *testing.T) {
	t.Parallel()
	const frame = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"%s"}}`
	fits := 2048 - len(fmt.Sprintf(frame, ""))
	for n, ok := range map[int]bool{fits: true, fits + 1: false} {
		text := fmt.Sprintf(frame, strings.Repeat("é", n))
		if _, err := Parse("\n\t " + text + strings.Repeat(" ", 3000)); (err == nil) != ok {
			t.Errorf("%d characters: %v", 2048-fits+n, err)
		}
	}
}

// Several policies, statements and actions together, in any order (R-ID-25, R-ID-28).
func TestTogether(t *testing.T) {
	t.Parallel()
	documents := map[string]string{
		"a": `{"Statement":[{"Effect":"Allow","Action":["iot:Publish","iot:Subscribe"],"Resource":["x","y"]}]}`,
		"d": `{"Statement":[{"Effect":"Deny","Action":"iot:publish","Resource":"y"}]}`,
		"n": `{"Statement":[{"Effect":"Allow","NotAction":"iot:Connect","NotResource":["x","y"]}]}`,
	}
	for _, tt := range []struct {
		policies, action, resource string
		want                       Decision
	}{
		{"a", "iot:Publish", "x", Allowed},
		{"a", "iot:Publish", "z", ImplicitDeny},
		{"a", "iot:Connect", "x", ImplicitDeny},
		{"a", "IOT:SUBSCRIBE", "y", Allowed},
		{"a", "iot:Publish", "X", ImplicitDeny},
		{"ad", "iot:Publish", "y", ExplicitDeny},
		{"da", "iot:Publish", "y", ExplicitDeny},
		{"ad", "iot:Publish", "x", Allowed},
		{"da", "iot:Subscribe", "y", Allowed},
		{"n", "iot:Publish", "z", Allowed},
		{"n", "iot:Publish", "x", ImplicitDeny},
		{"n", "iot:Connect", "z", ImplicitDeny},
		{"", "iot:Publish", "x", ImplicitDeny},
	} {
		var compiled []*Document
		for _, name := range tt.policies {
			p, err := Parse(documents[string(name)])
			if err != nil {
				t.Fatal(err)
			}
			compiled = append(compiled, p)
		}
		if got := Evaluate(compiled, Request{Action: tt.action,
			Resource: tt.resource}); got != tt.want {
			t.Errorf("%q: %s on %s is %d, want %d", tt.policies, tt.action, tt.resource, got,
				tt.want)
		}
	}
}

// Whatever text comes in, it compiles or is refused as a policy, and what compiles can be asked.
func FuzzParse(f *testing.F) {
	for _, condition := range []string{`{"Bool":{"iot:ClientId":true}}`,
		`{"ForAllValues:StringLike":{"x":["${a}","*"]}}`, `{"Null":{"x":"y"}}`} {
		f.Add(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a","Resource":"*","Condition":` + condition + `}}`)
	}
	f.Add(allow("iot:*", "${iot:ClientId}"))
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			if !fault.Is(err, fault.MalformedPolicy) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		Evaluate([]*Document{p}, Request{Action: "iot:Connect", Resource: clients + "c",
			Context: *connection()})
	})
}
