package device

import (
	"sync"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// A notification of the head of a list shows the head at the time when it is made. When the
// announcer is behind, the head that a later commit made is shown for the earlier one already, and
// the same message would follow for the later one. Some clients run their job handler for each, so
// the second is left out: for that the plane remembers which head each thing was notified of last.
// A list that is sent twice does no such harm.

// rememberedHeads is how many things are remembered at least: more than an announcer is ever
// behind. Who is forgotten may be notified twice, no more.
const rememberedHeads = 20_000

// notifiedHeads remembers the head that things were notified of last. It is made of two maps: when
// the newer one is full it becomes the older one, which is forgotten.
type notifiedHeads struct {
	mu           sync.Mutex
	newer, older map[registry.ThingID]job.ExecutionKey
}

// isNews remembers the head of a thing, nil when nothing is pending, and reports whether the thing
// was notified of another one last.
func (n *notifiedHeads) isNews(thing registry.ThingID, head *jobs.DeviceExecution) bool {
	var key job.ExecutionKey
	if head != nil {
		key = head.ExecutionKey
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	last, known := n.newer[thing]
	if !known {
		last, known = n.older[thing]
	}
	if len(n.newer) >= rememberedHeads || n.newer == nil {
		n.newer, n.older = map[registry.ThingID]job.ExecutionKey{}, n.newer
	}
	n.newer[thing] = key
	return !known || last != key
}

// forget forgets what a thing was notified of last: its head has changed, and nobody was there to
// hear of that. Else, when the earlier head comes back, whoever is there by then would not hear of
// it.
func (n *notifiedHeads) forget(thing registry.ThingID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.newer, thing)
	delete(n.older, thing)
}

// ForgetNotified forgets which heads things were notified of: the store was emptied, and keys are
// used again.
func (p *Plane) ForgetNotified() {
	p.notified.mu.Lock()
	defer p.notified.mu.Unlock()
	p.notified.newer, p.notified.older = nil, nil
}
