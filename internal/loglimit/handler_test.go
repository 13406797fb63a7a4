package loglimit

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// logged collects the lines of a limited log.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// take returns the lines since the last call, without their times.
func (l *logged) take() (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		_, line, _ = strings.Cut(strings.TrimSpace(line), " ")
		lines = append(lines, line)
	}
	l.b.Reset()
	return lines
}

func newLog() (*slog.Logger, *Handler, *logged) {
	out := &logged{}
	h := New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return slog.New(h), h, out
}

// refuse logs refusals of one client.
func refuse(log *slog.Logger, n int, address, code string) {
	for i := range n {
		log.Warn("refused", "client", fmt.Sprint("c", i), "code", code, "remote", address)
	}
}

// wantLines compares how many lines there are, and the last of them.
func wantLines(t *testing.T, when string, got []string, n int, last string) {
	t.Helper()
	if len(got) != n {
		t.Fatalf("%s: %d lines, want %d: %q", when, len(got), n, got)
	}
	if n > 0 && got[n-1] != last {
		t.Errorf("%s: the last line is\n%s, want\n%s", when, got[n-1], last)
	}
}

// Ten lines in the first window, then how many were left out; while that goes on each window is
// twice as long, up to a minute, and a window with nothing left out ends it (R-BRK-37).
func TestWindows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, _, out := newLog()
		for _, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
			refuse(log, 1000, "192.0.2.1:5000", "0x87")
			wantLines(t, "at once", out.take(), 10,
				"level=WARN msg=refused client=c9 code=0x87 remote=192.0.2.1:5000")
			time.Sleep(time.Duration(seconds)*time.Second - time.Nanosecond)
			synctest.Wait()
			wantLines(t, "just before the end", out.take(), 0, "")
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			within := time.Duration(seconds) * time.Second
			wantLines(t, "at the end", out.take(), 1, fmt.Sprintf(
				"level=WARN msg=refused code=0x87 remote=192.0.2.1 omitted=990 within=%v", within))
		}
		refuse(log, 10, "192.0.2.1:5000", "0x87")
		time.Sleep(lastWindow)
		synctest.Wait()
		wantLines(t, "a quiet window", out.take(), 10,
			"level=WARN msg=refused client=c9 code=0x87 remote=192.0.2.1:5000")
		refuse(log, 11, "192.0.2.1:5000", "0x87")
		time.Sleep(firstWindow)
		synctest.Wait()
		wantLines(t, "as at first again", out.take(), 11,
			"level=WARN msg=refused code=0x87 remote=192.0.2.1 omitted=1 within=1s")
	})
}

// One client does not hide another, nor one cause another; but an address has a limit for all its
// causes, and the ports of a host and the hosts of an IPv6 network are one address.
func TestKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, _, out := newLog()
		refuse(log, 100, "192.0.2.1:5000", "0x87")
		refuse(log, 1, "192.0.2.2:5000", "0x87")
		wantLines(t, "another address", out.take(), 11,
			"level=WARN msg=refused client=c0 code=0x87 remote=192.0.2.2:5000")
		refuse(log, 1, "192.0.2.1:5001", "0x87")
		wantLines(t, "another port", out.take(), 0, "")
		refuse(log, 1, "192.0.2.1:5000", "0x8F")
		wantLines(t, "another cause", out.take(), 1,
			"level=WARN msg=refused client=c0 code=0x8F remote=192.0.2.1:5000")
		log.Error("other", "remote", "192.0.2.1:5000")
		wantLines(t, "another message", out.take(), 1, "level=ERROR msg=other remote=192.0.2.1:5000")
		for i := range 100 {
			refuse(log, 1, "192.0.2.1:5000", fmt.Sprint(i))
		}
		wantLines(t, "many causes", out.take(), 18, // of 30, twelve had been used
			"level=WARN msg=refused client=c0 code=17 remote=192.0.2.1:5000")
		time.Sleep(firstWindow)
		synctest.Wait()
		got := strings.Join(out.take(), "\n")
		for _, want := range []string{
			`level=WARN msg=refused code=0x87 remote=192.0.2.1 omitted=91 within=1s`,
			`level=WARN msg="more lines were left out" remote=192.0.2.1 omitted=82 within=1s`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("got\n%s, want\n%s", got, want)
			}
		}
		for i := range 100 {
			refuse(log, 1, fmt.Sprintf("[2001:db8::%x]:5000", i+1), "0x87")
		}
		refuse(log, 1, "[2001:db8:0:1::1]:5000", "0x87")
		wantLines(t, "a network of IPv6, and another", out.take(), 11,
			"level=WARN msg=refused client=c0 code=0x87 remote=[2001:db8:0:1::1]:5000")
	})
}

// What is no warning is not limited, and what has no address is limited for all together.
func TestWithoutAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, _, out := newLog()
		for i := range 100 {
			log.Info("job status", "job", i)
			log.Debug("http request", "remote", "192.0.2.1:5000")
		}
		wantLines(t, "info and debug", out.take(), 200,
			"level=DEBUG msg=\"http request\" remote=192.0.2.1:5000")
		for i := range 100 {
			log.Error("device request", "topic", i, "err", errors.New("disk full"))
		}
		wantLines(t, "faults", out.take(), 10,
			`level=ERROR msg="device request" topic=9 err="disk full"`)
		for i := range 100 {
			log.Error("control request", "op", fmt.Sprint("Op", i%3), "err", errors.New("disk full"))
		}
		wantLines(t, "faults of three operations", out.take(), 30,
			`level=ERROR msg="control request" op=Op2 err="disk full"`)
	})
}

// The table is bounded: what finds no room counts together, and there is room again when windows
// are over.
func TestBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, h, out := newLog()
		flood := func() {
			for i := range 100_000 {
				address := fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
				refuse(log, 1, address, fmt.Sprint(i%7))
			}
		}
		flood()
		most := maxWindows/2 + perAddress
		if n := len(out.take()); n > most {
			t.Errorf("%d lines, want at most %d", n, most)
		}
		if n := len(h.table.windows); n > maxWindows+2 {
			t.Errorf("%d windows, want at most %d and those of the others", n, maxWindows)
		}
		time.Sleep(firstWindow)
		synctest.Wait()
		if got := strings.Join(out.take(), "\n"); !strings.Contains(got, "remote=others omitted=") {
			t.Errorf("nothing is said of the others: %s", got)
		}
		refuse(log, 1, "192.0.2.1:1", "0x87")
		wantLines(t, "an address after the flood", out.take(), 1,
			"level=WARN msg=refused client=c0 code=0x87 remote=192.0.2.1:1")
		if n := len(h.table.windows); n > 8 {
			t.Errorf("%d windows are left after the flood", n)
		}
	})
}

// At its end a server says what it has left out; groups and attributes of a logger change nothing.
func TestFlush(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, h, out := newLog()
		refuse(log.With("server", 1), 8, "192.0.2.1:1", "0x87")
		refuse(log.WithGroup("g"), 8, "192.0.2.1:1", "0x87")
		out.take()
		h.Flush()
		wantLines(t, "flushed", out.take(), 1,
			"level=WARN msg=refused g.code=0x87 g.remote=192.0.2.1 g.omitted=6 g.within=1s")
		h.Flush()
		time.Sleep(time.Hour)
		synctest.Wait()
		wantLines(t, "flushed again", out.take(), 0, "")
	})
}

// Lines of many goroutines: none is lost, each is written or counted.
func TestTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, h, out := newLog()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { refuse(log, 500, "192.0.2.1:1", "0x87") })
		}
		all.Wait()
		h.Flush()
		written := 0
		for _, line := range out.take() {
			omitted := 1
			if _, after, found := strings.Cut(line, "omitted="); found {
				fmt.Sscan(after, &omitted)
			}
			written += omitted
		}
		if written != 4000 {
			t.Errorf("%d lines were written or counted, want 4000", written)
		}
	})
}
