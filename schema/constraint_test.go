package schema

import (
	"regexp"
	"testing"
)

// Numbers are judged on their text (R-VAL-17, R-VAL-22; worked cases 1 to 4 of the control
// plane's validation).
func TestNumbers(t *testing.T) {
	t.Parallel()
	factor, percent := Number("1.1", "5", 1), Number("0", "100", 2)
	for _, row := range []struct {
		rule string
		c    Constraint
		ok   bool
		text []string
	}{
		{"R-VAL-17", factor, true, []string{"1.1", "5", "2.0", "1.50", "5.0", "1.1000000000000000000000", "11e-1", "0.2e1", "15E-1"}},
		{"R-VAL-17", factor, false, []string{"1.0", "5.1", "1.55", "0", "1.09", "5.000000000000000000001", "-2", "1e400", "155e-2", "1"}},
		{"R-VAL-22", percent, true, []string{"0", "100", "10.9", "10.99", "20.00", "-0", "1e2", "1000e-1", "0.01", "0e9"}},
		{"R-VAL-22", percent, false, []string{"-1", "100.01", "10.999", "1e3", "-0.01", "1e-3", "1e-99999999999"}},
	} {
		for _, text := range row.text {
			if f := row.c.checkDecimal([]byte(text)); (f == nil) != row.ok {
				t.Errorf("%s: %s: got %+v, want ok %v", row.rule, text, f, row.ok)
			}
		}
	}
}

// The fast matcher and package regexp agree (R-WIRE-19).
func TestPatterns(t *testing.T) {
	t.Parallel()
	values := []string{
		"", "a", "job-1", "a.b", "a:b", "A_1", "arn:aws:x", "arn:", "ärn", "a\nb", "a\tb", "\x7f", "é", "日本", "\u200d", "\u0085",
		"\U000E0001", "a b", "tag/=+-@", "é ü", "0xab", "xarn:a", "arn:a b", "\ue000", "€",
	}
	for _, expr := range []string{
		"[a-zA-Z0-9_-]+", `[^\p{C}]+`, `[\t\n\r\P{C}]+`, `^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`, `^arn:[!-~]+$`, `[\s\S]*`,
		"[A-Z0-9_]+", `(0x)?[a-fA-F0-9]+`, `[\w+=,.@-]+`, `[a-zA-Z0-9_.,@/:#=\[\]-]*`, `[a-z]+|\$next`,
	} {
		fast, slow := compileMatcher(expr), regexp.MustCompile(`\A(?:`+expr+`)\z`)
		for _, v := range values {
			if got, want := fast.matches([]byte(v)), slow.MatchString(v); got != want {
				t.Errorf("%s on %q: got %v, want %v", expr, v, got, want)
			}
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		c    Constraint
		text string
		ok   bool
	}{
		{Length(0, 3), "日本語", true},
		{Length(0, 3), "日本語x", false},
		{Length(2, 3), "é", false},
		{Length(2, 3), "éé", true},
		{Length(1, NoMax), "", false},
		{Length(0, 9).MaxBytes(6), "日本", true},
		{Length(0, 9).MaxBytes(6), "日本x", false},
	} {
		if f := row.c.checkString([]byte(row.text)); (f == nil) != row.ok {
			t.Errorf("R-WIRE-19: %q in %s, at most %d bytes: got %+v", row.text, row.c.Len.text(0), row.c.Bytes, f)
		}
	}
}
