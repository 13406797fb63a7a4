package jobs

import (
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// Things for a rollout. A job has sources: single things and groups. A rollout goes through them in
// order: the members of a group by name, then the groups below it by name, each followed by those
// below it. Its cursor is the path to the group that it has come to and the last name that it has
// looked at there. Members that joined after the rollout began, and things that have an execution
// already, are passed over (R-ROLL-12, R-ROLL-14).
//
// The rollout of a snapshot job goes through the groups once more in the end, for things that were
// members when it began, had left when their turn came, and are targets again: a device whose
// connection comes and goes, or one that moved from one target to another (R-JOB-54). Each step of
// that begins at the top, because another one may have come back meanwhile.

// A step looks at a bounded number of things and groups, whatever it finds: at lookFactor things
// for each execution that it may create. Coming to another group costs about as much as looking at
// groupCost things.
const lookFactor, groupCost = 10, 10

// targetPage is one page of things whose turn has come.
type targetPage struct {
	things    []registry.ThingID
	at        job.RolloutCursor // where the next page begins
	exhausted bool              // nothing is left
	more      bool              // there is another thing after these
}

// acceptTarget says whether a thing of a source is to get an execution.
type acceptTarget func(*commit.Tx, job.Job, job.Source, registry.Member) (bool, error)

// targetSearch says which things are looked for.
type targetSearch struct {
	sources []job.Source
	from    job.RolloutCursor
	limit   int // how many things are wanted
	step    int // how many executions the step may create, at least limit
	accept  acceptTarget
	// returners says that those that have left and come back have their turn after all others.
	returners bool
}

// done reports whether nothing is left at a cursor.
func (s targetSearch) done(at job.RolloutCursor) bool {
	return at.Source >= len(s.sources) && (at.Returned || !s.returners)
}

// nextTargets finds things of the job's sources that are accepted (R-ROLL-12, R-ROLL-14). A page
// may be short of the limit when many members are passed over, or many groups have none; neither
// exhausted nor more is set then.
func nextTargets(tx *commit.Tx, j job.Job, s targetSearch) (targetPage, error) {
	page := targetPage{at: s.from}
	taken := map[registry.ThingID]bool{}
	read := max(s.limit, groupCost) + 1 // members at a time
	budget := lookFactor * s.step
	defer func() { tx.AddWork((lookFactor*s.step - budget) / lookFactor) }()
	for budget > 0 && !s.done(page.at) {
		if page.at.Source >= len(s.sources) {
			page.at = job.RolloutCursor{Returned: true}
			continue
		}
		members, err := membersAt(tx, j, s.sources[page.at.Source], page.at, read)
		if err != nil {
			return page, err
		}
		if err := tx.ReadAhead(j.Key, members); err != nil {
			return page, err
		}
		for _, member := range members {
			budget--
			accepted, err := inTimeAndAccepted(tx, j, s.sources[page.at.Source], page.at, member, s.accept)
			if err != nil {
				return page, err
			}
			if accepted && !taken[member.Thing] {
				if len(page.things) == s.limit {
					page.more = true
					if page.at.Returned {
						page.at = job.RolloutCursor{Returned: true}
					}
					return page, nil
				}
				taken[member.Thing] = true
				page.things = append(page.things, member.Thing)
			}
			page.at.After = member.Name
		}
		if len(members) < read {
			budget -= groupCost
			if page.at, err = nextGroup(tx, s.sources[page.at.Source], page.at); err != nil {
				return page, err
			}
		}
	}
	page.exhausted = s.done(page.at)
	return page, nil
}

// inTimeAndAccepted reports whether a member of a source was there when the rollout or the
// back-fill began (R-JOB-52), and is accepted. One that has left must be a target again.
func inTimeAndAccepted(
	tx *commit.Tx, j job.Job, from job.Source, at job.RolloutCursor, m registry.Membership,
	accept acceptTarget,
) (bool, error) {
	if m.Joined > max(j.NewestMembership, from.NewestMembership) {
		return false, nil
	}
	accepted, err := accept(tx, j, from, m.Member)
	if err != nil || !accepted || !at.Returned {
		return accepted, err
	}
	return isTarget(tx, j, m.Thing)
}

// membersAt returns the next things at a cursor: members of a group, or the one thing of the source
// if it still exists (R-JOB-54), which never joined later than anything.
func membersAt(
	tx *commit.Tx, j job.Job, source job.Source, at job.RolloutCursor, limit int,
) ([]registry.Membership, error) {
	switch {
	case at.Returned && source.Thing != 0: // it never left
		return nil, nil
	case at.Returned:
		return leftMembersAt(tx, j, at.Path.Group(source.Group), at.After, limit)
	case source.Thing == 0:
		return tx.Members(at.Path.Group(source.Group), at.After, limit)
	}
	thing, err := tx.Thing(source.Thing)
	if commit.Missing(err) || at.After != "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	only := registry.Member{Thing: thing.ID, Name: thing.Name}
	return []registry.Membership{{Member: only}}, nil
}

// leftMembersAt returns things that were members of a group when the rollout began, and have left
// it since.
func leftMembersAt(
	tx *commit.Tx, j job.Job, group registry.GroupID, after string, limit int,
) ([]registry.Membership, error) {
	left, err := tx.LeftMembers(group, j.NewestMembership, after, limit)
	members := make([]registry.Membership, len(left))
	for i, m := range left {
		members[i] = m.Membership
	}
	return members, err
}

// nextGroup returns the place after a group: the next one of the groups below the source, after the
// last one the next source.
func nextGroup(
	tx *commit.Tx, source job.Source, at job.RolloutCursor,
) (job.RolloutCursor, error) {
	if source.Group != 0 {
		path, ok, err := fleet.NextGroup(tx, source.Group, at.Path)
		if err != nil {
			return at, err
		}
		if ok {
			return job.RolloutCursor{Source: at.Source, Path: path, Returned: at.Returned}, nil
		}
	}
	return job.RolloutCursor{Source: at.Source + 1, Returned: at.Returned}, nil
}
