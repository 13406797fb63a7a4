package fleetquery

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

var lamp = Subject{
	Thing: registry.Thing{
		Name: "Lamp-07", UUID: "6f2a", Type: "lamp:v2",
		Attributes: map[string]string{"site": "Hall/North", "fw": "2.40", "n": "7", "a:b": "c*d",
			"note": "AND", "neg": "-3"},
	},
	Groups:       []string{"hall", "building-1"},
	Connectivity: &Connectivity{Connected: true, At: time.UnixMilli(1_700_000_000_123)},
}

func TestQuery(t *testing.T) { // R-ID-40, R-ID-60
	t.Parallel()
	for _, row := range []struct {
		query string
		want  bool
	}{
		{"*", true}, {" * ", true}, {"NOT *", false}, {"-*", false},
		{"thingName:Lamp-07", true}, {"thingName:lAMP-07", true}, {"thingName:Lamp", false},
		{"thingName:lamp*", true},
		{"thingName:l?mp-0?", true}, {"thingName:l*0*", true}, {"thingName:lamp-07?", false},
		{"thingId:6f2a", true},
		{`thingTypeName:lamp\:v2`, true}, {`thingTypeName:"lamp:v2"`, true},
		{"thingTypeName:*", true}, {"thingTypeName:lamp", false},
		{"thingGroupNames:hall", true}, {"thingGroupNames:building-1", true},
		{"thingGroupNames:build", false},
		{"NOT thingGroupNames:cellar", true}, {"thingGroupNames:(cellar OR hall)", true},
		{"thingGroupNames:(cellar hall)", false},
		{"attributes.site:hall/north", true}, {"attributes.Site:hall/north", false},
		{"attributes.none:*", false}, {"attributes.n:*", true},
		{`attributes.a\:b:c\*d`, true}, {`attributes.a\:b:"c*d"`, true},
		{`attributes.a\:b:"c*"`, false}, {`attributes.note:"AND"`, true},
		{`attributes.note:\AND`, true},
		{"hall", true}, {"lamp-07", true}, {"7", true}, {"hal*", true}, {"NOT hal*", false},
		{`"Hall/North"`, true}, {"true", false},
		{"attributes.n:7", true}, {"attributes.n:7.0", false}, {"attributes.n:>6", true},
		{"attributes.n:>7", false}, {"attributes.n:>=7", true},
		{"attributes.n:<10", true}, {"attributes.n:<7", false}, {"attributes.n:<=7.0", true},
		{"attributes.neg:<-2.5", true},
		{"attributes.n:[5 TO 10]", true}, {"attributes.n:[7 TO 7]", true},
		{"attributes.n:{7 TO 10]", false}, {"attributes.n:[5 TO 7}", false},
		{"attributes.n:[10 TO 5]", false}, {"attributes.neg:[-4 TO -2]", true},
		{"attributes.fw:[2.4 TO 2.4]", true},
		{"attributes.site:[Ha TO HB]", true}, {"attributes.site:>5", false},
		{"attributes.n:[5 TO a]", true}, {"attributes.n:>a", false},
		{"thingName:>lamp", true}, {`attributes.site:["hall/n" TO "hall/o"]`, true},
		{"thingName:lamp* AND attributes.n:8 OR attributes.n:7", true},
		{"attributes.n:7 OR thingName:lamp* AND attributes.n:8", true},
		{"(attributes.n:7 OR thingName:lamp*) AND attributes.n:8", false},
		{"attributes.n:7 attributes.n:8", false},
		{"attributes.n:7 -attributes.n:8", true}, {"attributes.n:7 NOT -attributes.n:8", false},
		{"attributes.n:(7 -8)", true},
		{"attributes.n:(NOT 7)", false}, {"attributes.n:(>5 <9)", true},
		{"attributes.n:(>5 [8 TO 9])", false}, {"((((7))))", true},
		{"connectivity.connected:true", true}, {"connectivity.connected:false", false},
		{"connectivity.timestamp:>1700000000122", true},
		{"connectivity.timestamp:1700000000123", true}, {"connectivity.disconnectReason:*", false},
		{"shadow.reported.x:1", false}, {"NOT shadow.reported.x:1", true},
		{"deviceDefender.violations:*", false}, {"version:1", false},
		{"or", false}, {"not", false}, {"thingname*", false},
		{"1 2 3 4 5 6 7 8 9 a b c", false}, {`"thingName=x"`, false}, {"size=5", false},
		{"*amp-07", true}, {"?amp-07", true}, {"thingName:*amp*", true}, {"thingName:**", true},
		{"thingName:*lamp", false}, {"*" + strings.Repeat(" ", 99), true},
		{"*07" + strings.Repeat(" ", 97), true}, {"attributes.site:*é*", false},
		{"attributes.n:[* TO 7]", true}, {"attributes.n:[* TO 7}", false},
		{"attributes.n:{7 TO *]", false}, {"attributes.n:[ 7 TO * }", true},
		{"attributes.n:{* TO *}", true}, {"attributes.site:[* TO *]", true},
		{"attributes.none:[* TO *]", false}, {"attributes.site:[* TO 9]", false},
		{strings.Repeat(" ", 999) + "*", true},
	} {
		q, err := Parse(row.query)
		if err != nil {
			t.Errorf("%s: %v", row.query, err)
		} else if got := q.Matches(&lamp); got != row.want {
			t.Errorf("%s: matches %v, want %v", row.query, got, row.want)
		}
	}
}

// What is not known is not there: nothing matches, and its negation does.
func TestQueryOfAbsent(t *testing.T) {
	t.Parallel()
	bare := Subject{Thing: registry.Thing{Name: "x"}}
	for query, want := range map[string]bool{
		"connectivity.connected:false": false, "NOT connectivity.connected:true": true,
		"thingTypeName:*": false, "-thingTypeName:*": true,
		"thingGroupNames:*": false, "attributes.a:[a TO b]": false, "*": true,
		"connectivity.timestamp:<5": false,
	} {
		q, err := Parse(query)
		if err != nil || q.Matches(&bare) != want {
			t.Errorf("%s: %v, want %v", query, err, want)
		}
	}
}

func TestQueryOfConnectivity(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]bool{
		"*": false, "thingName:true AND NOT connectivity.connected:true": true,
		"connectivity.timestamp:>5": true, "connectivity.disconnectReason:*": true,
		"connectivity.connected:true AND thingName:x": true,
		"connectivity.connected:(true) x":             true,
		"attributes.connectivity:x":                   false,
	} {
		if q, err := Parse(query); err != nil || q.OfConnectivity() != want {
			t.Errorf("%s: %v, %v", query, q.OfConnectivity(), err)
		}
	}
}

func TestQueryOfGroups(t *testing.T) { // R-WEB-34
	t.Parallel()
	for query, want := range map[string]bool{
		"*": false, "thingName:a AND NOT thingGroupNames:g": true, "NOT thingGroupNames:*": true,
		"attributes.thingGroupNames:g OR thingTypeName:t": false, "attributes.a:1 OR g": true,
		"thingName:(a b)": false, "connectivity.connected:true": false, `"g"`: true,
	} {
		if q, err := Parse(query); err != nil || q.OfGroups() != want {
			t.Errorf("%s: %v, %v", query, q.OfGroups(), err)
		}
	}
}

func TestQueryRefused(t *testing.T) { // R-ID-40, R-ID-60
	t.Parallel()
	for _, row := range []struct {
		query string
		at    int // character, 0: none
		says  string
	}{
		{"", 1, "ends where a term is due"}, {"   ", 4, "ends"}, {"a AND", 6, "ends"},
		{"a OR", 5, "ends"}, {"NOT", 4, "ends"}, {"-", 2, "ends"},
		{"AND a", 1, "AND is an operator"}, {"a OR OR b", 6, "OR is an operator"},
		{"thingName:NOT", 11, "NOT is an operator"},
		{"(a", 1, "never closed"}, {"a)", 2, "closes nothing"}, {"()", 2, "')' stands"},
		{"a (b OR (c)", 3, "never closed"},
		{"name:x", 1, "not a field"}, {"ThingName:x", 1, "not a field"},
		{"attributes.:x", 1, "not a field"}, {"attributes:x", 1, "not a field"},
		{"connectivity.x:1", 1, "not a field"}, {"attr*:x", 1, "not a field"},
		{"a :b", 1, "not a field"}, {": b", 1, "':' stands"}, {"a > 5", 1, "not a field"},
		{"thingName:", 11, "ends"}, {"thingName : ", 13, "ends"}, {"thingName:a:b", 12, `\:`},
		{"thingName: AND x", 12, "AND is an operator"}, {"thingName<", 11, "ends"},
		{"thingName : (a b", 13, "never closed"}, {"thingName>(a)", 11, "'(' stands"},
		{"thingName:a>b", 12, `\>`}, {"thingName:a >b", 13, "needs a field"},
		{"thingName> =5", 12, "'=' stands"}, {"thingName>==5", 12, "'=' stands"},
		{"thingName:(a:b)", 13, `\:`},
		{"thingName:-a", 11, `\-`}, {"- a", 2, "right before"}, {"a+b", 2, `\+`}, {"a^2", 2, `\^`},
		{"a~", 2, `\~`}, {"a && b", 3, `\&`}, {"!a", 1, `\!`},
		{"*a *b", 4, "begins with a wildcard"}, {"?a OR NOT ?b", 11, "begins"},
		{"thingName:*a thingGroupNames:*b", 30, "begins"},
		{"*a" + strings.Repeat(" ", 99), 0, "101 characters"},
		{"a*b*c*", 1, "3 *"}, {"a??????", 1, "6 ?"},
		{"[a TO b]", 1, "needs a field"}, {">5", 1, "needs a field"},
		{"thingName:[a b]", 14, "TO must stand"}, {"thingName:[a TO b", 11, "never closed"},
		{`"a\`, 1, "never closed"}, {`"a\"`, 1, "never closed"}, {`"a\"b`, 1, "never closed"},
		{"thingName:[a TO b*]", 17, "wildcards"}, {"thingName:[a TO ]", 17, "']' stands"},
		{"thingName:[a TO", 16, "ends"}, {"thingName:[aTO b]", 16, "TO must stand"},
		{"thingName:[a TOb]", 14, "TO must stand"}, {"thingName:{a TO b)", 11, "never closed"},
		{"thingName:[a* TO b]", 12, "wildcards"}, {"thingName:>a*", 12, "wildcards"},
		{"thingName:[ TO b]", 13, "TO is an operator"},
		{"thingName:>", 12, "ends"}, {`"a`, 1, "never closed"},
		{`""`, 1, "empty"}, {`a\`, 2, "escapes nothing"},
		{"1 2 3 4 5 6 7 8 9 a b c d", 25, "this is term 13"},
		{"thingName:(1 2 3 4 5 6 7 8 9 a b c d)", 36, "term 13"},
		{strings.Repeat("a", 1001), 0, "1001 bytes"},
		{"é é (", 6, "ends"}, {"a] b", 2, "']' stands"},
	} {
		_, err := Parse(row.query)
		want := fmt.Sprintf("queryString, character %d: ", row.at)
		if row.at == 0 {
			want = "queryString: "
		}
		f := fault.Of(err)
		if f == nil || f.Code != fault.InvalidQuery || !strings.HasPrefix(f.Message, want) ||
			!strings.Contains(f.Message, row.says) {
			t.Errorf("%q: got %v, want %s…%s", row.query, err, want, row.says)
		}
	}
}

// oracle is a query as the test made it, judged by the plainest code.
type oracle struct {
	text  string
	holds func(Subject) bool
}

type queryMaker struct{ *rand.Rand }

func (m queryMaker) pick(from ...string) string { return from[m.IntN(len(from))] }

// query makes a random query of at most so many terms and writes it in one of the ways that mean
// the same.
func (m queryMaker) query(terms int) oracle {
	if terms == 1 {
		one := m.leaf()
		if m.IntN(4) == 0 {
			one.text = "(" + one.text + ")"
		}
		if m.IntN(4) == 0 {
			inner := one
			return oracle{m.pick("NOT ", "-") + inner.text,
				func(s Subject) bool { return !inner.holds(s) }}
		}
		return one
	}
	split := 1 + m.IntN(terms-1)
	left, right := m.query(split), m.query(terms-split)
	open, shut := "(", ")"
	if m.IntN(2) == 0 {
		return oracle{open + left.text + " OR  " + right.text + shut,
			func(s Subject) bool { return left.holds(s) || right.holds(s) }}
	}
	return oracle{open + left.text + m.pick(" AND ", " ", "\t") + right.text + shut,
		func(s Subject) bool { return left.holds(s) && right.holds(s) }}
}

// values lists what a field of a subject holds, by its name in a query.
func values(s Subject, name string) []string {
	all := map[string][]string{"thingName": {s.Name}, "thingId": {s.UUID},
		"thingGroupNames": s.Groups}
	if s.Type != "" {
		all["thingTypeName"] = []string{s.Type}
	}
	for key, value := range s.Attributes {
		all["attributes."+key] = []string{value}
	}
	if name != "" {
		return all[name]
	}
	var every []string
	for _, list := range all {
		every = append(every, list...)
	}
	return every
}

func (m queryMaker) leaf() oracle {
	name := m.pick("", "thingName", "thingId", "thingTypeName", "thingGroupNames", "attributes.n",
		"attributes.s", "attributes.none", "shadow.x")
	prefix := name
	if name != "" {
		prefix += m.pick(":", " :", ": ", " : ")
	}
	has := func(ok func(string) bool) func(Subject) bool {
		return func(s Subject) bool { return slices.ContainsFunc(values(s, name), ok) }
	}
	if m.IntN(3) > 0 || name == "" { // a word with wildcards, as a regular expression
		word := m.pick("a", "B", "ab", "1", "2", "10") + m.pick("", "", "*", "?", "?b", "*b")
		text := word
		if !strings.ContainsAny(word, "*?") && m.IntN(3) == 0 {
			text = `"` + word + `"`
		}
		re := regexp.MustCompile("(?i)^" + strings.NewReplacer("*", ".*", "?",
			".").Replace(word) + "$")
		return oracle{prefix + text, has(re.MatchString)}
	}
	low, high := m.pick("1", "2", "10", "a", "ab"), m.pick("1", "2.0", "10", "b", "ABC")
	less := func(a, b string, numeric bool) int { // a against b; 2 when they do not compare
		if !numeric {
			return strings.Compare(strings.ToLower(a), strings.ToLower(b))
		}
		x, err := strconv.ParseFloat(a, 64)
		y, _ := strconv.ParseFloat(b, 64)
		switch {
		case err != nil:
			return 2
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	isNumber := func(s string) bool { _, err := strconv.ParseFloat(s, 64); return err == nil }
	if m.IntN(2) == 0 {
		sign := m.pick("<", "<=", ">", ">=")
		before := m.pick(prefix, name, name+" ", name+"\n")
		return oracle{before + sign + m.pick("", " ") + low, has(func(v string) bool {
			c := less(v, low, isNumber(low))
			return c != 2 && (c < 0 && sign[0] == '<' || c > 0 && sign[0] == '>' || c == 0 &&
				len(sign) == 2)
		})}
	}
	left, right := m.pick("[", "{"), m.pick("]", "}")
	return oracle{prefix + left + low + " TO " + high + right, has(func(v string) bool {
		numeric := isNumber(low) && isNumber(high)
		a, b := less(v, low, numeric), less(v, high, numeric)
		return a != 2 && b != 2 && (a > 0 || a == 0 && left == "[") &&
			(b < 0 || b == 0 && right == "]")
	})}
}

func (m queryMaker) subject() Subject {
	value := func() string {
		return m.pick("a", "A", "ab", "aB", "axb", "b", "1", "2", "2.0", "10",
			"1b")
	}
	s := Subject{Thing: registry.Thing{Name: value(), UUID: value(),
		Attributes: map[string]string{}}}
	for _, name := range []string{"n", "s"} {
		if m.IntN(3) > 0 {
			s.Attributes[name] = value()
		}
	}
	if m.IntN(2) == 0 {
		s.Type = value()
	}
	for range m.IntN(3) {
		s.Groups = append(s.Groups, value())
	}
	return s
}

// The compiled query and the plain one agree on random things.
func TestQueryAgreesWithBruteForce(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	m := queryMaker{rand.New(rand.NewPCG(seed, 0))}
	for range 5000 {
		want := m.query(1 + m.IntN(maxTerms))
		q, err := Parse(want.text)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, want.text, err)
		}
		for range 10 {
			if s := m.subject(); q.Matches(&s) != want.holds(s) {
				t.Fatalf("seed %d: %s on %+v: got %v, want %v", seed, want.text, s, q.Matches(&s),
					want.holds(s))
			}
		}
	}
}

// A query either compiles or is an InvalidQuery at a place inside it; what compiles can be asked
// about anything.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"attributes.n > 5 NOT thingName : [* TO b}\u3000*x",
		`a AND (b OR -attributes.x\:y:[1 TO "z"})`,
		"thingName:(a* NOT ?b) -é", "attributes.n:>=-5", `"a\"b"`, "((", "shadow.a:b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text)
		if stored, failed := Compile(text); err == nil && (failed != nil ||
			q.Matches(&lamp) != stored.Matches(&lamp)) {
			t.Errorf("%q is another query when it is stored: %v", text, failed)
		}
		if err == nil {
			if twice, _ := Parse("NOT (" + text + ")"); twice != nil &&
				q.Matches(&lamp) == twice.Matches(&lamp) {
				t.Errorf("%q and its negation agree", text)
			}
			return
		}
		refused := fault.Of(err)
		if refused == nil || refused.Code != fault.InvalidQuery {
			t.Fatalf("%q: %v", text, err)
		}
		var at int
		if n, _ := fmt.Sscanf(refused.Message, "queryString, character %d:", &at); n == 1 &&
			(at < 1 || at > len(text)+1) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func BenchmarkQuery(b *testing.B) {
	q, err := Parse("thingTypeName:lamp* AND attributes.site:hall* AND (attributes.n:>5 OR attributes.fw:[2 TO 3]) -thingGroupNames:cellar")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		q.Matches(&lamp)
	}
}
