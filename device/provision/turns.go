package provision

import (
	"context"
	"maps"
	"runtime"
	"sync"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/rates"
)

// What devices with a claim may ask for in a time: making keys and certificates costs processor time
// and rows, and a claim is shared by many (R-ID-87).

const (
	// PerSecond is how many requests of all devices are answered in a second, and perConnection how
	// many of one connection.
	PerSecond     = 50
	perConnection = 5
	// keysAtOnce is how many keys are made at once on each processor core: half a key.
	coresPerKey = 2
	// waitForKey is how long a request waits for its turn to have a key made.
	waitForKey = 5 * time.Second
	// fewConnections is how many connections are remembered before those are forgotten that have not
	// asked for a minute.
	fewConnections = 1024
)

// turns bounds what is done. The zero value bounds nothing but connections.
type turns struct {
	mu     sync.Mutex
	recent map[uint64]*asker
	clean  int           // at so many of them, those are forgotten that have not asked for a minute
	keys   chan struct{} // made with the first key
}

// asker is a connection that has asked.
type asker struct {
	limit *rates.Limit
	last  time.Time
}

var errTooMany = fault.New(fault.Throttled, "too many requests for provisioning; try again later")

// check refuses a request of a connection that comes too soon.
func (t *turns) check(connection uint64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := clock.Now()
	if t.recent == nil {
		t.recent, t.clean = map[uint64]*asker{}, fewConnections
	}
	if len(t.recent) >= t.clean {
		maps.DeleteFunc(t.recent, func(_ uint64, a *asker) bool {
			return now.Sub(a.last).Abs() > time.Minute
		})
		t.clean = max(fewConnections, 2*len(t.recent))
	}
	a := t.recent[connection]
	if a == nil {
		a = &asker{limit: rates.PerSecond(perConnection)}
		t.recent[connection] = a
	}
	a.last = now
	if !a.limit.Allow() {
		return errTooMany
	}
	return nil
}

// forKey waits for a turn to make a key; done ends it.
func (t *turns) forKey(ctx context.Context) (done func(), err error) {
	t.mu.Lock()
	if t.keys == nil {
		t.keys = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/coresPerKey))
	}
	keys := t.keys
	t.mu.Unlock()
	waiting, stop := context.WithTimeout(ctx, waitForKey)
	defer stop()
	select {
	case keys <- struct{}{}:
		return func() { <-keys }, nil
	case <-waiting.Done():
		return nil, errTooMany
	}
}
