package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// counted is the state of all topics of a hub, and counts how often it is read.
type counted struct {
	mu      sync.Mutex
	samples int
	state   string
	err     error
}

func newCounted() *counted { return &counted{state: "1"} }

func (c *counted) open(topic string) (Source, error) {
	if topic == "unknown" {
		return nil, fault.New(fault.Invalid, "unknown")
	}
	return &whole{read: c.read}, nil
}

func (c *counted) read(context.Context) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.samples++
	return []byte(`{"n":` + c.state + `}`), c.err
}

func (c *counted) set(state string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.err = state, err
}

// world is a hub that runs, with one state for all topics.
type world struct {
	*testing.T
	*Hub
	source *counted
	log    strings.Builder
	stop   func() // ends the hub, and waits until it has
}

func newHubWorld(t *testing.T) *world {
	w := &world{T: t, source: newCounted()}
	w.Hub = NewHub(w.source.open, time.Now, slog.New(slog.NewTextHandler(&w.log, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.Hub.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return w
}

// join subscribes to topics.
func (w *world) join(topics ...string) *subscriber {
	w.Helper()
	s, err := w.subscribe(topics)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// wait lets time pass, and then everything that follows from it.
func (w *world) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// received are the events that wait for a subscriber, in short: jobs first 1, jobs 2, and end.
func received(s *subscriber) (events []string) {
	for {
		select {
		case event, open := <-s.events:
			if !open {
				return append(events, "end")
			}
			events = append(events, short(string(event)))
		default:
			return events
		}
	}
}

// short is an event in short. One that has not the form of events is left as it is.
func short(event string) string {
	var data struct {
		Topic string
		Now   float64
		First bool
		N     int
	}
	text, isData := strings.CutPrefix(event, "data: ")
	text, ends := strings.CutSuffix(text, "\n\n")
	if err := json.Unmarshal([]byte(text), &data); err != nil || !isData || !ends || data.Now == 0 {
		return event
	}
	if data.First {
		data.Topic += " first"
	}
	return fmt.Sprint(data.Topic, " ", data.N)
}

func (w *world) wantEvents(s *subscriber, want ...string) {
	w.Helper()
	if got := received(s); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		w.Errorf("events:\n got %q\nwant %q", got, want)
	}
}

// What a topic costs does not depend on how many read it (R-WEB-51): one sample when the first one
// comes, and one a second.
func TestSampledOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHubWorld(t)
		defer w.stop()
		var all []*subscriber
		for range 100 {
			all = append(all, w.join("jobs"))
		}
		w.wait(10*time.Second + time.Millisecond)
		if w.source.samples != 11 {
			t.Errorf("%d samples in 10 seconds, want 11", w.source.samples)
		}
		for _, s := range all {
			w.wantEvents(s, "jobs first 1")
			w.unsubscribe(s)
		}
		w.wait(10 * time.Second)
		if w.source.samples != 11 || len(w.topics) != 0 || w.subscribers != 0 {
			t.Errorf("%d samples, %d topics, %d subscribers when all have gone",
				w.source.samples, len(w.topics), w.subscribers)
		}
	})
}

// The first event is the present state, also for those who come later; then changes, and nothing
// while nothing changes (R-WEB-51).
func TestChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHubWorld(t)
		first := w.join("b", "a", "b")
		w.wait(3 * time.Second)
		w.wantEvents(first,
			"a first 1",
			"b first 1")
		w.source.set("2", nil)
		w.wait(time.Second)
		w.unsubscribe(first)
		w.wantEvents(first,
			"a 2",
			"b 2",
			"end")
		later := w.join("a")
		w.wait(0)
		w.wantEvents(later, "a first 2")
		w.stop()
		w.wantEvents(later, "end")
	})
}

// A sample that fails is logged once, and changes nothing for the subscribers.
func TestSampleFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHubWorld(t)
		defer w.stop()
		w.source.set("1", errors.New("disk"))
		s := w.join("jobs")
		w.wait(3 * time.Second)
		w.wantEvents(s)
		if logged := w.log.String(); strings.Count(logged, "err=disk") != 1 {
			t.Errorf("logged: %s", logged)
		}
		w.source.set("1", nil)
		w.wait(time.Second)
		w.wantEvents(s, "jobs first 1")
	})
}

// A subscriber who does not read is cut off when 16 events wait; the others go on (R-WEB-53).
func TestSlowSubscriber(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHubWorld(t)
		defer w.stop()
		slow, good := w.join("jobs"), w.join("jobs")
		for i := range maxWaiting + 1 {
			w.source.set(fmt.Sprint(i+2), nil)
			w.wait(time.Second)
			if n := len(received(good)); n < 1 || n > 2 {
				t.Fatalf("second %d: %d events for the one who reads", i, n)
			}
		}
		got := received(slow)
		if n := len(got); n != maxWaiting+1 || got[n-1] != "end" {
			t.Errorf("the slow one got %d events, %q last", n, got[n-1])
		}
		if w.subscribers != 1 {
			t.Errorf("%d subscribers, want 1", w.subscribers)
		}
		w.unsubscribe(slow) // as its stream does
		if w.subscribers != 1 {
			t.Errorf("%d subscribers after the slow one has gone, want 1", w.subscribers)
		}
	})
}

// Subscribers and topics are bounded, and what is refused leaves nothing behind (R-WEB-53).
func TestBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHubWorld(t)
		defer w.stop()
		refused := func(code fault.Code, topics ...string) {
			t.Helper()
			if _, err := w.subscribe(topics); !fault.Is(err, code) {
				t.Errorf("%v: %v, want %s", topics, err, code)
			}
		}
		nine := strings.Fields("1 2 3 4 5 6 7 8 9")
		refused(fault.Invalid)
		refused(fault.Invalid, nine...)
		refused(fault.Invalid, "a", "unknown")
		w.join(nine[:maxTopicsEach]...)
		for len(w.topics) < maxTopics {
			w.join(fmt.Sprint("t", len(w.topics)))
		}
		refused(fault.Unavailable, "one more")
		for w.subscribers < maxSubscribers {
			w.join("1")
		}
		refused(fault.Unavailable, "1")
		w.stop()
		refused(fault.Unavailable, "1")
		if len(w.topics) != 0 || w.subscribers != 0 {
			t.Errorf("%d topics, %d subscribers at the end", len(w.topics), w.subscribers)
		}
	})
}
