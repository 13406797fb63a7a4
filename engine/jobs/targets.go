package jobs

import (
	"strings"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Targets are what an operator names: things and thing groups. Sources are what a rollout reads:
// the things, and every group that was named or lies below one that was.
//
//	targets  thing/pump-07, thinggroup/site-1
//	sources  thing pump-07; groups site-1, site-1-hall-a, site-1-hall-b

// What becomes of a target that does not exist.
const (
	targetsMustExist = true  // refuse: the job is being created (R-VAL-6)
	targetsMayBeGone = false // pass over it: the job was created when it existed
)

// sources resolves targets to sources, each group followed by its descendants (R-ROLL-12,
// R-JOB-50).
func sources(
	tx *commit.Tx, targets []job.Target, mustExist bool,
) (sources []job.Source, err error) {
	for i, target := range targets {
		found, err := sourcesOf(tx, i, target)
		if commit.Missing(err) {
			if !mustExist {
				continue
			}
			err = noTarget(i, target)
		}
		if err != nil {
			return nil, err
		}
		sources = append(sources, found...)
	}
	return sources, nil
}

func noTarget(i int, t job.Target) *fault.Error {
	return fault.New(fault.NotFound, "targets[%d]: %s does not exist", i, t.ARN)
}

// sourcesOf resolves one target, which stands at an index of the job's targets. store.ErrNotFound:
// it does not exist.
func sourcesOf(tx *commit.Tx, index int, target job.Target) (sources []job.Source, err error) {
	switch target.Kind {
	case registry.KindThing:
		thing, err := tx.ThingID(target.Name)
		return []job.Source{{Target: index, Thing: thing}}, err
	case registry.KindGroup:
		top, err := tx.GroupByName(target.Name)
		if err != nil {
			return nil, err
		}
		if top.Work == registry.Emptying { // being deleted: nothing can target it any more
			return nil, store.ErrNotFound
		}
		tree, err := fleet.WithDescendants(tx, top)
		for _, member := range tree {
			sources = append(sources, job.Source{Target: index, Group: member.ID})
		}
		return sources, err
	}
	return nil, store.ErrNotFound
}

// filteredGroup finds a group by name, by UUID, or by both, which must agree (R-API-12).
func filteredGroup(r store.Reader, name, uuid string) (g registry.Group, err error) {
	if name != "" {
		g, err = r.GroupByName(name)
	} else {
		g, err = r.GroupByUUID(uuid)
	}
	if commit.Missing(err) || err == nil && uuid != "" && g.UUID != uuid {
		if uuid != "" {
			name = strings.TrimSpace(name + " with the id " + uuid)
		}
		return g, fleet.NoGroup(name)
	}
	return g, err
}
