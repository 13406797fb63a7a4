package engine

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

var (
	propertySeeds = flag.Int("property.seeds", 250, "how many seeds TestProperties runs")
	propertySeed  = flag.Uint64("property.seed", 0, "the one seed to run; 0 runs them all")
	propertyFirst = flag.Uint64("property.first", 1, "the first of the seeds")
)

// TestProperties drives the engine with random requests on a virtual clock, sometimes from several goroutines so that
// commit groups form, and holds every write against a second, plain reading of the rules: property_watch_test.go sees
// each change as it is applied, property_model_test.go says what ought to have happened.
func TestProperties(t *testing.T) {
	t.Parallel()
	if *propertySeed != 0 {
		newWorld(t, *propertySeed).run(200)
		return
	}
	for i := range *propertySeeds {
		if newWorld(t, *propertyFirst+uint64(i)).run(200); t.Failed() {
			return
		}
	}
}

// world is one engine under random use.
type world struct {
	*Engine
	t      *testing.T
	seed   uint64
	clock  *clock.Virtual
	watch  *watch
	mirror *mirror
	stop   func()

	mu  sync.Mutex
	log []string // what was asked for, for the report of a failure
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, seed: seed, clock: clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))}
	w.watch = newWatch(w, memory.Open())
	w.mirror = &mirror{store: w.watch.Store, list: map[registry.ThingID]string{}, next: map[registry.ThingID]string{}}
	w.Engine = New(Config{
		Store: w.watch, Clock: w.clock, IDs: &ids.Counting{}, Scope: registry.DefaultScope, Log: slog.New(slog.DiscardHandler),
		Tell: func(ctx context.Context, notices []store.Notice) error { return w.mirror.tell(ctx, notices) },
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.failf("Run: %v", err)
		}
	}
	return w
}

// failf reports what is wrong, once, with how to see it again.
func (w *world) failf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.t.Failed() {
		return
	}
	w.t.Errorf("%s\nat %s, after:\n  %s\nagain: go test ./engine -run TestProperties -property.seed=%d",
		fmt.Sprintf(format, args...), w.clock.Now().Format(time.TimeOnly), strings.Join(w.log[max(0, len(w.log)-40):], "\n  "), w.seed)
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

// run makes some random requests and checks the world after each; at the end it lets every rollout finish.
func (w *world) run(steps int) {
	defer w.stop()
	r := rand.New(rand.NewPCG(w.seed, 1))
	ops := operator{world: w, r: r}
	ops.populate()
	for range steps {
		switch n := r.IntN(20); {
		case n < 3:
			ops.advance()
		case n < 5:
			w.together(r)
		default:
			ops.anything(true)
		}
		if w.settled(); w.t.Failed() {
			return
		}
	}
	w.note("advance to the end")
	if err := w.Advance(w.t.Context(), w.clock, w.clock.Now().Add(10*24*time.Hour)); err != nil {
		w.failf("advance: %v", err)
	}
	w.settled()
	w.watch.finished()
}

// together makes requests from several goroutines at once, while the clock stands. The store is held until most of
// them wait, so that they are committed as groups.
func (w *world) together(r *rand.Rand) {
	w.watch.hold.Lock()
	var all sync.WaitGroup
	n := 2 + r.IntN(6)
	for range n {
		ops := operator{world: w, r: rand.New(rand.NewPCG(r.Uint64(), 2))}
		all.Go(func() {
			for range 1 + ops.r.IntN(4) {
				ops.anything(false)
			}
		})
	}
	for patience := 0; len(w.waiting) < n-1 && patience < 1000; patience++ {
		runtime.Gosched()
	}
	w.watch.hold.Unlock()
	all.Wait()
}

// settled waits until nothing is due and everything was announced, and checks what must hold then.
func (w *world) settled() {
	if err := w.Settle(w.t.Context()); err != nil {
		w.failf("settle: %v", err)
		return
	}
	w.watch.settled()
	w.mirror.settled(w)
}

// accept passes a refusal and reports every other error.
func (w *world) accept(what string, err error) bool {
	if err != nil && fault.Of(err) == nil {
		w.failf("%s: %v", what, err)
	}
	return err == nil
}

// mirror is what devices know: each thing reads its list only when it is told List, and its head when it is told Next.
type mirror struct {
	store store.Store
	mu    sync.Mutex
	list  map[registry.ThingID]string
	next  map[registry.ThingID]string
}

func (m *mirror) tell(ctx context.Context, notices []store.Notice) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.store.Read(ctx, func(r store.Reader) error {
		for _, n := range notices {
			list, next := seen(r, n.Thing)
			if n.Notify {
				m.list[n.Thing] = list
			}
			if n.NotifyNext {
				m.next[n.Thing] = next
			}
		}
		return nil
	})
}

// settled compares what devices know with what is true.
func (m *mirror) settled(w *world) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.store.Read(w.t.Context(), func(r store.Reader) error {
		for thing := range w.watch.things() {
			list, next := seen(r, thing)
			if m.list[thing] != list {
				w.failf("thing %d believes that [%s] is pending, it is [%s] (R-MQTT-38)", thing, m.list[thing], list)
			}
			if m.next[thing] != next {
				w.failf("thing %d believes that %q is next, it is %q (R-MQTT-38)", thing, m.next[thing], next)
			}
		}
		return nil
	})
}

// seen is the pending executions of a thing as a set, and the first of them.
func seen(r store.Reader, thing registry.ThingID) (list, next string) {
	pending, err := r.Pending(thing, 1000)
	if err != nil {
		return err.Error(), err.Error()
	}
	return show(pending)
}
