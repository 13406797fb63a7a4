package broker

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/clock"
)

// How the sessions of a client come from another broker: the turns that wait (nodes.go says what a
// turn is). A client that is simply here has sessions and nothing else. While it is claimed, waited
// for or released it has a transit too.
//
// A turn that waits gathers what the log publishes from its claim on (gathered.go). When the turn
// before it is released, a goroutine loads the client's sessions, puts what was gathered into their
// queues and makes them known, in one step for whoever publishes. If another broker has claimed the
// client meanwhile, the sessions are released again at once (handover.go).

// A transit is what the broker knows of a client on its way. Broker.mu guards it.
type transit struct {
	claiming  int // CONNECTs that are claiming the client, until they have a session or are refused
	releasing int // goroutines that release it
	// newest is the largest number of a claim that was heard of since there is the transit,
	// whoever made it. A CONNECT with a smaller one is refused.
	newest int64
	// loaded is the largest number of a turn whose sessions were loaded since there is the transit.
	loaded  int64
	waiting []*turn // by number
}

// A turn is one whose sessions are not here yet.
type turn struct {
	number int64 // of the claim that began it
	claim  int64 // the largest number of a claim in it that is known
	next   int64 // of the claim that has ended it; 0: none
	waiter *waiter
	// replayed says that the turn is that of a lost node, so that it gathers what is replayed.
	replayed bool
	loading  bool
	gathers  *span         // what it gathers; nil until the log has come to its claim
	load     *pendingClaim // set with gathers
	release  *pendingClaim // set with next
}

// A waiter is a CONNECT that waits for a turn.
type waiter struct {
	claim int64
	done  chan *closeError // gets nil when the sessions are here; has room for one
}

// dismiss ends the wait of the CONNECT that waits for a turn, if there is one: e is nil when the
// sessions are here.
func (t *turn) dismiss(e *closeError) {
	if t.waiter != nil {
		t.waiter.done <- e
		t.waiter = nil
	}
}

// A life is the time for which the broker stands for one node: until Abandon, or its end.
type life struct {
	ctx    context.Context
	cancel context.CancelFunc
}

func newLife(ctx context.Context) *life {
	ctx, cancel := context.WithCancel(ctx)
	return &life{ctx, cancel}
}

// transitOf returns the transit of a client, which it makes if there is none. The caller holds b.mu,
// as for tidyTransit, beginTurn and endTurn.
func (b *Broker) transitOf(client string) *transit {
	t := b.transits[client]
	if t == nil {
		t = &transit{}
		b.transits[client] = t
	}
	return t
}

// tidyTransit removes the transit of a client that has arrived.
func (b *Broker) tidyTransit(client string) {
	t := b.transits[client]
	if t != nil && t.claiming == 0 && t.releasing == 0 && len(t.waiting) == 0 {
		delete(b.transits, client)
	}
}

// turn returns the turn that waits and began with a claim. If there is none, it makes one or returns
// nil.
func (t *transit) turn(number int64, make bool) *turn {
	i, found := slices.BinarySearchFunc(t.waiting, number, func(w *turn, number int64) int {
		return cmp.Compare(w.number, number)
	})
	if !found && !make {
		return nil
	}
	if !found {
		t.waiting = slices.Insert(t.waiting, i, &turn{number: number, claim: number})
	}
	return t.waiting[i]
}

// before returns the last turn that waits and was not ended, of those that began before a claim; nil
// when there is none: then what the claim ends is the turn whose sessions are here.
func (t *transit) before(claim int64) *turn {
	for _, w := range slices.Backward(t.waiting) {
		if w.number < claim && w.next == 0 {
			return w
		}
	}
	return nil
}

// Claimed says that a node has claimed a client, and that there is a turn before it. mine: the
// claim is of this node; wasMine: the turn before it is. It does not wait for anything.
//
// While a lost node is replayed, between Adopt and Adopted, mine and wasMine are about that node and
// those that it had adopted. Then both may be true. Afterwards wasMine is true for the turns of the
// lost node too.
func (b *Broker) Claimed(client string, claim int64, mine, wasMine bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.adopting != nil {
		mine, wasMine = mine && b.begunByLost(client, claim), wasMine && b.endsAdopted(client, claim)
	}
	if !mine && !wasMine {
		return
	}
	t := b.transitOf(client)
	t.newest = max(t.newest, claim)
	if wasMine {
		b.endTurn(client, t, claim)
	}
	if mine {
		b.beginTurn(t.turn(claim, true))
	}
}

// beginTurn lets a turn gather what is published.
func (b *Broker) beginTurn(w *turn) {
	if w.gathers == nil {
		w.load = b.unfinished.add(w.number)
		w.gathers = b.gathered.begin(w.replayed)
	}
}

// endTurn ends the turn of a client that is before a claim: the one whose sessions are here, or one
// that waits. That has its sessions first, and then releases them.
func (b *Broker) endTurn(client string, t *transit, claim int64) {
	release := b.unfinished.add(claim)
	w := t.before(claim)
	if w == nil {
		b.handOver(client, t, claim, release)
		return
	}
	w.next, w.release = claim, release
	w.gathers.stop(&b.gathered)
	w.dismiss(refusedClaim())
}

// Released says that the turn before a claim has ended: the sessions of the client are in the
// store. Only the node of the claim has to know. It does not wait for anything.
func (b *Broker) Released(client string, claim int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.transits[client]
	if t == nil {
		return
	}
	for _, w := range t.waiting {
		if w.number == claim && w.gathers != nil && !w.loading {
			w.loading = true
			go b.loadTurn(b.life, client, w)
		}
	}
}

// loadTurn loads the sessions of a client and lets its turn begin.
func (b *Broker) loadTurn(l *life, client string, w *turn) {
	var found *restored
	loaded := b.retry(l, "load the sessions of a client", func() (err error) {
		found, err = b.loadClients(l.ctx, []string{client})
		return err
	})
	if !loaded {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.life != l {
		found.discard()
		return
	}
	found.discardKnown()
	w.gathers.finish(&b.gathered, found)
	b.setClaim(client, w.claim)
	w.load.finish(&b.unfinished)
	t := b.transits[client]
	t.waiting = slices.DeleteFunc(t.waiting, func(o *turn) bool { return o == w })
	t.loaded = max(t.loaded, w.number)
	if w.next != 0 {
		b.handOver(client, t, w.next, w.release)
		return
	}
	w.dismiss(nil)
	if b.sessions[client] == nil && t.claiming == 0 {
		go b.leave(l, Left{Client: client, Claim: w.claim})
	}
	b.tidyTransit(client)
}

// restored are sessions that were loaded and are not known yet.
type restored struct {
	b        *Broker
	sessions []*session
	owners   []owner
	remove   []Change // removes what could not be read
}

// loadClients loads the sessions of some clients.
func (b *Broker) loadClients(ctx context.Context, clients []string) (*restored, error) {
	if len(clients) == 0 {
		return &restored{b: b}, nil
	}
	var values []Change
	err := b.cfg.Nodes.Load(ctx, clients, func(c Change) error {
		values = append(values, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	found := &restored{b: b}
	r := newRestorer(b, clock.Now(), func(s *session, o owner) {
		found.sessions, found.owners = append(found.sessions, s), append(found.owners, o)
	})
	for _, c := range values {
		if isSessionKey(c.Client) {
			_ = r.restore(c) // what cannot be read is in r.remove
		}
	}
	r.logRest()
	found.remove = r.remove
	return found, nil
}

// install makes the sessions known. The caller holds b.mu.
func (r *restored) install() {
	b := r.b
	for i, s := range r.sessions {
		s.mu.Lock()
		b.addRestored(s, r.owners[i])
		if s.will != nil {
			b.startWill(s)
		}
		s.mu.Unlock()
	}
	for _, c := range r.remove {
		b.journal.write(c)
	}
}

// discard forgets the sessions.
func (r *restored) discard() {
	for _, s := range r.sessions {
		s.mu.Lock()
		s.forget()
		s.mu.Unlock()
	}
}

// discardKnown forgets those sessions that are here already: a CONNECT has made them after the turn
// had begun unnoticed (checkStore). The caller holds b.mu.
func (r *restored) discardKnown() {
	for i, s := range slices.Backward(r.sessions) {
		if r.b.sessionAt(s.client(), s.key) == nil {
			continue
		}
		s.mu.Lock()
		s.forget()
		s.mu.Unlock()
		r.sessions = slices.Delete(r.sessions, i, i+1)
		r.owners = slices.Delete(r.owners, i, i+1)
	}
}

// retry calls f again and again until it succeeds. It reports false if the life ends before, or the
// node was given up.
func (b *Broker) retry(l *life, what string, f func() error) bool {
	for {
		err := f()
		switch {
		case err == nil:
			return true
		case l.ctx.Err() != nil || errors.Is(err, ErrLost):
			return false
		}
		b.log.Error("a change of who has a client is tried again", "what", what, "err", err)
		select {
		case <-time.After(retryInterval):
		case <-l.ctx.Done():
			return false
		}
	}
}
