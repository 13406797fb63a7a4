package sinks

import (
	"context"
	"errors"
	"math"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
)

// errTaken says that the sink is gone, or that another node sends for it.
var errTaken = fault.New(fault.Conflict, "another node sends for the sink")

// save stores how far the sink has come, and changes of its dead letters, in one commit: so an event
// that is passed was delivered or is a dead letter. False: somebody else sends for the sink.
func (r *runner) save() (goesOn bool) {
	r.saved = now()
	if !r.changed {
		return true
	}
	err := r.Commits.Do(context.Background(), r.stage)
	switch {
	case errors.Is(err, errTaken):
		return false
	case err != nil: // the store is away, or this node was given up: once more in a second
		r.log.Error("save the progress of a sink", "err", err)
		return true
	}
	r.changed, r.letters, r.unread = false, lettersOf{}, true
	return true
}

// stage stages the progress.
func (r *runner) stage(tx *commit.Tx) error {
	stored, err := tx.Sink(r.sink.Name)
	if commit.Missing(err) || err == nil && !r.mine(tx, stored) {
		return errTaken
	}
	if err != nil {
		return err
	}
	changes := store.SinkChanges{
		DeadLettersDone:  r.letters.done,
		DeadLettersAgain: r.letters.again,
	}
	for _, d := range r.letters.added {
		d.ID = tx.Keys.Announcement()
		changes.DeadLetters = append(changes.DeadLetters, d)
	}
	progress := r.sink
	if stored.Position > progress.Position { // what was removed from the log meanwhile
		progress.Position = stored.Position
	}
	progress.Skipped, progress.Dropped = stored.Skipped, stored.Dropped
	dropped, err := surplus(tx, r.sink.ID, len(changes.DeadLetters))
	if err != nil {
		return err
	}
	changes.DeadLettersDone = append(changes.DeadLettersDone, dropped...)
	progress.Dropped += int64(len(dropped))
	changes.Progress = []sink.Sink{progress}
	tx.Changes.Sinks = changes
	return nil
}

// mine reports whether this node sends for a sink, as it is stored.
func (r *runner) mine(tx *commit.Tx, stored sink.Sink) bool {
	return stored.ID == r.sink.ID && stored.Node == int64(r.node) && tx.Node == r.node
}

// surplus are the oldest dead letters of a sink that must go for so many new ones.
func surplus(tx *commit.Tx, id int64, added int) (keys []store.DeadLetterKey, err error) {
	if added == 0 {
		return nil, nil
	}
	count, err := tx.DeadLetterCount(id)
	if err != nil || count+added <= sink.MaxDeadLetters {
		return nil, err
	}
	oldest, err := tx.DeadLetters(store.DeadLetterQuery{
		Sink:  id,
		After: math.MinInt64,
		Limit: count + added - sink.MaxDeadLetters,
	})
	for _, d := range oldest {
		keys = append(keys, store.DeadLetterKey{Sink: d.Sink, ID: d.ID})
	}
	return keys, err
}
