package s3api

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Downloads under way share the rate of all equally; those of one address have no more than its
// rate together, also one after the other in short ranges.
func TestRates(t *testing.T) { // R-ART-16
	t.Parallel()
	const kib, unlimited = 1 << 10, 0
	for _, tt := range []struct {
		name             string
		total, perDevice float64
		downloads        map[string]int // from an address: how many
		apiece           time.Duration  // how long a MiB takes when all ask for one
	}{
		{"one alone", 256 * kib, unlimited, map[string]int{"a": 1}, 4 * time.Second},
		{"two share", 256 * kib, unlimited, map[string]int{"a": 1, "b": 1}, 8 * time.Second},
		{"per device", unlimited, 256 * kib, map[string]int{"a": 1, "b": 1}, 4 * time.Second},
		{"two of one device", unlimited, 256 * kib, map[string]int{"a": 2}, 8 * time.Second},
		{"both rates", 256 * kib, 1024 * kib, map[string]int{"a": 1, "b": 1}, 8 * time.Second},
		{"none", unlimited, unlimited, map[string]int{"a": 3}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, begun := NewRates(tt.total, tt.perDevice), time.Now()
				var all sync.WaitGroup
				for address, n := range tt.downloads {
					for range n {
						all.Go(func() {
							sendMiB(r, address)
							// The burst of the first chunk comes early, and with two in turn one of
							// them is a chunk ahead.
							if took := time.Since(begun); took > tt.apiece || took < tt.apiece*9/10 {
								t.Errorf("%s: %v, want %v", address, took, tt.apiece)
							}
						})
					}
				}
				all.Wait()
				begun = time.Now()
				for range 16 { // in ranges of 64 KiB
					s := r.begin("a")
					_ = s.wait(context.Background(), int(min(s.most(), 64*kib)))
					s.end()
				}
				if took := time.Since(begun); tt.perDevice == 256*kib && took < 3*time.Second {
					t.Errorf("short ranges: a MiB in %v", took)
				}
				time.Sleep(time.Minute)
				r.mu.Lock()
				defer r.mu.Unlock()
				if len(r.devices) != 0 {
					t.Errorf("%d limiters are left", len(r.devices))
				}
			})
		})
	}
}

// sendMiB waits for the turns of a MiB.
func sendMiB(r *Rates, address string) {
	s := r.begin(address)
	defer s.end()
	for left := int64(1 << 20); left > 0; {
		n := min(left, s.most(), leastChunk)
		_ = s.wait(context.Background(), int(n))
		left -= n
	}
}

// A rate bounds what a client really gets.
func TestRateOfDownload(t *testing.T) { // R-ART-16
	t.Parallel()
	s := newService(t, NewRates(100_000, 0))
	if answer, text := s.do("PUT", "/artifacts/k", strings.Repeat("x", 50_000)); answer.StatusCode != 200 {
		t.Fatal(text)
	}
	begun := time.Now()
	for _, ranges := range []string{"bytes=0-", "bytes=0-9,20-30"} {
		answer, text := s.do("GET", "/artifacts/k", "", "Range", ranges)
		if answer.StatusCode != 206 || len(text) < 20 {
			t.Errorf("%s: %d, %d bytes", ranges, answer.StatusCode, len(text))
		}
	}
	if took := time.Since(begun); took < 200*time.Millisecond {
		t.Errorf("50 kB in %v at 100 kB/s", took)
	}
}

// A body of which no more bytes come ends with an error of its own, and one that ends sets no limit
// to what follows.
func TestShortBody(t *testing.T) { // R-ART-15
	t.Parallel()
	s := newService(t, NewRates(0, 0))
	for _, tt := range []struct{ name, value, want string }{
		{"X-Amz-Decoded-Content-Length", "4", "400 IncompleteBody"},
		{"X-Amz-Decoded-Content-Length", "2", "400 IncompleteBody"},
		{"X-Amz-Decoded-Content-Length", "x", "400 InvalidRequest"},
		{"X-Amz-Decoded-Content-Length", "5368709121", "400 EntityTooLarge"},
		{"X-Amz-Decoded-Content-Length", "3", "200"},
	} {
		answer, text := s.do("PUT", "/artifacts/k", "3\r\nabc\r\n0\r\n\r\n", tt.name, tt.value,
			"X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		if got := code(answer, text); got != tt.want || (s.files() == 1) != (tt.want == "200") {
			t.Errorf("%s: %s, want %s; %d files", tt.value, got, tt.want, s.files())
		}
	}
	limited := &sized{io.LimitReader(zeros{}, 11), -1, 10, 0}
	if _, err := io.ReadAll(limited); err == nil {
		t.Error("a body without a size is longer than the limit")
	}
}

// zeros is a body without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// New rates are for downloads that begin; those that have begun keep theirs and end as before.
func TestSetRates(t *testing.T) { // R-CFG-11
	t.Parallel()
	r := NewRates(0, 1000)
	old := r.begin("a")
	r.Set(5000, 0)
	if now := r.begin("a"); len(now.limiters) != 1 || now.limiters[0].Limit() != 5000 {
		t.Errorf("a new download has %d limits", len(now.limiters))
	}
	r.Set(0, 2000)
	now := r.begin("a")
	if len(now.limiters) != 1 || now.limiters[0].Limit() != 2000 || old.limiters[0].Limit() != 1000 {
		t.Errorf("the limits are %v, before %v", now.limiters[0].Limit(), old.limiters[0].Limit())
	}
	old.end()
	if r.devices["a"] != now.device || now.device.downloads != 1 {
		t.Error("the end of an old download ended the new one's share")
	}
	now.end()
}
