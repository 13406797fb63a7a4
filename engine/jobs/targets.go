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

// Targets are what an operator names: things and thing groups. Sources are what they name now, by
// key. The groups below a source are found when the rollout comes to them (nexttargets.go), so that
// making a job costs the same whatever lies below its targets.

// What becomes of a target that does not exist.
const (
	targetsMustExist = true  // refuse: the job is being created (R-VAL-6)
	targetsMayBeGone = false // pass over it: the job was created when it existed
)

// sourcesOf resolves targets to sources, in their order (R-ROLL-12).
func sourcesOf(
	r facts, targets []job.Target, mustExist bool,
) (sources []job.Source, err error) {
	for i, target := range targets {
		source, err := sourceOf(r, i, target)
		if commit.Missing(err) {
			if !mustExist {
				continue
			}
			err = noTarget(i, target)
		}
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return sources, nil
}

func noTarget(i int, t job.Target) *fault.Error {
	return fault.New(fault.NotFound, "targets[%d]: %s does not exist", i, t.ARN)
}

// sourceOf resolves one target, which stands at an index of the job's targets. store.ErrNotFound:
// it does not exist.
func sourceOf(r facts, index int, target job.Target) (source job.Source, err error) {
	source.Target = index
	switch target.Kind {
	case registry.KindThing:
		source.Thing, err = r.ThingID(target.Name)
		return source, err
	case registry.KindGroup:
		group, err := r.GroupByName(target.Name)
		if err == nil && group.Work == registry.Emptying {
			err = store.ErrNotFound // being deleted: nothing can target it any more
		}
		source.Group = group.ID
		return source, err
	}
	return source, store.ErrNotFound
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
