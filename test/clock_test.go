package test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/test/testserver"
)

// drover runs the testserver.Binary as a user does and returns what it printed.
func (s *server) drover(args ...string) (string, error) {
	out, err := exec.CommandContext(within(s.t, 20*time.Second), testserver.Binary, args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// drover clock reads, advances, sets and jumps; wrong words and the real clock are refused.
func TestClockCommand(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	shown := func(args ...string) time.Time {
		t.Helper()
		out, err := s.drover(append([]string{"clock"}, append(args, "--data", s.Dir)...)...)
		text, virtual := strings.CutSuffix(out, " virtual")
		at, parseErr := time.Parse(time.RFC3339Nano, text)
		if err != nil || !virtual || parseErr != nil {
			t.Fatalf("drover clock %v: %q, %v", args, out, err)
		}
		return at
	}
	start := shown()
	if got := shown("advance", "1d12h"); !got.Equal(start.Add(36 * time.Hour)) {
		t.Errorf("advanced by 36 hours from %v to %v", start, got)
	}
	if out, err := s.drover("clock", "--data", s.Dir, "advance", "0s"); err != nil { // options first
		t.Errorf("%s, %v", out, err)
	}
	later := start.Add(720 * time.Hour)
	if got := shown("set", later.Format(time.RFC3339Nano)); !got.Equal(later) {
		t.Errorf("set to %v, it shows %v", later, got)
	}
	s.Kill() // a clock goes on where it was
	s.Start("--clock", "virtual")
	if got := shown(); !got.Equal(later) {
		t.Errorf("after a restart it shows %v, want %v", got, later)
	}
	if got := shown("next"); !got.Equal(later) {
		t.Errorf("nothing waits, and the clock went from %v to %v", later, got)
	}
	real := serve(t)
	for _, args := range [][]string{
		{"clock", "advance", "soon", "--data", s.Dir}, {"clock", "back", "--data", s.Dir}, {"clock", "set", "2001-01-01T00:00:00Z", "--data", s.Dir},
		{"clock", "advance", "--data", s.Dir}, {"clock", "next", "1h", "--data", s.Dir}, {"clock", "advance", "1h", "--data", real.Dir}, {"clock", "--data", t.TempDir()},
	} {
		if out, err := s.drover(args...); err == nil || !strings.HasPrefix(out, "drover: ") {
			t.Errorf("drover %v: %q, %v; want a refusal", args, out, err)
		}
	}
	s.Kill() // what is stored lies in the future of the real clock: that is said
	s.Start()
	eventually(t, "a warning about the clock", func() bool { return strings.Contains(s.Output.String(), "WARN") })
	s.Kill()
	if !strings.Contains(s.Output.String(), "the machine's clock is behind the newest time that the server knows") {
		t.Errorf("no warning in:\n%s", s.Output)
	}
}
