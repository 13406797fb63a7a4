package engine

import (
	"context"
	"slices"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/store"
)

// NodeConfig is what an engine needs that may share its store with others.
type NodeConfig struct {
	commit.NodeConfig
	// Listen calls wake when another node has committed, until ctx ends. What it misses is found a
	// second later. Nil listens to nobody.
	Listen func(ctx context.Context, wake func())
	// Follow is given the time of the store's clock with each commit (R-NODE-5). May be nil.
	Follow  func(time.Time)
	Clients Clients // nil: devices are not served
}

// Clients is who serves the clients of this node: a broker. All methods but Abandon are called by
// the goroutine that announces, in the order of the announcements. Nodes are those that store.Client
// names.
type Clients interface {
	// Claimed says that a node has claimed a client that had another turn before; mine: it is this
	// node; wasMine: the turn before is.
	Claimed(client string, claim int64, mine, wasMine bool)
	// Released says that the turn of a client before a claim of this node has ended.
	Released(client string, claim int64)
	// Adopt takes over the clients of a lost node. Until Adopted is called, what is announced goes
	// to them only, and Claimed is about that node. When either fails, Adopt is called again.
	Adopt(ctx context.Context, node store.NodeID) error
	Adopted()
	// Abandon ends all connections and forgets all clients: others have taken them over.
	Abandon()
}

// join makes this server a node before anything is announced: with the clients of the one that ran
// on the same data folder before.
func (e *Engine) join(ctx context.Context) error {
	if !e.config.Node.Shared {
		return nil
	}
	return e.commits.Do(ctx, func(*commit.Tx) error { return nil })
}

// leave gives the clients of this node to another one, as its last commit.
func (e *Engine) leave(ctx context.Context) {
	if !e.config.Node.Shared {
		return
	}
	if err := e.commits.Do(ctx, e.commits.Leave); err != nil {
		e.config.Log.Warn("the clients are not given to another node now: "+
			"it takes them over in some seconds", "err", err)
	}
}

// NodeID is the number of this node; 0 before it has joined.
func (e *Engine) NodeID() store.NodeID { return e.commits.NodeID() }

// others says that another node has committed: something may be due, or to be announced.
func (e *Engine) others() {
	e.commits.Outbox.Wake()
	e.wakeUp()
}

// abandon ends all connections of clients.
func (e *Engine) abandon() {
	e.announcing.Lock() // not while the clients are told of announcements
	defer e.announcing.Unlock()
	if c := e.config.Node.Clients; c != nil {
		c.Abandon()
	}
	clear(e.heirs)
	e.work.ForgetConfirmations()
	e.commits.Outbox.Free()
}

// passNodes does what an announcement has for nodes. as is the node whose part is played: this one,
// or a lost one that it takes over from.
func (e *Engine) passNodes(ctx context.Context, a store.Announcement, as store.NodeID) error {
	for _, g := range a.Nodes.GivenUp {
		if g.Heir == e.commits.NodeID() && e.heirs[g.Node] != g.Heir {
			if err := e.adopt(ctx, g, a.ID); err != nil {
				return err
			}
		}
		e.heirs[g.Node] = g.Heir
	}
	e.passClients(a.Nodes.Clients, as)
	e.Identity.Learn(a.Nodes)
	e.work.Learn(a.Nodes)
	return nil
}

// passClients tells of claims and releases.
func (e *Engine) passClients(news []store.ClientNews, as store.NodeID) {
	clients := e.config.Node.Clients
	if clients == nil {
		return
	}
	is := func(node store.NodeID) bool { // or has taken over from it
		for ; node != as; node = e.heirs[node] {
			if node == 0 {
				return false
			}
		}
		return as != 0
	}
	for _, n := range news {
		switch {
		case !n.Released:
			clients.Claimed(n.Client, n.Claim, is(n.To), is(n.From))
		case is(n.To):
			clients.Released(n.Client, n.Claim)
		}
	}
}

// adopt takes over from a lost node: its clients, and what was announced from its position up to the
// announcement that says it is lost. Until that is done, a node that takes over from this one begins
// there too.
func (e *Engine) adopt(ctx context.Context, lost store.GivenUp, upTo int64) error {
	if clients := e.config.Node.Clients; clients != nil {
		e.commits.Outbox.Hold(lost.Position)
		if err := clients.Adopt(ctx, lost.Node); err != nil {
			return err
		}
		if err := e.replay(ctx, lost, upTo); err != nil {
			return err
		}
		clients.Adopted()
		e.commits.Outbox.Free()
	}
	e.Fleet.BeginPresences()
	return e.commits.Do(ctx, func(tx *commit.Tx) error {
		tx.Changes.Nodes.Gone = []store.NodeID{lost.Node}
		return nil
	})
}

// replay announces to the adopted clients what the lost node has not announced any more.
func (e *Engine) replay(ctx context.Context, lost store.GivenUp, upTo int64) error {
	for last := lost.Position; ; {
		found, err := e.announcements(ctx, last)
		if err != nil {
			return err
		}
		more := len(found) > 0
		ended := func(a store.Announcement) bool { return a.ID >= upTo }
		if at := slices.IndexFunc(found, ended); at >= 0 {
			found, more = found[:at], false
		}
		if err := e.replayPage(ctx, found, lost.Node); err != nil {
			return err
		}
		if !more {
			return e.persisted(ctx)
		}
		last = found[len(found)-1].ID
	}
}

// replayPage announces a page of it. There may be much to replay, so a thing is notified once for
// all of the page; unless clients come or go within it, whose sessions must have what was announced
// before.
func (e *Engine) replayPage(
	ctx context.Context, page []store.Announcement, lost store.NodeID,
) error {
	var notices commit.Notices
	var events []store.Event
	publish := func() error {
		err := e.publish(ctx, store.Announcement{Notices: notices.List(), Events: events})
		notices, events = commit.Notices{}, nil
		return err
	}
	for _, a := range page {
		if len(a.Nodes.Clients) > 0 {
			if err := publish(); err != nil {
				return err
			}
			e.passClients(a.Nodes.Clients, lost)
		}
		for _, n := range a.Notices {
			notices.Add(n)
		}
		events = append(events, a.Events...)
	}
	return publish()
}
