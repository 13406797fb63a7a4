package jobs

import (
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Things for a rollout. A job has sources: single things and groups. A rollout goes through them in
// order: the members of a group by name, then the groups below it by name, each followed by those
// below it. Its cursor is the path to the group that it has come to and the last name that it has
// looked at there. Members that joined after the rollout began, and things that have an execution
// already, are passed over (R-ROLL-12, R-ROLL-14).

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
		members, err := membersAt(tx, j, page.at, limit+1)
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
			if page.at, err = nextGroup(tx, source, page.at); err != nil {
				return page, err
			}
		}
	}
	page.exhausted = page.at.Source >= end
	return page, nil
}

// membersAt returns the next things at a cursor: the members of a group that joined in time, or the
// one thing of the source if it still exists (R-JOB-54).
func membersAt(
	tx *commit.Tx, j job.Job, at job.RolloutCursor, limit int,
) ([]registry.Member, error) {
	source := j.Sources[at.Source]
	if source.Thing == 0 {
		inTime := max(j.NewestMembership, source.NewestMembership)
		return tx.Members(groupAt(source, at.Path), inTime, at.After, limit)
	}
	thing, err := tx.Thing(source.Thing)
	if commit.Missing(err) || at.After != "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []registry.Member{{Thing: thing.ID, Name: thing.Name}}, nil
}

// groupAt is the group at the end of a path that begins at the group of a source.
func groupAt(source job.Source, path []job.CursorGroup) registry.GroupID {
	if len(path) == 0 {
		return source.Group
	}
	return path[len(path)-1].Group
}

// nextGroup returns the place after a group: the first group below it, else the next group beside
// it, else the one beside the group above it, and so on; after the last one the next source. With
// site-1 above hall-a and hall-b, and line-1 below hall-a, the order is site-1, hall-a, line-1,
// hall-b. Groups on the path may have been deleted meanwhile: what comes after their names follows.
func nextGroup(
	tx *commit.Tx, source job.Source, at job.RolloutCursor,
) (job.RolloutCursor, error) {
	if source.Group != 0 {
		after := ""
		for path := at.Path; ; path = path[:len(path)-1] {
			parent := groupAt(source, path)
			found, err := tx.Groups(
				store.GroupQuery{Children: &parent, After: after, Limit: 1})
			if err != nil {
				return at, err
			}
			if len(found) > 0 {
				below := job.CursorGroup{Group: found[0].ID, Name: found[0].Name}
				path = append(slices.Clone(path), below)
				return job.RolloutCursor{Source: at.Source, Path: path}, nil
			}
			if len(path) == 0 {
				break
			}
			after = path[len(path)-1].Name
		}
	}
	return job.RolloutCursor{Source: at.Source + 1}, nil
}
