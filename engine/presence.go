package engine

import (
	"context"
	"sync"
	"time"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
)

// presenceMemory is how long the broker counts on where it was when a client is away.
const presenceMemory = time.Hour

// Presence is what the broker saw of a client: that it came or went (R-BRK-33).
type Presence struct {
	Client, Session string
	Version         int64 // counts the client's connections, anew when it was away for an hour
	fleetquery.Connectivity
}

// follows reports whether p is news after what is known. Two connections of one client may be told out of order.
func (p Presence) follows(known Presence) bool {
	return p.Session == known.Session || p.Version > known.Version || p.At.Sub(known.At) >= presenceMemory
}

// presences is what is known of clients since the server started: of those that are connected, and of things. It is not
// stored: a server that starts has seen nobody yet (R-ID-61).
type presences struct {
	mu    sync.Mutex
	known map[string]Presence // by client id
	news  map[string]bool     // client ids whose things must be looked at
	// waiting says that the server has started only lately: a client that was not seen yet may be on its way back. stale
	// says that this time is over, and what depended on such clients must be looked at.
	waiting, stale bool
}

// SetPresence takes note of a client. It is quick; what follows for dynamic groups is due work.
func (e *Engine) SetPresence(p Presence) {
	e.presences.mu.Lock()
	defer e.presences.mu.Unlock()
	if known, ok := e.presences.known[p.Client]; ok && !p.follows(known) {
		return
	}
	if e.presences.known == nil {
		e.presences.known, e.presences.news = map[string]Presence{}, map[string]bool{}
	}
	e.presences.known[p.Client] = p
	e.presences.news[p.Client] = true
	e.wakeUp()
}

// begin starts the time in which clients come back after a start; over is called when it has passed (R-ID-61).
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

// isStale reports whether the groups of connected things must be rebuilt; rebuilt says that they are.
func (p *presences) isStale() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stale
}

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

// take returns some of the clients with news.
func (p *presences) take(limit int) (clients []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for client := range p.news {
		if len(clients) == limit {
			break
		}
		clients = append(clients, client)
		delete(p.news, client)
	}
	return clients
}

// putBack is for news that could not be worked on.
func (p *presences) putBack(clients []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, client := range clients {
		p.news[client] = true
	}
}

// forget lets go of clients that are not connected: they are no things.
func (p *presences) forget(clients []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, client := range clients {
		if !p.known[client].Connected {
			delete(p.known, client)
		}
	}
}

// followPresences puts the dynamic memberships right of some things whose clients came or went (R-ID-38), and reports
// whether there were any. A fleet that comes back all at once does not hold up what else is due.
func (e *Engine) followPresences(ctx context.Context) (any bool, err error) {
	if e.presences.isStale() {
		if err := e.forgetPresences(ctx); err != nil {
			return false, err
		}
		e.presences.rebuilt()
	}
	clients := e.presences.take(backgroundStep)
	if len(clients) == 0 {
		return false, nil
	}
	if err := e.followPresence(ctx, clients); err != nil {
		e.presences.putBack(clients)
		return false, err
	}
	return true, nil
}

func (e *Engine) followPresence(ctx context.Context, clients []string) error {
	var things, strangers []string
	watched := false
	err := e.Store.Read(ctx, func(r store.Reader) error {
		for _, client := range clients {
			switch _, err := r.ThingID(client); {
			case err == nil:
				things = append(things, client)
			case missing(err):
				strangers = append(strangers, client)
			default:
				return err
			}
		}
		watching, err := e.watching(r)
		watched = len(watching) > 0
		return err
	})
	if err != nil {
		return err
	}
	e.presences.forget(strangers)
	if !watched || len(things) == 0 {
		return nil
	}
	return e.update(ctx, func(g *group) (out outcome, err error) {
		for _, name := range things {
			thing, err := g.ThingByName(name)
			if missing(err) {
				continue
			}
			if err != nil {
				return out, err
			}
			if _, err := g.reclassify(&out, thing); err != nil {
				return out, err
			}
		}
		return out, nil
	})
}

// watching returns the dynamic groups whose members depend on connections.
func (e *Engine) watching(r store.GroupReader) (groups []registry.Group, err error) {
	found, err := r.DynamicGroups()
	if err != nil {
		return nil, err
	}
	for _, d := range found {
		q, err := e.queries.get(d.Query)
		if err != nil {
			return nil, err
		}
		if q.OfConnectivity() && d.Work != registry.Emptying {
			groups = append(groups, d)
		}
	}
	return groups, nil
}

// forgetPresences rebuilds the dynamic groups whose members depend on connections, some time after the start: who has not
// come back by then is not connected.
func (e *Engine) forgetPresences(ctx context.Context) error {
	var stale []registry.Group
	err := e.Store.Read(ctx, func(r store.Reader) (err error) {
		stale, err = e.watching(r)
		return err
	})
	if err != nil || len(stale) == 0 {
		return err
	}
	return e.update(ctx, func(g *group) (out outcome, err error) {
		watching, err := e.watching(g)
		for _, d := range watching {
			d.Work, d.Scanned = registry.Rebuilding, ""
			out.Registry.UpdatedGroups = append(out.Registry.UpdatedGroups, d)
		}
		return out, err
	})
}
