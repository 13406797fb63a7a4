package yaml_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/cli/yaml"
)

// What is read, as JSON (R-CMD-23, R-CMD-50).
func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"texts of 1.1", "a: yes\nb: No\nc: on\nd: off\ne: y\nf: 12:30:45", `{"a":"yes","b":"No","c":"on","d":"off","e":"y","f":"12:30:45"}`},
		{"booleans", "[true, True, TRUE, false, False, FALSE, tRUE]", `[true,true,true,false,false,false,"tRUE"]`},
		{"null", "[~, null, Null, NULL, '', nULL]", `[null,null,null,null,"","nULL"]`},
		{"nothing behind a key", "a:\nb:", `{"a":null,"b":null}`},
		{"leading zeros", "[010, 0o10, 00, -007, 08]", `[10,8,0,-7,8]`},
		{"bases", "[0x1F, 0b101, -0x10, 0o, 0x, 0xg, 0b2]", `[31,5,-16,"0o","0x","0xg","0b2"]`},
		{"any size", "[12345678901234567890123, 9223372036854775808]", `[12345678901234567890123,9223372036854775808]`},
		{"digits stay", "[1.50, 1e3, 1E+3, -2.5e-3, 0.10]", `[1.50,1e3,1E+3,-2.5e-3,0.10]`},
		{"points", "[.5, 5., +.5, -5., 007.5, ., .e1, +, e3, 5.e1]", `[0.5,5.0,0.5,-5.0,7.5,".",".e1","+","e3",5.0e1]`},
		{"signs", "[+5, -5, +-5, --5]", `[5,-5,"+-5","--5"]`},
		{"underscores", "[1_000, 1_0.5_0, _1, 1__0, 0x_]", `[1000,10.50,"_1",10,"0x_"]`},
		{"versions", "[1.2.3, 1.2.3-rc1, v1]", `["1.2.3","1.2.3-rc1","v1"]`},
		{"times without seconds", "a: 2024-01-01T10:00", `{"a":"2024-01-01T10:00"}`},
		{"quotes", `{a: '123', b: "no", c: 'it''s', d: "\u00e9\n\x41"}`, `{"a":"123","b":"no","c":"it's","d":"é\nA"}`},
		{"tags", "a: !!str 123\nb: !!int '5'\nc: !!float 5\nd: ! 12\ne: !!null ''\nf: !<tag:yaml.org,2002:str> 5", `{"a":"123","b":5,"c":5,"d":"12","e":null,"f":"5"}`},
		{"literal", "a: |\n  x\n   y\n\nb: |-\n  x\nc: |+\n  x\n\n", `{"a":"x\n y\n","b":"x","c":"x\n\n"}`},
		{"folded", "a: >\n  x\n  y\n\n  z\n", `{"a":"x y\nz\n"}`},
		{"line ends of Windows", "a: |\r\n  x\r\n  y\r\nb: c\r\n", `{"a":"x\ny\n","b":"c"}`},
		{"byte-order mark", "\ufeffa: b", `{"a":"b"}`},
		{"anchors", "a: &x {b: 1}\nc: *x\nd: [*x, *x]", `{"a":{"b":1},"c":{"b":1},"d":[{"b":1},{"b":1}]}`},
		{"anchored key", "&k a: b\nc: *k", `{"a":"b","c":"a"}`},
		{"merge", "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3, e: 4}", `{"a":{"b":1,"c":2},"d":{"c":3,"e":4,"b":1}}`},
		{"merge of several", "- &x {a: 1}\n- &y {a: 2, b: 3}\n- <<: [*x, *y]", `[{"a":1},{"a":2,"b":3},{"a":1,"b":3}]`},
		{"no merge", "'<<': 1", `{"<<":1}`},
		{"order", "z: 1\na: 2\nm: 3", `{"z":1,"a":2,"m":3}`},
		{"JSON", `{"a": [1, 2.50, "x", null, true], "b": {"c": "\/\u00e9"}}`, `{"a":[1,2.50,"x",null,true],"b":{"c":"/é"}}`},
		{"JSON with pairs of escapes", `{"a": "\ud83d\ude00"}`, `{"a":"😀"}`},
		{"JSON with tabs", "{\n\t\"a\": 1\n}", `{"a":1}`},
		{"a version behind comments", "# made by hand\n\n  # twice\n%YAML 1.2\n---\na: b\n", `{"a":"b"}`},
		{"a percent sign in a text", "# a\na: |\n  %YAML 1.2\n", `{"a":"%YAML 1.2\n"}`},
		{"one document with marks", "%YAML 1.2\n---\na: b\n...\n", `{"a":"b"}`},
		{"a comment", "# c\na: b # c\nc: d#e", `{"a":"b","c":"d#e"}`},
		{"nothing", "", `null`},
		{"only comments", "# c\n", `null`},
		{"a text", "in.yaml", `"in.yaml"`},
		{"binary", "!!binary YWJj", `"YWJj"`},
		{"a date", "2024-01-01", `"2024-01-01"`},
	} {
		v, err := yaml.Parse(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, string(value.AppendJSON(nil, v, "", ""))); diff != "" {
			t.Errorf("%s: %q (-want +got):\n%s", tt.name, tt.text, diff)
		}
	}
}

// Types of values that are no JSON: no member takes them as a text (R-CMD-50).
func TestTypes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2024-01-01": "date", "2024-01-01T10:00:00Z": "date", "2024-1-1 1:00:00.5 +01:00": "date", "'2024-01-01'": "string",
		"2024-01-01x": "string", "!!timestamp 2024-01-01": "date", "!!binary YWJj": "bytes", "!!binary ''": "bytes", "5": "integer", "5.0": "number",
	} {
		if v, err := yaml.Parse(text); err != nil || value.TypeName(v) != want {
			t.Errorf("%s: %s, %v, want %s", text, value.TypeName(v), err, want)
		}
	}
}

// What is refused, with the line (R-CMD-50).
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, says string }{
		{"a: 1\nb: 2\na: 3", `line 3: the key "a" is there already`},
		{"{\"a\": 1, 'a': 2}", `the key "a" is there already`},
		{"a: 1\n---\nb: 2", "line 2: a second document begins"},
		{"--- a\n--- b", "a second document begins"},
		{"a: 1\n---\n[", "line "},
		{"[a", "line 2 column 1: while parsing a flow sequence"},
		{"a: b: c", "line 1 column 5: "},
		{"a:\n\tb: c", "line 2 column 1: "},
		{"a: *x", "unknown anchor 'x'"},
		{"a: &x [*x]", "line 1: *x stands inside of what it names"},
		{"&x a: {b: &y {c: *y}}", "*y stands inside of what it names"},
		{"a: .nan", "line 1: .nan is a number that JSON does not have"},
		{"- -.INF", "-.INF is a number that JSON does not have"},
		{"a: !!python/object:os.system x", "line 1: the tag !!python/object:os.system is not known"},
		{"a: !env HOME", "the tag !env is not known"},
		{"a: !!set {x}", "the tag !!set is not known"},
		{"a: !!omap [x]", "the tag !!omap is not known"},
		{"a: !!int x", `"x" is no !!int`},
		{"a: !!binary x", `"x" is not base64`},
		{"1: a", "line 1: a key must be a text, and this is of type integer"},
		{"~: a", "a key must be a text, and this is of type null"},
		{"[a]: b", "a key must be a text, and this is of type list"},
		{"<<: 1", "<< merges mappings, not a value of type integer"},
		{"a: \xff", "UTF-8"},
		{"a: \x01", "control characters are not allowed"},
		{strings.Repeat("[", 100_000), "exceeded max depth"},
		{strings.Repeat("- ", 100_000), "exceeded max depth"},
	} {
		v, err := yaml.Parse(tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "go-yaml") {
			t.Errorf("%.60q: %v, %v\nwant %s", tt.text, v, err, tt.says)
		}
	}
}

// A short document that stands for very much is refused at once (R-CMD-50).
func TestAliasBomb(t *testing.T) {
	t.Parallel()
	lists, merges := "a: &a [x,x,x,x,x,x,x,x,x]\n", "a: &a {x: 1}\n"
	for c := byte('b'); c <= 'j'; c++ {
		before := "*" + string(c-1)
		nine := strings.TrimSuffix(strings.Repeat(before+",", 9), ",")
		lists += string(c) + ": &" + string(c) + " [" + nine + "]\n"
		merges += string(c) + ": &" + string(c) + " {<<: [" + nine + "]}\n"
	}
	texts := "a: &a " + strings.Repeat("x", 10_000) + "\nb: [" + strings.TrimSuffix(strings.Repeat("*a,", 10_000), ",") + "]\n"
	for name, text := range map[string]string{"lists": lists, "merges": merges, "texts": texts} {
		begin := time.Now()
		_, err := yaml.Parse(text)
		if err == nil || !strings.Contains(err.Error(), "the aliases stand for too much") || time.Since(begin) > 5*time.Second {
			t.Errorf("%s: %v after %v", name, err, time.Since(begin))
		}
	}
}

// The form of what is written (R-CMD-85).
func TestAppend(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ json, want string }{
		{`{"b":1,"a":{"d":[],"c":{}}}`, "a:\n  c: {}\n  d: []\nb: 1\n"},
		{`{"jobs":[{"jobId":"j1","targets":["a","b"]},{"jobId":"j2"}]}`, "jobs:\n- jobId: j1\n  targets:\n  - a\n  - b\n- jobId: j2\n"},
		{`[["a"],["b",["c",{"d":1,"e":[2]}]],[],{}]`, "- - a\n- - b\n  - - c\n    - d: 1\n      e:\n      - 2\n- []\n- {}\n"},
		{`["yes","on","12:30:45","a b","é","中文","😀","a: ","-a","?a","a#b","C:\\x","a,b","2024-01-01T10:00","a'b","a\"b"]`,
			"- yes\n- on\n- 12:30:45\n- a b\n- é\n- 中文\n- 😀\n- 'a: '\n- -a\n- ?a\n- a#b\n- C:\\x\n- a,b\n- 2024-01-01T10:00\n- a'b\n- a\"b\n"},
		{`["","1234","null","~","1.5","true","2020-01-01","- a: b","a:","a #b"," a","a ","'a'","\"a\"","[a","{a","*a","&a","!a","|","%a","@a","` + "`a" + `","---","...","=","<<",".inf","0x1F","1_000","-","?",":"]`,
			"- ''\n- '1234'\n- 'null'\n- '~'\n- '1.5'\n- 'true'\n- '2020-01-01'\n- '- a: b'\n- 'a:'\n- 'a #b'\n- ' a'\n- 'a '\n- '''a'''\n- '\"a\"'\n- '[a'\n- '{a'\n- '*a'\n- '&a'\n- '!a'\n- '|'\n- '%a'\n- '@a'\n" +
				"- '`a'\n- '---'\n- '...'\n- '='\n- '<<'\n- '.inf'\n- '0x1F'\n- '1_000'\n- '-'\n- '?'\n- ':'\n"},
		{`{"a":"x\ny","b":"x\n y","c":"x\ty","d":"\u0001\u0007\u001b\u0085\u2028","e":"it's\n"}`, "a: 'x\n\n  y'\nb: \"x\\n y\"\nc: \"x\\ty\"\nd: \"\\x01\\a\\e\\x85\\u2028\"\ne: 'it''s\n\n  '\n"},
		{`{"a\nb":1,"null":2,"1":3,"":4,"a: b":5}`, "'': 4\n'1': 3\n\"a\\nb\": 1\n'a: b': 5\n'null': 2\n"},
		{`[null,true,false,100.0,1e-07,-5]`, "- null\n- true\n- false\n- 100.0\n- 1e-07\n- -5\n"},
	} {
		v, err := value.ParseJSON(tt.json)
		if err != nil {
			t.Fatal(tt.json, err)
		}
		if diff := cmp.Diff(tt.want, string(yaml.Append(nil, v, yaml.Layout{Sorted: true}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.json, diff)
		}
		readsBack(t, v)
	}
}

// Comments stand behind keys; a key that a reader would not look for the colon of has a mark.
func TestComments(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", 2000)
	v := &value.Object{Fields: []value.Field{
		{Key: "tags", Value: value.List{&value.Object{Fields: []value.Field{{Key: "Key", Value: ""}}}}},
		{Key: "blob", Value: value.Raw{}},
		{Key: "when", Value: value.Date("2024-01-01")},
		{Key: long, Value: &value.Object{Fields: []value.Field{{Key: "a", Value: "b"}}}},
	}}
	comment := func(path string) string {
		return map[string]string{"tags": "The tags.", "tags[].Key": "The key.", long + ".a": "A."}[path]
	}
	want := "tags:  # The tags.\n- Key: ''  # The key.\nblob: !!binary ''\nwhen: 2024-01-01\n? " + long + "\n:\n  a: b  # A.\n"
	got := string(yaml.Append(nil, v, yaml.Layout{Comment: comment}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if back, err := yaml.Parse(got); err != nil || cmp.Diff(value.AppendJSON(nil, v, "", ""), value.AppendJSON(nil, back, "", "")) != "" {
		t.Errorf("reads back as %v, %v", back, err)
	}
}

// readsBack fails the test unless parsing what was written gives the value again. It writes the value
// twice: with its keys in their own order, and sorted.
func readsBack(t *testing.T, v value.Value) {
	t.Helper()
	text := yaml.Append(nil, v, yaml.Layout{})
	back, err := yaml.Parse(string(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if diff := cmp.Diff(string(value.AppendJSON(nil, v, " ", "")), string(value.AppendJSON(nil, back, " ", ""))); diff != "" {
		t.Errorf("%s(-want +got):\n%s", text, diff)
	}
	sorted := yaml.Append(nil, v, yaml.Layout{Sorted: true})
	again, err := yaml.Parse(string(sorted))
	if err != nil || !slices.Equal(sorted, yaml.Append(nil, again, yaml.Layout{Sorted: true})) {
		t.Errorf("%s: reads back as %v, %v", sorted, again, err)
	}
}

// Any value is read as it is written (R-CMD-85).
func FuzzReadsBack(f *testing.F) {
	for _, name := range []string{"table", "text"} {
		file, err := os.ReadFile("../output/testdata/" + name + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(file)) {
			f.Add(strings.TrimSpace(line))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if v, err := value.ParseJSON(text); err == nil && strings.Count(text, "[")+strings.Count(text, "{") < 5000 {
			readsBack(t, v)
		}
	})
}

// The reader returns a value that can be written and read again, or an error, and does not panic.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"a: yes", "010", "a: |\n  x", "? a\n: b", "&x [*x]", "a: &x {b: 1}\n<<: *x", "!!binary YQ==", "2024-01-01", "\ufeffa: 'b'\r\n", "- !!str 5\n- .5e3",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := yaml.Parse(text)
		if err != nil || strings.Count(text, "*") > 100 {
			return
		}
		readsBack(t, v)
	})
}
