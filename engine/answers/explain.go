package answers

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/explain"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Why does this thing not update, and what does this job wait for (R-EXP-1 to R-EXP-3)? The facts
// are gathered here: those of the store in one read, what the transports know of the client, and,
// where the thing has still to do something, what its policies say. What is looked at is bounded,
// so that an answer costs the same in a large fleet.

// How much is looked at.
const (
	// explainedPending is how many pending executions of the thing are looked at for those in
	// front.
	explainedPending = 50
	// maxJobs is how many of the newest jobs of a status are looked at when none is named.
	maxJobs = 10
)

// ThingExplanation is the answer about a thing and a job.
type ThingExplanation struct {
	Thing string
	JobID string // the job asked about, or found; empty when nothing is to come
	// Target is the target through which the thing is one, by kind and name such as
	// thinggroup/site-1; empty when it is none.
	Target string
	// Execution is the last one of the job on the thing, nil without one.
	Execution *job.Execution
	explain.Explanation
}

// ExplainThing explains how far a thing is with a job. Without the id of one it takes the first
// execution that the thing sees; else the first that is pending; else the newest job that has still
// to come to the thing. A job that does not exist is fault.NotFound.
func (s *Service) ExplainThing(
	ctx context.Context, name, jobID string,
) (a ThingExplanation, err error) {
	a.Thing, a.JobID = name, jobID
	var facts *explain.Facts
	err = s.Store.Read(ctx, func(r store.Reader) error {
		l := loader{Reader: r, now: s.Clock.Now(), name: name}
		if a.JobID != "" {
			if l.job, err = l.jobNamed(a.JobID); err != nil {
				return err
			}
		}
		if l.thing, err = r.ThingByName(name); commit.Missing(err) {
			a.Explanation = explain.Unknown(name, s.look(name).Connected)
			return nil
		}
		if err != nil {
			return err
		}
		if a.JobID == "" {
			facts, err = l.choose(&a)
		} else {
			facts, err = l.facts(l.job)
		}
		if err == nil && facts != nil {
			facts.Client, err = s.client(r, name)
		}
		return err
	})
	if err != nil || facts == nil {
		return a, err
	}
	a.JobID, a.Execution, a.Explanation = facts.Job.ID, facts.Latest, explain.Thing(*facts)
	switch t := facts.Target; {
	case t.Named:
		a.Target = registry.KindThing + "/" + name
	case t.Group != "":
		a.Target = registry.KindGroup + "/" + t.Group
	}
	if v := a.Verdict; v == explain.Waiting || v == explain.Blocked {
		if facts.Access, err = s.access(ctx, name, a.JobID, facts.Client); err != nil {
			return a, err
		}
		a.Explanation = explain.Thing(*facts)
	}
	return a, nil
}

// ExplainJob explains what a job waits for, and returns the job.
func (s *Service) ExplainJob(
	ctx context.Context, id string,
) (j job.Job, e explain.Explanation, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		l := loader{Reader: r, now: s.Clock.Now()}
		if j, err = l.jobNamed(id); err == nil {
			e = explain.Job(j, l.now)
		}
		return err
	})
	return j, e, err
}

// choose finds the job that a thing is asked about without one, and its facts. They are nil when
// nothing is pending or to come: the answer is complete then.
func (l *loader) choose(a *ThingExplanation) (*explain.Facts, error) {
	pending, err := l.Pending(l.thing.ID, explainedPending)
	if err != nil {
		return nil, err
	}
	for i, x := range pending {
		j, err := l.jobAt(x.Job)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			l.job = j
		}
		if !j.HiddenFromDevice(x) {
			return l.facts(j)
		}
	}
	if len(pending) > 0 {
		return l.facts(l.job)
	}
	for _, status := range []job.Status{job.InProgress, job.Scheduled} {
		jobs, err := l.Jobs(store.JobQuery{Status: status, Limit: maxJobs})
		if err != nil {
			return nil, err
		}
		for _, j := range jobs {
			j, _ = j.ApplySchedule(l.now)
			f, err := l.facts(j)
			if err != nil {
				return nil, err
			}
			if v := explain.Thing(*f).Verdict; v == explain.Waiting || v == explain.Blocked {
				return f, nil
			}
		}
	}
	return nil, l.nothing(a)
}

// nothing answers that nothing is to come.
func (l *loader) nothing(a *ThingExplanation) error {
	last, err := l.ExecutionsOfThing(store.ThingExecutionQuery{Thing: l.thing.ID, Limit: 1})
	if err != nil {
		return err
	}
	if len(last) == 0 {
		a.Explanation = explain.Nothing(a.Thing, nil, "")
		return nil
	}
	a.Explanation = explain.Nothing(a.Thing, &last[0].Execution, last[0].JobID)
	return nil
}

// loader gathers the facts of one thing in one read.
type loader struct {
	store.Reader
	now   time.Time
	name  string
	thing registry.Thing
	job   job.Job
}

// jobNamed finds a job by its id, as its schedule has it now.
func (l *loader) jobNamed(id string) (job.Job, error) {
	j, err := l.JobByID(id)
	if err != nil {
		return j, commit.OrNotFound(err, commit.NoJob(id))
	}
	j, _ = j.ApplySchedule(l.now)
	return j, nil
}

// jobAt is jobNamed by key.
func (l *loader) jobAt(key job.Key) (job.Job, error) {
	j, err := l.Job(key)
	j, _ = j.ApplySchedule(l.now)
	return j, err
}
