package test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A page is read as guidepage_test.go says, and what it does not know is an error: nothing on a page
// is left out by mistake.
func TestReadGuide(t *testing.T) {
	t.Parallel()
	page := strings.ReplaceAll(`# A page
'''sh
drover serve --clock virtual \
    --http 127.0.0.1:8081
'''
'''text
…
'''
Some words.

<!-- status 254 -->
'''sh
drover iot list-jobs
'''

<!-- not run: it needs root -->
'''sh
apt install drover
'''
'''text
done
'''
`, "'''", "```")
	if _, err := readGuide(page); err == nil || err.Error() != "line 21: no block prints this" {
		t.Errorf("the output of a block that is not run: %v", err)
	}
	page, _, _ = strings.Cut(page, "```text\ndone")
	blocks := must[[]guideBlock](t)(readGuide(page))
	want := []guideBlock{
		{line: 3, language: "sh", text: "drover serve --clock virtual \\\n    --http 127.0.0.1:8081\n",
			output: &guideOutput{7, "…\n"}},
		{line: 13, language: "sh", text: "drover iot list-jobs\n", status: 254},
		{line: 18, language: "sh", text: "apt install drover\n", notRun: "it needs root"},
	}
	if diff := cmp.Diff(want, blocks, cmp.AllowUnexported(guideBlock{}, guideOutput{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	words, is := blocks[0].serverWords()
	if diff := cmp.Diff([]string{"--clock", "virtual", "--http", "127.0.0.1:8081"}, words); diff != "" || !is {
		t.Errorf("a server: %v (-want +got):\n%s", is, diff)
	}
	if _, is := blocks[1].serverWords(); is {
		t.Error("list-jobs is taken for a server")
	}
	for text, says := range map[string]string{
		"```json\n{}\n```\n": "line 2: a block \"json\" is neither run nor said not to be",
		"```\nls\n```\n":     "line 2: a block \"\" is neither run nor said not to be",
		"```text\nx\n```\n":  "line 2: no block prints this",
		"```sh\nls\n```\n```text\n```\n```text\n```\n": "line 7: no block prints this",
		"```sh\nls\n": "line 2: the block has no end",
		"```sh\nls\n```\n<!-- status 1 -->\n```text\n```": "line 6: output has no status",
	} {
		if _, err := readGuide(text); err == nil || err.Error() != says {
			t.Errorf("%q: %v, want %s", text, err, says)
		}
	}
}

// What a page shows matches what was printed where only "…" stands for something else.
func TestGuidePattern(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		shown, printed string
		matches        bool
	}{
		{"", "", true},
		{"", "x\n", false},
		{"a\n", "a\n", true},
		{"a\n", "a\nb\n", false},
		{"a.c\n", "abc\n", false},
		{"a …\n", "a 17 s ago\n", true},
		{"a …\n", "a 17\nb\n", false},
		{"ID    NAME\n…     x\n", "ID    NAME\n4711  x\n", true},
		{"ID    NAME\n…     x\n", "ID    NAME\n4711  y\n", false},
		{"…\n", "", true},
		{"…\nlast\n", "a\nb\nlast\n", true},
		{"…\nlast\n", "a\nb\nlast\nc\n", false},
	} {
		if got := guidePattern(tt.shown).MatchString(tt.printed); got != tt.matches {
			t.Errorf("%q for %q: %v, want %v", tt.shown, tt.printed, got, tt.matches)
		}
	}
}
