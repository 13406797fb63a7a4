package sinks

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
)

// lookEvery is how often sinks are looked at when nothing wakes: other nodes may have changed them,
// or may have ended.
const lookEvery = 2 * time.Second

// rest is the time between two looks: a busy server publishes with every commit.
const rest = 50 * time.Millisecond

// mendEvery is how often a sink is tried again whose settings cannot be used, such as a secret that
// cannot be opened. A change of the sink has it tried at once.
const mendEvery = time.Minute

// expireEvery is how often dead letters are looked at that may be too old.
const expireEvery = time.Minute

// running is the runners of this node, by the number of their sink.
type running struct {
	runners map[int64]*active
	ended   sync.WaitGroup
}

// active is a runner that runs.
type active struct {
	*runner
	stop    context.CancelFunc
	done    chan struct{}
	version int64 // of the definition
}

// Run sends for sinks until ctx ends, and removes what has waited for long enough. An engine may call
// it once.
func (s *Service) Run(ctx context.Context) {
	s.run.runners = map[int64]*active{}
	defer s.stopAll()
	expire := time.Time{}
	for ctx.Err() == nil {
		looked := now()
		if err := s.look(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("look at the sinks", "err", err)
		}
		if at := now(); at.After(expire) {
			expire = at.Add(expireEvery)
			if err := s.expireLetters(ctx); err != nil && ctx.Err() == nil {
				s.Log.Error("remove old dead letters", "err", err)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		case <-s.wake:
			select {
			case <-ctx.Done():
			case <-time.After(max(0, rest-now().Sub(looked))):
			}
		}
	}
}

// stopAll ends all runners and waits for them.
func (s *Service) stopAll() {
	for _, a := range s.run.runners {
		a.stop()
	}
	s.run.ended.Wait()
}

// look starts and ends runners as the stored sinks want it, and trims the log.
func (s *Service) look(ctx context.Context) error {
	var all []sink.Sink
	var backlog store.SinkBacklog
	err := s.Store.Read(ctx, func(r store.Reader) (err error) {
		if all, err = r.Sinks("", sink.MaxSinks); err != nil {
			return err
		}
		backlog, err = r.SinkBacklog()
		return err
	})
	if err != nil {
		return err
	}
	s.endRunners(all)
	for _, of := range all {
		if err := s.follow(ctx, of); err != nil {
			return err
		}
	}
	return s.trim(ctx, all, backlog)
}

// endRunners ends the runners of sinks that are gone, disabled, changed or taken by another node, and
// waits for them, so that two of one sink never run at once here.
func (s *Service) endRunners(all []sink.Sink) {
	wanted := map[int64]sink.Sink{}
	for _, of := range all {
		wanted[of.ID] = of
	}
	s.counted.keep(wanted)
	for id, a := range s.run.runners {
		of, exists := wanted[id]
		mine := a.node == s.Commits.NodeID() && of.Node == int64(a.node)
		if exists && of.Enabled && of.Version == a.version && mine {
			continue
		}
		a.stop()
		<-a.done
		delete(s.run.runners, id)
	}
}

// follow starts the runner of a sink if this node sends for it, or wakes it.
func (s *Service) follow(ctx context.Context, of sink.Sink) error {
	if a := s.run.runners[of.ID]; a != nil {
		select {
		case <-a.done: // it cannot be used, or was taken by another node
			if now().Sub(a.unusable) < mendEvery {
				return nil
			}
			delete(s.run.runners, of.ID)
		default:
			select {
			case a.wake <- struct{}{}:
			default:
			}
			return nil
		}
	}
	if !of.Enabled || s.Dial == nil {
		return nil
	}
	node, of, err := s.claim(ctx, of)
	if err != nil || node == 0 {
		return err
	}
	running, stop := context.WithCancel(ctx)
	a := &active{
		runner:  s.newRunner(of, node),
		stop:    stop,
		done:    make(chan struct{}),
		version: of.Version,
	}
	s.run.runners[of.ID] = a
	s.run.ended.Go(func() {
		defer close(a.done)
		defer stop()
		a.loop(running)
	})
	return nil
}

// claim makes this node the one that sends for a sink, unless another one lives that does (R-SNK-12).
// 0: this node does not.
func (s *Service) claim(
	ctx context.Context, of sink.Sink,
) (node store.NodeID, claimed sink.Sink, err error) {
	if own := s.Commits.NodeID(); own != 0 && of.Node == int64(own) {
		return own, of, nil
	}
	if alive, err := s.alive(ctx, of.Node); err != nil || alive {
		return 0, of, err
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		node = 0
		stored, err := tx.Sink(of.Name)
		if commit.Missing(err) || err == nil && stored.ID != of.ID {
			return nil
		}
		if err != nil {
			return err
		}
		nodes, err := tx.Nodes()
		if err != nil || s.Shared && lives(nodes, stored.Node) && stored.Node != int64(tx.Node) {
			return err
		}
		node = tx.Node
		stored.Node = int64(node)
		claimed = stored
		tx.Changes.Sinks.Progress = []sink.Sink{stored}
		return nil
	})
	return node, claimed, err
}

// alive reports whether a node lives, so that most looks at a sink of another node cost no commit.
func (s *Service) alive(ctx context.Context, node int64) (alive bool, err error) {
	if !s.Shared || node == 0 {
		return false, nil
	}
	err = s.Store.Read(ctx, func(r store.Reader) error {
		nodes, err := r.Nodes()
		alive = lives(nodes, node)
		return err
	})
	return alive, err
}

func lives(nodes []store.Node, node int64) bool {
	for _, n := range nodes {
		if n.ID == store.NodeID(node) {
			return n.Heir == 0
		}
	}
	return false
}

// trim removes from the log what every sink has had, and what has waited for too long or is too much
// (R-SNK-11).
func (s *Service) trim(ctx context.Context, all []sink.Sink, backlog store.SinkBacklog) error {
	passed := int64(math.MaxInt64)
	for _, of := range all {
		passed = min(passed, of.Position)
	}
	for ctx.Err() == nil && backlog.Oldest != 0 {
		switch {
		case backlog.Oldest <= passed:
			err := s.Commits.Do(ctx, func(tx *commit.Tx) error {
				tx.Changes.Sinks.Trim = passed
				return nil
			})
			if err != nil {
				return err
			}
		case s.surplus(backlog.Bytes, backlog.OldestAt):
			if err := s.skip(ctx); err != nil {
				return err
			}
		default:
			return nil
		}
		err := s.Store.Read(ctx, func(r store.Reader) (err error) {
			backlog, err = r.SinkBacklog()
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// surplus reports whether so many bytes are more than may wait, or the oldest row waits for too long.
func (s *Service) surplus(bytes int64, oldest time.Time) bool {
	return bytes > s.MaxWaitingBytes || now().Sub(oldest) > sink.MaxWaiting
}

// skip removes the oldest rows of the log, those of a page that are surplus, and counts for each sink
// what it misses by that.
func (s *Service) skip(ctx context.Context) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		backlog, err := tx.SinkBacklog()
		if err != nil {
			return err
		}
		rows, err := tx.SinkEvents(math.MinInt64, pageRows)
		if err != nil {
			return err
		}
		n := 0
		for ; n < len(rows) && s.surplus(backlog.Bytes, rows[n].At); n++ {
			backlog.Bytes -= int64(store.Announcement{Events: rows[n].Events}.Size())
		}
		if rows = rows[:n]; n == 0 {
			return nil
		}
		last := rows[n-1].ID
		all, err := tx.Sinks("", sink.MaxSinks)
		for _, of := range all {
			if of.Position >= last {
				continue
			}
			of.Skipped += missed(of, rows)
			of.Position = last
			tx.Changes.Sinks.Progress = append(tx.Changes.Sinks.Progress, of)
		}
		tx.Changes.Sinks.Trim = last
		return err
	})
}

// missed counts the events of rows that a sink wants and has not had.
func missed(of sink.Sink, rows []store.SinkEvents) (n int64) {
	for _, row := range rows {
		for _, e := range row.Events {
			event, err := sink.Parse(e.Topic, e.Payload)
			if row.ID > of.Position && err == nil && of.Wants(event) {
				n++
			}
		}
	}
	return n
}

// expireLetters removes dead letters that are too old.
func (s *Service) expireLetters(ctx context.Context) error {
	const page = 256
	for _, a := range s.run.runners {
		expired := func(r store.SinkReader) (keys []store.DeadLetterKey, err error) {
			query := store.DeadLetterQuery{Sink: a.sink.ID, After: math.MinInt64, Limit: page}
			letters, err := r.DeadLetters(query)
			for _, d := range letters {
				if now().Sub(d.FailedAt) > sink.DeadLettersKept {
					keys = append(keys, store.DeadLetterKey{Sink: d.Sink, ID: d.ID})
				}
			}
			return keys, err
		}
		var found []store.DeadLetterKey
		err := s.Store.Read(ctx, func(r store.Reader) (err error) {
			found, err = expired(r)
			return err
		})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			continue
		}
		err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
			of, err := tx.Sink(a.sink.Name)
			if err != nil || of.ID != a.sink.ID {
				return nil // it is gone, and so are its dead letters
			}
			if tx.Changes.Sinks.DeadLettersDone, err = expired(tx); err != nil {
				return err
			}
			of.Dropped += int64(len(tx.Changes.Sinks.DeadLettersDone))
			tx.Changes.Sinks.Progress = []sink.Sink{of}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
