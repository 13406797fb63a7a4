package jobs

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Whatever a client sends may confirm a success of its thing (R-STR-40), so every packet of every
// client asks whether its thing waits for that. Almost none does, and a question costs a look at
// one number then, or else at a map that readers do not lock. The set of things that wait is in
// memory: it is read from the store at the start, and follows the commits of this node and the
// announcements of others. One that is in it by mistake costs a look into the store when its client
// is seen.

// waitingThings is the set, and the sightings that are still to be recorded.
type waitingThings struct {
	count  atomic.Int64
	byName sync.Map // of thing names to *waitingThing

	mu    sync.Mutex // of what follows, and of whoever changes byName
	names map[registry.ThingID]string
	seen  []seenThing
	stale bool // the set must be read from the store
}

// A waitingThing is one with successes that wait to be confirmed.
type waitingThing struct {
	thing registry.ThingID
	name  string
	waits []job.Confirmation // not changed any more
	told  atomic.Bool        // a sighting is still to be recorded
}

// seenThing is a sighting of a thing that waits.
type seenThing struct {
	job.Sighting
	entry *waitingThing
}

// see takes note of a client, and reports whether there is something to record now. clock is asked
// only when its thing waits.
func (w *waitingThings) see(client string, connected bool, clock func() time.Time) bool {
	if w.count.Load() == 0 {
		return false
	}
	found, waits := w.byName.Load(client)
	if !waits {
		return false
	}
	entry, s := found.(*waitingThing), job.Sighting{At: clock(), Connected: connected}
	counts := func(c job.Confirmation) bool { return c.SeenAgain(s) }
	if !slices.ContainsFunc(entry.waits, counts) || entry.told.Swap(true) {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, seenThing{s, entry})
	return true
}

// Waiting is how many things wait for successes to be confirmed, as far as this node knows.
func (b *Background) Waiting() int { return int(b.waiting.count.Load()) }

// take removes and returns up to limit sightings.
func (w *waitingThings) take(limit int) []seenThing {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(limit, len(w.seen))
	taken := w.seen[:n:n]
	w.seen = w.seen[n:]
	return taken
}

// giveBack is for sightings that could not be recorded.
func (w *waitingThings) giveBack(seen []seenThing) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, seen...)
}

// put replaces an entry; one that waits for nothing goes. The caller holds w.mu.
func (w *waitingThings) put(name string, thing registry.ThingID, waits []job.Confirmation) {
	_, known := w.names[thing]
	switch {
	case len(waits) > 0 && !known:
		if w.names == nil {
			w.names = map[registry.ThingID]string{}
		}
		w.names[thing] = name
		w.count.Add(1)
	case len(waits) == 0 && known:
		delete(w.names, thing)
		w.byName.Delete(name)
		w.count.Add(-1)
	}
	if len(waits) > 0 {
		w.byName.Store(name, &waitingThing{thing: thing, name: name, waits: waits})
	}
}

// learn follows successes that wait to be confirmed, or do not any more.
func (w *waitingThings) learn(news []store.ConfirmationNews) {
	if len(news) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range news {
		name, known := w.names[n.Thing]
		if !known {
			name = n.Name
		}
		if name == "" {
			continue
		}
		var waits []job.Confirmation
		if found, ok := w.byName.Load(name); ok {
			waits = slices.Clone(found.(*waitingThing).waits)
		}
		waits = slices.DeleteFunc(waits, func(c job.Confirmation) bool { return c.Job == n.Job })
		if !n.Done {
			key := job.ExecutionKey{Job: n.Job, Thing: n.Thing}
			waits = append(waits, job.Confirmation{ExecutionKey: key, ReportedAt: n.ReportedAt})
		}
		w.put(name, n.Thing, waits)
	}
}

// isStale reports whether the set must be read from the store.
func (w *waitingThings) isStale() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stale
}

// forget empties the set, which must be read from the store then.
func (w *waitingThings) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.byName.Clear()
	w.count.Store(0)
	w.names, w.seen, w.stale = nil, nil, true
}

// loaded says that the set was read.
func (w *waitingThings) loaded() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stale = false
}
