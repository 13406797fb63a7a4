// Package tags is the use cases of tags. They are a package of their own because everything that
// the other packages of the engine keep may be tagged: jobs, job templates, thing groups, billing
// groups, thing types, policies, authorizers, CA certificates and provisioning templates (R-API-36, R-ID-43). Tags that a resource is created or deleted
// with are staged by the use case that does so; see commit.Tx.SetTags.
package tags

import (
	"context"
	"maps"
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/engine/provision"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Service is the use cases of tags.
type Service struct {
	Store   store.Store
	Commits *commit.Committer
	// Limits returns the limits as they are now.
	Limits func() registry.Limits
}

// finder finds whatever may be tagged. Both a read of the store and a commit in progress are such.
type finder interface {
	JobByID(id string) (job.Job, error)
	Template(id string) (job.Template, error)
	GroupByName(name string) (registry.Group, error)
	ThingType(name string) (registry.ThingType, error)
	BillingGroupByName(name string) (registry.BillingGroup, error)
	Policy(name string) (registry.Policy, error)
	ProvisioningTemplate(name string) (registry.ProvisioningTemplate, error)
	Authorizer(name string) (registry.Authorizer, error)
	CACertificate(id string) (registry.CACertificate, error)
	Tags(kind, name string) (map[string]string, error)
}

// kinds are the kinds of resource that may have tags, in the words of their ARNs, and how each is
// looked up.
var kinds = map[string]func(r finder, name string) error{
	registry.KindJob: func(r finder, id string) error {
		_, err := r.JobByID(id)
		return commit.OrNotFound(err, commit.NoJob(id))
	},
	registry.KindTemplate: func(r finder, id string) error {
		_, err := r.Template(id)
		return commit.OrNotFound(err, jobs.NoTemplate(id))
	},
	registry.KindGroup: func(r finder, name string) error {
		_, err := r.GroupByName(name)
		return commit.OrNotFound(err, fleet.NoGroup(name))
	},
	registry.KindType: func(r finder, name string) error {
		_, err := r.ThingType(name)
		return commit.OrNotFound(err, fleet.NoThingType(name))
	},
	registry.KindBillingGroup: func(r finder, name string) error {
		_, err := r.BillingGroupByName(name)
		return commit.OrNotFound(err, fleet.NoBillingGroup(name))
	},
	registry.KindCACert: func(r finder, id string) error {
		_, err := r.CACertificate(id)
		return commit.OrNotFound(err, identity.NoCACertificate(id))
	},
	registry.KindPolicy: func(r finder, name string) error {
		_, err := r.Policy(name)
		return commit.OrNotFound(err, identity.NoPolicy(name))
	},
	registry.KindProvisioningTemplate: func(r finder, name string) error {
		_, err := r.ProvisioningTemplate(name)
		return commit.OrNotFound(err, provision.NoTemplate(name))
	},
	registry.KindAuthorizer: func(r finder, name string) error {
		_, err := r.Authorizer(name)
		return commit.OrNotFound(err, identity.NoAuthorizer(name))
	},
}

// Kinds returns the kinds of resource that may have tags, in the words of their ARNs.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// Tag adds tags to the resource of a kind and name, or overwrites those it has by key (R-API-37).
func (s *Service) Tag(ctx context.Context, kind, name string, given []registry.Tag) error {
	tags, err := registry.CheckTags(given)
	if err != nil {
		return err
	}
	return s.commit(ctx, kind, name, func(stored map[string]string) (map[string]string, error) {
		return registry.AddTags(stored, tags, s.Limits().Tags)
	})
}

// Untag takes tags off a resource (R-API-37).
func (s *Service) Untag(ctx context.Context, kind, name string, keys []string) error {
	return s.commit(ctx, kind, name, func(stored map[string]string) (map[string]string, error) {
		return registry.RemoveTags(stored, keys), nil
	})
}

// commit changes the tags of a resource in a commit of its own.
func (s *Service) commit(
	ctx context.Context, kind, name string, to func(map[string]string) (map[string]string, error),
) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error { return change(tx, kind, name, to) })
}

// change reads the tags of a resource, and stages what the function makes of them if that differs.
// fault.NotFound: the resource does not exist.
func change(
	tx *commit.Tx, kind, name string, to func(map[string]string) (map[string]string, error),
) error {
	if err := kinds[kind](tx, name); err != nil {
		return err
	}
	stored, err := all(tx, kind, name)
	if err != nil {
		return err
	}
	tags, err := to(stored)
	if err != nil || maps.Equal(stored, tags) {
		return err
	}
	return set(tx, kind, name, stored, tags)
}

// all returns the tags of a resource. Those that steer a job stand in the job (R-STR-1).
func all(r finder, kind, name string) (map[string]string, error) {
	stored, err := r.Tags(kind, name)
	if err != nil || kind != registry.KindJob {
		return stored, err
	}
	j, err := r.JobByID(name)
	if err != nil {
		return nil, err
	}
	tags := j.SteeringTags()
	maps.Copy(tags, stored)
	return tags, nil
}

// set stages the tags of a resource in place of those that it has. What steers a job, or jobs that
// are made from a template, is checked (R-STR-2).
func set(tx *commit.Tx, kind, name string, stored, tags map[string]string) error {
	switch kind {
	case registry.KindTemplate:
		if _, _, err := job.ParseSteering(tags); err != nil {
			return err
		}
	case registry.KindJob:
		j, err := tx.JobByID(name)
		if err == nil {
			err = jobs.Steer(tx, j, tags)
		}
		if err != nil {
			return err
		}
		stored, _ = job.SplitTags(stored)
		tags, _ = job.SplitTags(tags)
	}
	if !maps.Equal(stored, tags) {
		tx.SetTags(kind, name, tags)
	}
	return nil
}

// List returns the tags of a resource, by key (R-WIRE-24).
func (s *Service) List(ctx context.Context, kind, name string) (tags []registry.Tag, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		if err := kinds[kind](r, name); err != nil {
			return err
		}
		stored, err := all(r, kind, name)
		for _, key := range slices.Sorted(maps.Keys(stored)) {
			tags = append(tags, registry.Tag{Key: key, Value: stored[key]})
		}
		return err
	})
	return tags, err
}
