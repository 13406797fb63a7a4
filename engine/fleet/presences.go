package fleet

import (
	"sync"
	"time"

	"github.com/drover-iot/drover/registry/fleetquery"
)

// Connections are not stored: after a restart nobody has been seen yet, though most clients are
// about to come back. For the length of PresenceGrace a client that was not seen counts as it did
// before the restart; then whatever depends on connections is worked out anew (R-ID-61).

// presences is what is known of clients since the server started: of those that are connected, and
// of things. It is not stored: a server that starts has seen nobody yet (R-ID-61).
type presences struct {
	mu    sync.Mutex
	known map[string]Presence // by client id
	news  map[string]bool     // client ids whose things must be looked at
	told  bool                // news were reported since some were taken last
	// waiting says that the server has started only lately: a client that was not seen yet may be
	// on its way back. stale says that this time is over, and what depended on such clients must be
	// looked at.
	waiting, stale bool
}

// set takes note of a client, and reports whether that is the first news since some were taken.
func (p *presences) set(seen Presence) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.known[seen.Client]; ok && !seen.follows(known) {
		return false
	}
	if p.known == nil {
		p.known, p.news = map[string]Presence{}, map[string]bool{}
	}
	p.known[seen.Client] = seen
	p.news[seen.Client] = true
	first := !p.told
	p.told = true
	return first
}

// newsGathered is for how long news of clients are gathered before they are due: many clients that
// come and go then cost about as much as a few.
const newsGathered = 20 * time.Millisecond

// gather calls wake when news have been gathered for long enough.
func gather(wake func()) { time.AfterFunc(newsGathered, wake) }

// begin starts the time in which clients come back after a start; over is called when it has passed
// (R-ID-61).
func (p *presences) begin(grace time.Duration, over func()) (stop func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting, p.stale = grace > 0, grace <= 0
	if !p.waiting {
		return func() {}
	}
	timer := time.AfterFunc(grace, func() {
		p.mu.Lock()
		p.waiting, p.stale = false, true
		p.mu.Unlock()
		over()
	})
	return func() { timer.Stop() }
}

// mayReturn reports whether a thing's client was not seen yet and may still be on its way back.
func (p *presences) mayReturn(thing string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, seen := p.known[thing]
	return p.waiting && !seen
}

// isStale reports whether the groups of connected things must be rebuilt; rebuilt says that they
// are.
func (p *presences) isStale() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stale
}

// rebuilt says that the groups of connected things were rebuilt.
func (p *presences) rebuilt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stale = false
}

// of returns what is known of the client that is named like a thing (R-ID-40), nil when nothing is.
func (p *presences) of(thing string) *fleetquery.Connectivity {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.known[thing]; ok {
		return &known.Connectivity
	}
	return nil
}

// takeNews removes and returns up to limit of the clients with news.
func (p *presences) takeNews(limit int) (clients []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = false
	for client := range p.news {
		if len(clients) == limit {
			break
		}
		clients = append(clients, client)
		delete(p.news, client)
	}
	return clients
}

// returnNews puts back news that could not be worked on.
func (p *presences) returnNews(clients []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, client := range clients {
		p.news[client] = true
	}
}

// forget drops clients that are named like no thing and are not connected.
func (p *presences) forget(clients []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, client := range clients {
		if !p.known[client].Connected {
			delete(p.known, client)
		}
	}
}
