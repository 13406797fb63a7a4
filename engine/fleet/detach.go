package fleet

import (
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// DetachPolicies stages that every policy is detached from a target, which is being deleted.
func DetachPolicies(tx *commit.Tx, kind registry.TargetKind, key string) error {
	policies, err := tx.PoliciesOf(kind, key)
	for _, p := range policies {
		detached := registry.Attachment{Policy: p.Name, Kind: kind, Key: key}
		tx.Changes.Registry.Detached = append(tx.Changes.Registry.Detached, detached)
	}
	return err
}

// FindThing returns the key of a thing. fault.NotFound: there is none.
func FindThing(r store.ThingReader, name string) (registry.ThingID, error) {
	id, err := r.ThingID(name)
	return id, commit.OrNotFound(err, NoThing(name))
}
