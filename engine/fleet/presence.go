package fleet

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
)

// PresenceMemory is how long the broker goes on counting the connections of a client that is away.
// After that it counts anew, so that a lower version is news again.
const PresenceMemory = time.Hour

// Presence is what the broker saw of a client: that it came or went (R-BRK-33).
type Presence struct {
	// Client is the client id, which is the name of its thing (R-ID-40). Session tells the
	// connections of one client apart.
	Client, Session string
	Version         int64 // counts the client's connections, anew when it was away for an hour
	fleetquery.Connectivity
}

// follows reports whether p is news after what is known. Two connections of one client may be told
// out of order.
func (p Presence) follows(known Presence) bool {
	return p.Session == known.Session || p.Version > known.Version || p.At.Sub(known.At) >= PresenceMemory
}

// SetPresence takes note of a client. It is quick; what follows for dynamic groups is due work.
func (s *Service) SetPresence(p Presence) {
	if s.classifier.presences.set(p) {
		gather(s.Wake)
	}
}

// FollowPresences puts the dynamic memberships right of some things whose clients came or went
// (R-ID-38), and reports whether there may be more. A fleet that comes back all at once does not
// hold up what else is due.
func (s *Service) FollowPresences(ctx context.Context) (goesOn bool, err error) {
	if s.classifier.presences.isStale() {
		if err := s.forgetPresences(ctx); err != nil {
			return false, err
		}
		s.classifier.presences.rebuilt()
	}
	clients := s.classifier.presences.takeNews(memberStep)
	if len(clients) == 0 {
		return false, nil
	}
	if err := s.followPresence(ctx, clients); err != nil {
		s.classifier.presences.returnNews(clients)
		return false, err
	}
	return len(clients) == memberStep, nil
}

// followPresence looks at the things that are named like these clients. Names of no thing are
// forgotten once they are not connected: anybody may connect under any name.
func (s *Service) followPresence(ctx context.Context, clients []string) error {
	var things, strangers []string
	watched := false
	err := s.Store.Read(ctx, func(r store.Reader) error {
		for _, client := range clients {
			switch _, err := r.ThingID(client); {
			case err == nil:
				things = append(things, client)
			case commit.Missing(err):
				strangers = append(strangers, client)
			default:
				return err
			}
		}
		watching, err := s.watching(r)
		watched = len(watching) > 0
		return err
	})
	if err != nil {
		return err
	}
	s.classifier.presences.forget(strangers)
	if !watched || len(things) == 0 {
		return nil
	}
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		for _, name := range things {
			thing, err := tx.ThingByName(name)
			if commit.Missing(err) {
				continue
			}
			if err != nil {
				return err
			}
			if _, err := s.classifier.reclassify(tx, thing); err != nil {
				return err
			}
		}
		return nil
	})
}

// watching returns the dynamic groups whose members depend on connections.
func (s *Service) watching(r store.GroupReader) (groups []registry.Group, err error) {
	found, err := r.DynamicGroups()
	if err != nil {
		return nil, err
	}
	for _, d := range found {
		q, err := s.classifier.queries.Get(d.Query)
		if err != nil {
			return nil, err
		}
		if q.OfConnectivity() && d.Work != registry.Emptying {
			groups = append(groups, d)
		}
	}
	return groups, nil
}

// forgetPresences rebuilds the dynamic groups whose members depend on connections, some time after
// the start: who has not come back by then is not connected.
func (s *Service) forgetPresences(ctx context.Context) error {
	var stale []registry.Group
	err := s.Store.Read(ctx, func(r store.Reader) (err error) {
		stale, err = s.watching(r)
		return err
	})
	if err != nil || len(stale) == 0 {
		return err
	}
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		watching, err := s.watching(tx)
		for _, d := range watching {
			d.Work, d.Scanned = registry.Rebuilding, ""
			tx.Changes.Registry.UpdatedGroups = append(tx.Changes.Registry.UpdatedGroups, d)
		}
		return err
	})
}

// BeginPresences starts the time in which clients come back after a start of the server (R-ID-61).
// stop ends it early.
func (s *Service) BeginPresences() (stop func()) {
	return s.classifier.presences.begin(s.PresenceGrace, s.Wake)
}
