//go:build settableclock

package clock

import (
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// With the build tag settableclock, which only tests set, a file says how far the machine's clock
// is wrong. It has two durations: by how much the clock was set, and how much time has passed
// besides, such as "8760h 0s" for a clock that is a year ahead. The file is named by this variable
// and may be replaced at any time.
const settableFile = "DROVER_TEST_CLOCK"

// readInterval is how often the file is read.
const readInterval = 10 * time.Millisecond

// wrong is what the file says.
type wrong struct{ set, passed time.Duration }

var current atomic.Pointer[wrong]

// follow reads the file now, and again and again until the process ends.
var follow = sync.OnceFunc(func() {
	read()
	go func() {
		for range time.Tick(readInterval) {
			read()
		}
	}()
})

// read reads the file. One that is missing or wrong changes nothing.
func read() {
	text, err := os.ReadFile(os.Getenv(settableFile))
	if err != nil && current.Load() != nil {
		return
	}
	set, passed, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	var w wrong
	if w.set, err = time.ParseDuration(set); err == nil {
		w.passed, err = time.ParseDuration(passed)
	}
	if err == nil || current.Load() == nil {
		current.Store(&w)
	}
}

// Now is the machine's clock as the file has it. As on a machine whose clock is set, a duration
// between two of its times is what really passed: only what the clock shows has changed.
func Now() time.Time {
	follow()
	w := current.Load()
	now := time.Now().Add(w.passed)
	setWall(&now, w.set)
	return now
}

// setWall changes what a time shows, by whole seconds, and not its monotonic reading. The seconds
// since 1885 stand in the 33 bits above the nanoseconds.
func setWall(t *time.Time, by time.Duration) {
	const nanoseconds = 30
	wall := (*uint64)(unsafe.Pointer(t))
	*wall += uint64(int64(by/time.Second)) << nanoseconds
}
