package storetest

import (
	"errors"

	"github.com/drover-iot/drover/store"
)

func giveUp(node, heir store.NodeID) (c store.Changes) {
	c.Nodes.GivenUp = []store.GivenUp{{Node: node, Heir: heir}}
	return c
}

func client(name string, node store.NodeID, claim int64) store.Client {
	return store.Client{Name: name, Node: node, Claim: claim, Connections: 1, Connected: true, Session: "s", At: at(1)}
}

func setClients(list ...store.Client) (c store.Changes) {
	c.Clients.Set = list
	return c
}

func nodes(w world) []store.Node {
	w.Helper()
	return read(w, store.Reader.Nodes)
}

func clientsOf(w world, node store.NodeID, after string, limit int) (names []string) {
	w.Helper()
	found := read(w, func(r store.Reader) ([]store.Client, error) { return r.ClientsOf(node, after, limit) })
	for _, c := range found {
		names = append(names, c.Name)
	}
	return names
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
		w.refused("given up twice", giveUp(4, 5))
		w.refused("not there", giveUp(9, 5))
	}},
	{"clients are found by name, and by their node", func(w world) {
		full := store.Client{
			Name: "b", Node: 4, Claim: 9, Claimant: 5, Entry: 7, Connections: 2, AsThing: true, Session: "x", At: at(3),
			Reason: "CONNECTION_LOST", Value: []byte{0, 1},
		}
		w.apply(setClients(client("a", 4, 1), client("b", 5, 2), client("c", 4, 3)), setClients(full))
		same(w, "rewritten", read(w, func(r store.Reader) (store.Client, error) { return r.Client("b") }), full)
		same(w, "of one node", clientsOf(w, 4, "", 9), []string{"a", "b", "c"})
		same(w, "of the other", clientsOf(w, 5, "", 9), nil)
		same(w, "after", clientsOf(w, 4, "a", 1), []string{"b"})
		w.apply(store.Changes{Clients: store.ClientChanges{Removed: []string{"a", "unknown"}}})
		same(w, "one less", clientsOf(w, 4, "", 9), []string{"b", "c"})
		w.view(func(r store.Reader) {
			if _, err := r.Client("a"); !errors.Is(err, store.ErrNotFound) {
				w.Errorf("a removed client: %v", err)
			}
		})
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
