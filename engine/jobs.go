package engine

import (
	"context"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// NewJob is what CreateJob asks for.
type NewJob struct {
	ID         string
	Definition job.Definition // Targets as given; NeedsRole, CreatedAt, Sources and Frozen are filled in here
	Document   string         // empty takes the template's
	original   string         // the document before parameters were filled in; empty when it is the same
	Tags       []registry.Tag
}

// CreateJob stores a job and starts its rollout. The executions of a small first tick exist when it returns; a larger
// one follows in the background (R-ROLL-21). It costs the same for one target thing and for a group of a million.
func (e *Engine) CreateJob(ctx context.Context, in NewJob) (created job.Job, err error) {
	if err := e.complete(ctx, &in); err != nil {
		return job.Job{}, err
	}
	placeholders, err := job.CheckDocument(in.Document)
	if err != nil {
		return job.Job{}, err
	}
	tags, err := registry.CheckTags(in.Tags)
	if err != nil {
		return job.Job{}, err
	}
	definition := in.Definition
	definition.NeedsRole = len(placeholders) > 0
	definition.Targets = unique(definition.Targets)
	if definition.TargetSelection == "" {
		definition.TargetSelection = job.Snapshot // R-VAL-8
	}
	if err := definition.Check(e.Now()); err != nil {
		return job.Job{}, err
	}
	targets, err := parseTargets(e.Scope, definition.Targets)
	if err != nil {
		return job.Job{}, err
	}
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		sources, err := g.sources(definition.Targets, targets, false)
		if err != nil {
			return out, err
		}
		if taken, err := g.jobByID(in.ID); err == nil {
			return out, e.jobExists(taken.ID)
		} else if fault.Of(err) == nil {
			return out, err
		}
		frozen, err := g.LastJoined()
		if err != nil {
			return out, err
		}
		j := job.Job{Key: g.keys.Job(), ID: in.ID, Definition: definition}
		j.CreatedAt, j.UpdatedAt = g.now, g.now
		j.TargetGroups = targetGroups(sources)
		if !j.WaitForSchedule(g.now) {
			j.StartRollout(sources, frozen, g.now)
		}
		if err := g.checkLimits(j); err != nil {
			return out, err
		}
		out.Job.CreatedJobs = []store.CreatedJob{{Job: j, Document: in.Document, Original: in.original}}
		out.keep(j)
		out.label(registry.KindJob, j.ID, tags)
		created = j
		return out, nil
	})
	return created, err
}

func (e *Engine) jobExists(id string) error {
	f := fault.New(fault.Exists, "job %s exists already", id)
	f.ResourceID, f.ResourceARN = id, e.Scope.ARN(registry.KindJob, id)
	return f
}

// parseTargets reads target ARNs. A well-formed ARN of another account or kind names nothing here (R-CON-8, R-VAL-6).
func parseTargets(scope registry.Scope, arns []string) ([]registry.ARN, error) {
	if len(arns) > job.MaxTargets {
		return nil, fault.New(fault.Invalid, "targets: %d items, at most %d are allowed", len(arns), job.MaxTargets)
	}
	parsed := make([]registry.ARN, len(arns))
	for i, text := range arns {
		arn, ok := registry.ParseARN(text)
		if !ok || arn.Kind != registry.KindThing && arn.Kind != registry.KindGroup {
			return nil, fault.New(fault.Invalid, "targets[%d]: %q is not an ARN of a thing or a thing group", i, text)
		}
		if !scope.Contains(arn) {
			arn.Kind = ""
		}
		parsed[i] = arn
	}
	return parsed, nil
}

// sources resolves targets to the things and groups that a rollout reads, groups followed by their descendants
// (R-ROLL-12, R-JOB-50). A target that does not exist fails the whole call (R-VAL-6), unless the job was created when it
// did: then it is passed over.
func (g *group) sources(texts []string, targets []registry.ARN, created bool) (sources []job.Source, err error) {
	for i, arn := range targets {
		of, err := g.sourcesOf(i, arn)
		if missing(err) {
			if created {
				continue
			}
			err = fault.New(fault.NotFound, "targets[%d]: %s does not exist", i, texts[i])
		}
		if err != nil {
			return nil, err
		}
		sources = append(sources, of...)
	}
	return sources, nil
}

// sourcesOf resolves one target; store.ErrNotFound when it does not exist.
func (g *group) sourcesOf(index int, target registry.ARN) (sources []job.Source, err error) {
	switch target.Kind {
	case registry.KindThing:
		thing, err := g.ThingID(target.Name)
		return []job.Source{{Target: index, Thing: thing}}, err
	case registry.KindGroup:
		top, err := g.GroupByName(target.Name)
		if err != nil {
			return nil, err
		}
		if top.Work == registry.Emptying { // it is as good as gone
			return nil, store.ErrNotFound
		}
		tree, err := withDescendants(g, top)
		for _, member := range tree {
			sources = append(sources, job.Source{Target: index, Group: member.ID})
		}
		return sources, err
	}
	return nil, store.ErrNotFound
}

// targetGroups are the groups among the sources that the targets themselves name: the first of each target.
func targetGroups(sources []job.Source) (groups []registry.GroupID) {
	for i, s := range sources {
		if s.Group != 0 && (i == 0 || sources[i-1].Target != s.Target) {
			groups = append(groups, s.Group)
		}
	}
	return groups
}

// either returns the fault where the store did not find something, and any other error, or none, as it is.
func either(err error, absent *fault.Error) error {
	if missing(err) {
		return absent
	}
	return err
}

// unique drops repeats and keeps the order of first occurrence (R-VAL-7).
func unique(texts []string) []string {
	seen, kept := map[string]bool{}, make([]string, 0, len(texts))
	for _, text := range texts {
		if !seen[text] {
			seen[text] = true
			kept = append(kept, text)
		}
	}
	return kept
}

// UpdateJob changes a running job; rules R-UPD. A namespace that is given and is not the job's names no job (R-UPD-5).
func (e *Engine) UpdateJob(ctx context.Context, id string, namespace *string, u job.Update) error {
	if err := u.Check(); err != nil { // before the job is looked up (R-ERR-9)
		return err
	}
	return e.update(ctx, func(g *group) (out outcome, err error) {
		j, err := g.jobIn(id, namespace)
		if err != nil {
			return out, err
		}
		changed, err := j.ApplyUpdate(u, g.now)
		if err != nil || !changed {
			return out, err
		}
		out.Job.Definitions = []job.Job{j}
		out.keep(j)
		return out, nil
	})
}

// jobIn is jobByID for operations that may name a namespace.
func (g *group) jobIn(id string, namespace *string) (job.Job, error) {
	j, err := g.jobByID(id)
	if err == nil && namespace != nil && *namespace != j.Namespace {
		return j, noJob(id)
	}
	return j, err
}

// CancelJob cancels a job and returns it as it is then. Small jobs are done when it returns (R-JOB-62).
func (e *Engine) CancelJob(ctx context.Context, id string, c job.Cancellation) (canceled job.Job, err error) {
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		j, err := g.jobByID(id)
		if err != nil {
			return out, err
		}
		before := j
		if err := j.CancelJob(c, g.now); err != nil {
			return out, err
		}
		if err := g.checkConcurrency(before, j); err != nil {
			return out, err
		}
		canceled = j
		out.keep(j)
		return out, nil
	})
	return canceled, err
}

// DeleteJob begins the deletion of a job. Small jobs are gone when it returns (R-JOB-62).
func (e *Engine) DeleteJob(ctx context.Context, id string, force bool, namespace *string) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		j, err := g.jobIn(id, namespace)
		if err != nil {
			return out, err
		}
		if err := g.flush(); err != nil { // the count below must see this group
			return out, err
		}
		deleting, err := g.JobCount(job.DeletionInProgress)
		if err != nil {
			return out, err
		}
		if err := j.DeleteJob(force, deleting, g.now); err != nil {
			return out, err
		}
		if err := g.take(kept(j)); err != nil { // the job's event comes before those of its executions (R-EVT-11)
			return out, err
		}
		return g.deleteStep(j, inlineStep) // a small job is gone with it, and is none of those being deleted
	})
}

// DescribeJob returns a job with its live counts.
func (e *Engine) DescribeJob(ctx context.Context, id string) (j job.Job, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		j, err = r.JobByID(id)
		return err
	})
	return j, either(err, noJob(id))
}

// JobDocument returns the document of a job as it was given (R-API-7), with original that of a managed template before
// its parameters were filled in (R-SUB-10).
func (e *Engine) JobDocument(ctx context.Context, id string, original bool) (text string, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
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
	return text, either(err, noJob(id))
}

// JobFilter is what ListJobs filters by. Group names a thing group that the job lists as a target, by name or by UUID.
type JobFilter struct {
	store.JobQuery
	GroupName, GroupUUID string
}

// ListJobs lists jobs, newest first. group is the group that was filtered by, nil without one.
func (e *Engine) ListJobs(ctx context.Context, f JobFilter) (jobs []job.Job, group *registry.Group, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		if f.GroupName != "" || f.GroupUUID != "" {
			found, err := groupOf(r, f.GroupName, f.GroupUUID)
			if err != nil {
				return err
			}
			group = &found
			f.Target = registry.KindGroup + "/" + found.Name
		}
		jobs, err = r.Jobs(f.JobQuery)
		return err
	})
	return jobs, group, err
}

// groupOf finds a group by name, by UUID, or by both, which must agree (R-API-12).
func groupOf(r store.Reader, name, uuid string) (g registry.Group, err error) {
	if name != "" {
		g, err = r.GroupByName(name)
	} else {
		g, err = r.GroupByUUID(uuid)
	}
	if missing(err) || err == nil && uuid != "" && g.UUID != uuid {
		if uuid != "" {
			name = strings.TrimSpace(name + " with the id " + uuid)
		}
		return g, noGroup(name)
	}
	return g, err
}
