package sinks

import (
	"context"
	"log/slog"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
)

// Config is what the service works with.
type Config struct {
	Store   store.Store
	Commits *commit.Committer
	Seal    Sealer
	// Dial makes the sender of a sink. It connects to nobody yet. Nil: nothing is ever sent.
	Dial func(Target) (Sender, error)
	// JobARNs is what the ARN of every job begins with.
	JobARNs string
	// MaxWaitingBytes is how much may wait for sinks; 0 is sink.MaxWaitingBytes.
	MaxWaitingBytes int64
	// Shared says that other nodes may be on the store.
	Shared bool
	Log    *slog.Logger
}

// Service is the use cases of sinks.
type Service struct {
	Config
	reads commit.Reads
	wake  chan struct{}
	run   running

	counted counted // see Counts
}

// New returns a service that sends nothing before Run.
func New(c Config) *Service {
	if c.MaxWaitingBytes == 0 {
		c.MaxWaitingBytes = sink.MaxWaitingBytes
	}
	return &Service{
		Config: c,
		reads:  commit.Reads{Store: c.Store},
		wake:   make(chan struct{}, 1),
	}
}

// Create makes a sink.
func (s *Service) Create(
	ctx context.Context, name string, d sink.Definition, given Secrets,
) (made sink.Sink, err error) {
	s.seal(name, &d, given)
	if err := d.Check(); err != nil {
		return made, err
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		all, err := tx.Sinks("", sink.MaxSinks)
		if err != nil {
			return err
		}
		for _, other := range all {
			if other.Name == name {
				return fault.New(fault.Exists, "sink %s exists", name)
			}
		}
		if len(all) == sink.MaxSinks {
			return fault.New(fault.Limit, "there are %d sinks, which is the limit", sink.MaxSinks)
		}
		d.CreatedAt, d.UpdatedAt, d.Version = tx.Now, tx.Now, 1
		made = sink.Sink{
			ID: tx.Keys.Announcement(), Name: name, Definition: d}
		made.Position = made.ID
		tx.Changes.Sinks.Created = []sink.Sink{made}
		tx.AfterCommit(s.Wake)
		return nil
	})
	return made, err
}

// Update changes the definition of a sink.
func (s *Service) Update(
	ctx context.Context, name string, change func(*sink.Definition), given Secrets,
) (changed sink.Sink, err error) {
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		if changed, err = find(tx, name); err != nil {
			return err
		}
		change(&changed.Definition)
		s.seal(name, &changed.Definition, given)
		if err := changed.Check(); err != nil {
			return err
		}
		s.stage(tx, &changed)
		return nil
	})
	return changed, err
}

// stage stages a changed definition.
func (s *Service) stage(tx *commit.Tx, changed *sink.Sink) {
	changed.UpdatedAt = tx.Now
	changed.Version++
	tx.Changes.Sinks.Definitions = []sink.Sink{*changed}
	tx.AfterCommit(s.Wake)
}

// Rotate gives a webhook a new signing secret. The old one signs too for a while (R-SNK-6).
func (s *Service) Rotate(
	ctx context.Context, name string, keep time.Duration,
) (secret []byte, changed sink.Sink, err error) {
	secret = NewSecret()
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		if changed, err = find(tx, name); err != nil {
			return err
		}
		if changed.Kind != sink.Webhook {
			return fault.New(fault.Invalid, "sink %s is no webhook and has no signing secret", name)
		}
		changed.Secrets.Previous, changed.Secrets.PreviousUntil = nil, time.Time{}
		if keep > 0 {
			changed.Secrets.Previous = changed.Secrets.Signing
			changed.Secrets.PreviousUntil = tx.RealTime().Add(keep)
		}
		s.seal(name, &changed.Definition, Secrets{Signing: secret})
		s.stage(tx, &changed)
		return nil
	})
	return secret, changed, err
}

// Delete removes a sink with its dead letters. What waits for it is sent no more.
func (s *Service) Delete(ctx context.Context, name string) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		found, err := find(tx, name)
		if err != nil {
			return err
		}
		tx.Changes.Sinks.Deleted = []int64{found.ID}
		tx.AfterCommit(s.Wake)
		return nil
	})
}

// finder finds sinks: a read of the store or a commit in progress.
type finder interface {
	Sink(name string) (sink.Sink, error)
}

func find(r finder, name string) (sink.Sink, error) {
	found, err := r.Sink(name)
	return found, commit.OrNotFound(err, fault.New(fault.NotFound, "sink %s does not exist", name))
}

// A Status is a sink and how it does.
type Status struct {
	sink.Sink
	DeadLetters  int
	WaitingSince time.Time // of the oldest event that it has not had; zero for none
}

// Describe says how a sink does.
func (s *Service) Describe(ctx context.Context, name string) (found Status, err error) {
	err = s.reads.Read(ctx, func(r store.Reader) error {
		if found.Sink, err = find(r, name); err != nil {
			return err
		}
		found, err = status(r, found.Sink)
		return err
	})
	return found, err
}

// status looks at what waits for a sink.
func status(r store.Reader, of sink.Sink) (found Status, err error) {
	found.Sink = of
	if found.DeadLetters, err = r.DeadLetterCount(of.ID); err != nil {
		return found, err
	}
	waiting, err := r.SinkEvents(of.Position, 1)
	if len(waiting) > 0 {
		found.WaitingSince = waiting[0].At
	}
	return found, err
}

// List lists sinks by name, after one.
func (s *Service) List(ctx context.Context, after string, limit int) (found []Status, err error) {
	err = s.reads.Read(ctx, func(r store.Reader) error {
		all, err := r.Sinks(after, limit)
		if err != nil {
			return err
		}
		for _, of := range all {
			one, err := status(r, of)
			if err != nil {
				return err
			}
			found = append(found, one)
		}
		return nil
	})
	return found, err
}

// Wake says that there may be something to do: an event was published, or a sink has changed.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// now is the time by which sinks go: the machine's (R-SNK-9).
func now() time.Time { return clock.Now() }
