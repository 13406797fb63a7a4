package sinks

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
)

// What an operator who watches the server is shown of sinks (docs/spec/55, "Watching"). Sinks are
// named in it: there are at most sink.MaxSinks, and those that are deleted are left out.

// Counts is what this node has done for a sink since it started. They only grow.
type Counts struct {
	// Delivered and Failed count attempts, Retries those of them that were not the first for their
	// event.
	Delivered, Failed, Retries int64
	// DeadLetters counts the times that an event was given up.
	DeadLetters int64
}

// counted is the counts of the sinks of this node. Runners write it, and scrapes read it.
type counted struct {
	mu     sync.Mutex
	bySink map[int64]*namedCounts
}

type namedCounts struct {
	name string
	Counts
}

// add changes the counts of a sink.
func (c *counted) add(of sink.Sink, change func(*Counts)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bySink == nil {
		c.bySink = map[int64]*namedCounts{}
	}
	counts := c.bySink[of.ID]
	if counts == nil {
		counts = &namedCounts{name: of.Name}
		c.bySink[of.ID] = counts
	}
	change(&counts.Counts)
}

// keep forgets the sinks that are not among these.
func (c *counted) keep(all map[int64]sink.Sink) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.bySink, func(id int64, _ *namedCounts) bool {
		_, exists := all[id]
		return !exists
	})
}

// Counts returns what this node has done for each sink, by its name. A sink that it has not sent for
// is not there.
func (s *Service) Counts() map[string]Counts {
	s.counted.mu.Lock()
	defer s.counted.mu.Unlock()
	all := map[string]Counts{}
	for _, counts := range s.counted.bySink {
		all[counts.name] = counts.Counts
	}
	return all
}

// MaxBacklog is up to how many commits with events are counted that wait for a sink.
const MaxBacklog = 10_000

// A Backlog is what is stored of a sink that has not been delivered.
type Backlog struct {
	Name    string
	Enabled bool
	// Waiting is how many commits with events it has not passed, counted up to MaxBacklog, and
	// WaitingFor how long ago the oldest of them was made.
	Waiting     int
	WaitingFor  time.Duration
	DeadLetters int
	// Skipped and Dropped are sink.Progress's: events and dead letters that are lost.
	Skipped, Dropped int64
}

// Backlogs says of each sink what waits for it.
func (s *Service) Backlogs(ctx context.Context) (all []Backlog, err error) {
	err = s.reads.Read(ctx, func(r store.Reader) error {
		found, err := r.Sinks("", sink.MaxSinks)
		if err != nil {
			return err
		}
		for _, of := range found {
			one, err := backlogOf(r, of)
			if err != nil {
				return err
			}
			all = append(all, one)
		}
		return nil
	})
	return all, err
}

// backlogOf looks at what waits for one sink.
func backlogOf(r store.Reader, of sink.Sink) (b Backlog, err error) {
	at, err := status(r, of)
	if err != nil {
		return b, err
	}
	b = Backlog{
		Name:        of.Name,
		Enabled:     of.Enabled,
		DeadLetters: at.DeadLetters,
		Skipped:     of.Skipped,
		Dropped:     of.Dropped,
	}
	if !at.WaitingSince.IsZero() {
		b.WaitingFor = max(0, now().Sub(at.WaitingSince))
		b.Waiting, err = r.SinkWaiting(of.Position, MaxBacklog)
	}
	return b, err
}
