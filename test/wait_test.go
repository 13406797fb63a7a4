package test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/test/testserver"
)

// A wait outlives a restart of the server, prints the answer at once, and is left by Ctrl-C without
// harm to the job.
func TestWaitOverRestart(t *testing.T) { // R-CMD-154, R-CMD-155
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	c := commandLine{t: t, program: []string{testserver.Binary}, env: s.environment(t.TempDir()), dir: t.TempDir()}
	start := func(args ...string) (*exec.Cmd, *testserver.Output, *testserver.Output) {
		command := exec.CommandContext(within(t, time.Minute), testserver.Binary, args...)
		var out, said testserver.Output
		command.Env, command.Dir, command.Stdout, command.Stderr = c.env, c.dir, &out, &said
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		return command, &out, &said
	}
	create := func(id string) []string {
		return []string{"iot", "create-job", "--job-id", id, "--targets", s.ARN("thinggroup", "g"), "--document", "{}", "--query", "jobId", "--wait"}
	}

	command, out, said := start(create("left")...)
	eventually(t, "the job is shown", func() bool { return strings.Contains(said.String(), "queued 1") })
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // its status is looked at
	if got := command.ProcessState.ExitCode(); got != 130 || out.String() != "\"left\"\n" ||
		!strings.HasSuffix(said.String(), "job left: not waited for any more; it goes on\n") {
		t.Errorf("Ctrl-C: status %d, %q: %s", got, out, said)
	}
	if got := c.ok("iot", "describe-job", "--job-id", "left", "--query", "job.status"); got != "\"IN_PROGRESS\"\n" {
		t.Errorf("the job that was left is %s", got)
	}

	command, _, said = start("iot", "describe-job", "--job-id", "left", "--wait", "--query", "job.status")
	eventually(t, "the job is shown", func() bool { return strings.Contains(said.String(), "queued 1") })
	address := strings.TrimPrefix(s.HTTP, "http://")
	s.Kill()
	eventually(t, "the server is missed", func() bool { return strings.Contains(said.String(), "job left: no answer for") })
	s.Start("--http", address)
	s.askFor("iot-jobs-data", "POST", "/things/t0001/jobs/left", `{"status":"SUCCEEDED"}`)
	if err := command.Wait(); err != nil || !strings.Contains(said.String(), "left COMPLETED: released 1") {
		t.Errorf("over a restart: %v: %s", err, said)
	}
	if out, problem, status := c.run("jobs", "list", "--output", "json"); status != 0 || !strings.Contains(out, `"status": "COMPLETED"`) {
		t.Errorf("jobs list: %d %s %s", status, out, problem)
	}
	if out, problem, status := c.run("things", "list", "--group", "nobody"); status != 0 || out != "" ||
		problem != "There is no such thing. \"drover things list\" shows all of them.\n" {
		t.Errorf("things list: %d %q %q", status, out, problem)
	}
}
