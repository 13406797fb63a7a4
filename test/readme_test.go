package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/test/testserver"
)

// readmeCommands are the commands of a section of the README.
func readmeCommands(t *testing.T, section string) (commands string) {
	t.Helper()
	return pageCommands(t, "../README.md", section)
}

// pageCommands are the commands of a section of a page.
func pageCommands(t *testing.T, page, section string) (commands string) {
	t.Helper()
	_, text, _ := strings.Cut(string(must[[]byte](t)(os.ReadFile(page))), "# "+section+"\n")
	text, _, _ = strings.Cut(text, "\n##")
	for i, part := range strings.Split(text, "```") {
		if code, ok := strings.CutPrefix(part, "sh\n"); ok && i%2 == 1 {
			commands += code
		}
	}
	if commands == "" {
		t.Fatalf("%s has no commands under %q", page, section)
	}
	return commands
}

// readmeShell is a shell in a new folder, with drover and aws and what a user exports.
func (s *server) readmeShell(t *testing.T) commandLine {
	t.Helper()
	home, programs := t.TempDir(), t.TempDir()
	stock := must[string](t)(filepath.Abs("../.tools/aws/bin/aws"))
	for name, program := range map[string]string{"drover": testserver.Binary, "aws": stock} {
		if _, err := os.Stat(program); err != nil {
			t.Fatalf("%s is missing: run make setup: %v", name, err)
		}
		if err := os.Symlink(program, filepath.Join(programs, name)); err != nil {
			t.Fatal(err)
		}
	}
	return commandLine{
		t: t, program: []string{"sh", "-e", "-c"}, dir: home,
		env: append(s.environment(home), "PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH")),
	}
}

// The commands under "The command line" work as they are written, on a server with the job that they
// name.
func TestReadmeCommandLine(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.ask("POST", "/things/pump-07", "")
	s.fleet2("site-1", "pump-07")
	s.create("fw-2", "site-1", nil)
	c := s.readmeShell(t)
	c.write("credentials.csv", "User Name,Access key ID,Secret access key\nnora,AKID,secret\n")
	out := c.ok(readmeCommands(t, "The command line"))
	for _, want := range []string{"imported 1 profile(s)", "COMMANDS OF THE API", "Job templates", "--presigned-url-config", "|  jobId           |  fw-2 ",
		"inProgressTimeoutInMinutes: 30\n", " pages in "} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing printed has %q:\n%s", want, out)
		}
	}
	if !strings.Contains(c.read("update.yaml"), "jobId: ''  # [REQUIRED]") {
		t.Errorf("update.yaml is %s", c.read("update.yaml"))
	}
	if stored := c.ok("drover configure list-profiles"); !strings.Contains(stored, "plant-nora\n") {
		t.Errorf("the profiles are %s", stored)
	}
}

// The commands under "Steering a running job" work as they are written, on a server with the job and
// the fleet of the sections before.
func TestReadmeSteering(t *testing.T) { // R-STR-1, R-STR-10, R-STR-14, R-STR-15
	t.Parallel()
	s := serve(t)
	s.ask("POST", "/things/pump-07", "")
	s.fleet2("site-1", "pump-07")
	s.create("fw-2-4", "site-1", nil)
	out := s.readmeShell(t).ok(readmeCommands(t, "Steering a running job"))
	for _, want := range []string{
		"fw-2-4 is paused: waiting for ticket 4711\n", "\npaused  waiting for ticket 4711\n", "fw-2-4 is not paused\n",
		"\nabort=pause\nguard=FAILED 5pct settle=30m\n", "pump-07 is held until ", "  its line is busy\n", "pump-07 is released\n",
		`"Key": "drover:paused"`, `"settings":{"abort":"observe","guard":"FAILED 5pct settle=30m"}`,
		`"takes": "20pct"`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing printed has %q:\n%s", want, out)
		}
	}
}

// The commands under "What will become of a job" and "What became of it" work as they are written.
func TestReadmeAnswers(t *testing.T) { // R-FCT-1, R-FAIL-1, R-FAIL-2, R-WHAT-1
	t.Parallel()
	s := serve(t)
	s.ask("POST", "/things/pump-07", "")
	s.fleet2("site-1", "pump-07")
	s.create("fw-2-4", "site-1", nil)
	c := s.readmeShell(t)
	out := c.ok(readmeCommands(t, "What will become of a job")) + c.ok(readmeCommands(t, "What became of it"))
	for _, want := range []string{
		"Finish ", `"p50"`, "FIRST ATTEMPTS", "thinggroup/fw-2-good", "WITH THESE SETTINGS", "does not stop it",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing printed has %q:\n%s", want, out)
		}
	}
	// A job that is not there leaves no group behind.
	out = c.ok("drover jobs failures none --create-group left 2>&1 || drover iot describe-thing-group " +
		"--thing-group-name left 2>&1 || echo no group")
	if !strings.Contains(out, "job none does not exist") || !strings.Contains(out, "no group") {
		t.Errorf("a job that is not there: %s", out)
	}
}

// The commands under "Ship a file" work as they are written, on a server with the fleet of one.
func TestReadmeShipAFile(t *testing.T) { // R-ART-11, R-ART-12, R-ART-13, R-ART-17
	t.Parallel()
	s := serve(t)
	s.ask("POST", "/things/pump-07", "")
	s.fleet2("site-1", "pump-07")
	c := s.readmeShell(t)
	c.write("fw-2.5.bin", "the firmware")
	out := c.ok(readmeCommands(t, "Ship a file"))
	for _, want := range []string{
		"fw-2-5\n", "${aws:iot:s3-presigned-url-v2:s3://artifacts/", "X-Amz-Signature=", "  pumps/fw-2.5.bin\n",
		"copy.bin  12 bytes  sha256 ", "removed s3://artifacts/pumps/fw-2.5.bin",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing printed has %q:\n%s", want, out)
		}
	}
	if c.read("copy.bin") != "the firmware" {
		t.Errorf("copy.bin is %q", c.read("copy.bin"))
	}
}
