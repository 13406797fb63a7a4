package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

func announce(list ...store.Announcement) (c store.Changes) {
	c.Outbox.Added = list
	return c
}

// passed is the sign of a node that has made the announcements up to one.
func passed(node store.NodeID, position int64) (c store.Changes) {
	c.Nodes.By, c.Nodes.Sign = node, store.Sign{Seen: at(1), Position: position}
	return c
}

func joinNodes(nodes ...store.NodeID) (c store.Changes) {
	for _, id := range nodes {
		c.Nodes.Joined = append(c.Nodes.Joined, store.Node{ID: id, Since: at(1), Sign: store.Sign{Seen: at(1)}})
	}
	return c
}

// entries are session changes: client, seq, value; an empty value removes.
func entries(list ...store.SessionEntry) (c store.Changes) {
	c.Sessions = list
	return c
}

func sessions(w world) (found []store.SessionEntry) {
	w.Helper()
	w.view(func(r store.Reader) {
		err := r.Sessions(func(s store.SessionEntry) error {
			found = append(found, s)
			return nil
		})
		same(w, "sessions", err, nil)
	})
	return found
}

func session(client string, seq uint64) store.SessionEntry {
	return store.SessionEntry{Client: client, Seq: seq, Value: []byte("value")}
}

func shared(client string, seq, number uint64, body string) store.SessionEntry {
	return store.SessionEntry{
		Client: client, Seq: seq, Value: []byte("value"), Body: []byte(body), Shared: number,
	}
}

func messages(w world, client string, first, last uint64) []store.SessionEntry {
	w.Helper()
	return read(w, func(r store.Reader) ([]store.SessionEntry, error) {
		return r.SessionMessages(client, first, last)
	})
}

var outbox = []promise{
	{"announcements stay until every node has passed them, oldest first, strictly after the cursor", func(w world) {
		list := []store.Announcement{
			{ID: 2, Notices: []store.Notice{{Thing: 1, Notify: true}, {Thing: 1 << 40, NotifyNext: true}, {Thing: 3, Notify: true, NotifyNext: true}, {Thing: 4}}},
			{ID: 5}, {ID: 9, Notices: []store.Notice{{Thing: 7, NotifyNext: true}}},
		}
		w.apply(announce(list[2], list[0]), announce(list[1]))
		from := func(after int64, limit int) []store.Announcement {
			return read(w, func(r store.Reader) ([]store.Announcement, error) { return r.Announcements(after, limit) })
		}
		same(w, "all", from(0, 9), list)
		same(w, "limit", from(0, 2), list[:2])
		same(w, "after", from(2, 9), list[1:])
		same(w, "limit 0", from(0, 0), nil)
		w.apply(joinNodes(3, 4), passed(3, 7))
		same(w, "passed by one", from(0, 9), list)
		w.apply(passed(4, 2))
		same(w, "passed by both", from(0, 9), list[1:])
		w.refused("a taken id", announce(list[1]))
		w.apply(giveUp(4, 3), passed(3, 9))
		same(w, "a node that was given up stays where it was", from(0, 9), list[1:])
		w.apply(store.Changes{Nodes: store.NodeChanges{Gone: []store.NodeID{4, 99}}}, passed(3, 9))
		same(w, "passed by all that are left", from(0, 9), nil)
	}},
	{"large announcements are read a few at a time, and one at the least", func(w world) {
		sizes := []int{store.AnnouncementBytes + 1, store.AnnouncementBytes * 2 / 3, store.AnnouncementBytes * 2 / 3, 1, 1}
		for i, size := range sizes {
			events := []store.Event{{Topic: "t", Payload: make([]byte, size)}}
			w.apply(announce(store.Announcement{ID: int64(i + 1), Events: events}))
		}
		from := func(after int64) (ids []int64) {
			list := read(w, func(r store.Reader) ([]store.Announcement, error) { return r.Announcements(after, 9) })
			for _, a := range list {
				ids = append(ids, a.ID)
			}
			return ids
		}
		same(w, "the first alone", from(0), []int64{1})
		same(w, "two that exceed it", from(1), []int64{2, 3})
		same(w, "the rest", from(3), []int64{4, 5})
	}},
	{"session entries are saved, rewritten, removed and listed by client, then by Seq", func(w world) {
		e := func(client string, seq uint64, value string) store.SessionEntry {
			return store.SessionEntry{Client: client, Seq: seq, Value: []byte(value)}
		}
		w.apply(entries(e("b", 0, "1"), e("B", 0, "2"), e("b", 10, "m10"), e("b", 9, "m9"), e("", 0, "x")), entries(e("b", 0, "3\x00\xff"), e("c", 1, "y")))
		same(w, "sessions", sessions(w), []store.SessionEntry{
			e("", 0, "x"), e("B", 0, "2"), e("b", 0, "3\x00\xff"), e("b", 9, "m9"), e("b", 10, "m10"), e("c", 1, "y")})
		w.apply(entries(store.SessionEntry{Client: "b", Seq: 9}, store.SessionEntry{Client: "unknown"}))
		same(w, "one message less", len(sessions(w)), 5)
		w.apply(entries(store.SessionEntry{Client: "b"}, e("b", 0, "new")))
		same(w, "removed whole, and made anew in the same change", sessions(w), []store.SessionEntry{e("", 0, "x"), e("B", 0, "2"), e("b", 0, "new"), e("c", 1, "y")})
	}},
	{"the body of an entry is read with its messages, and not with the sessions", func(w world) {
		own := store.SessionEntry{Client: "a", Seq: 2, Value: []byte("head"), Body: []byte("own")}
		w.apply(entries(session("a", 0), own, session("a", 5), session("ab", 2)))
		same(w, "sessions", sessions(w), []store.SessionEntry{
			session("a", 0), {Client: "a", Seq: 2, Value: []byte("head")},
			session("a", 5), session("ab", 2),
		})
		same(w, "all", messages(w, "a", 0, 9),
			[]store.SessionEntry{session("a", 0), own, session("a", 5)})
		same(w, "from", messages(w, "a", 2, 4), []store.SessionEntry{own})
		same(w, "to", messages(w, "a", 3, 5), []store.SessionEntry{session("a", 5)})
		same(w, "of nobody", messages(w, "b", 0, 9), nil)
		own.Body = nil
		w.apply(entries(own))
		same(w, "without a body any more", messages(w, "a", 2, 2), []store.SessionEntry{own})
	}},
	{"a body that entries share is there until the last of them is removed", func(w world) {
		w.apply(entries(
			shared("a", 1, 7, "one"),
			shared("b", 1, 7, "ignored: the first counts"),
			shared("b", 2, 8, "two")))
		body := func(client string, seq uint64) string {
			found := messages(w, client, seq, seq)
			if len(found) != 1 {
				return ""
			}
			return fmt.Sprintf("%d %s", found[0].Shared, found[0].Body)
		}
		same(w, "a 1", body("a", 1), "7 one")
		same(w, "b 1", body("b", 1), "7 one")
		same(w, "b 2", body("b", 2), "8 two")
		same(w, "listed with their numbers", sessions(w)[1].Shared, uint64(7))
		w.apply(entries(store.SessionEntry{Client: "a", Seq: 1}))
		same(w, "one less", body("b", 1), "7 one")
		w.apply(entries(shared("b", 1, 7, "still the first")))
		same(w, "the only one rewritten", body("b", 1), "7 one")
		w.apply(entries(shared("b", 1, 9, "three"), shared("c", 1, 7, "anew")))
		same(w, "another body", body("b", 1), "9 three")
		same(w, "the number was free", body("c", 1), "7 anew")
		w.apply(entries(store.SessionEntry{Client: "b"}, shared("d", 1, 8, "anew")))
		same(w, "freed with its session", body("d", 1), "8 anew")
		w.apply(entries(
			store.SessionEntry{Client: "d", Seq: 1, Value: []byte("v"), Body: []byte("own")},
			shared("d", 2, 8, "again")))
		same(w, "an own one instead", body("d", 1), "0 own")
		same(w, "freed by that", body("d", 2), "8 again")
	}},
	{"many sessions are all listed, and the function may read meanwhile", func(w world) {
		var c store.Changes
		for i := range 1000 {
			c.Sessions = append(c.Sessions, store.SessionEntry{Client: fmt.Sprint("client-", i), Value: []byte{1}})
		}
		w.apply(c)
		n := 0
		w.view(func(r store.Reader) {
			err := r.Sessions(func(store.SessionEntry) error {
				n++
				_, err := r.Announcements(0, 1)
				return err
			})
			same(w, "err", err, nil)
			err = r.Sessions(func(store.SessionEntry) error { return errGiveUp })
			if !errors.Is(err, errGiveUp) {
				w.Errorf("got %v, want %v", err, errGiveUp)
			}
		})
		same(w, "sessions", n, 1000)
	}},
}

// durablePromise is a promise across closing and opening again.
type durablePromise struct {
	name  string
	check func(t *testing.T, open func() store.Store)
}

var durable = []durablePromise{
	{"everything is there after closing and opening again", func(t *testing.T, open func() store.Store) {
		w := world{t, open()}
		w.apply(everything())
		w.apply(store.Changes{Registry: store.RegistryChanges{CreatedThings: []registry.Thing{thing(90, "gone")}}}, queue(execution(1, 90, 1)), deleteThings(90))
		var before map[string]any
		w.view(func(r store.Reader) { before = dump(w, r) })
		closeStore(t, w.Store)
		w = world{t, open()}
		w.view(func(r store.Reader) { same(w, "after", dump(w, r), before) })
		same(w, "deleted name", read(w, func(r store.Reader) (string, error) { return r.ThingName(90) }), "gone")
		closeStore(t, w.Store)
	}},
	{"a dropped number is not used again after opening again", func(t *testing.T, open func() store.Store) {
		w := world{t, open()}
		w.field()
		w.apply(queue(execution(1, 1, 1)), drop(execution(1, 1, 1)))
		closeStore(t, w.Store)
		w = world{t, open()}
		same(w, "last number", lastNumber(w, job.Key(1), 1), int64(1))
		closeStore(t, w.Store)
	}},
	{"keys are never handed out twice, failed writes and opening again included", func(t *testing.T, open func() store.Store) {
		var last [6]int64
		for round := range 4 {
			w := world{t, open()}
			same(w, "last joined", read(w, store.Reader.LastJoined) >= last[3], true)
			for range 2 {
				_ = w.Write(t.Context(), func(tx store.Tx) error {
					k := tx.NextKeys()
					for kind, key := range []int64{int64(k.Thing()), int64(k.Group()), int64(k.Job()), k.Joined(), k.Sequence(), k.Announcement()} {
						if key <= last[kind] {
							t.Errorf("round %d, kind %d: %d after %d", round, kind, key, last[kind])
						}
						last[kind] = key
					}
					return errGiveUp
				})
			}
			closeStore(t, w.Store)
		}
	}},
}
