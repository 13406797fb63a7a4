package test

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/test/testpostgres"
	"github.com/drover-iot/drover/test/testserver"
)

const guideFolder = "../docs/guide"

var rewriteGuide = flag.Bool("rewrite", false,
	"write what was printed into the pages of "+guideFolder+", where it differs")

// guideNotRunBlocks is how many blocks of a page are not run. Each says why before it.
var guideNotRunBlocks = map[string]int{"nodes": 1}

// guideDatabase is the URL that the pages have for a database.
const guideDatabase = "postgres://drover@db.example.org/drover"

// The commands of each page of docs/guide, in the order of the page and on servers of its own,
// print what the page shows. guidepage_test.go says how a page is written.
func TestGuide(t *testing.T) {
	t.Parallel()
	pages := must[[]string](t)(filepath.Glob(guideFolder + "/*.md"))
	index := string(must[[]byte](t)(os.ReadFile(guideFolder + "/README.md")))
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		if name != "README" && !strings.Contains(index, "("+name+".md)") {
			t.Errorf("%s/README.md has no link to %s.md", guideFolder, name)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newGuideReader(t, page).read()
		})
	}
}

// A guideReader does what a page says, as its reader would, in a new folder.
type guideReader struct {
	t       *testing.T
	page    string
	text    string
	home    string
	lines   io.Writer // of the shell
	answers *bufio.Scanner
	servers []*guideServer
	// addresses are pairs: what pages say, and what it is in this test.
	addresses [][2]string
	printed   []guideOutput // what a rewrite puts into the page, from top to bottom
}

// A guideServer is a server that a page has started.
type guideServer struct {
	*testserver.Server
	listens []string // where, as the page says
}

func newGuideReader(t *testing.T, page string) *guideReader {
	r := &guideReader{
		t:    t,
		page: page,
		text: string(must[[]byte](t)(os.ReadFile(page))),
		home: t.TempDir(),
	}
	if strings.Contains(r.text, guideDatabase) {
		database := testpostgres.Shared(t, testpostgres.Newest).Schema(t, t.TempDir())
		r.addresses = append(r.addresses, [2]string{guideDatabase, database})
	}
	r.startShell()
	return r
}

// startShell starts the shell that all blocks share. It and what it has started end with the test.
func (r *guideReader) startShell() {
	t, programs := r.t, r.t.TempDir()
	must[string](t)(filepath.Abs("../.tools/aws/bin/aws"))
	for name, program := range map[string]string{
		"drover":  testserver.Binary,
		"aws":     must[string](t)(filepath.Abs("../.tools/aws/bin/aws")),
		"python3": must[string](t)(filepath.Abs("../.tools/aws/bin/python")),
	} {
		if _, err := os.Stat(program); err != nil {
			t.Fatalf("%s is missing: run make setup: %v", name, err)
		}
		script := "#!/bin/sh\nexec " + program + " \"$@\"\n"
		if err := os.WriteFile(filepath.Join(programs, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	shell := exec.CommandContext(within(t, 3*time.Minute), "sh")
	shell.Dir = r.home
	shell.Env = []string{
		"PATH=" + programs + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + r.home,
		"AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true", "LANG=C.UTF-8", "TZ=UTC",
	}
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r.lines = must[io.WriteCloser](t)(shell.StdinPipe())
	r.answers = bufio.NewScanner(must[io.ReadCloser](t)(shell.StdoutPipe()))
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) // its group; it may have ended
		_ = shell.Wait()
	})
}

// read runs the blocks of the page.
func (r *guideReader) read() {
	r.t.Helper()
	blocks, err := readGuide(r.text)
	if err != nil {
		r.t.Fatalf("%s: %v", r.page, err)
	}
	if *rewriteGuide {
		r.t.Cleanup(r.rewrite)
	}
	notRun := 0
	for i, b := range blocks {
		if b.notRun != "" {
			notRun++
			continue
		}
		var printed string
		if words, is := b.serverWords(); is && b.status == 0 {
			printed = r.serve(words)
		} else {
			printed = r.run(i, b)
		}
		if b.output != nil {
			r.compare(b.output, r.asOnPage(printed))
		}
	}
	name := strings.TrimSuffix(filepath.Base(r.page), ".md")
	if want := guideNotRunBlocks[name]; notRun != want {
		r.t.Errorf("%d blocks of %s are not run, want %d", notRun, r.page, want)
	}
}

// run has the shell run a block and returns what that printed.
func (r *guideReader) run(number int, b guideBlock) string {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), fmt.Sprintf("printed-%d", number))
	// A status that is asked for must not end the shell.
	exits := "-e"
	if b.status != 0 {
		exits = "+e"
	}
	_, err := fmt.Fprintf(r.lines, "set %s\n{\n%s} >%s 2>&1 </dev/null\necho $?\n",
		exits, r.asHere(b.text), file)
	answered := err == nil && r.answers.Scan()
	printed := must[[]byte](r.t)(os.ReadFile(file))
	if want := fmt.Sprint(b.status); !answered || r.answers.Text() != want {
		r.t.Fatalf("%s:%d: the commands have not ended with status %s, but %q. Printed:\n%s",
			r.page, b.line, want, r.answers.Text(), printed)
	}
	return string(printed)
}

// compare holds what a page shows to what was printed.
func (r *guideReader) compare(shown *guideOutput, printed string) {
	r.t.Helper()
	if guidePattern(shown.text).MatchString(printed) {
		return
	}
	if *rewriteGuide {
		r.printed = append(r.printed, guideOutput{shown.line, printed})
		return
	}
	r.t.Errorf("%s:%d: something else was printed; -rewrite writes it into the page "+
		"(-page +printed):\n%s", r.page, shown.line, cmp.Diff(
		strings.Split(shown.text, "\n"), strings.Split(printed, "\n")))
}

// rewrite writes the page with what was printed, from the bottom, so that lines keep their numbers.
func (r *guideReader) rewrite() {
	lines := strings.SplitAfter(r.text, "\n")
	for _, o := range slices.Backward(r.printed) {
		first := o.line - 1
		length := slices.Index(lines[first:], "```\n")
		lines = slices.Replace(lines, first, first+length, o.text)
	}
	if err := os.WriteFile(r.page, []byte(strings.Join(lines, "")), 0o644); err != nil {
		r.t.Error(err)
	}
}

// asHere puts the addresses of this test in the place of those of the page.
func (r *guideReader) asHere(text string) string {
	for _, pair := range r.addresses {
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	return text
}

// asOnPage does the opposite, for what was printed.
func (r *guideReader) asOnPage(text string) string {
	for _, pair := range slices.Backward(r.addresses) {
		text = strings.ReplaceAll(text, pair[1], pair[0])
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n" // a terminal would go on in the line
	}
	return strings.ReplaceAll(text, r.home, "/home/you")
}
