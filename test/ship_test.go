package test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/drover-iot/drover/test/testserver"
)

// shipLine calls drover in an empty folder that has a file fw {2}.bin, and returns its content.
func (s *server) shipLine(t *testing.T) (c commandLine, content string) {
	folder := t.TempDir()
	c = commandLine{t: t, program: []string{testserver.Binary}, env: s.environment(folder), dir: folder}
	content = strings.Repeat("firmware ", 2_000_000) // in parts
	c.write("fw {2}.bin", content)
	return c, content
}

// document is the document of a job as t0001 gets it.
func (s *server) document(id string) (document map[string]any) {
	s.t.Helper()
	text, _ := at(s.askFor("iot-jobs-data", "GET", "/things/t0001/jobs/"+id, ""), "execution.jobDocument").(string)
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		s.t.Fatalf("document of %s: %q: %v", id, text, err)
	}
	return document
}

// fetched is what a device finds at a URL of the server's own store.
func (s *server) fetched(address any) string {
	s.t.Helper()
	text, _ := address.(string)
	answer := must[*http.Response](s.t)(s.trusting().Get(text))
	defer answer.Body.Close()
	return string(must[[]byte](s.t)(io.ReadAll(answer.Body)))
}

// A file goes to devices by one command: it is stored, the job's document names it with its
// SHA-256, and each device finds it at a URL of its own. The command shows the job until it has
// ended.
func TestShip(t *testing.T) { // R-ART-17
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	c, content := s.shipLine(t)
	sum := sha256.Sum256([]byte(content))
	target := s.ARN("thinggroup", "g")

	command := exec.CommandContext(t.Context(), testserver.Binary, "jobs", "create", "--file", "fw {2}.bin",
		"--targets", target, s.ARN("thing", "t0001"), "--job-id", "fw", "--path", "/opt/fw", "--expires-in-sec", "60")
	var said testserver.Output
	command.Env, command.Dir, command.Stderr = c.env, c.dir, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the job is shown", func() bool { return strings.Contains(said.String(), "in progress 0, succeeded 0, failed 0, queued 1") })
	document := s.document("fw")
	if got := document["sha256"]; got != hex.EncodeToString(sum[:]) || document["size"] != 18e6 ||
		document["operation"] != "download" || document["path"] != "/opt/fw" {
		t.Errorf("document: %v", document)
	}
	if s.fetched(document["url"]) != content || !strings.Contains(document["url"].(string), "X-Amz-Expires=60&") {
		t.Errorf("%v is not the file", document["url"])
	}
	s.askFor("iot-jobs-data", "POST", "/things/t0001/jobs/fw", `{"status":"SUCCEEDED"}`)
	if err := command.Wait(); err != nil || !strings.HasSuffix(said.String(), "fw COMPLETED: released 1, in progress 0, succeeded 1, failed 0\n") {
		t.Errorf("%v: %s", err, &said)
	}

	// Again, by the managed template: the artifact is there already, and the job has an id of its
	// own.
	id := strings.TrimSpace(c.ok("job", "create", "--file", "fw {2}.bin", "--targets", target, "--no-wait", "--quiet",
		"--template", "AWS-Download-File", "--path", "/opt/fw"))
	text, _ := json.Marshal(s.document(id))
	if !strings.HasPrefix(id, "fw-2-bin-") || !strings.Contains(string(text), `"handler":"download-file.sh"`) ||
		!strings.Contains(string(text), `/opt/fw`) {
		t.Errorf("%s: %s", id, text)
	}
	steps, _ := s.document(id)["steps"].([]any)
	args := at(map[string]any{"s": steps[0]}, "s.action.input.args").([]any)
	if s.fetched(args[0]) != content {
		t.Errorf("%v is not the file", args)
	}
	if out := c.ok("artifact", "list"); strings.Count(out, "\n") != 1 || !strings.HasSuffix(out, "  "+hex.EncodeToString(sum[:6])+"/fw {2}.bin\n") {
		t.Errorf("artifacts: %q", out)
	}
}

// What is wrong is said, where possible before the file is sent; a job that goes badly is a
// failure.
func TestShipFails(t *testing.T) { // R-ART-17
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	c, _ := s.shipLine(t)
	target := s.ARN("thinggroup", "g")
	for _, tt := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"job"}, 2, "usage: drover jobs create --file FILE"},
		{[]string{"jobs", "make"}, 2, "drover jobs: there is no \"make\"\nusage: drover jobs create --file FILE"},
		{[]string{"job", "create", "--targets", target}, 2, "usage: drover jobs create --file FILE"},
		{[]string{"job", "create", "--file", "fw {2}.bin"}, 2, "usage: drover jobs create --file FILE"},
		{[]string{"job", "create", "--file", "absent", "--targets", target}, 1, "open absent: no such file or directory"},
		{[]string{"job", "create", "--file", "fw {2}.bin", "--targets", target, "--template", "AWS-Reboot"}, 1,
			"template AWS-Reboot has no parameter downloadUrl"},
		{[]string{"job", "create", "--file", "fw {2}.bin", "--targets", target, "--template", "AWS-Download-File"}, 1,
			"template AWS-Download-File needs --path"},
		{[]string{"job", "create", "--file", "fw {2}.bin", "--targets", target, "--template", "nope", "--path", "/x"}, 1,
			"template nope: "},
	} {
		if _, said, status := c.run(tt.args...); status != tt.status || !strings.Contains(said, tt.want) {
			t.Errorf("%v: status %d: %s; want %d, %q", tt.args, status, said, tt.status, tt.want)
		}
	}
	if out := c.ok("artifact", "list"); out != "" {
		t.Errorf("stored meanwhile: %s", out)
	}
	if _, said, status := c.run("job", "create", "--file", "fw {2}.bin", "--targets", s.ARN("thing", "nobody")); status != 1 ||
		!strings.Contains(said, "create job fw-2-bin-") {
		t.Errorf("a target that is not there: %d %s", status, said)
	}

	// Ctrl-C ends the showing, and the job goes on. A device that fails makes the command fail.
	for id, end := range map[string]func(*os.Process) error{
		"left": func(p *os.Process) error { return p.Signal(os.Interrupt) },
		"bad": func(*os.Process) error {
			s.askFor("iot-jobs-data", "POST", "/things/t0001/jobs/bad", `{"status":"FAILED"}`)
			return nil
		},
	} {
		command := exec.CommandContext(t.Context(), testserver.Binary, "job", "create", "--file", "fw {2}.bin", "--targets", target, "--job-id", id)
		var said testserver.Output
		command.Env, command.Dir, command.Stderr = c.env, c.dir, &said
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the job is shown", func() bool { return strings.Contains(said.String(), "queued 1") })
		if err := end(command.Process); err != nil {
			t.Fatal(err)
		}
		_ = command.Wait() // its status is looked at
		want := map[string]string{
			"left": "drover: job left: not waited for any more; it goes on\n",
			"bad":  "drover: job bad is COMPLETED, and 1 of its 1 executions have not succeeded\n",
		}[id]
		status := map[string]int{"left": 130, "bad": 1}[id]
		if got := command.ProcessState.ExitCode(); got != status || !strings.HasSuffix(said.String(), want) {
			t.Errorf("%s: status %d: %s", id, got, &said)
		}
	}
	if got := s.ask("GET", "/things/t0001/jobs/left", ""); at(got, "execution.status") != "QUEUED" {
		t.Errorf("the job that was left: %v", got)
	}
}
