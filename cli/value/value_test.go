package value_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/value"
)

// What is read is written again with its order and its digits; the last of repeated keys wins in
// the place of the first (R-CMD-23, R-CMD-38, R-CMD-72).
func TestJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"b":1,"a":2,"b":3}`:                `{"b":3,"a":2}`,
		` [ 1.50 , -0, 1e400, true, null ] `: `[1.50,-0,1e400,true,null]`,
		`9223372036854775808`:                `9223372036854775808`,
		`{}`:                                 `{}`,
		`[]`:                                 `[]`,
		`"\u00e9\n\u0001\"\\<"`:              `"é\n\u0001\"\\<"`,
	} {
		v, err := value.ParseJSON(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := string(value.AppendJSON(nil, v, "", "")); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for text, says := range map[string]string{
		"":             "no value: line 1 column 1",
		"{\n \"a\": }": "line 2",
		"1 2":          "more than one value",
		"{'a':1}":      "invalid character",
		"[1,]":         "invalid character",
	} {
		if v, err := value.ParseJSON(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, %v; want %s", text, v, err, says)
		}
	}
}

func TestIndent(t *testing.T) {
	t.Parallel()
	v, err := value.ParseJSON(`{"a":[1,{}],"b":[]}`)
	if err != nil {
		t.Fatal(err)
	}
	want := "{\n>  \"a\": [\n>    1,\n>    {}\n>  ],\n>  \"b\": []\n>}"
	if diff := cmp.Diff(want, string(value.AppendJSON(nil, v, "  ", ">"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An object finds its keys on both sides of the size from which it has an index.
func TestObject(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 15, 16, 17, 1000} {
		o := &value.Object{}
		for i := range n {
			o.Set(fmt.Sprint(i), "first")
		}
		for i := range n {
			o.Set(fmt.Sprint(i), fmt.Sprint("v", i))
		}
		for i := range n {
			if got := o.Text(fmt.Sprint(i)); got != fmt.Sprint("v", i) || o.Fields[i].Key != fmt.Sprint(i) {
				t.Errorf("%d of %d: %q", i, n, got)
			}
		}
		if _, ok := o.Get("none"); ok || len(o.Fields) != n || o.Text("none") != "" {
			t.Errorf("%d keys: %d fields", n, len(o.Fields))
		}
	}
}

// Numbers of options (R-CMD-21, R-CMD-23, R-CMD-33) and of answers (R-CMD-66, R-CMD-70).
func TestNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]json.Number{
		"5": "5", " -7 ": "-7", "+3": "3", "99999999999999999999": "99999999999999999999",
		"": "", "1.5": "", "1_000": "", "0x10": "", "many": "",
	} {
		if got, ok := value.Integer(text); got != want || ok != (want != "") {
			t.Errorf("Integer(%q): %q, %v, want %q", text, got, ok, want)
		}
	}
	for text, want := range map[string]json.Number{
		"5": "5.0", " 1.50": "1.5", "1e3": "1000.0", "1e16": "1e+16", "0.0001": "0.0001", "0.00001": "1e-05",
		"": "", "NaN": "", "Inf": "", "0x1p3": "", "1_0": "",
	} {
		if got, ok := value.Decimal(text); got != want || ok != (want != "") {
			t.Errorf("Decimal(%q): %q, %v, want %q", text, got, ok, want)
		}
	}
}

func TestTypeName(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]value.Value{
		"object": &value.Object{}, "list": value.List{}, "boolean": true, "integer": json.Number("5"),
		"number": json.Number("5e1"), "string": "", "bytes": value.Raw{}, "null": nil,
	} {
		if got := value.TypeName(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	if got := value.Plain(value.Raw("ab")) + value.Plain("a") + value.Plain(json.Number("1.0")); got != `"YWI="a1.0` {
		t.Errorf("Plain: %s", got)
	}
}
