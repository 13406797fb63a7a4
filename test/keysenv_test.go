package test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/test/testserver"
)

// What "drover keys env" prints is all that the aws command line needs, also of a server that has
// HTTPS only, and a server that is started again says the line. R-CMD-171
func TestKeysEnvironment(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{"HTTP": nil, "HTTPS only": {"--http", ""}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &server{Server: testserver.New(t), t: t}
			s.Dir = filepath.Join(t.TempDir(), "it's here")
			s.Start(flags...)
			s.welcomes()
			const line = `eval "$(drover keys env --data `
			if strings.Contains(s.Output.String(), line) {
				t.Errorf("a new folder: the line is printed beside the variables:\n%s", s.Output)
			}
			if err := s.Stop(); err != nil {
				t.Fatal(err)
			}
			s.Start(flags...)
			s.welcomes()
			_, said, _ := strings.Cut(s.Output.String(), "for a shell")
			said, _, _ = strings.Cut(said, "\n")
			if !strings.Contains(said, line) {
				t.Fatalf("a folder with data: no line is printed:\n%s", s.Output)
			}
			c := s.readmeShell(t)
			c.env = []string{c.env[len(c.env)-1], "HOME=" + c.dir} // the path; nothing of the server
			wantText(t, c.ok(said+"\naws iot create-thing --thing-name pump-07"), "pump-07")
			c.env = append(c.env, "DROVER_DATA="+s.Dir)
			wantText(t, c.ok("drover keys env"), "AWS_DEFAULT_REGION="+s.Region)
		})
	}
	c := commandLine{t: t, env: []string{"HOME=" + t.TempDir()}, program: []string{testserver.Binary}, dir: t.TempDir()}
	if _, problem, status := c.run("keys", "env"); status != 1 ||
		!strings.Contains(problem, "no server runs on drover-data: start one") {
		t.Errorf("without a server: status %d, %s", status, problem)
	}
}

// welcomes waits until the server has printed where it listens. That is one write, and comes after
// endpoints.json.
func (s *server) welcomes() {
	s.t.Helper()
	eventually(s.t, "the server says where it listens", func() bool {
		return strings.Contains(s.Output.String(), "\n  data  ")
	})
}
