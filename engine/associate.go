package engine

import (
	"context"
	"slices"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// AssociateTargets adds groups to a continuous job that is IN_PROGRESS (R-API-19 to R-API-22). Groups that it has already
// are passed over. comment replaces the job's when it is not nil.
func (e *Engine) AssociateTargets(ctx context.Context, id string, namespace *string, arns []string, comment *string) (after job.Job, err error) {
	targets, err := parseTargets(e.Scope, arns)
	if err != nil {
		return after, err
	}
	for i, arn := range targets {
		if arn.Kind == registry.KindThing {
			return after, fault.New(fault.Invalid, "targets[%d]: %s is a thing; only thing groups can be associated", i, arns[i])
		}
	}
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		j, err := g.jobIn(id, namespace)
		if err != nil {
			return out, err
		}
		added, err := g.newTargets(j, arns, targets)
		if err != nil {
			return out, err
		}
		if err := j.Associate(added, comment, g.now); err != nil {
			return out, err
		}
		after = j
		out.Job.Definitions = []job.Job{j}
		out.keep(j)
		return out, nil
	})
	return after, err
}

// newTargets resolves the targets that the job does not have yet, with the newest membership that their back-fill takes.
func (g *group) newTargets(j job.Job, arns []string, targets []registry.ARN) (added job.Association, err error) {
	joined, err := g.LastJoined()
	if err != nil {
		return added, err
	}
	for i, arn := range targets {
		if slices.Contains(j.Targets, arns[i]) || slices.Contains(added.Targets, arns[i]) {
			continue
		}
		sources, err := g.sourcesOf(len(j.Targets)+len(added.Targets), arn)
		if err != nil {
			return added, either(err, fault.New(fault.NotFound, "targets[%d]: %s does not exist", i, arns[i]))
		}
		for at := range sources {
			sources[at].NewestMembership = max(1, joined)
		}
		added.Targets = append(added.Targets, arns[i])
		added.Sources = append(added.Sources, sources...)
	}
	return added, nil
}
