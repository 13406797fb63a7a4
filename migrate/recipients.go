package migrate

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// recipients are the things to which a job of the target may be given, and those that are left out.
type recipients struct {
	// open says that the job goes on taking in what joins its groups.
	open bool
	// take are the things that get the job by name: of an open one those that are targets by
	// themselves.
	take map[string]struct{}
	// begun are the things that must not get it, with the status of their execution.
	begun map[string]string
	// without are things among the targets that have no execution. Either the rollout has not come
	// to them, or their execution was deleted, which cannot be told apart (R-MOV-6).
	without map[string]struct{}
	// groups are the groups among the targets of an open job.
	groups []string
}

// findRecipients finds who may get the job. why is the reason for which nobody may.
func (m *movedJob) findRecipients(ctx context.Context) (why string, err error) {
	direct, groups, why := m.readTargets()
	if why != "" {
		return why, nil
	}
	e, err := m.executions(ctx, m.job)
	if err != nil {
		return "", err
	}
	// What is still to start has no execution, and nothing can have been deleted.
	toCome := startsLater(m.job, m.Now()) && len(e.queued) == 0 && len(e.begun) == 0
	r := recipients{
		open:    m.job.TargetSelection == types.TargetSelectionContinuous || toCome,
		take:    map[string]struct{}{},
		begun:   e.begun,
		without: map[string]struct{}{},
	}
	if groups, why, err = m.usable(ctx, groups, r.open); why != "" || err != nil {
		return why, err
	}
	if err := m.findWithout(ctx, r, e, direct, groups); err != nil {
		return "", err
	}
	switch {
	case !r.open:
		r.take = e.queued
		if m.Unreleased {
			maps.Copy(r.take, r.without)
		}
	default:
		r.groups = groups
		for _, thing := range direct {
			_, queued := e.queued[thing]
			_, without := r.without[thing]
			if queued || without && (m.Unreleased || toCome) {
				r.take[thing] = struct{}{}
			}
		}
	}
	if toCome {
		clear(r.without) // they come along
	}
	m.things = r
	if len(r.take) == 0 && len(r.groups) == 0 {
		return "no thing is left that may be given it: " + r.report(m.Unreleased), nil
	}
	return "", nil
}

// readTargets reads the targets of the job.
func (m *movedJob) readTargets() (direct, groups []string, why string) {
	for _, arn := range m.job.Targets {
		if thing, ok := named(arn, "thing"); ok {
			direct = append(direct, thing)
		} else if group, ok := named(arn, "thinggroup"); ok {
			groups = append(groups, group)
		} else {
			return nil, nil, "targets: " + arn + " is neither a thing nor a thing group"
		}
	}
	return direct, groups, ""
}

// usable are the groups that are still there. An open job cannot come when one of them is dynamic:
// things would enter it by being created, before it could be said that they have begun it.
func (m *movedJob) usable(
	ctx context.Context, groups []string, open bool,
) (usable []string, why string, err error) {
	all, err := m.sourceGroups(ctx)
	if err != nil {
		return nil, "", err
	}
	dynamic := make(map[string]bool, len(all))
	for _, g := range all {
		dynamic[g.name] = g.dynamic()
	}
	var twins map[string]int
	if open {
		if twins, err = m.twins(ctx, all); err != nil {
			return nil, "", err
		}
	}
	for _, name := range groups {
		isDynamic, there := dynamic[name]
		if !there {
			continue // it was deleted, and its members with it
		}
		if open && isDynamic {
			return nil, fmt.Sprintf("targets: %s is a dynamic group, whose things would get the job "+
				"again when they are created", name), nil
		}
		if twins[strings.ToLower(name)] > 1 {
			return nil, fmt.Sprintf("targets: there is a group whose name differs from %s only in case, "+
				"and queries do not tell them apart", name), nil
		}
		usable = append(usable, name)
	}
	return usable, "", nil
}

// twins counts, by their names in lower case, the groups that there are at both ends.
func (m *movedJob) twins(ctx context.Context, source []group) (map[string]int, error) {
	names := map[string]struct{}{}
	for _, g := range source {
		names[g.name] = struct{}{}
	}
	pages := iot.NewListThingGroupsPaginator(m.target,
		&iot.ListThingGroupsInput{MaxResults: aws.Int32(page)})
	of := func(p *iot.ListThingGroupsOutput) []types.GroupNameAndArn { return p.ThingGroups }
	for listed, err := range items(ctx, pages, of) {
		if err != nil {
			return nil, err
		}
		names[aws.ToString(listed.GroupName)] = struct{}{}
	}
	n := make(map[string]int, len(names))
	for name := range names {
		n[strings.ToLower(name)]++
	}
	return n, nil
}

// findWithout finds the things among the targets that have no execution. They need not be looked
// for when the rollout of a snapshot job has finished: all targets have had one.
func (m *movedJob) findWithout(
	ctx context.Context, r recipients, e executions, direct, groups []string,
) error {
	rolling := m.job.JobProcessDetails != nil && len(m.job.JobProcessDetails.ProcessingTargets) > 0
	if !r.open && !rolling && m.job.Status != types.JobStatusScheduled {
		return nil
	}
	look := func(thing string) {
		_, queued := e.queued[thing]
		_, begun := e.begun[thing]
		if !queued && !begun {
			r.without[thing] = struct{}{}
		}
	}
	for _, thing := range direct {
		look(thing)
	}
	for _, group := range groups {
		for thing, err := range members(ctx, m.source, group, true) {
			if err != nil {
				return fmt.Errorf("members of %s: %w", group, err)
			}
			look(thing)
		}
	}
	return nil
}

// excluded are the things that an open job must not be given by its groups.
func (m *movedJob) excluded() map[string]struct{} {
	done := make(map[string]struct{}, len(m.things.begun))
	for thing := range m.things.begun {
		done[thing] = struct{}{}
	}
	if !m.Unreleased {
		maps.Copy(done, m.things.without)
	}
	return done
}
