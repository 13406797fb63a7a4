package nodes

import (
	"context"
	"sync"
	"time"
)

// Conditions are those of a link, in both directions: whether it forwards, how late, and how many
// bytes a second. What forwards asks them for every piece of data.
type conditions struct {
	mu      sync.Mutex
	cuts    int // how many faults cut the link at present
	delays  int // how many make it slow
	changed chan struct{}
	since   time.Time // of the first of cuts
}

func newConditions() *conditions { return &conditions{changed: make(chan struct{})} }

// A slow link delays everything by slowDelay, as one around the world does, and forwards slowRate
// bytes a second in each direction.
const (
	slowDelay = 150 * time.Millisecond
	slowRate  = 64 << 10
)

// cut lets nothing through until the function that it returns is called.
func (c *conditions) cut() (heal func()) {
	c.change(func() {
		if c.cuts++; c.cuts == 1 {
			c.since = time.Now()
		}
	})
	return func() { c.change(func() { c.cuts-- }) }
}

// slow makes the link slow until the function that it returns is called.
func (c *conditions) slow() (heal func()) {
	c.change(func() { c.delays++ })
	return func() { c.change(func() { c.delays-- }) }
}

func (c *conditions) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	close(c.changed)
	c.changed = make(chan struct{})
}

// isCut reports whether the link is cut, since when, and a channel that is closed when that
// changes.
func (c *conditions) isCut() (cut bool, since time.Time, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cuts > 0, c.since, c.changed
}

// lateness is how long a piece of data is delayed, and how long the link is busy with it.
func (c *conditions) lateness(size int) (delay, busy time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.delays == 0 {
		return 0, 0
	}
	return slowDelay, time.Duration(size) * time.Second / slowRate
}

// healed waits until the link is not cut, and reports false when it was cut for halfOpen.
func (c *conditions) healed(ctx context.Context) bool {
	for {
		cut, since, changed := c.isCut()
		if !cut {
			return ctx.Err() == nil
		}
		gone := time.NewTimer(time.Until(since.Add(halfOpen)))
		select {
		case <-changed:
			gone.Stop()
		case <-gone.C:
			return false
		case <-ctx.Done():
			gone.Stop()
			return false
		}
	}
}

// halfOpen is after which time the two ends of a connection over a link that is cut learn of it. It
// is what keep-alives of TCP notice when they are set as docs/nodes.md says, and the proxies have
// to do it for the kernels.
const halfOpen = 15 * time.Second
