package sidebyside

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A file of testdata holds groups of command lines:
//
//	== the name of the group, with its rules
//	file in.json "{\"jobId\": \"j\"}\n"      a file in the working directory, a Go string
//	env AWS_PROFILE=dev                      a variable; "env HOME" unsets it
//	answer 404 {"message":"no"}              of the server; one for each request, the last stays;
//	                                         SOON in it is in 12 minutes, too soon to be cached
//	header x-amzn-ErrorType Code             of the answer before it
//	stdin "{}"
//	$ iot update-job --cli-input-json -      a line, in the quoting of a shell
//	> error R-CMD-49 Error parsing           drover differs here: in what, by which rule, and how
//
// A difference is in the error, the output, the status or the sent requests. It must be there: one
// that the aws command line no longer shows fails, too. The text is the beginning of what drover has; without one drover has nothing there.

// group is a number of command lines with what they find around them.
type group struct {
	name    string
	files   map[string]string // by name
	env     []string          // NAME=value, or NAME to unset it
	stdin   string
	answers []answer // none: answers are made from the description of the API
	lines   []line
}

// answer is what the server answers to a request.
type answer struct {
	status int
	header map[string]string
	body   string
}

// line is a command line, and the differences that are expected between the two programs.
type line struct {
	text    string   // in the quoting of a shell; "" when words is set
	words   []string // the words
	differs map[aspect]difference
}

// aspect is one of the things that are compared.
type aspect string

// The aspects.
const (
	inError  aspect = "error"
	inOutput aspect = "output"
	inStatus aspect = "status"
	inSent   aspect = "sent"
)

// difference is how drover differs, and the rule that wants it.
type difference struct{ rule, want string }

// readGroups reads a file of testdata.
func readGroups(t *testing.T, path string) (groups []group) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n, row := range strings.Split(string(text), "\n") {
		if row == "" || strings.HasPrefix(row, "# ") {
			continue
		}
		kind, rest, _ := strings.Cut(row, " ")
		if kind == "==" {
			name := strings.TrimSuffix(filepath.Base(path), ".txt") + ": " + rest
			groups = append(groups, group{name: name, files: map[string]string{}})
			continue
		}
		if len(groups) == 0 || !groups[len(groups)-1].add(kind, rest) {
			t.Fatalf("%s:%d: %s", path, n+1, row)
		}
	}
	return groups
}

// add adds a row of a file to the group, and reports whether it is one.
func (g *group) add(kind, rest string) bool {
	switch kind {
	case "file":
		name, quoted, _ := strings.Cut(rest, " ")
		text, err := strconv.Unquote(quoted)
		g.files[name] = text
		return err == nil
	case "stdin":
		text, err := strconv.Unquote(rest)
		g.stdin = text
		return err == nil
	case "env":
		g.env = append(g.env, rest)
	case "answer":
		status, body, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(status)
		g.answers = append(g.answers, answer{status: n, header: map[string]string{}, body: body})
		return err == nil
	case "header":
		name, text, ok := strings.Cut(rest, " ")
		if !ok || len(g.answers) == 0 {
			return false
		}
		g.answers[len(g.answers)-1].header[name] = text
	case "$":
		g.lines = append(g.lines, line{text: rest, differs: map[aspect]difference{}})
	case ">":
		fields := strings.SplitN(rest, " ", 3)
		if len(fields) < 2 || len(g.lines) == 0 || !strings.HasPrefix(fields[1], "R-CMD-") {
			return false
		}
		d := difference{rule: fields[1]}
		if len(fields) == 3 {
			d.want = fields[2]
		}
		g.lines[len(g.lines)-1].differs[aspect(fields[0])] = d
	default:
		return false
	}
	return true
}
