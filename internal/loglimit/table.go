package loglimit

import (
	"sync"
	"time"
)

// What was logged lately, by cause and address. The table is bounded: when it is full, those that
// are not in it are counted together.

const (
	perCause   = 10 // lines of one cause and address in a window
	perAddress = 30 // lines of one address in a window, whatever their causes

	firstWindow = time.Second // how long a window is
	lastWindow  = time.Minute // how long it grows while lines are left out

	maxWindows = 1024 // in the table
)

// others is the address of all that find no room in the table.
const others = "others"

// A key says whose lines are counted together. Without a cause it is all lines of an address.
type key struct{ cause, address string }

// A window counts the lines of one key from its start on.
type window struct {
	address string // of its key
	start   time.Time
	length  time.Duration
	lines   int
	omitted int
	end     *time.Timer // says what was left out; nil while nothing was
	summary summary     // of the first line that was left out
}

// A table holds windows.
type table struct {
	mu      sync.Mutex
	windows map[key]*window
	swept   time.Time // when windows that are over were looked for
}

// admits reports whether a line may be written, and counts it.
func (t *table) admits(s summary) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	cause := t.window(s.key, s.message, now)
	if cause.lines >= perCause {
		t.omit(cause, s, now)
		return false
	}
	if s.key.address != "" {
		address := t.window(key{address: s.key.address}, "", now)
		if address.lines >= perAddress {
			s.key.cause, s.message, s.attrs = "", "more lines were left out", nil
			t.omit(address, s, now)
			return false
		}
		address.lines++
	}
	cause.lines++
	return true
}

// window returns the window of a key that now is in. Its caller holds t.mu.
func (t *table) window(k key, message string, now time.Time) *window {
	if t.windows[k] == nil && len(t.windows) >= maxWindows {
		t.sweep(now)
	}
	if t.windows[k] == nil && len(t.windows) >= maxWindows {
		k = key{message, others}
	}
	w := t.windows[k]
	if w == nil || w.end == nil && now.Sub(w.start) >= w.length {
		w = &window{address: k.address, start: now, length: firstWindow}
		t.windows[k] = w
	}
	return w
}

// sweep removes the windows that are over, at most once a second.
func (t *table) sweep(now time.Time) {
	if now.Sub(t.swept) < time.Second {
		return
	}
	t.swept = now
	for k, w := range t.windows {
		if w.end == nil && now.Sub(w.start) >= w.length {
			delete(t.windows, k)
		}
	}
}

// omit counts a line that is left out. The first one starts the timer that says so.
func (t *table) omit(w *window, s summary, now time.Time) {
	w.omitted++
	if w.end == nil {
		w.summary = s
		w.summary.key.address = w.address
		w.end = time.AfterFunc(w.start.Add(w.length).Sub(now), func() { t.close(w) })
	}
}

// close says what a window has left out, and starts a longer one in its place.
func (t *table) close(w *window) {
	t.mu.Lock()
	if w.end == nil { // flush was first
		t.mu.Unlock()
		return
	}
	s, omitted, length := w.summary, w.omitted, w.length
	*w = window{address: w.address, start: time.Now(), length: min(2*length, lastWindow)}
	t.mu.Unlock()
	s.write(omitted, length)
}

// flush closes all windows that have left something out.
func (t *table) flush() {
	t.mu.Lock()
	var open []*window
	for _, w := range t.windows {
		if w.end != nil {
			w.end.Stop()
			open = append(open, w)
		}
	}
	t.mu.Unlock()
	for _, w := range open {
		t.close(w)
	}
}
