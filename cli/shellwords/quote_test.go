package shellwords_test

import (
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/shellwords"
)

// A quoted word is one word again, for Split and for a shell. R-CMD-171
func TestQuote(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"":                      "''",
		"http://127.0.0.1:8080": "http://127.0.0.1:8080",
		"a b":                   "'a b'",
		"it's":                  `'it'\''s'`,
		"$(reboot);`x`\"\\":     "'$(reboot);`x`\"\\'",
		"two\nlines":            "'two\nlines'",
	} {
		got := shellwords.Quote(word)
		if got != want {
			t.Errorf("%q is quoted as %s, want %s", word, got, want)
		}
		if words, _ := shellwords.Split(got); !cmp.Equal(words, []string{word}) {
			t.Errorf("%s is split into %q", got, words)
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+got).Output()
		if err != nil || string(out) != word {
			t.Errorf("a shell reads %s as %q, %v", got, out, err)
		}
	}
}
