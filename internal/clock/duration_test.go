package clock

import (
	"testing"
	"time"
)

// Durations with days and without, and what is none.
func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0s":     0,
		"0d":     0,
		"90m":    90 * time.Minute,
		"1500ms": 1500 * time.Millisecond,
		"30d":    720 * time.Hour,
		"1d12h":  36 * time.Hour,
		"365d":   8760 * time.Hour,
		"65535d": 65535 * 24 * time.Hour,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%q: got %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "d", "-1d", "1", "soon", "-90m", "1d-1h", "1.5d", "1h1d", "65536d", " 1h", "+1d",
	} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q was read as %s", text, got)
		}
	}
}
