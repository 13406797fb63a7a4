package jobs

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// What operators ask about jobs. Each use case loads the job through the commit, lets a method of
// job.Job decide, and stages the result. What follows from it at once (a first tick, a sweep) is
// done by the review of the commit, see steps.go.

// NewJob is what CreateJob asks for.
type NewJob struct {
	ID string
	// Definition is what the request says. NeedsRole, CreatedAt, Sources, TargetGroups and
	// NewestMembership are filled in by CreateJob.
	Definition job.Definition
	// Template is the job template to start from. Its ARN stands in Definition.TemplateARN.
	Template TemplateRef
	// Document is empty where the template's is meant, and with Definition.DocumentSource.
	Document string
	Tags     []registry.Tag

	original string // the document before parameters were filled in; empty when it is the same
}

// CreateJob stores a job and starts its rollout. The executions of a small first tick exist when it
// returns; those of a larger one follow in the background (R-ROLL-21). It costs the same for one
// thing and for a group of a million.
func (s *Service) CreateJob(ctx context.Context, in NewJob) (created job.Job, err error) {
	definition, tags, paused, err := s.checkNew(ctx, &in)
	if err != nil {
		return job.Job{}, err
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		j, _, err := s.newJob(tx, in.ID, definition, paused, tx.Now)
		if err != nil {
			return err
		}
		j.Key = tx.Keys.Job()
		new := store.CreatedJob{Job: j, Document: in.Document, Original: in.original}
		tx.Changes.Job.CreatedJobs = []store.CreatedJob{new}
		tx.SetJob(j)
		tx.TagNew(registry.KindJob, j.ID, tags)
		created = j
		return nil
	})
	return created, err
}

// checkNew completes a new job and refuses one that must not be, as far as that can be said without
// the jobs, things and groups that there are. tags are those that mean nothing here.
func (s *Service) checkNew(
	ctx context.Context, in *NewJob,
) (definition job.Definition, tags map[string]string, paused string, err error) {
	if err := s.fillFromTemplate(ctx, in); err != nil {
		return definition, nil, "", err
	}
	if err := s.readLink(ctx, in); err != nil {
		return definition, nil, "", err
	}
	placeholders, err := s.checkDocument(in.Document)
	if err != nil {
		return definition, nil, "", err
	}
	if tags, err = registry.CheckTags(in.Tags); err != nil {
		return definition, nil, "", err
	}
	limits := s.Limits.Requests()
	definition = in.Definition.Complete(placeholders, s.ObjectStore)
	definition.Rollout = limits.CompleteRollout(definition.Rollout)
	if tags, paused, err = steerNew(&definition, tags); err != nil {
		return definition, nil, "", err
	}
	if err := definition.Check(limits, s.Clock.Now()); err != nil {
		return definition, nil, "", err
	}
	return definition, tags, paused, s.checkObjects(ctx, definition, placeholders)
}

// newJob is a job that starts at once, or is SCHEDULED when something holds it back. It has no key
// yet. sources are what its targets name now, also for one that is SCHEDULED.
func (s *Service) newJob(
	r facts, id string, definition job.Definition, paused string, now time.Time,
) (j job.Job, sources []job.Source, err error) {
	if sources, err = sourcesOf(r, definition.Targets, targetsMustExist); err != nil {
		return j, nil, err
	}
	if _, err := jobByID(r, id); err == nil {
		taken := fault.New(fault.Exists, "job %s exists already", id)
		taken.ResourceKind, taken.ResourceName, taken.ResourceID = registry.KindJob, id, id
		return j, nil, taken
	} else if !fault.Is(err, fault.NotFound) {
		return j, nil, err
	}
	newest, err := r.LastJoined()
	if err != nil {
		return j, nil, err
	}
	j = job.Job{ID: id, Definition: definition}
	j.CreatedAt, j.UpdatedAt, j.Paused = now, now, paused
	if paused != "" {
		j.PausedAt = now
	}
	j.TargetGroups = job.TargetGroups(sources)
	if err := checkWaves(r, j); err != nil {
		return j, nil, err
	}
	if !j.WaitForSchedule(now) {
		j.StartRollout(sources, newest, now)
	}
	return j, sources, checkNewJob(r, s.Limits.Get(), j)
}

// UpdateJob changes a running job; rules R-UPD. A namespace that is given and is not that of the
// job names no job (R-UPD-5).
func (s *Service) UpdateJob(ctx context.Context, id string, namespace *string, u job.Update) error {
	if err := u.Check(s.Limits.Requests()); err != nil { // before the job is looked up (R-ERR-9)
		return err
	}
	u = s.completed(u)
	if u.PresignedURL != nil { // the next delivery has the new role, and does not wait for it
		s.Objects.Prepare(ctx, u.PresignedURL.RoleARN)
	}
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		j, err := jobInNamespace(tx, id, namespace)
		if err != nil {
			return err
		}
		changed, err := j.ApplyUpdate(u, tx.Now)
		if err != nil || !changed {
			return err
		}
		tx.Changes.Job.Definitions = []job.Job{j}
		tx.SetJob(j)
		return nil
	})
}

// completed is an update with what it leaves to the limits.
func (s *Service) completed(u job.Update) job.Update {
	if u.Rollout != nil {
		u.Rollout = s.Limits.Requests().CompleteRollout(u.Rollout)
	}
	return u
}

// jobInNamespace finds a job for operations that may name its namespace.
func jobInNamespace(r facts, id string, namespace *string) (job.Job, error) {
	j, err := jobByID(r, id)
	if err == nil && !j.InNamespace(namespace) {
		return j, commit.NoJob(id)
	}
	return j, err
}

// CancelJob cancels a job and returns it as it is then. The executions of a small job are canceled
// when it returns (R-JOB-62).
func (s *Service) CancelJob(
	ctx context.Context, id string, c job.Cancellation,
) (canceled job.Job, err error) {
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		j, err := tx.JobByID(id)
		if err != nil {
			return err
		}
		before := j
		if err := j.CancelJob(c, tx.Now); err != nil {
			return err
		}
		if err := checkConcurrency(tx, s.Limits.Get(), before, j); err != nil {
			return err
		}
		canceled = j
		tx.SetJob(j)
		return nil
	})
	return canceled, err
}

// DeleteJob begins the deletion of a job. A small job is gone when it returns (R-JOB-62).
func (s *Service) DeleteJob(ctx context.Context, id string, force bool, namespace *string) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		j, err := jobInNamespace(tx, id, namespace)
		if err != nil {
			return err
		}
		deleting, err := tx.JobCount(job.DeletionInProgress)
		if err != nil {
			return err
		}
		if err := j.DeleteJob(force, deleting, tx.Now); err != nil {
			return err
		}
		tx.SetJob(j)
		if err := tx.Apply(); err != nil { // the job's event comes before those of its executions (R-EVT-11)
			return err
		}
		// A small job goes with its request, and does not count as being deleted.
		return deleteStep(tx, j, InlineStep)
	})
}

// DescribeJob returns a job with its live counts.
func (s *Service) DescribeJob(ctx context.Context, id string) (j job.Job, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		j, err = r.JobByID(id)
		return err
	})
	return j, commit.OrNotFound(err, commit.NoJob(id))
}

// JobDocument returns the document of a job as it was given (R-API-7), with original that of a
// managed template before its parameters were filled in (R-SUB-10).
func (s *Service) JobDocument(
	ctx context.Context, id string, original bool,
) (text string, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		j, err := r.JobByID(id)
		if err != nil {
			return err
		}
		if original {
			text, err = r.OriginalDocument(j.Key)
		} else {
			text, err = r.Document(j.Key)
		}
		return err
	})
	return text, commit.OrNotFound(err, commit.NoJob(id))
}

// Filter is what ListJobs filters by. The group names a thing group that the job lists as a target,
// by its name, by its UUID, or by both, which must agree then.
type Filter struct {
	Status               job.Status
	Selection            job.TargetSelection
	Namespace            string
	GroupName, GroupUUID string
	After                *store.JobCursor
	Limit                int
}

// JobPage is one page of a list of jobs.
type JobPage struct {
	Jobs []job.Job
	// Group is the group that was filtered by, nil without one.
	Group *registry.Group
	// More is where the list goes on when it stopped before the page was full (R-WIRE-27).
	More *store.JobCursor
}

// ListJobs lists jobs, newest first.
func (s *Service) ListJobs(ctx context.Context, f Filter) (page JobPage, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		q := store.JobQuery{Status: f.Status, After: f.After}
		if f.GroupName != "" || f.GroupUUID != "" {
			found, err := filteredGroup(r, f.GroupName, f.GroupUUID)
			if err != nil {
				return err
			}
			page.Group = &found
			q.Status = "" // the jobs of a target are fewer than those with a status
			q.Target = job.Target{Kind: registry.KindGroup, Name: found.Name}.Resource()
		}
		var stopped *job.Job
		page.Jobs, stopped, err = store.Filter(ctx, f.Limit,
			func(after *job.Job, limit int) ([]job.Job, error) {
				if q.Limit = limit; after != nil {
					q.After = new(PlaceOfJob(*after))
				}
				return r.Jobs(q)
			}, f.keep(q))
		if stopped != nil {
			page.More = new(PlaceOfJob(*stopped))
		}
		return err
	})
	return page, err
}

// PlaceOfJob is the place of a job in the list of jobs.
func PlaceOfJob(j job.Job) store.JobCursor {
	return store.JobCursor{CreatedAt: j.CreatedAt, ID: j.ID}
}

// keep says which of the jobs that a query reads the filter keeps; nil when it keeps all of them.
func (f Filter) keep(q store.JobQuery) func(job.Job) (bool, error) {
	if f.Status == q.Status && f.Selection == "" && f.Namespace == "" {
		return nil
	}
	return func(j job.Job) (bool, error) {
		return (f.Status == "" || f.Status == j.Status) &&
			(f.Selection == "" || f.Selection == j.TargetSelection) &&
			(f.Namespace == "" || f.Namespace == j.Namespace), nil
	}
}
