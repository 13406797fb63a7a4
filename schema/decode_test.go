package schema_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

// sample has one member of every kind.
type sample struct {
	Name    sampleName          `json:"name"`
	Colour  *sampleColour       `json:"colour"`
	On      *bool               `json:"on"`
	Small   *sampleSmall        `json:"small"`
	Big     *int64              `json:"big" alias:"large"`
	Share   *sampleShare        `json:"share"`
	When    *schema.Timestamp   `json:"when"`
	Doc     schema.RawJSON      `json:"doc"`
	Words   sampleWords         `json:"words"`
	Details sampleDetails       `json:"details"`
	Inner   *sampleInner        `json:"inner"`
	Inners  []sampleInner       `json:"inners"`
	ByName  map[string]sampleIn `json:"byName"`
}

type sampleInner struct {
	Count int32    `json:"count"`
	List  []string `json:"list" required:"true"`
}

type sampleIn struct {
	Enabled *bool `json:"Enabled"`
}

type (
	sampleName    string
	sampleColour  string
	sampleSmall   int32
	sampleShare   schema.Decimal
	sampleWords   []string
	sampleDetails map[string]string
)

func (sampleName) Constraint() schema.Constraint   { return schema.Length(1, 8).Chars("a-z") }
func (sampleColour) Constraint() schema.Constraint { return schema.Enum("RED", "BLUE") }
func (sampleSmall) Constraint() schema.Constraint  { return schema.Range(-1, 10).Except(0) }
func (sampleShare) Constraint() schema.Constraint  { return schema.Number("0", "100", 2) }
func (sampleWords) Constraint() schema.Constraint {
	return schema.Items(1, 3).Each(schema.Length(0, 3))
}
func (sampleDetails) Constraint() schema.Constraint {
	return schema.Items(0, 2).Keys(schema.Pattern("[a-z]+")).Each(schema.Length(1, 5).Secret().OrScalar())
}

var decodeFailures = []struct {
	rule, body string
	code       fault.Code
	says       string
}{
	{"R-WIRE-8", `{`, fault.Malformed, "at byte 1"},
	{"R-WIRE-8", `[]`, fault.Malformed, "an object"},
	{"R-WIRE-8", `"x"`, fault.Malformed, "an object"},
	{"R-WIRE-8", `null`, fault.Malformed, "an object"},
	{"R-WIRE-8", `{"name":"a"} x`, fault.Malformed, "follows the object"},
	{"R-WIRE-8", `{"name":"a",}`, fault.Malformed, "another entry"},
	{"R-WIRE-8", `{"name":"a" "on":true}`, fault.Malformed, "a comma"},
	{"R-WIRE-8", `{"unknown":[1,2,}`, fault.Malformed, "a value"},
	{"R-WIRE-8", `{"big":01}`, fault.Malformed, ""},
	{"R-WIRE-8", "{\"name\":\"a\nb\"}", fault.Malformed, "control character"},
	{"R-WIRE-8", "{\"name\":\"\xff\"}", fault.Malformed, "UTF-8"},
	{"R-WIRE-8", `{"name":"\x"}`, fault.Malformed, "escape"},
	{"R-WIRE-8", `{"unknown":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`, fault.Malformed, "nested"},

	{"R-WIRE-8", `{"name":1}`, fault.Invalid, "name: expected a string, got a number"},
	{"R-WIRE-8", `{"name":"a","on":"true"}`, fault.Invalid, "on: expected a boolean, got a string"},
	{"R-WIRE-8", `{"name":"a","big":"1"}`, fault.Invalid, "big: expected an integer, got a string"},
	{"R-WIRE-8", `{"name":"a","big":1.0}`, fault.Invalid, "big: expected an integer"},
	{"R-WIRE-8", `{"name":"a","small":4294967297}`, fault.Invalid, "small: expected an integer of 32 bits"},
	{"R-WIRE-8", `{"name":"a","inner":[]}`, fault.Invalid, "inner: expected an object, got a list"},
	{"R-WIRE-8", `{"name":"a","inners":[{"count":1,"list":[]},{"count":"1","list":[]}]}`, fault.Invalid,
		"inners[1].count: expected an integer, got a string"},
	{"R-WIRE-8", `{"name":"a","words":["x",null]}`, fault.Invalid, "words[1]: expected a string, got null"},
	{"R-WIRE-8", `{"name":"a","byName":{"x":{"Enabled":1}}}`, fault.Invalid, `byName["x"].Enabled: expected a boolean`},

	{"R-ERR-11", ``, fault.Invalid, "name: required, but missing"},
	{"R-ERR-11", `{}`, fault.Invalid, "name: required, but missing"},
	{"R-WIRE-9", `{"name":null}`, fault.Invalid, "name: required, but missing"},
	{"R-ERR-11", `{"name":"a","inner":{"count":1}}`, fault.Invalid, "inner.list: required, but missing"},
	{"R-ERR-11", `{"name":"A"}`, fault.Invalid, `name: the value "A" is refused: must match [a-z]+`},
	{"R-ERR-11", `{"name":""}`, fault.Invalid, "length 0 is not in 1..8"},
	{"R-ERR-11", `{"name":"abcdefghi"}`, fault.Invalid, "length 9 is not in 1..8"},
	{"R-ERR-11", `{"name":"a","colour":"PINK"}`, fault.Invalid, "must be one of RED, BLUE"},
	{"R-ERR-11", `{"name":"a","small":11}`, fault.Invalid, "small: 11 is not in -1..10"},
	{"R-ERR-11", `{"name":"a","small":0}`, fault.Invalid, "small: 0 is not allowed"},
	{"R-ERR-11", `{"name":"a","words":[]}`, fault.Invalid, "words: 0 items are not in 1..3"},
	{"R-ERR-11", `{"name":"a","words":["a","b","c","d"]}`, fault.Invalid, "words: 4 items"},
	{"R-ERR-11", `{"name":"a","words":["abcd"]}`, fault.Invalid, `words[0]: the value "abcd"`},
	{"R-ERR-11", `{"name":"a","details":{"A":"x"}}`, fault.Invalid, `details: a key: the value "A"`},
	{"R-ERR-11", `{"name":"a","details":{"a":"1","b":"2","c":"3"}}`, fault.Invalid, "details: 3 items"},
	{"R-HTTP-29", `{"name":"a","details":{"a":"secret"}}`, fault.Invalid,
		`details["a"]: the value is refused: length 6 is not in 1..5`},
	{"R-WIRE-8", `{"name":"a","details":{"a":true}}`, fault.Invalid,
		`details["a"]: expected a string, got a boolean`},
	{"R-ERR-10", `{"inners":[{}],"colour":"PINK","name":"A"}`, fault.Invalid, "name: "},
	{"R-ERR-10", `{"small":99,"colour":"PINK","name":"a"}`, fault.Invalid, "colour: "},
	{"R-ERR-10", `{"small":99,"colour":"RED"}`, fault.Invalid, "name: required"},
	{"R-ERR-9", `{"name":"A","unknown":tru}`, fault.Malformed, ""},
}

func TestDecodeFailures(t *testing.T) {
	t.Parallel()
	for _, row := range decodeFailures {
		var got sample
		err := schema.Decode([]byte(row.body), &got, schema.Decoding{})
		f := fault.Of(err)
		if f == nil || f.Code != row.code || !strings.Contains(f.Message, row.says) {
			t.Errorf("%s: %s:\n got %v\nwant %s with %q", row.rule, clip(row.body), err, row.code, row.says)
		}
		if f != nil && strings.Contains(f.Message, "secret") {
			t.Errorf("%s: the message repeats a status detail: %s", row.rule, f.Message)
		}
	}
}

func clip(s string) string { return s[:min(len(s), 120)] }

func TestDecode(t *testing.T) {
	t.Parallel()
	body := ` { "unknown" : {"a":[1,2,{}],"b":"\ud83d\ude00"}, "name":"abc", "colour":"BLUE", "on":true, "small":-1,
		"large":9007199254740993, "share":10.50, "when":1560787022.733, "doc": {"b": 1.0,  "a":[]},
		"words":["x","\u00e9"], "details":{"k":"v","gone":null}, "inner":{"count":0,"list":[]},
		"inners":[{"list":["y"],"count":7}], "byName":{"N":{"Enabled":false}}, "name":"last" } `
	want := sample{
		Name: "last", Colour: new(sampleColour("BLUE")), On: new(true), Small: new(sampleSmall(-1)),
		Big: new(int64(9007199254740993)), Share: new(sampleShare("10.50")),
		When: new(schema.Timestamp(1560787022733)), Doc: schema.RawJSON(`{"b": 1.0,  "a":[]}`),
		Words: sampleWords{"x", "é"}, Details: sampleDetails{"k": "v"},
		Inner:  &sampleInner{Count: 0, List: []string{}},
		Inners: []sampleInner{{Count: 7, List: []string{"y"}}},
		ByName: map[string]sampleIn{"N": {Enabled: new(false)}},
	}
	var got sample
	if err := schema.Decode([]byte(body), &got, schema.Decoding{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("R-WIRE-9: decode (-want +got):\n%s", diff)
	}
}

// The last of repeated members wins, a null too, and nothing is merged.
func TestDecodeRepeated(t *testing.T) {
	t.Parallel()
	var got sample
	body := `{"name":"a","words":["x","y"],"words":["z"],"on":true,"on":null,"details":{"a":"1"},"details":{"b":"2"}}`
	if err := schema.Decode([]byte(body), &got, schema.Decoding{}); err != nil {
		t.Fatal(err)
	}
	want := sample{Name: "a", Words: sampleWords{"z"}, Details: sampleDetails{"b": "2"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeLenient(t *testing.T) {
	t.Parallel()
	lenient := schema.Decoding{Lenient: true, Depth: 3}
	var got sample
	body := "{\"name\":\"a\",\"big\":\"12\",\"on\":\"True\",\"details\":{\"a\":\"\xffx\"}}"
	if err := schema.Decode([]byte(body), &got, lenient); err != nil {
		t.Fatal(err)
	}
	want := sample{Name: "a", Big: new(int64(12)), On: new(true), Details: sampleDetails{"a": "\uFFFDx"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("R-HTTP-20, R-CLI-15 (-want +got):\n%s", diff)
	}
	for rule, body := range map[string]string{
		"R-HTTP-20": `{"name":"a","big":"x1"}`,
		"R-MQTT-14": `{"name":"a","big":"+1"}`,
		"R-MQTT-47": `{"name":"a","details":{"a":{}}}`,
		"R-MQTT-12": `{"name":1}`,
		"R-CLI-15":  "{\"name\":\"a\",\xff}",
	} {
		if err := schema.Decode([]byte(body), new(sample), lenient); err == nil {
			t.Errorf("%s: %q is accepted", rule, body)
		}
	}
	deep := `{"name":"a","x":{"x":{"x":{}}}}`
	if err := schema.Decode([]byte(deep), new(sample), lenient); !fault.Is(err, fault.Malformed) {
		t.Errorf("R-MQTT-47: nesting 4 of 3: %v", err)
	}
}

// What can be read is read although something before it is wrong (R-MQTT-13).
func TestDecodeKeepsWhatItCan(t *testing.T) {
	t.Parallel()
	var got sample
	err := schema.Decode([]byte(`{"words":[1,"a"],"inner":{"list":7},"colour":"PINK","name":"abc"}`), &got, schema.Decoding{})
	if !fault.Is(err, fault.Invalid) || got.Name != "abc" || got.Colour != nil {
		t.Errorf("R-MQTT-13: got %v and %+v", err, got)
	}
}

// In a map whose values are pointers null is a value, as a merge patch needs it; any other value is
// read and checked as always, and what was read is written the same.
func TestMergePatch(t *testing.T) { // R-STR-1
	t.Parallel()
	type patch struct {
		Settings map[string]*sampleName `json:"settings" required:"true"`
	}
	for _, row := range []struct {
		body string
		want map[string]*sampleName
		err  string
	}{
		{`{"settings":{"a":null,"b":"x"}}`, map[string]*sampleName{"a": nil, "b": new(sampleName("x"))}, ""},
		{`{"settings":{}}`, map[string]*sampleName{}, ""},
		{`{"settings":null}`, nil, "Invalid: settings: required"},
		{`{"settings":{"a":"X"}}`, map[string]*sampleName{}, `Invalid: settings["a"]: the value "X" is refused: must match [a-z]+`},
		{`{"settings":{"a":7}}`, map[string]*sampleName{}, `Invalid: settings["a"]: expected a string, got a number`},
		{`{"settings":{"a":nul}}`, map[string]*sampleName{}, "Malformed: "},
	} {
		var got patch
		err := schema.Decode([]byte(row.body), &got, schema.Decoding{})
		if diff := cmp.Diff(row.want, got.Settings); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.body, diff)
		}
		if err == nil != (row.err == "") || err != nil && !strings.HasPrefix(err.Error(), row.err) {
			t.Errorf("%s: %v, want %q", row.body, err, row.err)
		}
		if text := string(schema.Append(nil, got)); row.err == "" && text != row.body {
			t.Errorf("%s is written as %s", row.body, text)
		}
	}
}
