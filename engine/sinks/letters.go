package sinks

import (
	"context"
	"math"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
)

// Dead letters are events that a sink could not be given. They are kept until an operator has them
// sent again or deletes them, or until there are too many (R-SNK-10).

// DeadLetters lists the dead letters of a sink, after one.
func (s *Service) DeadLetters(
	ctx context.Context, name string, after int64, limit int,
) (found []store.DeadLetter, err error) {
	err = s.reads.Read(ctx, func(r store.Reader) error {
		of, err := find(r, name)
		if err != nil {
			return err
		}
		found, err = r.DeadLetters(store.DeadLetterQuery{Sink: of.ID, After: after, Limit: limit})
		return err
	})
	return found, err
}

// Resend has dead letters of a sink sent again, those of some numbers or all, and returns how many.
func (s *Service) Resend(ctx context.Context, name string, ids []int64) (count int, err error) {
	return s.eachLetter(ctx, name, ids, func(tx *commit.Tx, d store.DeadLetter) {
		d.Again = true
		tx.Changes.Sinks.DeadLettersAgain = append(tx.Changes.Sinks.DeadLettersAgain, d)
	})
}

// DeleteDeadLetters removes dead letters of a sink, those of some numbers or all, and returns how
// many.
func (s *Service) DeleteDeadLetters(
	ctx context.Context, name string, ids []int64,
) (count int, err error) {
	return s.eachLetter(ctx, name, ids, func(tx *commit.Tx, d store.DeadLetter) {
		key := store.DeadLetterKey{Sink: d.Sink, ID: d.ID}
		tx.Changes.Sinks.DeadLettersDone = append(tx.Changes.Sinks.DeadLettersDone, key)
	})
}

// eachLetter has dead letters changed in one commit. A number that is none of theirs is refused.
func (s *Service) eachLetter(
	ctx context.Context, name string, ids []int64, change func(*commit.Tx, store.DeadLetter),
) (count int, err error) {
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		of, err := find(tx, name)
		if err != nil {
			return err
		}
		count = 0
		if ids == nil {
			q := store.DeadLetterQuery{Sink: of.ID, After: math.MinInt64, Limit: sink.MaxDeadLetters}
			letters, err := tx.DeadLetters(q)
			for _, d := range letters {
				change(tx, d)
			}
			count = len(letters)
			tx.AfterCommit(s.Wake)
			return err
		}
		for _, id := range ids {
			letters, err := tx.DeadLetters(store.DeadLetterQuery{Sink: of.ID, After: id - 1, Limit: 1})
			if err != nil {
				return err
			}
			if len(letters) == 0 || letters[0].ID != id {
				return fault.New(fault.NotFound, "sink %s has no dead letter %d", name, id)
			}
			change(tx, letters[0])
			count++
		}
		tx.AfterCommit(s.Wake)
		return nil
	})
	return count, err
}
