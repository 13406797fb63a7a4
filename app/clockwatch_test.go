package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/clock"
)

// Each change of the machine's clock is said once.
func TestClockWatch(t *testing.T) {
	t.Parallel()
	var (
		said    bytes.Buffer
		elapsed time.Duration
		start   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		machine = &settable{start}
	)
	w := &clockWatch{
		steady: clock.NewSteady(machine, start, func() time.Duration { return elapsed }),
		log:    slog.New(slog.NewTextHandler(&said, nil)),
	}
	for _, step := range []struct {
		pass, set time.Duration
		want      string // in what is said; "" for nothing
	}{
		{time.Second, 0, ""},
		{time.Second, -time.Hour, "is behind"},
		{time.Second, 0, ""},
		{time.Second, time.Hour, "is right again"},
		{time.Second, 0, ""},
		{time.Second, -time.Hour, "is behind"},
		{clock.Patience, 0, "follows it back"},
		{time.Second, 0, ""},
	} {
		said.Reset()
		elapsed += step.pass
		machine.now = machine.now.Add(step.pass + step.set)
		w.look()
		if got := said.String(); (step.want == "") != (got == "") ||
			!strings.Contains(got, step.want) {
			t.Errorf("after %v, set by %v: %q, want %q", step.pass, step.set, got, step.want)
		}
	}
}

// settable is a machine's clock.
type settable struct{ now time.Time }

func (s *settable) Now() time.Time { return s.now }
