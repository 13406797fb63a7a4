package test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/drover-iot/drover/test/testserver"
)

// A screen is a pseudo-terminal with a program on it.
type screen struct {
	t        *testing.T
	terminal *os.File // what a person sees and types
	inside   *os.File // what the program has
	before   *term.State
	shown    testserver.Output
	command  *exec.Cmd
	drained  chan struct{}
}

// onScreen starts a command line on a terminal of some width, with more variables.
func (c commandLine) onScreen(t *testing.T, columns uint16, variables []string, args ...string) *screen {
	t.Helper()
	s := &screen{t: t, drained: make(chan struct{})}
	var err error
	if s.terminal, s.inside, err = pty.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.terminal.Close(); _ = s.inside.Close() })
	s.resize(columns)
	if s.before, err = term.GetState(int(s.inside.Fd())); err != nil {
		t.Fatal(err)
	}
	s.command = exec.CommandContext(within(t, 30*time.Second), c.program[0], append(c.program[1:], args...)...)
	s.command.Env, s.command.Dir = append(append(c.env, "TERM=xterm"), variables...), c.dir
	s.command.Stdin, s.command.Stdout, s.command.Stderr = s.inside, s.inside, s.inside
	s.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // Ctrl-C is a signal
	go func() {
		defer close(s.drained)
		_, _ = io.Copy(&s.shown, s.terminal) // it ends with the terminal
	}()
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// resize gives the terminal another width.
func (s *screen) resize(columns uint16) {
	if err := pty.Setsize(s.terminal, &pty.Winsize{Rows: 24, Cols: columns}); err != nil {
		s.t.Fatal(err)
	}
}

// shows waits until the program has shown a text.
func (s *screen) shows(text string) {
	s.t.Helper()
	eventually(s.t, "the screen shows "+text, func() bool { return strings.Contains(s.shown.String(), text) })
}

// keys types.
func (s *screen) keys(text string) {
	if _, err := s.terminal.WriteString(text); err != nil {
		s.t.Error(err)
	}
}

// ends waits for the end and returns everything shown, and the status. The terminal must be as it
// was.
func (s *screen) ends() (shown string, status int) {
	s.t.Helper()
	_ = s.command.Wait() // its status is looked at
	after, err := term.GetState(int(s.inside.Fd()))
	if err != nil || !reflect.DeepEqual(s.before, after) {
		s.t.Errorf("the terminal is left as %v, %v; it was %v", after, err, s.before)
	}
	_ = s.inside.Close()
	<-s.drained
	return s.shown.String(), s.command.ProcessState.ExitCode()
}

// escapes are what steers a terminal.
var escapes = regexp.MustCompile(`\x1b\[[?0-9;]*[a-zA-Z]`)

const (
	secondScreen = "\x1b[?1049h"
	firstScreen  = "\x1b[?1049l"
)

// The live view of a job draws on a second screen, follows the job and the terminal's size, and
// gives the terminal back however it ends.
func TestWatch(t *testing.T) { // R-CMD-158
	t.Parallel()
	s := serve(t)
	s.fleet("g", 2)
	c := commandLine{t: t, program: []string{testserver.Binary}, env: s.environment(t.TempDir()), dir: t.TempDir()}
	create := func(id string) {
		c.ok("iot", "create-job", "--job-id", id, "--targets", s.ARN("thinggroup", "g"), "--document", "{}", "--description", "two pumps",
			"--abort-config", "criteriaList=[{failureType=FAILED,action=CANCEL,thresholdPercentage=100,minNumberOfExecutedThings=2}]")
	}
	report := func(thing, id, body string) {
		s.askFor("iot-jobs-data", "POST", "/things/"+thing+"/jobs/"+id, body)
	}
	create("fw")
	w := c.onScreen(t, 80, nil, "jobs", "watch", "fw")
	w.shows("queued 2")
	for _, want := range []string{secondScreen, "fw", "\x1b[34mIN_PROGRESS\x1b[0m", "two pumps", "thinggroup/g (2 things), SNAPSHOT", "configured 1000/min",
		"FAILED 0 of 0 (0.0 %), cancels from 100 % of at least 2", "t0001", "q quits"} {
		if !strings.Contains(w.shown.String(), want) {
			t.Errorf("no %q in %q", want, w.shown.String())
		}
	}
	report("t0001", "fw", `{"status":"FAILED","statusDetails":{"step":"flash"}}`)
	w.shows("step=flash")
	w.shows("FAILED 1 of 1 (100.0 %)")
	drawn := len(w.shown.String())
	w.resize(50)
	eventually(t, "the view is drawn again", func() bool { return strings.Contains(w.shown.String()[drawn:], "q quits") })
	for line := range strings.Lines(w.shown.String()[drawn:]) {
		if text := strings.TrimRight(escapes.ReplaceAllString(line, ""), "\r\n"); len([]rune(text)) > 50 {
			t.Errorf("too wide for 50 columns: %q", text)
		}
	}
	w.keys("xq")
	shown, status := w.ends()
	_, left, _ := strings.Cut(shown, firstScreen)
	if status != 0 || !strings.Contains(left, "FAILED 1 of 1") || strings.Contains(left, "q quits") {
		t.Errorf("q: status %d, left on the screen: %q", status, left)
	}

	w = c.onScreen(t, 80, []string{"NO_COLOR=1"}, "job", "watch", "fw")
	w.shows("queued 1")
	w.keys("\x03")
	if shown, status := w.ends(); status != 130 || !strings.Contains(shown, firstScreen) || strings.Contains(shown, "\x1b[3") {
		t.Errorf("Ctrl-C without colours: status %d: %q", status, shown)
	}

	w = c.onScreen(t, 80, nil, "jobs", "watch", "fw")
	w.shows("queued 1")
	report("t0002", "fw", `{"status":"SUCCEEDED"}`)
	if shown, status := w.ends(); status != 1 ||
		!strings.HasSuffix(shown, "drover: job fw is COMPLETED, and 1 of its 2 executions have not succeeded\r\n") {
		t.Errorf("the job has ended: status %d: %q", status, shown)
	}

	w = c.onScreen(t, 80, nil, "jobs", "watch", "nope")
	if shown, status := w.ends(); status != 1 || strings.Contains(shown, secondScreen) || !strings.Contains(shown, "job nope: ") {
		t.Errorf("no such job: status %d: %q", status, shown)
	}

	create("dumb")
	w = c.onScreen(t, 80, []string{"TERM=dumb"}, "jobs", "watch", "dumb")
	w.shows("dumb IN_PROGRESS: released 2")
	report("t0001", "dumb", `{"status":"SUCCEEDED"}`)
	report("t0002", "dumb", `{"status":"SUCCEEDED"}`)
	if shown, status := w.ends(); status != 0 || escapes.MatchString(shown) {
		t.Errorf("a dumb terminal: status %d: %q", status, shown)
	}
}

// The line of --wait is drawn in its place, cut to the terminal, and its end stays.
func TestWaitOnTerminal(t *testing.T) { // R-CMD-156
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	c := commandLine{t: t, program: []string{testserver.Binary}, env: s.environment(t.TempDir()), dir: t.TempDir()}
	w := c.onScreen(t, 60, nil, "iot", "create-job", "--job-id", "fw", "--targets", s.ARN("thinggroup", "g"), "--document", "{}", "--query", "jobId", "--wait")
	w.shows("\"fw\"\r\n\rfw IN_PROGRESS: released 1")
	s.askFor("iot-jobs-data", "POST", "/things/t0001/jobs/fw", `{"status":"SUCCEEDED"}`)
	shown, status := w.ends()
	if status != 0 || !strings.HasSuffix(shown, "\x1b[K\r\n") || !strings.Contains(shown, "\rfw COMPLETED: released 1, in progress 0, succeeded 1") {
		t.Errorf("status %d: %q", status, shown)
	}
	for line := range strings.SplitSeq(escapes.ReplaceAllString(shown, ""), "\r") {
		if len([]rune(line)) > 60 {
			t.Errorf("too wide: %q", line)
		}
	}
}

// Colours, bold letters and pagers are there on a terminal, unless they are not wanted.
func TestOnTerminal(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	s.ask("PUT", "/jobs/fw", `{"targets":["`+s.ARN("thinggroup", "g")+`"],"document":"{}"}`)
	c := commandLine{t: t, program: []string{testserver.Binary}, env: s.environment(t.TempDir()), dir: t.TempDir()}
	// The environment of the other tests has no pager.
	c.env = slices.DeleteFunc(c.env, func(v string) bool { return strings.HasPrefix(v, "AWS_PAGER=") || strings.HasPrefix(v, "PAGER=") })
	const bold, color = "\x1b[1m", "\x1b["
	for _, tt := range []struct {
		rule      string
		variables []string
		line      string
		want, not string
	}{
		{"R-CMD-157", nil, "jobs list", bold + "JOB", "\x1b[?"},
		{"R-CMD-157 NO_COLOR", []string{"NO_COLOR=1"}, "jobs list", "JOB", color},
		{"R-CMD-157 dumb", []string{"TERM=dumb"}, "things list", "t0001", color},
		{"R-CMD-84 auto", nil, "iot list-jobs --output table", color, "\x1b[?"},
		{"R-CMD-84 off", nil, "iot list-jobs --output table --color off", "ListJobs", color},
		{"R-CMD-84 NO_COLOR", []string{"NO_COLOR=1"}, "iot list-jobs --output table", "ListJobs", color},
		{"R-CMD-84 on", []string{"NO_COLOR=1"}, "iot list-jobs --output table --color on", color, "\x1b[?"},
		{"R-CMD-138", []string{"AWS_PAGER="}, "iot list-jobs help", bold + "NAME", "\x1b[?"},
		{"R-CMD-138 NO_COLOR", []string{"AWS_PAGER=", "NO_COLOR=1"}, "iot list-jobs help", "NAME", color},
		{"R-CMD-138 dumb", []string{"AWS_PAGER=", "TERM=dumb"}, "iot list-jobs help", "NAME", color},
		{"R-CMD-140 help", []string{"PAGER=tr A-Z a-z"}, "iot list-jobs help", "synopsis", "SYNOPSIS"},
		{"R-CMD-140 first", []string{"PAGER=cat", "AWS_PAGER=tr A-Z a-z"}, "jobs list --help", "synopsis", "SYNOPSIS"},
		{"R-CMD-140 none", []string{"PAGER=tr A-Z a-z", "NO_COLOR=1"}, "iot list-jobs help --no-cli-pager", "SYNOPSIS", "synopsis"},
		{"R-CMD-140 not there", []string{"AWS_PAGER=/nonexistent/pager", "NO_COLOR=1"}, "iot list-jobs help", "SYNOPSIS", "synopsis"},
		{"R-CMD-140 answers", []string{"AWS_PAGER=tr a-z A-Z"}, "iot list-jobs", "JOBARN", "jobArn"},
		{"R-CMD-140 answers, PAGER", []string{"PAGER=tr a-z A-Z"}, "iot list-jobs", "jobArn", "JOBARN"},
		{"R-CMD-140 answers, left", []string{"AWS_PAGER=true"}, "iot list-jobs", "", "jobArn"},
	} {
		w := c.onScreen(t, 80, tt.variables, strings.Fields(tt.line)...)
		shown, status := w.ends()
		if status != 0 || !strings.Contains(shown, tt.want) || strings.Contains(shown, tt.not) {
			t.Errorf("%s: %s: status %d: %q; want %q and no %q", tt.rule, tt.line, status, shown, tt.want, tt.not)
		}
	}
}

// The code of an MFA device is asked for on the terminal, is not shown there, and is sent to the
// token service. Ctrl-C at the question ends the call (R-CMD-149).
func TestCodeOnTerminal(t *testing.T) {
	t.Parallel()
	var code testserver.Output
	token := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(&code, r.FormValue("SerialNumber")+" "+r.FormValue("TokenCode"))
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
	}))
	t.Cleanup(token.Close)
	config := filepath.Join(t.TempDir(), "config")
	text := "[profile mfa]\nregion=r-1\nrole_arn=R\nsource_profile=keys\nmfa_serial=DEVICE\n" +
		"[profile keys]\naws_access_key_id=AKID\naws_secret_access_key=s\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := commandLine{
		t:       t,
		program: []string{testserver.Binary},
		env: []string{"AWS_CONFIG_FILE=" + config, "AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_ENDPOINT_URL_STS=" + token.URL,
			"AWS_EC2_METADATA_DISABLED=true", "HOME=" + t.TempDir()},
		dir: t.TempDir(),
	}
	const question = "Enter MFA code for DEVICE: "
	w := c.onScreen(t, 80, nil, "iot", "list-jobs", "--profile", "mfa")
	w.shows(question)
	w.keys("123456\r")
	shown, status := w.ends()
	if status != 254 || code.String() != "DEVICE 123456" || strings.Contains(shown, "123456") || !strings.Contains(shown, "(AccessDenied)") {
		t.Errorf("status %d, sent %q: %q", status, code.String(), shown)
	}
	w = c.onScreen(t, 80, nil, "iot", "list-jobs", "--profile", "mfa")
	w.shows(question)
	w.keys("\x03")
	if shown, status := w.ends(); status != 130 || code.String() != "DEVICE 123456" {
		t.Errorf("Ctrl-C: status %d, sent %q: %q", status, code.String(), shown)
	}
}
