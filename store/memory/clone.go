package memory

import (
	"maps"
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The clone functions stand at the border: what callers hand in and what they get back shares no
// memory with the state. They also cut times to what the contract keeps.

// ms is a time as the contract keeps it: in UTC, to the millisecond.
func ms(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func cloneJob(j job.Job) job.Job {
	j.Definition = cloneDefinition(j.Definition)
	j.UpdatedAt, j.CompletedAt, j.Due = ms(j.UpdatedAt), ms(j.CompletedAt), ms(j.Due)
	j.Progress.NextTick, j.WindowEdge = ms(j.Progress.NextTick), ms(j.WindowEdge)
	j.NotifyCursor, j.Backfill = clonePointer(j.NotifyCursor), clonePointer(j.Backfill)
	j.Progress.Cursor.Path = slices.Clone(j.Progress.Cursor.Path)
	if j.Backfill != nil {
		j.Backfill.Path = slices.Clone(j.Backfill.Path)
	}
	return j
}

func cloneDefinition(d job.Definition) job.Definition {
	d.Targets, d.Sources = slices.Clone(d.Targets), slices.Clone(d.Sources)
	d.TargetGroups = slices.Clone(d.TargetGroups)
	d.PresignedURL, d.Timeout = clonePointer(d.PresignedURL), clonePointer(d.Timeout)
	if d.Rollout = clonePointer(d.Rollout); d.Rollout != nil {
		d.Rollout.Exponential = clonePointer(d.Rollout.Exponential)
	}
	if d.Abort = clonePointer(d.Abort); d.Abort != nil {
		d.Abort.Criteria = slices.Clone(d.Abort.Criteria)
	}
	if d.Retry = clonePointer(d.Retry); d.Retry != nil {
		d.Retry.Criteria = slices.Clone(d.Retry.Criteria)
	}
	if d.Schedule = clonePointer(d.Schedule); d.Schedule != nil {
		d.Schedule.Windows = slices.Clone(d.Schedule.Windows)
	}
	d.PackageVersions, d.Parameters = slices.Clone(d.PackageVersions), maps.Clone(d.Parameters)
	d.CreatedAt = ms(d.CreatedAt)
	return d
}

func cloneMembershipWork(w job.MembershipWork) job.MembershipWork {
	w.Before, w.Queued.QueuedAt = slices.Clone(w.Before), ms(w.Queued.QueuedAt)
	return w
}

// cloneTemplate copies what a template has in common with a job as the job's is copied.
func cloneTemplate(t job.Template) job.Template {
	d := cloneDefinition(job.Definition{
		PresignedURL:    t.PresignedURL,
		Rollout:         t.Rollout,
		Abort:           t.Abort,
		Timeout:         t.Timeout,
		Retry:           t.Retry,
		PackageVersions: t.PackageVersions,
	})
	t.PresignedURL, t.Timeout, t.PackageVersions = d.PresignedURL, d.Timeout, d.PackageVersions
	t.Rollout, t.Abort, t.Retry = d.Rollout, d.Abort, d.Retry
	t.Windows, t.CreatedAt = slices.Clone(t.Windows), ms(t.CreatedAt)
	return t
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	copied := *p
	return &copied
}

func cloneExecution(e job.Execution) job.Execution {
	e.Details = maps.Clone(e.Details)
	e.QueuedAt, e.StartedAt, e.UpdatedAt = ms(e.QueuedAt), ms(e.StartedAt), ms(e.UpdatedAt)
	e.Deadline, e.StepDeadline, e.ShowAt = ms(e.Deadline), ms(e.StepDeadline), ms(e.ShowAt)
	return e
}

func cloneThing(t registry.Thing) registry.Thing {
	t.Attributes, t.CreatedAt = maps.Clone(t.Attributes), ms(t.CreatedAt)
	return t
}

func cloneGroup(g registry.Group) registry.Group {
	g.Attributes, g.CreatedAt = maps.Clone(g.Attributes), ms(g.CreatedAt)
	return g
}

// storedBillingGroup is a billing group as it is stored. It holds no memory that could be shared.
func storedBillingGroup(g registry.BillingGroup) registry.BillingGroup {
	g.CreatedAt = ms(g.CreatedAt)
	return g
}

func cloneThingType(t registry.ThingType) registry.ThingType {
	t.Properties.Searchable = slices.Clone(t.Properties.Searchable)
	t.Properties.Propagating = slices.Clone(t.Properties.Propagating)
	t.CreatedAt, t.DeprecatedAt = ms(t.CreatedAt), ms(t.DeprecatedAt)
	return t
}

func cloneCertificate(c registry.Certificate) registry.Certificate {
	c.CreatedAt, c.UpdatedAt = ms(c.CreatedAt), ms(c.UpdatedAt)
	c.NotBefore, c.NotAfter = ms(c.NotBefore), ms(c.NotAfter)
	return c
}

// cloneCACertificate is a CA certificate as it is stored. It holds no memory that could be shared.
func cloneCACertificate(c registry.CACertificate) registry.CACertificate {
	c.CreatedAt, c.UpdatedAt = ms(c.CreatedAt), ms(c.UpdatedAt)
	c.NotBefore, c.NotAfter = ms(c.NotBefore), ms(c.NotAfter)
	return c
}

func clonePolicy(p registry.Policy) registry.Policy {
	p.Versions = slices.Clone(p.Versions)
	for i := range p.Versions {
		p.Versions[i].CreatedAt = ms(p.Versions[i].CreatedAt)
	}
	p.CreatedAt, p.UpdatedAt = ms(p.CreatedAt), ms(p.UpdatedAt)
	return p
}

func cloneAuthorizer(a registry.Authorizer) registry.Authorizer {
	a.SigningKeys = maps.Clone(a.SigningKeys)
	a.CreatedAt, a.UpdatedAt = ms(a.CreatedAt), ms(a.UpdatedAt)
	return a
}

func cloneAnnouncement(a store.Announcement) store.Announcement {
	a.Notices = slices.Clone(a.Notices)
	a.Events = slices.Clone(a.Events)
	a.Nodes.Clients, a.Nodes.GivenUp = slices.Clone(a.Nodes.Clients), slices.Clone(a.Nodes.GivenUp)
	a.Nodes.Certificates = slices.Clone(a.Nodes.Certificates)
	a.Nodes.Authorizers = slices.Clone(a.Nodes.Authorizers)
	a.Nodes.Detached = slices.Clone(a.Nodes.Detached)
	a.Nodes.Confirmations = slices.Clone(a.Nodes.Confirmations)
	return a
}

func cloneSession(e store.SessionEntry) store.SessionEntry {
	e.Value, e.Body = slices.Clone(e.Value), slices.Clone(e.Body)
	return e
}
