package fleet

import (
	"log/slog"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/parsed"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
)

// Config is what the use cases of the fleet work with.
type Config struct {
	Store   store.Store
	Commits *commit.Committer
	// IDs makes the ids that the API shows: thingId, thingGroupId, thingTypeId.
	IDs ids.Source
	Log *slog.Logger
	// PresenceGrace is how long after the start clients are waited for before those that were not
	// seen count as not connected (R-ID-61).
	PresenceGrace time.Duration
	// Shared says that other nodes may be on the store, which then has the clients of all.
	Shared bool
	// Limits returns the limits as they are now.
	Limits func() registry.Limits
	// Wake is called when there is work that the due loop does not know of.
	Wake func()
}

// Service is the use cases of the fleet. Its methods may be called concurrently.
type Service struct {
	Config
	classifier classifier
}

// New returns the use cases over a configuration.
func New(c Config) *Service {
	return &Service{Config: c, classifier: classifier{
		queries: parsed.New(fleetquery.Compile),
		shared:  c.Shared,
		grace:   c.PresenceGrace,
	}}
}

// Applied makes the commit read the dynamic groups again when a group has changed. It is a hook of
// every commit.
func (s *Service) Applied(tx *commit.Tx, c *store.Changes) {
	r := &c.Registry
	if len(r.CreatedGroups)+len(r.UpdatedGroups)+len(r.DeletedGroups) == 0 {
		return
	}
	state := stateOf(tx)
	state.known = false
	state.newWork = state.newWork || hasWork(r.CreatedGroups) || hasWork(r.UpdatedGroups)
}

// Review does the work on members that a request has made, as far as it is small (R-ID-38). It is a
// hook of every commit.
func (s *Service) Review(tx *commit.Tx) error {
	if !stateOf(tx).newWork {
		return nil
	}
	return s.classifier.step(tx, lookStep+1, memberStep)
}

// Committed logs which things were left out of groups, and has the due loop go on with what is
// left. It is a hook of every commit.
func (s *Service) Committed(tx *commit.Tx) {
	state := stateOf(tx)
	for _, m := range state.skipped {
		s.Log.Info("thing is in too many groups", "thing", m.thing, "left out of", m.group)
	}
	if state.workLeft {
		s.Wake()
	}
}

// DueStep does one bounded step of the work on members that is due.
func (s *Service) DueStep(tx *commit.Tx) error {
	return s.classifier.step(tx, lookStep, memberStep)
}
