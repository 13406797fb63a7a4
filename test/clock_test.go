package test

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// drover runs the binary as a user does and returns what it printed.
func (s *server) drover(args ...string) (string, error) {
	out, err := exec.CommandContext(within(s.t, 20*time.Second), binary, args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// drover clock reads, advances, sets and jumps; wrong words and the real clock are refused.
func TestClockCommand(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	shown := func(args ...string) time.Time {
		t.Helper()
		out, err := s.drover(append([]string{"clock"}, append(args, "--data", s.dir)...)...)
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
	if out, err := s.drover("clock", "--data", s.dir, "advance", "0s"); err != nil { // options first
		t.Errorf("%s, %v", out, err)
	}
	later := start.Add(720 * time.Hour)
	if got := shown("set", later.Format(time.RFC3339Nano)); !got.Equal(later) {
		t.Errorf("set to %v, it shows %v", later, got)
	}
	s.kill() // a clock goes on where it was
	s.start("--clock", "virtual")
	if got := shown(); !got.Equal(later) {
		t.Errorf("after a restart it shows %v, want %v", got, later)
	}
	if got := shown("next"); !got.Equal(later) {
		t.Errorf("nothing waits, and the clock went from %v to %v", later, got)
	}
	real := serve(t)
	for _, args := range [][]string{
		{"clock", "advance", "soon", "--data", s.dir}, {"clock", "back", "--data", s.dir}, {"clock", "set", "2001-01-01T00:00:00Z", "--data", s.dir},
		{"clock", "advance", "--data", s.dir}, {"clock", "next", "1h", "--data", s.dir}, {"clock", "advance", "1h", "--data", real.dir}, {"clock", "--data", t.TempDir()},
	} {
		if out, err := s.drover(args...); err == nil || !strings.HasPrefix(out, "drover: ") {
			t.Errorf("drover %v: %q, %v; want a refusal", args, out, err)
		}
	}
	s.kill() // what is stored lies in the future of the real clock: that is said
	s.start()
	s.kill()
	if !strings.Contains(s.output.String(), "the clock is behind the newest time in the data folder") {
		t.Errorf("no warning in:\n%s", s.output)
	}
}
