package complete

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// breaks are the characters at which bash divides words unless it is told otherwise.
const breaks = " \t\n\"'@><=;|&(:"

// A line of bash, and what is written for candidates that go on from its word (R-CMD-144).
func TestBash(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		line, rest string
		before     string // whole words, joined by |
		word       string
		end        string // of the candidates, in front of which the word stands
		want       string // what bash is given; $ for the end of a line
	}{
		{"drover iot x", "", "iot", "x", "y", "xy $"},
		{"drover iot ", "", "iot", "", "y", "y $"},
		{"A=b AWS_PROFILE='p q' drover iot ", "", "iot", "", "y", "y $"},
		{"drover --targets arn:aws:x", "", "--targets", "arn:aws:x", ":y", "x:y $"},
		{"drover --targets arn:aws:", "", "--targets", "arn:aws:", "y", "y $"},
		{"drover --targets=arn:aws:x", "", "", "--targets=arn:aws:x", "y", "xy $"},
		{"drover --targets 'arn:aws:x", "", "--targets", "arn:aws:x", "y", "arn:aws:xy$"},
		{"drover --targets arn:'aws:x", "", "--targets", "arn:aws:x", "y", "aws:xy$"},
		{`drover --targets "arn:aws:x`, "", "--targets", "arn:aws:x", "y", "arn:aws:xy$"},
		{`drover --targets arn\:aws`, "", "--targets", "arn:aws", "y", `arn:awsy $`},
		{"drover 'a b' c", "", "a b", "c", " d'", `c\ d\' $`},
		{"drover 'c", "", "", "c", "'", ""}, // the quote would end
		{"drover x\\", "", "", `x\`, "y", ""},
		{"drover iot x", "y --job-id j", "iot", "x", "z", "xz $"},
		{"", "", "", "", "y", "y $"},
		{"drover", "", "", "drover", "", "drover $"},
		{"drover iot > ", "", "iot|>", "", "y", "y $"},
	} {
		r, ok := ReadRequest([]string{"bash", "drover", breaks, row.line, row.rest})
		if !ok {
			t.Errorf("%q is refused", row.line)
			continue
		}
		if got := strings.Join(r.Line.Before, "|"); got != row.before || r.Line.Word != row.word {
			t.Errorf("%q is %q and %q", row.line, got, r.Line.Word)
		}
		written := r.Write(Answer{Candidates: []Candidate{{Text: r.Line.Word + row.end}}})
		got := strings.ReplaceAll(strings.TrimPrefix(written, "words 0\n"), "\n", "$")
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", row.line, diff)
		}
		if row.rest != "" && !cmp.Equal(r.Line.After, []string{"--job-id", "j"}) {
			t.Errorf("%q: behind it is %q", row.line, r.Line.After)
		}
		if r.Redirected != strings.Contains(row.line, ">") {
			t.Errorf("%q: redirected %v", row.line, r.Redirected)
		}
	}
}

// What each shell is written (R-CMD-144).
func TestWrite(t *testing.T) {
	t.Parallel()
	a := Answer{
		Stem: 2,
		Candidates: []Candidate{
			{Text: "a=x:y", About: "one\ntext"},
			{Text: "a=z", Open: true},
			{Text: "a=\tb"}, // no script could read it
		},
	}
	for name, want := range map[string]string{
		"bash": "words 0\nx:y \nz\n",
		"zsh":  "words 2\n-x\\:y:one text\n+z\n",
		"fish": "words 0\na=x:y\tone text\na=z\t\na=z,\t\n",
	} {
		args := []string{name, "drover", "0", "a="}
		if name == "bash" {
			args = []string{name, "drover", breaks, "drover a=", ""}
		}
		r, ok := ReadRequest(args)
		if diff := cmp.Diff(want, r.Write(a)); !ok || diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got := r.Write(Answer{Files: true}); got != "files\n" {
			t.Errorf("%s: files are %q", name, got)
		}
	}
	// In bash, two candidates leave an open quote open.
	r, _ := ReadRequest([]string{"bash", "drover", breaks, "drover 'a", ""})
	got := r.Write(Answer{Candidates: []Candidate{{Text: "a=", Open: true}}})
	if got != "words 0\na=\na= \n" {
		t.Errorf("%q", got)
	}
}

// The words of zsh and fish, and arguments that no script sends.
func TestReadRequest(t *testing.T) {
	t.Parallel()
	r, ok := ReadRequest([]string{"zsh", "aws", "1", "iot", `'des\`, "--x"})
	want := Line{Before: []string{"iot"}, Word: `des\`, After: []string{"--x"}}
	if diff := cmp.Diff(want, r.Line); !ok || diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, args := range [][]string{
		nil, {"bash", "drover", "x", "y"}, {"zsh", "drover", "1", "a"}, {"zsh", "drover", "-1", "a"},
		{"fish", "drover", "x", "a"}, {"tcsh", "drover", "0", "a"},
	} {
		if _, ok := ReadRequest(args); ok {
			t.Errorf("%q is taken", args)
		}
	}
}

// The scripts are made for a command and the program that answers for it.
func TestScript(t *testing.T) {
	t.Parallel()
	for _, shell := range Shells {
		text, ok := Script(shell, "my-aws", "drover")
		if !ok || !strings.Contains(text, "drover __complete "+shell+" my-aws ") ||
			!strings.Contains(text, "_my_aws_complete") || strings.Contains(text, "NAME") {
			t.Errorf("%s:\n%s", shell, text)
		}
	}
	if _, ok := Script("tcsh", "drover", "drover"); ok {
		t.Error("there is a script for tcsh")
	}
}
