package shellwords_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/shellwords"
)

// Words as a shell makes them (R-CMD-105, R-CMD-139).
func TestSplit(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]struct {
		Words []string
		Open  bool
	}{
		"":                           {nil, false},
		"drover iot ":                {[]string{"drover", "iot"}, false},
		"drover io":                  {[]string{"drover", "io"}, true},
		"a 'b c' d":                  {[]string{"a", "b c", "d"}, true},
		`a "b \"c\" \d" `:            {[]string{"a", `b "c" \d`}, false},
		`a b\ c\'d`:                  {[]string{"a", "b c'd"}, true},
		"a 'b c":                     {[]string{"a", "b c"}, true},
		"a '":                        {[]string{"a", ""}, true},
		`a "b\`:                      {[]string{"a", `b\`}, true},
		"a ''":                       {[]string{"a", ""}, true},
		"a \\\n  b":                  {[]string{"a", "b"}, true},
		"a 'x;y' z":                  {[]string{"a", "x;y", "z"}, true},
		"a | b ":                     {[]string{"a", "|", "b"}, false},
		"a k={x=1,y=[a]} file://b/c": {[]string{"a", "k={x=1,y=[a]}", "file://b/c"}, true},
	} {
		words, open := shellwords.Split(line)
		if diff := cmp.Diff(want.Words, words); diff != "" || open != want.Open {
			t.Errorf("%q: open %v (-want +got):\n%s", line, open, diff)
		}
	}
}
