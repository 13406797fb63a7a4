package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/drover-iot/drover/store"
)

func giveUp(node, heir store.NodeID) (c store.Changes) {
	c.Nodes.GivenUp = []store.GivenUp{{Node: node, Heir: heir}}
	return c
}

func client(name string, node store.NodeID, turn int64) store.Client {
	return store.Client{
		Name: name, Turn: turn, Node: node, Claim: turn, Connections: 1, Connected: true, Session: "s", At: at(1),
	}
}

func held(c store.Client) store.Client { c.Held = true; return c }

func setClients(list ...store.Client) (c store.Changes) {
	c.Clients.Set = list
	return c
}

func nodes(w world) []store.Node {
	w.Helper()
	return read(w, store.Reader.Nodes)
}

func clientsOf(w world, node store.NodeID, after store.ClientTurn, limit int) (names []string) {
	w.Helper()
	found := read(w, func(r store.Reader) ([]store.Client, error) { return r.ClientsOf(node, after, limit) })
	for _, c := range found {
		names = append(names, fmt.Sprint(c.Name, c.Turn))
	}
	return names
}

func turns(w world, client string) []store.Client {
	w.Helper()
	return read(w, func(r store.Reader) ([]store.Client, error) { return r.Turns(client) })
}

// lost applies changes that must fail because the node that writes is none any more.
func (w world) lost(what string, c store.Changes) {
	w.Helper()
	err := w.Write(w.Context(), func(tx store.Tx) error { return tx.Apply(c) })
	if !errors.Is(err, store.ErrNodeLost) {
		w.Errorf("%s: got %v, want %v", what, err, store.ErrNodeLost)
	}
}

var ofNodes = []promise{
	{"a node joins, gives signs and goes", func(w world) {
		sign := store.Sign{Seen: at(2), Position: 7, Connections: 3, Ready: true}
		first := store.Node{ID: 5, Name: "a", Version: "1", Since: at(1), Sign: store.Sign{Seen: at(1)}}
		second := store.Node{ID: 4, Name: "b", Since: at(1), Sign: sign}
		w.apply(store.Changes{Nodes: store.NodeChanges{Joined: []store.Node{first, second}}})
		same(w, "joined, by number", nodes(w), []store.Node{second, first})
		w.apply(store.Changes{Nodes: store.NodeChanges{By: 5, Sign: sign}})
		first.Sign = sign
		same(w, "with its sign", nodes(w), []store.Node{second, first})
		w.refused("a taken number", joinNodes(4))
		w.apply(store.Changes{Nodes: store.NodeChanges{Gone: []store.NodeID{4}}})
		same(w, "one is left", nodes(w), []store.Node{first})
	}},
	{"a node that was given up writes nothing any more", func(w world) {
		w.apply(joinNodes(4, 5), giveUp(4, 5))
		if found := nodes(w); len(found) != 2 || found[0].Heir != 5 || found[1].Heir != 0 {
			w.Errorf("nodes %+v", found)
		}
		c := announce(store.Announcement{ID: 1})
		c.Nodes.By = 4
		w.lost("given up", c)
		c.Nodes.By = 6
		w.lost("never there", c)
		same(w, "nothing was written", read(w, func(r store.Reader) ([]store.Announcement, error) { return r.Announcements(0, 9) }), nil)
		w.refused("not there", giveUp(9, 5))
	}},
	{"turns of clients are found by the client, and by their node", func(w world) {
		full := store.Client{
			Name: "b", Turn: 2, Node: 4, Claim: 9, Connections: 2, AsThing: true, Session: "x", At: at(3),
			Reason: "CONNECTION_LOST", MayReturn: true, Value: []byte{0, 1},
		}
		w.apply(setClients(client("a", 4, 1), client("b", 5, 2), client("b", 4, 7), client("c", 4, 3)), setClients(full))
		same(w, "of one client, one of them rewritten", turns(w, "b"), []store.Client{full, held(client("b", 4, 7))})
		same(w, "of one node", read(w, func(r store.Reader) ([]store.Client, error) {
			return r.ClientsOf(4, store.ClientTurn{Name: "a", Turn: 1}, 2)
		}), []store.Client{full, held(client("b", 4, 7))})
		same(w, "of nobody", turns(w, "d"), nil)
		same(w, "of one node", clientsOf(w, 4, store.ClientTurn{}, 9), []string{"a1", "b2", "b7", "c3"})
		same(w, "of the other", clientsOf(w, 5, store.ClientTurn{}, 9), nil)
		same(w, "after", clientsOf(w, 4, store.ClientTurn{Name: "b", Turn: 2}, 2), []string{"b7", "c3"})
		w.apply(store.Changes{Clients: store.ClientChanges{Removed: []store.ClientTurn{{Name: "b", Turn: 2}, {Name: "x"}}}})
		same(w, "one less", clientsOf(w, 4, store.ClientTurn{Name: "a", Turn: 1}, 9), []string{"b7", "c3"})
		same(w, "the next turn is the first", turns(w, "b"), []store.Client{client("b", 4, 7)})
	}},
	{"sessions of one client, and those that nobody has", func(w world) {
		w.apply(entries(session("pump", 0), session("pump", 3), session("$12/pump", 0), session("$12/pump", 4),
			session("$1//0", 0), session("pump-2", 0), session("", 7)))
		of := func(client string) (found []store.SessionEntry) {
			w.view(func(r store.Reader) {
				err := r.SessionsOf(client, func(e store.SessionEntry) error { found = append(found, e); return nil })
				same(w, "err", err, nil)
			})
			return found
		}
		same(w, "two sessions", of("pump"), []store.SessionEntry{session("$12/pump", 0), session("$12/pump", 4), session("pump", 0), session("pump", 3)})
		same(w, "a further one alone", of("/0"), []store.SessionEntry{session("$1//0", 0)})
		same(w, "none", of("pum"), nil)
		w.apply(joinNodes(5), setClients(client("pump-2", 5, 9), client("x", 77, 3), client("y", 0, 2)), store.Changes{Clients: store.ClientChanges{Unowned: 4}})
		same(w, "given to a node", clientsOf(w, 4, store.ClientTurn{}, 9), []string{"/00", "pump0", "x3"})
		same(w, "the others stay", clientsOf(w, 5, store.ClientTurn{}, 9), []string{"pump-29"})
		same(w, "not connected", turns(w, "pump"), []store.Client{{Name: "pump", Node: 4, At: time.UnixMilli(0).UTC()}})
	}},
	{"what an announcement has for nodes is kept whole", func(w world) {
		a := store.Announcement{ID: 3, Nodes: store.ForNodes{
			Clients:      []store.ClientNews{{Client: "a", Claim: 2, From: 4, To: 5}, {Client: "a", Claim: 2, From: 4, To: 5, Released: true}},
			Access:       true,
			Certificates: []string{"c"},
			Detached:     []store.Detached{{Certificate: "c", Thing: "t"}},
			GivenUp:      []store.GivenUp{{Node: 4, Heir: 5, Position: 2}},
		}}
		w.apply(announce(a))
		same(w, "read", read(w, func(r store.Reader) ([]store.Announcement, error) { return r.Announcements(0, 9) }), []store.Announcement{a})
	}},
}
