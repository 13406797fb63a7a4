package jobs

import (
	"context"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// What CreateJob and UpdateJob would do can be asked without doing it (R-FCT-1). It is decided by
// the same code, on what a read of the store shows beside the commits.

// facts is what a decision about a job reads. A commit in progress is such, and a read of the store.
type facts interface {
	JobByID(id string) (job.Job, error)
	ActiveJobs(job.TargetSelection) (int, error)
	ConcurrentJobs() (int, error)
	ThingID(name string) (registry.ThingID, error)
	GroupByName(name string) (registry.Group, error)
	LastJoined() (int64, error)
}

// jobByID finds a job. fault.NotFound: there is none.
func jobByID(r facts, id string) (job.Job, error) {
	j, err := r.JobByID(id)
	return j, commit.OrNotFound(err, commit.NoJob(id))
}

// Planned is a job as an operation would leave it.
type Planned struct {
	Job      job.Job
	Document string
	// Sources are what the targets name, also before the rollout has begun.
	Sources []job.Source
}

// PlanJob is the job that CreateJob would make. Nothing is stored, and what CreateJob refuses is
// refused with the same error.
func (s *Service) PlanJob(ctx context.Context, in NewJob) (p Planned, err error) {
	definition, _, paused, err := s.checkNew(ctx, &in)
	if err != nil {
		return p, err
	}
	p.Document = in.Document
	err = s.Store.Read(ctx, func(r store.Reader) error {
		p.Job, p.Sources, err = s.newJob(r, in.ID, definition, paused, s.Clock.Now())
		return err
	})
	return p, err
}

// PlanUpdate is a job as UpdateJob would leave it. Nothing is stored, and what UpdateJob refuses is
// refused with the same error.
func (s *Service) PlanUpdate(
	ctx context.Context, id string, namespace *string, u job.Update,
) (p Planned, err error) {
	if err := u.Check(s.Limits.Requests()); err != nil { // before the job is looked up (R-ERR-9)
		return p, err
	}
	u = s.completed(u)
	return s.planned(ctx, id, namespace, func(j *job.Job) error {
		_, err := j.ApplyUpdate(u, s.Clock.Now())
		return err
	})
}

// PlanAsItIs is a job as it goes on by itself. One that has ended does not.
func (s *Service) PlanAsItIs(ctx context.Context, id string) (Planned, error) {
	return s.planned(ctx, id, nil, func(j *job.Job) error {
		if !j.Status.Active() {
			return fault.New(fault.Invalid, "job %s is %s: nothing will become of it any more", j.ID, j.Status)
		}
		return nil
	})
}

// planned is a job after a change that is not stored.
func (s *Service) planned(
	ctx context.Context, id string, namespace *string, change func(*job.Job) error,
) (p Planned, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		if p.Job, err = jobInNamespace(r, id, namespace); err != nil {
			return err
		}
		if err := change(&p.Job); err != nil {
			return err
		}
		p.Job, _ = p.Job.ApplySchedule(s.Clock.Now())
		if p.Sources = p.Job.Sources; !p.Job.RolloutStarted() {
			if p.Sources, err = sourcesOf(r, p.Job.Targets, targetsMayBeGone); err != nil {
				return err
			}
		}
		p.Document, err = r.Document(p.Job.Key)
		return err
	})
	return p, err
}
