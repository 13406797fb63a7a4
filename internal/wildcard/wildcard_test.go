package wildcard

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// Wildcards match as policies and queries need it: whole texts, characters and not bytes (R-ID-26).
func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"a", "a", true},
		{"a", "ab", false},
		{"*", "", true},
		{"*", "a/b/c", true},
		{"a*", "a", true},
		{"a*c", "abc", true},
		{"a*c", "abcd", false},
		{"*ab", "aaab", true},
		{"*ab*ab", "abab", true},
		{"*ab*ab", "abb", false},
		{"?", "", false},
		{"?", "é", true},
		{"??", "é", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"*?", "", false},
		{"*?", "a", true},
		{"${*}", "*", true},
		{"${*}", "a", false},
		{"${?}${$}", "?$", true},
		{"$aws/things/*", "$aws/things/t/jobs", true},
		{"$", "$", true},
		{"${", "${", true},
	} {
		if got := Compile(tt.pattern).Match(tt.text); got != tt.want {
			t.Errorf("%q on %q: %v, want %v", tt.pattern, tt.text, got, tt.want)
		}
	}
}

// What a pattern is in tokens (R-ID-30, R-ID-36).
func TestCompile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Pattern{
		"a*b":        {{Literal, "a"}, {AnyRun, ""}, {Literal, "b"}},
		"?${x.y}":    {{AnyOne, ""}, {Variable, "x.y"}},
		"a$(b)c":     {{Literal, "a"}, {Variable, "b"}, {Literal, "c"}},
		"$aws/${*}":  {{Literal, "$aws/"}, {Literal, "*"}},
		"${never":    {{Literal, "${never"}},
		"a${}b":      {{Literal, "a"}, {Variable, ""}, {Literal, "b"}},
		"cost: 5$":   {{Literal, "cost: 5$"}},
		"$${x}":      {{Literal, "$"}, {Variable, "x"}},
		"topic/${a}": {{Literal, "topic/"}, {Variable, "a"}},
	} {
		if diff := cmp.Diff(want, Compile(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// A variable's value is taken literally, and one without a value lets nothing match (R-ID-30).
func TestExpand(t *testing.T) {
	t.Parallel()
	values := map[string]string{"name": "pump", "star": "*", "empty": ""}
	lookup := func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
	for _, tt := range []struct {
		pattern, text string
		resolves      bool
		matches       bool
	}{
		{"a*", "abc", true, true},
		{"${name}-7", "pump-7", true, true},
		{"${name}-?", "pump-7", true, true},
		{"${star}", "*", true, true},
		{"${star}", "anything", true, false},
		{"a${empty}b", "ab", true, true},
		{"${none}", "", false, false},
		{"${name}${none}", "pump", false, false},
	} {
		pattern := Compile(tt.pattern)
		expanded, ok := pattern.Expand(lookup)
		if ok != tt.resolves || ok && expanded.Match(tt.text) != tt.matches {
			t.Errorf("%q on %q: resolves %v, %v", tt.pattern, tt.text, ok, expanded)
		}
		if diff := cmp.Diff(Compile(tt.pattern), pattern); diff != "" {
			t.Errorf("expanding changed the pattern (-want +got):\n%s", diff)
		}
	}
}

// A pattern writes back as it was read, apart from the brackets of variables.
func TestString(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"a*b?": "a*b?", "${x}": "x", "${*}": "*", "": ""} {
		if got := Compile(text).String(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestBeginning(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]struct {
		text  string
		whole bool
	}{
		"ab": {"ab", true}, "ab*c": {"ab", false}, "a?": {"a", false}, "*a": {"", false},
		"a${*}b": {"a*b", true}, "": {"", true},
	} {
		text, whole := Compile(pattern).Beginning()
		if text != want.text || whole != want.whole {
			t.Errorf("%q: %q, %v, want %q, %v", pattern, text, whole, want.text, want.whole)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("*${*}*", "a*b")
	f.Fuzz(func(t *testing.T, text, subject string) {
		if len(text) > 200 || len(subject) > 200 || strings.Contains(text, "$") {
			return
		}
		if !utf8.ValidString(text) || !utf8.ValidString(subject) {
			return
		}
		if got, want := Compile(text).Match(subject), slowMatch(text, subject); got != want {
			t.Fatalf("%q on %q: %v, want %v", text, subject, got, want)
		}
	})
}

// slowMatch is the definition, written down: a table over all prefixes of the text.
func slowMatch(p, s string) bool {
	subject := []rune(s)
	row := make([]bool, len(subject)+1)
	row[0] = true
	for _, c := range p {
		next := make([]bool, len(subject)+1)
		next[0] = row[0] && c == '*'
		for i, x := range subject {
			if c == '*' {
				next[i+1] = row[i+1] || next[i]
			} else {
				next[i+1] = row[i] && (c == '?' || c == x)
			}
		}
		row = next
	}
	return row[len(subject)]
}
