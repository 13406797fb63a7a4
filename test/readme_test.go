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
	_, text, _ := strings.Cut(string(must[[]byte](t)(os.ReadFile("../README.md"))), "\n### "+section+"\n")
	text, _, _ = strings.Cut(text, "\n### ")
	for i, part := range strings.Split(text, "```") {
		if code, ok := strings.CutPrefix(part, "sh\n"); ok && i%2 == 1 {
			commands += code
		}
	}
	if commands == "" {
		t.Fatalf("the README has no commands under %q", section)
	}
	return commands
}

// The commands under "Ship a file" work as they are written, on a server with the fleet of one.
func TestReadmeShipAFile(t *testing.T) { // R-ART-11, R-ART-12, R-ART-13, R-ART-17
	t.Parallel()
	s, home := serve(t), t.TempDir()
	s.ask("POST", "/things/pump-07", "")
	s.fleet2("site-1", "pump-07")
	c := commandLine{t: t, program: []string{"sh", "-e", "-c"}, dir: home}
	programs := t.TempDir()
	stock := must[string](t)(filepath.Abs("../.tools/aws/bin/aws"))
	for name, program := range map[string]string{"drover": testserver.Binary, "aws": stock} {
		if _, err := os.Stat(program); err != nil {
			t.Fatalf("%s is missing: run make setup: %v", name, err)
		}
		if err := os.Symlink(program, filepath.Join(programs, name)); err != nil {
			t.Fatal(err)
		}
	}
	c.env = append(s.environment(home), "PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH"))
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
