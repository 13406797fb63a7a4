package jobs

import (
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// Things for a rollout. A job has sources: single things and groups. A rollout goes through them in
// order, members by name, and its cursor is the last name that it has looked at. Members that
// joined after the rollout began, and things that have an execution already, are passed over
// (R-ROLL-12, R-ROLL-14).

// targetPage is one page of things whose turn has come.
type targetPage struct {
	things    []registry.ThingID
	at        job.RolloutCursor // where the next page begins
	exhausted bool              // nothing is left
}

// acceptTarget says whether a thing of a source is to get an execution.
type acceptTarget func(*commit.Tx, job.Job, job.Source, registry.ThingID) (bool, error)

// nextTargets finds up to limit things of the job's sources that are accepted, from the cursor on
// and before the source with the index end (R-ROLL-12, R-ROLL-14). It looks at a bounded number of
// members, so that a page may be short of the limit when many of them are passed over; only
// exhausted says that nothing is left.
func nextTargets(
	tx *commit.Tx, j job.Job, from job.RolloutCursor, end, limit int, accept acceptTarget,
) (targetPage, error) {
	page := targetPage{at: from}
	taken := map[registry.ThingID]bool{}
	for budget := max(10*limit, BackgroundStep); budget > 0 && page.at.Source < end; {
		source := j.Sources[page.at.Source]
		members, err := membersOf(tx, j, source, page.at.After, limit+1)
		if err != nil {
			return page, err
		}
		for _, member := range members {
			budget--
			accepted, err := accept(tx, j, source, member.Thing)
			if err != nil {
				return page, err
			}
			if accepted && !taken[member.Thing] {
				if len(page.things) == limit {
					return page, nil // there is one more: not exhausted
				}
				taken[member.Thing] = true
				page.things = append(page.things, member.Thing)
			}
			page.at.After = member.Name
		}
		if len(members) <= limit {
			page.at = job.RolloutCursor{Source: page.at.Source + 1}
		}
	}
	page.exhausted = page.at.Source >= end
	return page, nil
}

// membersOf returns the next things of one source: the members of a group that joined in time, or
// the one thing if it still exists (R-JOB-54).
func membersOf(
	tx *commit.Tx, j job.Job, source job.Source, after string, limit int,
) ([]registry.Member, error) {
	if source.Thing == 0 {
		return tx.Members(
			source.Group, max(j.NewestMembership, source.NewestMembership), after, limit)
	}
	thing, err := tx.Thing(source.Thing)
	if commit.Missing(err) || after != "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []registry.Member{{Thing: thing.ID, Name: thing.Name}}, nil
}
