package broker

import (
	"testing"
	"time"
)

func TestInboundRateBuckets(t *testing.T) { // R-BRK-20
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	type packets struct {
		after time.Duration // the packet before
		n     int
		size  int
		wait  time.Duration // of the last
	}
	messages := Config{MessagesPerSecond: 100, BytesPerSecond: -1}
	for _, row := range []struct {
		name  string
		cfg   Config
		steps []packets
	}{
		{"a second's worth at once", messages, []packets{{0, 100, 1, 0}}},
		{"one more", messages, []packets{{0, 101, 1, 10 * time.Millisecond}}},
		{"after half a second", messages, []packets{
			{0, 100, 1, 0}, {500 * time.Millisecond, 50, 1, 0}, {0, 1, 1, 10 * time.Millisecond},
		}},
		{"bytes", Config{MessagesPerSecond: -1, BytesPerSecond: 1000}, []packets{
			{0, 1, 1000, 0}, {0, 1, 500, 500 * time.Millisecond}, {time.Second, 1, 500, 0},
		}},
		{"no limit", Config{MessagesPerSecond: -1, BytesPerSecond: -1}, []packets{
			{0, 1000, 1 << 20, 0},
		}},
	} {
		var r inboundRate
		now := start
		for i, step := range row.steps {
			now = now.Add(step.after)
			var got time.Duration
			for range step.n {
				got = r.add(step.size, now, &row.cfg)
			}
			if got.Round(time.Microsecond) != step.wait {
				t.Errorf("%s: step %d: wait %v, want %v", row.name, i+1, got, step.wait)
			}
		}
	}
}
