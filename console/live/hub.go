package live

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

const (
	// interval is the time between two samples of a topic.
	interval = time.Second
	// sampleTimeout is how long one sample may take.
	sampleTimeout = 10 * time.Second
	// maxSubscribers is how many streams a server has at a time, maxTopics how many different topics
	// they have together, and maxTopicsEach how many one of them has (R-WEB-53).
	maxSubscribers, maxTopics, maxTopicsEach = 512, 256, 8
	// maxWaiting is how many events wait for a subscriber. One that falls further behind is cut off;
	// its browser connects again, and gets the present state.
	maxWaiting = 16
)

// A Source reads one topic. Its methods are never called at the same time.
type Source interface {
	// Sample reads the topic as it is now.
	Sample(ctx context.Context) (Sample, error)
}

// A Sample is a topic as it was at one time, as JSON objects without line breaks.
type Sample struct {
	// State is what a new subscriber is sent.
	State []byte
	// Change is what those are sent who know the sample before. Nil when nothing has changed. It is
	// not looked at in the first sample.
	Change []byte
}

// Hub has the topics that somebody is subscribed to, and samples them. Its fields are set before
// Run, and its methods may be called concurrently.
type Hub struct {
	// Open finds a topic by its name. A name of no topic is fault.Invalid.
	Open func(topic string) (Source, error)
	// Now is the time of the server, which each event has.
	Now func() time.Time
	Log *slog.Logger

	mu          sync.Mutex
	topics      map[string]*topic
	subscribers int
	stopped     bool
	// fresh is sent to when there is a topic without a sample.
	fresh chan struct{}
}

// A topic is one that somebody is subscribed to. Only Run uses its source; the rest is guarded by
// Hub.mu.
type topic struct {
	name        string
	source      Source
	sampled     bool
	failed      bool   // the last sample was an error
	state       []byte // of the last sample
	subscribers []*subscriber
}

// A subscriber is one stream.
type subscriber struct {
	topics []string
	// events are the bytes to send. It is closed, by whoever removes the subscriber from its topics,
	// when nothing more will come.
	events  chan []byte
	removed bool
}

// NewHub returns a hub of topics.
func NewHub(
	open func(topic string) (Source, error), now func() time.Time, log *slog.Logger,
) *Hub {
	return &Hub{
		Open:   open,
		Now:    now,
		Log:    log,
		topics: map[string]*topic{},
		fresh:  make(chan struct{}, 1),
	}
}

// Run samples the topics until ctx ends, and ends all streams then.
func (h *Hub) Run(ctx context.Context) error {
	defer h.stop()
	second := time.NewTicker(interval)
	defer second.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-second.C:
			h.sample(ctx, h.list(func(*topic) bool { return true }))
		case <-h.fresh:
			h.sample(ctx, h.list(func(t *topic) bool { return !t.sampled }))
		}
	}
}

// stop ends all streams, and refuses new ones.
func (h *Hub) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	for _, t := range h.topics {
		for _, s := range slices.Clone(t.subscribers) {
			h.remove(s)
		}
	}
}

// list is the topics that are wanted, by name.
func (h *Hub) list(wanted func(*topic) bool) (found []*topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.topics {
		if wanted(t) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *topic) int { return strings.Compare(a.name, b.name) })
	return found
}

// sample samples topics, and sends what has changed.
func (h *Hub) sample(ctx context.Context, topics []*topic) {
	for _, t := range topics {
		if ctx.Err() != nil {
			return
		}
		limited, cancel := context.WithTimeout(ctx, sampleTimeout)
		s, err := t.source.Sample(limited)
		cancel()
		h.publish(t, s, err)
	}
}

// publish sends a sample to the subscribers of its topic. An error is logged, once until a sample
// succeeds again, and the subscribers keep what they have.
func (h *Hub) publish(t *topic, s Sample, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		if !t.failed {
			h.Log.Warn("live topic", "topic", t.name, "err", err)
		}
		t.failed = true
		return
	}
	first := !t.sampled
	t.sampled, t.failed, t.state = true, false, s.State
	var event []byte
	switch {
	case first:
		event = h.event(t.name, s.State, true)
	case s.Change != nil:
		event = h.event(t.name, s.Change, false)
	default:
		return
	}
	for _, to := range slices.Clone(t.subscribers) {
		h.send(to, event)
	}
}

// eventHead is what each event begins with.
type eventHead struct {
	Topic string           `json:"topic"`
	Now   schema.Timestamp `json:"now"`
	First *bool            `json:"first"` // the first event of this subscriber about the topic
}

// event is an event as it is sent: its head, and then the members of a state or a change.
func (h *Hub) event(topic string, members []byte, first bool) []byte {
	head := eventHead{Topic: topic, Now: schema.At(h.Now())}
	if first {
		head.First = &first
	}
	event := schema.Append([]byte("data: "), head)
	if len(members) > len("{}") {
		event[len(event)-1] = ','
		event = append(event, members[1:]...)
	}
	return append(event, "\n\n"...)
}

// send hands an event to a subscriber, who is cut off when too many wait. The caller has the lock.
func (h *Hub) send(to *subscriber, event []byte) {
	select {
	case to.events <- event:
	default:
		h.remove(to)
	}
}

// subscribe subscribes to topics. Faults: Invalid for a name of no topic, or none or too many of
// them; Unavailable when there are too many subscribers, or the hub has stopped.
func (h *Hub) subscribe(names []string) (*subscriber, error) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if len(names) == 0 || len(names) > maxTopicsEach {
		return nil, fault.New(fault.Invalid,
			"topic must be given 1 to %d times; it was %d times", maxTopicsEach, len(names))
	}
	sources := make([]Source, len(names))
	for i, name := range names {
		var err error
		if sources[i], err = h.Open(name); err != nil {
			return nil, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.stopped:
		return nil, fault.New(fault.Unavailable, "the server is ending")
	case h.subscribers >= maxSubscribers, len(h.topics)+h.unknown(names) > maxTopics:
		return nil, fault.New(fault.Unavailable, "too many consoles are open; try again in a moment")
	}
	s := &subscriber{topics: names, events: make(chan []byte, maxWaiting)}
	h.subscribers++
	for i, name := range names {
		h.join(s, name, sources[i])
	}
	return s, nil
}

// unknown is how many of the topics nobody is subscribed to. The caller has the lock.
func (h *Hub) unknown(names []string) (n int) {
	for _, name := range names {
		if h.topics[name] == nil {
			n++
		}
	}
	return n
}

// join adds a subscriber to a topic, which has the source if it is new. The caller has the lock.
func (h *Hub) join(s *subscriber, name string, source Source) {
	t := h.topics[name]
	if t == nil {
		t = &topic{name: name, source: source}
		h.topics[name] = t
		select {
		case h.fresh <- struct{}{}:
		default: // Run will look for it anyway
		}
	}
	t.subscribers = append(t.subscribers, s)
	if t.sampled {
		s.events <- h.event(name, t.state, true) // there is room: maxWaiting > maxTopicsEach
	}
}

// unsubscribe removes a subscriber who has gone.
func (h *Hub) unsubscribe(s *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(s)
}

// remove removes a subscriber from its topics, and topics without any from the hub. It may be
// called again. The caller has the lock.
func (h *Hub) remove(s *subscriber) {
	if s.removed {
		return
	}
	s.removed = true
	h.subscribers--
	close(s.events)
	for _, name := range s.topics {
		t := h.topics[name]
		at := slices.Index(t.subscribers, s)
		t.subscribers = slices.Delete(t.subscribers, at, at+1)
		if len(t.subscribers) == 0 {
			delete(h.topics, name)
		}
	}
}
