package nodes

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/store"
)

// Config is what nodes work with.
type Config struct {
	Store   store.Store
	Commits *commit.Committer
	// ClientChanged is called, in a commit, when the client that is named like a thing has connected
	// or disconnected.
	ClientChanged func(tx *commit.Tx, thing string) error
}

// Service is what this server does as one of several nodes. Its methods may be called concurrently.
type Service struct {
	Config
	shared atomic.Uint64 // of NextShared, for the node that is now
	watch  watch
	swept  store.ClientTurn // the last turn that was looked at; see sweep
}

// New returns the service.
func New(c Config) *Service { return &Service{Config: c, watch: newWatch()} }

// List returns all nodes, by number.
func (s *Service) List(ctx context.Context) (nodes []store.Node, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) (err error) {
		nodes, err = r.Nodes()
		return err
	})
	return nodes, err
}

// Claim records that a client has connected to this node. event makes the event of that, of the
// count of the client's connections and the time; it is published on every node.
func (s *Service) Claim(
	ctx context.Context, by Connection, event func(version int64, at time.Time) []store.Event,
) (answer Claimed, err error) {
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		turns, err := tx.Turns(by.Client)
		if err != nil {
			return err
		}
		var c change
		c, answer = claim(turns, tx.Node, tx.Keys.Announcement(), tx.StoreTime(), by)
		return s.stage(tx, c, by.Client, event(answer.Version, tx.StoreTime()))
	})
	return answer, err
}

// Release ends the turn of this node before the one that began with a claim: all of the client is in
// the store.
func (s *Service) Release(ctx context.Context, client string, claim int64) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		turns, err := tx.Turns(client)
		if err != nil {
			return err
		}
		return s.stage(tx, release(turns, tx.Node, claim), client, nil)
	})
}

// Leave records that a connection has ended. event is as for Claim; nil makes none.
func (s *Service) Leave(
	ctx context.Context, e End, event func(version int64, at time.Time) []store.Event,
) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		turns, err := tx.Turns(e.Client)
		if err != nil {
			return err
		}
		now := tx.StoreTime()
		c, ended, ok := leave(turns, tx.Node, now, e)
		if !ok {
			return nil
		}
		var events []store.Event
		if event != nil {
			events = event(ended.Connections-1, now)
		}
		c.asThing = c.asThing && !ended.MayReturn // what depends on it waits (R-ID-61)
		return s.stage(tx, c, e.Client, events)
	})
}

// stage stages a change of the turns of a client. The request cannot be refused after it.
func (s *Service) stage(
	tx *commit.Tx, c change, client string, events []store.Event,
) error {
	clients := &tx.Changes.Clients
	clients.Removed = append(clients.Removed, c.clients.Removed...)
	clients.Set = append(clients.Set, c.clients.Set...)
	tx.TellNodes(store.ForNodes{Clients: c.news})
	for _, e := range events {
		tx.Publish(e)
	}
	if !c.asThing || s.ClientChanged == nil {
		return nil
	}
	if err := tx.Apply(); err != nil { // queries look at what is stored
		return err
	}
	return s.ClientChanged(tx, client)
}

// lostPage is how many turns of a lost node are taken over in one commit.
const lostPage = 1000

// Lost takes over the turns of a lost node whose heir this one is, and calls f with each page once
// it is durable. After an error it may be called again, and goes on with what is left.
func (s *Service) Lost(
	ctx context.Context, node store.NodeID, f func([]store.Client) error,
) error {
	for {
		var page []store.Client
		err := s.Commits.Do(ctx, func(tx *commit.Tx) (err error) {
			page, err = tx.ClientsOf(node, store.ClientTurn{}, lostPage)
			for i := range page {
				page[i].Node = tx.Node
				page[i].MayReturn = page[i].Connected
			}
			tx.Changes.Clients.Set = page
			return err
		})
		if err != nil || len(page) == 0 {
			return err
		}
		if err := f(page); err != nil {
			return err
		}
	}
}

// Load calls f for every stored entry of the sessions of some clients, without their bodies.
func (s *Service) Load(
	ctx context.Context, clients []string, f func(store.SessionEntry) error,
) error {
	return s.Store.Read(ctx, func(r store.Reader) error {
		for _, client := range clients {
			if err := r.SessionsOf(client, f); err != nil {
				return err
			}
		}
		return nil
	})
}

// NextShared returns a number of a shared body that no node has given before: the upper half is the
// number of the node.
func (s *Service) NextShared() uint64 {
	return uint64(s.Commits.NodeID())<<32 | s.shared.Add(1)&(1<<32-1)
}
