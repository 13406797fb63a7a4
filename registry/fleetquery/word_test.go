package fleetquery

import (
	"strings"
	"testing"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// Words and phrases: what ends them, what must be escaped, and how wildcards count (R-ID-40,
// R-ID-60).
func TestWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		query, value string
		want         bool
	}{
		{`a\ b`, "a b", true},
		{`a\*b`, "a*b", true},
		{`a\*b`, "axb", false},
		{`a\?b`, "a?b", true},
		{`a\\b`, `a\b`, true},
		{`\(a\)`, "(a)", true},
		{`\-a`, "-a", true},
		{`a-b`, "a-b", true},
		{`a/b.c@d`, "a/b.c@d", true},
		{`é*`, "École", true},
		{`é?`, "éa", true},
		{`"a b"`, "A B", true},
		{`"a*b"`, "a*b", true},
		{`"a*b"`, "axb", false},
		{`"a\"b"`, `a"b`, true},
		{`"a\\b"`, `a\b`, true},
		{`"a\nb"`, "anb", true}, // only " and \ are special after a \
		{`"and"`, "AND", true},
		{`and`, "and", true}, // operators are in capitals
		{`a*b*`, "axbx", true},
		{`a?????`, "abcdef", true},
		{`a?????`, "abcde", false},
	} {
		q, err := Parse("thingName:" + tt.query)
		if err != nil {
			t.Errorf("%s: %v", tt.query, err)
			continue
		}
		s := Subject{Thing: registry.Thing{Name: tt.value}}
		if got := q.Matches(&s); got != tt.want {
			t.Errorf("%s on %q: %v", tt.query, tt.value, got)
		}
	}
}

// What a word that is refused is told, whole (R-ID-40, R-ID-60).
func TestWordTexts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ query, says string }{
		{"", "queryString, character 1: the query ends where a term is due"},
		{"a )", "queryString, character 3: ')' closes nothing"},
		{"a OR", "queryString, character 5: the query ends where a term is due"},
		{"NOT OR a", `queryString, character 5: OR is an operator and stands where a term is due; as a value write it within "quotes"`},
		{"*x ?y", `queryString, character 4: "?y" begins with a wildcard, and so does a term before ` +
			"it; at most 1 is allowed"},
		{"*" + strings.Repeat("x", 100), "queryString: 101 characters, at most 100 are allowed when " +
			"a term begins with a wildcard"},
		{`thingName\:x*`, `queryString, character 10: '\:' is part of the text that is looked for here; ` +
			"write thingName:x* to ask for the field thingName"},
		{`a attributes.x\:5`, `queryString, character 15: '\:' is part of the text that is looked for here; ` +
			"write attributes.x:5 to ask for the field attributes.x"},
		{"a*b*c*", `queryString, character 1: "a*b*c*" has 3 * and 0 ?, at most 2 and 5 are allowed`},
		{"a??????", `queryString, character 1: "a??????" has 0 * and 6 ?, at most 2 and 5 are allowed`},
		{"a&b", `queryString, character 2: '&' must be written \& or within "quotes"`},
		{`x\`, `queryString, character 2: '\' escapes nothing`},
		{`"x`, "queryString, character 1: the quotation mark is never closed"},
		{`""`, "queryString, character 1: the phrase is empty"},
		{"thingName:>*", "queryString, character 12: a bound cannot have the wildcards * and ?"},
		{"thingName:[a TO b", "queryString, character 11: the range is never closed by ']' or '}'"},
		{"thingName:[a b]", "queryString, character 14: TO must stand between the bounds of a range"},
		{"NOT thingTypeName=lamp", "queryString, character 18: '=' is part of the text that is looked " +
			"for here; write thingTypeName:lamp to ask for the field thingTypeName"},
		{"thingName: ", "queryString, character 12: the query ends where a term is due"},
		{"thingName:a:b", `queryString, character 12: ':' inside a value must be written \: or within "quotes"`},
		{"thingName:a>b", `queryString, character 12: '>' inside a value must be written \> or within "quotes"`},
		{">5", "queryString, character 1: a range or comparison needs a field before it, as in attributes.NAME>5"},
		{"- a", "queryString, character 2: '-' stands right before what it excludes"},
		{"(a", "queryString, character 1: '(' is never closed"},
		{"1 2 3 4 5 6 7 8 9 a b c d", "queryString, character 25: this is term 13, at most 12 are allowed"},
		{"site:x", `queryString, character 1: "site" is not a field; fields are thingName, thingId, ` +
			"thingTypeName, thingGroupNames, attributes.NAME, connectivity.connected, " +
			"connectivity.timestamp and connectivity.disconnectReason"},
	} {
		_, err := Parse(tt.query)
		if f := fault.Of(err); f == nil || f.Code != fault.InvalidQuery || f.Message != tt.says {
			t.Errorf("%s:\n%v\nwant\n%s", tt.query, err, tt.says)
		}
	}
}

// A query that is stored and would be refused now, because it was meant otherwise, still says what
// it said (R-ID-60). What cannot be read is refused by both.
func TestCompile(t *testing.T) {
	t.Parallel()
	s := Subject{Thing: registry.Thing{Name: "b", Attributes: map[string]string{"x": "thingName:y"}}}
	for query, want := range map[string]bool{
		`thingName\:y`: true, `thingName\:z`: false, "thingName=y": false,
		"thingName:(b>a)": true, "thingName:(b>c)": false, "thingName>==5": true,
	} {
		if _, err := Parse(query); !fault.Is(err, fault.InvalidQuery) {
			t.Errorf("%s: %v, want it refused", query, err)
		}
		if q, err := Compile(query); err != nil || q.Matches(&s) != want {
			t.Errorf("%s: %v, want %v", query, err, want)
		}
	}
	for _, query := range []string{"", "(", "thingName:a:b", "site:x"} {
		if _, err := Compile(query); !fault.Is(err, fault.InvalidQuery) {
			t.Errorf("%s: %v, want it refused", query, err)
		}
	}
}

// How operators bind: NOT before AND before OR, and a space means AND (R-ID-40, R-ID-60).
func TestBinding(t *testing.T) {
	t.Parallel()
	s := Subject{Thing: registry.Thing{Attributes: map[string]string{"t": "t", "u": "t"}}}
	const yes, no = "attributes.t:t", "attributes.t:f"
	for _, tt := range []struct {
		query string
		want  bool
	}{
		{yes + " OR " + no + " AND " + no, true},
		{"(" + yes + " OR " + no + ") AND " + no, false},
		{no + " AND " + no + " OR " + yes, true},
		{yes + " " + yes + " OR " + no, true},
		{yes + " " + no + " OR " + no, false},
		{"NOT " + no + " AND " + yes, true},
		{"NOT " + yes + " OR " + yes, true},
		{"NOT (" + yes + " OR " + yes + ")", false},
		{"NOT NOT " + yes, true},
		{"--" + yes, true},
		{"-NOT " + no, false},
		{"attributes.t:(t -f)", true},
		{"attributes.t:(t) attributes.u:t", true}, // the field of a parenthesis ends with it
		{"attributes.t:(t) attributes.u:f", false},
		{"f OR(t)", true}, // what ends an operator: a parenthesis, a quotation mark, white space
		{`f OR"t"`, true},
		{"f AND(t)", false},
		{"NOT(f)", true},
		{"(t)OR(f)", true},
		{"t ORf", false}, // a word that begins like an operator is a word
		{"f ORt", false},
		{"NOTt", false},
		{"t ANDt", false},
		{"f\tOR\tt", true},
		{"f\nOR\nt", true},
		{"f\rOR\rt", true},
		{"t\nf", false},
		{"t\rf", false},
		{"\r\n\t t \r\n\t", true},
		{"attributes.t:(f OR (t AND NOT f))", true},
		{"((" + yes + "))", true},
	} {
		q, err := Parse(tt.query)
		if err != nil {
			t.Errorf("%s: %v", tt.query, err)
		} else if got := q.Matches(&s); got != tt.want {
			t.Errorf("%s: %v", tt.query, got)
		}
	}
}
