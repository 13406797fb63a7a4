package fleet

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
)

// Where a server is alone, it knows itself which clients are connected (presences.go). With other
// nodes on the store each connection is recorded there, and what depends on it follows in the same
// commit.

// connectivity returns what is known of the client that is named like a thing (R-ID-40), nil when
// nothing is; and whether it may be on its way back, so that nothing is to be concluded from its
// being away (R-ID-61).
func (c *classifier) connectivity(
	r store.NodeReader, thing string, now time.Time,
) (known *fleetquery.Connectivity, mayReturn bool, err error) {
	if !c.shared {
		return c.presences.of(thing), c.presences.mayReturn(thing), nil
	}
	turns, err := r.Turns(thing)
	if err != nil || len(turns) == 0 {
		return nil, false, err
	}
	last := turns[len(turns)-1]
	known = &fleetquery.Connectivity{
		Connected:        last.Connected && last.AsThing,
		At:               last.At,
		DisconnectReason: last.Reason,
	}
	if last.Connected && !last.AsThing {
		known.DisconnectReason = displaced
	}
	return known, last.MayReturn && !last.Connected && now.Sub(last.At) < c.grace, nil
}

// ConnectivityOf returns what is known of the client that is named like a thing (R-ID-40), nil when
// nothing is.
func (s *Service) ConnectivityOf(
	r store.NodeReader, thing string,
) (known *fleetquery.Connectivity, err error) {
	known, _, err = s.classifier.connectivity(r, thing, time.Time{})
	return known, err
}

// Connection is ConnectivityOf for operators.
func (s *Service) Connection(
	ctx context.Context, thing string,
) (known *fleetquery.Connectivity, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		known, err = s.ConnectivityOf(r, thing)
		return err
	})
	return known, err
}

// displaced is the reason when another client has taken the client id of the thing.
const displaced = "DUPLICATE_CLIENTID"

// ClientChanged puts the dynamic memberships of a thing right whose client has connected or
// disconnected, in the commit that records it (R-ID-38).
func (s *Service) ClientChanged(tx *commit.Tx, name string) error {
	groups, err := s.classifier.dynamicGroups(tx)
	if err != nil {
		return err
	}
	watched := false
	for _, d := range groups {
		watched = watched || ofConnectivity(d)
	}
	if !watched {
		return nil
	}
	thing, err := tx.ThingByName(name)
	if commit.Missing(err) {
		return nil
	}
	if err == nil {
		_, err = s.classifier.reclassify(tx, thing)
	}
	return err
}
