package memory

import (
	"fmt"
	"slices"

	"github.com/drover-iot/drover/store"
)

// apply does all deletions, then all insertions, then all updates, then sessions in their order.
func (s *state) apply(c store.Changes) error {
	steps := []func() error{
		func() error { return each(c.Job.LateJoinersDone, s.pass) },
		func() error { return each(c.Job.DeletedExecutions, s.dropExecution) },
		func() error { return each(c.Job.DeletedJobs, s.deleteJob) },
		func() error { return each(c.Job.DeletedTemplates, s.deleteTemplate) },
		func() error { return each(c.Registry.RemovedMemberships, s.leave) },
		func() error { return each(c.Registry.Detached, s.detach) },
		func() error { return each(c.Registry.DeletedPrincipals, s.deletePrincipal) },
		func() error { return each(c.Registry.DeletedThings, s.deleteThing) },
		func() error { return each(c.Registry.DeletedGroups, s.deleteGroup) },
		func() error { return each(c.Registry.DeletedThingTypes, s.deleteThingType) },
		func() error { return each(c.Registry.DeletedCertificates, s.deleteCertificate) },
		func() error { return each(c.Registry.DeletedPolicies, s.deletePolicy) },
		func() error { return each(c.Outbox.Done, s.announced) },

		func() error { return each(c.Registry.CreatedThings, s.createThing) },
		func() error { return each(c.Registry.CreatedGroups, s.createGroup) },
		func() error { return each(c.Registry.ThingTypes, s.putThingType) },
		func() error { return each(c.Registry.AddedMemberships, s.join) },
		func() error { return each(c.Registry.Certificates, s.putCertificate) },
		func() error { return each(c.Registry.Policies, s.putPolicy) },
		func() error { return each(c.Registry.Attached, s.attach) },
		func() error { return each(c.Registry.Principals, s.putPrincipal) },
		func() error { return each(c.Job.CreatedTemplates, s.createTemplate) },
		func() error { return each(c.Job.CreatedJobs, s.createJob) },
		func() error { return each(c.Job.LateJoinersAdded, s.enter) },
		func() error { return each(c.Job.CreatedExecutions, s.queue) },
		func() error { return each(c.Outbox.Added, s.announce) },

		func() error { return each(c.Registry.UpdatedThings, s.updateThing) },
		func() error { return each(c.Registry.UpdatedGroups, s.updateGroup) },
		func() error { return each(c.Registry.Tagged, s.tag) },
		func() error { return each(c.Job.Definitions, s.defineJob) },
		func() error { return each(c.Job.States, s.moveJob) },
		func() error { return each(c.Job.UpdatedExecutions, s.report) },
		func() error { return each(c.Job.RearmedStepTimers, s.rearm) },

		func() error { return each(c.Settings, s.changeSetting) },
		func() error { return each(c.Sessions, s.changeSession) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func each[T any](changes []T, apply func(T) error) error {
	for _, change := range changes {
		if err := apply(change); err != nil {
			return err
		}
	}
	return nil
}

// conflict is ErrConflict with what it is about.
func conflict(what string, key any) error {
	return fmt.Errorf("%s %v: %w", what, key, store.ErrConflict)
}

func (s *state) announce(a store.Announcement) error {
	if s.announcements.has(id(a.ID)) {
		return conflict("announcement", a.ID)
	}
	s.announcements = s.announcements.put(id(a.ID), cloneAnnouncement(a))
	return nil
}

func (s *state) announced(number int64) error {
	s.announcements = s.announcements.remove(id(number))
	return nil
}

func (s *state) changeSetting(c store.Setting) error {
	if c.Value == nil {
		s.settings = s.settings.remove(text(c.Name))
		return nil
	}
	s.settings = s.settings.put(text(c.Name), slices.Clone(c.Value))
	return nil
}

func (s *state) changeSession(e store.SessionEntry) error {
	key := entry{e.Client, e.Seq}
	if e.Value != nil {
		s.sessions = s.sessions.put(key, cloneSession(e))
		return nil
	}
	s.sessions = s.sessions.remove(key)
	for at := range s.sessions.from(key) {
		if e.Seq != 0 || at.client != e.Client {
			break
		}
		s.sessions = s.sessions.remove(at)
	}
	return nil
}
