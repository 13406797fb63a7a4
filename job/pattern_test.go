package job

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"
	"unicode/utf8"
)

// What a pattern with large counts is written as, and what stays as it is.
func TestSplitCounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{"(.*?)", "(.*?)"},
		{"(.){0,256}", "(.){0,256}"},
		{"a{1000}", "a{1000}"},
		{"a{1001}", "(?:a{1000}a{1})"},
		{"(.){0,4096}", "(?:(?:(.){1000}(?:(.){1000}(?:(.){1000}(?:(.){1000}(.){0,96}" +
			"|(.){0,999})|(.){0,999})|(.){0,999})|(.){0,999}))"},
		{"xa{1500,4000}y", "x(?:a{1000}a{500}(?:a{1000}(?:a{1000}a{0,500}|a{0,999})|a{0,999}))y"},
		{"a{2000,}", "(?:a{1000}a{1000}a*)"},
		{"a{0,1500}?", "(?:(?:a{1000}a{0,500}|a{0,999}))"},
		{`\d{1001}`, `(?:\d{1000}\d{1})`},
		{`\p{Greek}{1001}`, `(?:\p{Greek}{1000}\p{Greek}{1})`},
		{`\{1001}`, `\{1001}`},
		{`\Qa{2000}\E`, `a\{2000\}`},
		{`[{}]{1001}`, `(?:[{}]{1000}[{}]{1})`},
		{`[^]a]{1001}`, `(?:[^]a]{1000}[^]a]{1})`},
		{`[[:alpha:]\]]{1001}`, `(?:[[:alpha:]\]]{1000}[[:alpha:]\]]{1})`},
		{"é{1001}", "(?:é{1000}é{1})"},
		{"((a)b){1001}", "(?:((a)b){1000}((a)b){1})"},
		{"a{,2000}", "a{,2000}"},
		{"a{3000,2000}", "a{3000,2000}"},
		{"{2000}", "{2000}"},
		{"[a{2000}", "[a{2000}"},
		{`a\`, `a\`},
		{"a)", "a)"},
		{"a*{2000}", "a*{2000}"},
		{"a+{2000}", "a+{2000}"},
		{"a?{2000}", "a?{2000}"},
		{"a|{2000}", "a|{2000}"},
		{"a^{2000}", "a^{2000}"},
		{"a${2000}", "a${2000}"},
		{"a({2000})", "a({2000})"},
		{"a){2000}", "a){2000}"},
		{`\p`, `\p`},
		{`\p{Gr`, `\p{Gr`},
		{"ap{1500}", "a(?:p{1000}p{500})"},
		{`\Qab\E{1001}`, "a(?:b{1000}b{1})"},
		{`\Q.{`, `\.\{`},
		{`\pL{1001}`, `(?:\pL{1000}\pL{1})`},
		{`\P{Lu}{1001}`, `(?:\P{Lu}{1000}\P{Lu}{1})`},
		{`\x41{1001}`, `(?:\x41{1000}\x41{1})`},
		{`\101{1001}`, `(?:\101{1000}\101{1})`},
		{`\1018{1001}`, `\101(?:8{1000}8{1})`},
		{"[[:]{1001}", "[[:]{1001}"},
		{"a{2}{2000}", "a{2}{2000}"},
		{"a{{1001}", "a(?:{{1000}{{1})"},
		{`\x{41}{1001}`, `(?:\x{41}{1000}\x{41}{1})`},
		{"a{1001", "a{1001"},
		{"a{-1,2000}", "a{-1,2000}"},
		{"a{1,x}", "a{1,x}"},
		{"a{1,-2000}", "a{1,-2000}"},
		{"a{1001,1001}", "(?:a{1000}a{1})"},
		{"a{1000,1001}", "(?:a{1000}a{0,1})"},
		{"a{0,1001}", "(?:(?:a{1000}a{0,1}|a{0,999}))"},
		{"a{500,1500}", "(?:a{500}a{0,1000})"},
	} {
		if got, err := splitCounts(tt.text, maxCount); err != nil || got != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.text, got, err, tt.want)
		}
	}
}

// A value matches as a whole or not at all, with the bound of a large count on both sides
// (R-PAR-3).
func TestPatternMatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, value string
		want           bool
	}{
		{"[0-9]+", "42", true},
		{"[0-9]+", "42x", false},
		{"a|b", "ab", false},
		{"(.*?)", "", true},
		{"(.){0,4096}", strings.Repeat("é", 4096), true},
		{"(.){0,4096}", strings.Repeat("é", 4097), false},
		{"a{1500,4000}", strings.Repeat("a", 1499), false},
		{"a{1500,4000}", strings.Repeat("a", 1500), true},
		{"a{1500,4000}", strings.Repeat("a", 4000), true},
		{"a{1500,4000}", strings.Repeat("a", 4001), false},
		{"a{2000,}", strings.Repeat("a", 1999), false},
		{"a{2000,}", strings.Repeat("a", 9999), true},
		{"(a*)*b", strings.Repeat("a", 30000), false}, // at once: there is no way to make it slow
	} {
		pattern, err := compilePattern(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		if got := pattern.MatchString(tt.value); got != tt.want {
			t.Errorf("%s on %.5q with %d characters: %v, want %v", tt.pattern, tt.value,
				utf8.RuneCountInString(tt.value), got, tt.want)
		}
	}
}

// What package regexp does not know is refused when the file is read, and so is what would grow
// without bound; the error names the parameter.
func TestPatternRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ pattern, says string }{
		{"(?=a)b", "(?="},
		{`(a)\\1`, `\1`},
		{"(a", "missing closing )"},
		{"a{3000,2000}", "invalid repeat count"},
		{"a{2}{2000}", "invalid"},
		{"a{1500}{2000}", "a repetition is repeated"},
		{"a{1500}{2}", "a repetition is repeated"},
		{"a{1500}*", "a repetition is repeated"},
		{"a{1500}??", "a repetition is repeated"},
		{"((((a{0,30720}){0,30720}){0,30720}){0,30720})", "the counts are too large"},
	} {
		file := strings.Replace(managedFile, "[0-9]+", tt.pattern, 1)
		_, err := ParseManagedTemplate([]byte(file), "")
		if err == nil || !strings.Contains(err.Error(), "documentParameters[0].regex") ||
			!strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want an error about %s", tt.pattern, err, tt.says)
		}
	}
}

// Every pattern of the templates that come with the server compiles, and matches its own example.
func TestBuiltInPatterns(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "app", "managed", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := ParseManagedTemplate(text, "")
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, p := range m.Parameters {
			if pattern, err := compilePattern(p.Regex); err != nil || !pattern.MatchString(p.Example) {
				t.Errorf("%s: the example of %s does not match %s", file, p.Key, p.Regex)
			}
		}
	}
}

// Splitting never changes what package regexp thinks of an expression that it takes already. With a
// small limit that holds for every count that the expression has.
func FuzzSplitCounts(f *testing.F) {
	for _, text := range []string{
		"(.){0,4096}", `[^]\]]{1001}`, `\Q{2000}`, "a{2,3}?b", "(?P<n>a){2}", `\Qab\E{3}`, `\pL{3}`,
		`\x61{3}`, `\141{3}`, "[[:]{3}", "a(?i){3}", "(?:a|b{3,5}){3}", "a{{3}", "a{3,}b{0,4}",
	} {
		f.Add(text, "aab")
		f.Add(text, "aaa")
		f.Add(text, "aaaaa")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		plain, refused := regexp.Compile("^(?:" + text + ")$")
		for _, limit := range []int{2, 3, maxCount} {
			split, err := splitCounts(text, limit)
			if refused != nil || err != nil || len(split) > 1000 { // what is larger takes too long
				return
			}
			again, err := regexp.Compile("^(?:" + split + ")$")
			if tooLarge := (*syntax.Error)(nil); errors.As(err, &tooLarge) &&
				(tooLarge.Code == syntax.ErrNestingDepth || tooLarge.Code == syntax.ErrLarge) {
				return
			}
			if err != nil || again.MatchString(value) != plain.MatchString(value) {
				t.Errorf("limit %d: %q became %q: %v", limit, text, split, err)
			}
		}
	})
}

// Reading a template only checks its patterns; using one compiles them.
func BenchmarkCheckPattern(b *testing.B) {
	for b.Loop() {
		if err := checkPattern("(.){0,30720}"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompilePattern(b *testing.B) {
	for b.Loop() {
		if _, err := compilePattern("(.){0,30720}"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPattern(b *testing.B) {
	pattern, err := compilePattern("(.){0,4096}")
	if err != nil {
		b.Fatal(err)
	}
	value, err := json.Marshal(strings.Repeat("x", 4000))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		pattern.Match(value)
	}
}
