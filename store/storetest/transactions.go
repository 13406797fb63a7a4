package storetest

import (
	"context"
	"errors"
	"sync"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

var errGiveUp = errors.New("give up")

var transactions = []promise{
	{"a write sees its own changes and nobody else does before the commit", func(w world) {
		err := w.Write(context.Background(), func(tx store.Tx) error {
			if err := tx.Apply(createThings(thing(1, "a"))); err != nil {
				return err
			}
			if _, err := tx.ThingByName("a"); err != nil {
				w.Errorf("inside: %v", err)
			}
			absent(w, "outside", func(r store.Reader) (registry.Thing, error) { return r.ThingByName("a") })
			return nil
		})
		same(w, "write", err, nil)
		same(w, "after", read(w, func(r store.Reader) (registry.ThingID, error) { return r.ThingID("a") }), registry.ThingID(1))
	}},
	{"a read keeps its state while a write commits", func(w world) {
		w.apply(createThings(thing(1, "a")))
		w.view(func(r store.Reader) {
			if _, err := r.ThingID("a"); err != nil {
				w.Fatal(err)
			}
			w.apply(createThings(thing(2, "b")))
			if _, err := r.ThingID("b"); !errors.Is(err, store.ErrNotFound) {
				w.Errorf("the running read sees the later commit: %v", err)
			}
		})
		read(w, func(r store.Reader) (registry.ThingID, error) { return r.ThingID("b") })
	}},
	{"a failed function leaves nothing and its error comes back", func(w world) {
		err := w.Write(context.Background(), func(tx store.Tx) error {
			if err := tx.Apply(createThings(thing(1, "a"))); err != nil {
				return err
			}
			return errGiveUp
		})
		if !errors.Is(err, errGiveUp) {
			w.Errorf("got %v, want %v", err, errGiveUp)
		}
		absent(w, "thing", func(r store.Reader) (registry.Thing, error) { return r.ThingByName("a") })
		w.apply(createThings(thing(1, "a")))
	}},
	{"a failed read function's error comes back", func(w world) {
		err := w.Read(context.Background(), func(store.Reader) error { return errGiveUp })
		if !errors.Is(err, errGiveUp) {
			w.Errorf("got %v, want %v", err, errGiveUp)
		}
	}},
	{"a panic leaves nothing and the store goes on", func(w world) {
		func() {
			defer func() { _ = recover() }()
			_ = w.Write(context.Background(), func(tx store.Tx) error {
				_ = tx.Apply(createThings(thing(1, "a")))
				panic("out of the function")
			})
		}()
		absent(w, "thing", func(r store.Reader) (registry.Thing, error) { return r.ThingByName("a") })
		w.apply(createThings(thing(1, "a")))
	}},
	{"a conflict takes the whole write with it, even when the function hides it", func(w world) {
		w.apply(createThings(thing(1, "a")))
		err := w.Write(context.Background(), func(tx store.Tx) error {
			_ = tx.Apply(createThings(thing(2, "b")))
			_ = tx.Apply(createThings(thing(3, "a")))
			_ = tx.Apply(createThings(thing(4, "c")))
			return nil
		})
		if !errors.Is(err, store.ErrConflict) {
			w.Errorf("got %v, want %v", err, store.ErrConflict)
		}
		absent(w, "b", func(r store.Reader) (registry.ThingID, error) { return r.ThingID("b") })
		absent(w, "c", func(r store.Reader) (registry.ThingID, error) { return r.ThingID("c") })
	}},
	{"one Apply deletes, then inserts, then updates", func(w world) {
		w.apply(createThings(thing(1, "a")))
		second := thing(2, "a")
		updated := second
		updated.Type, updated.Version = "lamp", 2
		w.apply(store.Changes{Registry: store.RegistryChanges{
			UpdatedThings: []registry.Thing{updated},
			CreatedThings: []registry.Thing{second},
			DeletedThings: []registry.ThingID{1},
		}})
		same(w, "thing", read(w, func(r store.Reader) (registry.Thing, error) { return r.ThingByName("a") }), updated)
	}},
	{"writes run one at a time", func(w world) {
		const writers, each = 4, 10
		var done sync.WaitGroup
		running := 0 // unguarded on purpose: the race detector and the check below watch it
		for range writers {
			done.Go(func() {
				for range each {
					err := w.Write(context.Background(), func(tx store.Tx) error {
						if running++; running != 1 {
							w.Errorf("%d writes at once", running)
						}
						id := int64(tx.NextKeys().Thing())
						err := tx.Apply(createThings(thing(id, string(rune('a'+id)))))
						running--
						return err
					})
					if err != nil {
						w.Errorf("write: %v", err)
					}
				}
			})
		}
		done.Wait()
		all := read(w, func(r store.Reader) ([]registry.Thing, error) { return r.Things(store.ThingQuery{Limit: 100}) })
		same(w, "things", len(all), writers*each)
	}},
	{"keys are never handed out twice, not even after a failed write", func(w world) {
		seen := map[int64]bool{}
		for i := range 10 {
			_ = w.Write(context.Background(), func(tx store.Tx) error {
				for range 3 {
					k := tx.NextKeys()
					keys := []int64{int64(k.Thing()), int64(k.Group()), int64(k.Job()), k.Joined(), k.Sequence(), k.Announcement()}
					for kind, key := range keys {
						if key <= 0 || seen[key<<3|int64(kind)] {
							w.Errorf("kind %d: key %d again", kind, key)
						}
						seen[key<<3|int64(kind)] = true
					}
				}
				if i%2 == 0 {
					return errGiveUp
				}
				return nil
			})
		}
	}},
	{"a context that has ended stops a call before it begins", func(w world) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		called := false
		err := w.Write(ctx, func(store.Tx) error { called = true; return nil })
		if called || !errors.Is(err, context.Canceled) {
			w.Errorf("write: called %v, err %v", called, err)
		}
		err = w.Read(ctx, func(store.Reader) error { called = true; return nil })
		if called || !errors.Is(err, context.Canceled) {
			w.Errorf("read: called %v, err %v", called, err)
		}
	}},
	{"Reset removes everything", func(w world) {
		w.apply(everything())
		w.view(func(r store.Reader) {
			if len(dump(w, r)) == 0 {
				w.Error("nothing was there")
			}
		})
		if err := w.Reset(context.Background()); err != nil {
			w.Fatal(err)
		}
		w.view(func(r store.Reader) { same(w, "after", dump(w, r), map[string]any{}) })
		w.apply(everything())
	}},
	{"Reset leaves secrets", func(w world) { // R-NODE-1
		set := func(name string) store.Setting {
			return store.Setting{Name: name, Value: []byte("of " + name)}
		}
		w.apply(store.Changes{Settings: []store.Setting{
			set(store.SecretPrefix + "ca"),
			set(store.SecretPrefix),
			set("secret"),
			set("SECRET/ca"),
			set("secret0"),
			set("a"),
		}})
		if err := w.Reset(context.Background()); err != nil {
			w.Fatal(err)
		}
		w.view(func(r store.Reader) {
			for name, want := range map[string]string{
				store.SecretPrefix + "ca": "of secret/ca",
				store.SecretPrefix:        "of secret/",
				"secret":                  "",
				"SECRET/ca":               "",
				"secret0":                 "",
				"a":                       "",
			} {
				value, err := r.Setting(name)
				if string(value) != want || (err == nil) != (want != "") {
					w.Errorf("setting %q after a reset: %q, %v, want %q", name, value, err, want)
				}
			}
		})
	}},
	{"what was given and what was got can be changed", func(w world) {
		given := thing(1, "a")
		given.Attributes = map[string]string{"k": "v"}
		j := newJob(1, "j")
		e := execution(1, 1, 1)
		e.Details = map[string]string{"k": "v"}
		w.apply(createThings(given), createJobs(j), queue(e))
		given.Attributes["k"], j.Targets[0].Name, e.Details["k"] = "x", "x", "x"
		for range 2 {
			w.view(func(r store.Reader) {
				gotThing, _ := r.Thing(1)
				gotJob, _ := r.Job(1)
				gotExecution, _ := r.Execution(e.ExecutionKey)
				same(w, "attributes", gotThing.Attributes, map[string]string{"k": "v"})
				same(w, "targets", gotJob.Targets, []job.Target{groupTarget("j")})
				same(w, "details", gotExecution.Details, map[string]string{"k": "v"})
				gotThing.Attributes["k"], gotJob.Targets[0].Name, gotExecution.Details["k"] = "y", "y", "y"
			})
		}
	}},
}
