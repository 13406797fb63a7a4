package answers

import (
	"context"
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/failures"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

const (
	// attemptsPage is how many first attempts are read at a time: a read of some milliseconds.
	attemptsPage = 1000
	// comparedJobs is in how many jobs before this one a reason is looked for, comparedFailures in
	// how many failures of each.
	comparedJobs, comparedFailures = 20, 1000
)

// Failures is what was found out about the failures of a job.
type Failures struct {
	Job job.Job
	failures.Result
	// Compared is how many earlier jobs were looked at for reasons.
	Compared int
}

// Failures says which things of a job fail, among those whose first attempt has ended (R-FAIL-1).
// The store is read page by page, so what ends meanwhile is counted or not.
func (s *Service) Failures(ctx context.Context, id string) (f Failures, err error) {
	f.Job, err = s.job(ctx, id)
	if err != nil {
		return f, err
	}
	var counter failures.Counter
	groups := targetGroups{job: f.Job}
	after := job.ExecutionCursor{}
	for more := true; more && err == nil; {
		err = s.Store.Read(ctx, func(r store.Reader) error {
			page, err := r.FirstAttempts(f.Job.Key, after, attemptsPage)
			if more = len(page) == attemptsPage; err != nil || len(page) == 0 {
				return err
			}
			from, last := after, page[len(page)-1].ExecutionCursor
			after = last
			if err := groups.read(r, from, last); err != nil {
				return err
			}
			for _, a := range page {
				counter.Add(failures.Attempt{
					Status:  a.Status,
					Details: a.Details,
					Traits:  append(traits(a), groups.of[a.Thing]...),
				})
			}
			return nil
		})
	}
	if err != nil {
		return f, err
	}
	f.Result = counter.Result()
	err = s.Store.Read(ctx, func(r store.Reader) error { return f.compare(r) })
	return f, err
}

// job finds a job by its id.
func (s *Service) job(ctx context.Context, id string) (j job.Job, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) (err error) {
		j, err = r.JobByID(id)
		return commit.OrNotFound(err, commit.NoJob(id))
	})
	return j, err
}

// traits are what the thing of an attempt has in common with others.
func traits(a store.FirstAttempt) (found []failures.Trait) {
	if a.ThingType != "" {
		found = append(found, failures.Trait{Kind: failures.ByThingType, Value: a.ThingType})
	}
	for name, value := range a.Attributes {
		found = append(found, failures.Trait{Kind: failures.ByAttribute, Name: name, Value: value})
	}
	return found
}

// targetGroups finds through which groups among the targets of a job its things are targets. A job
// with a single target has no two to compare.
type targetGroups struct {
	job job.Job
	// of are those of the things of the page that was read last.
	of map[registry.ThingID][]failures.Trait
	// above are the target groups that a group is, or lies below.
	above map[registry.GroupID][]failures.Trait
}

// read reads a page: the things of first attempts after one and up to another.
func (g *targetGroups) read(r store.Reader, after, last job.ExecutionCursor) error {
	if len(g.job.Targets) < 2 || len(g.job.TargetGroups) == 0 {
		return nil
	}
	found, err := r.GroupsOfFirstAttempts(g.job.Key, after, last)
	if err != nil {
		return err
	}
	g.of = map[registry.ThingID][]failures.Trait{}
	for _, f := range found {
		above, err := g.find(r, f.Group)
		if err != nil {
			return err
		}
		g.of[f.Thing] = union(g.of[f.Thing], above)
	}
	return nil
}

// find returns the target groups that a group is, or lies below.
func (g *targetGroups) find(r store.Reader, id registry.GroupID) ([]failures.Trait, error) {
	if found, known := g.above[id]; known || id == 0 {
		return found, nil
	}
	group, err := r.Group(id)
	if commit.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	found, err := g.find(r, group.Parent)
	if err != nil {
		return nil, err
	}
	for _, target := range g.job.TargetGroups {
		if target == id {
			own := []failures.Trait{{Kind: failures.ByTargetGroup, Value: group.Name}}
			found = union(own, found)
		}
	}
	if g.above == nil {
		g.above = map[registry.GroupID][]failures.Trait{}
	}
	g.above[id] = found
	return found, nil
}

// union is the traits of both lists.
func union(a, b []failures.Trait) []failures.Trait {
	all := a[:len(a):len(a)]
	for _, t := range b {
		if !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}

// compare marks the reasons that none of the jobs before this one has, as far as they are looked at.
func (f *Failures) compare(r store.Reader) error {
	if len(f.Reasons) == 0 {
		return nil
	}
	after := store.JobCursor{CreatedAt: f.Job.CreatedAt, ID: f.Job.ID}
	earlier, err := r.Jobs(store.JobQuery{After: &after, Limit: comparedJobs})
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, j := range earlier {
		failed, err := r.FailedOfJob(j.Key, comparedFailures)
		if err != nil {
			return err
		}
		for _, details := range failed {
			known[failures.Attempt{Details: details}.Reason()] = true
		}
	}
	f.Compared = len(earlier)
	for i := range f.Reasons {
		f.Reasons[i].New = len(earlier) > 0 && !known[f.Reasons[i].Text]
	}
	return nil
}
