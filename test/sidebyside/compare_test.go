package sidebyside

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// compare runs the lines of a group in both programs.
func (p *pair) compare(t *testing.T, g group) {
	w := p.newWorld(t, g)
	for _, l := range g.lines {
		words := p.words(t, l)
		stock, ours := p.stock(t, words, w), p.ours(t, words, w)
		was, is := aspects(stock), aspects(ours)
		for _, a := range []aspect{inStatus, inSent, inError, inOutput} {
			d, differs := l.differs[a]
			diff := cmp.Diff(was[a], is[a])
			switch {
			case !differs && diff != "":
				t.Errorf("%s: the %s differs (-aws +drover):\n%s", strings.Join(words, " "), a, diff)
			case differs && diff == "":
				t.Errorf("%s: %s: the %s does not differ:\n%s", strings.Join(words, " "), d.rule, a, is[a])
			case differs && (!strings.HasPrefix(is[a], d.want) || d.want == "" && is[a] != ""):
				t.Errorf("%s: %s: the %s is %q, want %q", strings.Join(words, " "), d.rule, a, is[a], d.want)
			}
		}
	}
}

// aspects are what a program did, as texts.
func aspects(r result) map[aspect]string {
	var sent strings.Builder
	for _, q := range r.sent {
		sent.WriteString(strings.TrimSpace(strings.Join(
			[]string{q.Line, q.ContentType, q.Signed, q.Body}, " | ")) + "\n")
	}
	return map[aspect]string{
		inStatus: strconv.Itoa(r.Status),
		inSent:   sent.String(),
		inError:  errorOf(r.Stderr),
		inOutput: r.Stdout,
	}
}

var (
	// usageText is what precedes or follows an error about the line, in either program.
	usageText = regexp.MustCompile(`(?s)(usage: Note: AWS CLI.*?)?usage: .*?To see help text, you can run:.*?` +
		`(<subcommand> help\n)(.*<subcommand> help\n)?`)
	// errorPrefix stands before errors about the line in the first generation.
	errorPrefix = regexp.MustCompile(`(?m)^aws: error: `)
	// hint is what drover adds in brackets on lines of its own.
	hint = regexp.MustCompile(`(?m)^\(.*\)\n?`)
	// choice is an argument that has a value which it cannot have; both list the choices in their
	// own way (R-CMD-17).
	choice = regexp.MustCompile(`(argument [-\w]+: )(Invalid|Found invalid) choice(?s:.*)`)
	// pagination stands before errors of paging options in the first generation (R-CMD-94).
	pagination = regexp.MustCompile(`Error during pagination: (Cannot specify)`)
	// blanks are sometimes doubled in the first generation.
	blanks = regexp.MustCompile(` +`)
)

// freeWording are errors whose ends are each program's own, by a rule: what follows the match is
// not compared.
var freeWording = []*regexp.Regexp{
	regexp.MustCompile(`Invalid type for parameter [^,]*,`),                // R-CMD-61: implementation words
	regexp.MustCompile(`Expected: .*, received: .* for input:`),            // R-CMD-36: {self._error_location()}
	regexp.MustCompile(`Second instance of key .* encountered for input:`), // R-CMD-36
	regexp.MustCompile(`Unable to load paramfile [^(][^ ]*:`),              // R-CMD-42: the system's reason
	regexp.MustCompile(`Bad value for --query [^:]*:`),                     // R-CMD-89
	regexp.MustCompile(`Invalid JSON:?`),                                   // R-CMD-39
	regexp.MustCompile(`Invalid type: expecting map, received`),            // R-CMD-61
	regexp.MustCompile(`In function .*, expected one of:`),                 // R-CMD-89
	regexp.MustCompile(`The same next token was received twice:`),          // R-CMD-91
}

// errorOf is the message of an error, without what is allowed to differ everywhere: usage, blank
// lines, hints, and wording that is free.
func errorOf(stderr string) string {
	text := usageText.ReplaceAllString(stderr, "")
	text = errorPrefix.ReplaceAllString(text, "")
	text = hint.ReplaceAllString(text, "")
	text = choice.ReplaceAllString(text, "${1}invalid choice")
	text = pagination.ReplaceAllString(text, "$1")
	var kept []string
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		line = blanks.ReplaceAllString(strings.TrimRight(line, "\n"), " ")
		for _, free := range freeWording {
			if at := free.FindStringIndex(line); at != nil {
				// Whatever follows on further lines explains it.
				return strings.Join(append(kept, line[:at[1]]), "\n")
			}
		}
		if words, ok := strings.CutPrefix(line, "Unknown options: "); ok { // a set (R-CMD-16)
			list := strings.Split(words, ", ")
			slices.Sort(list)
			line = "Unknown options: " + strings.Join(list, ", ")
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "\n")
}
