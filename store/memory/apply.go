package memory

import (
	"fmt"
	"slices"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// apply does all deletions, then all insertions, then all updates, then sessions in their order.
func (s *state) apply(c store.Changes) error {
	identity := identityState{s}
	steps := []func() error{
		func() error { return each(c.Job.LateJoinersDone, s.removeLateJoiner) },
		func() error { return each(c.Job.RetriesDone, s.removeWaitingRetry) },
		func() error { return each(c.Job.Released, s.release) },
		func() error { return each(c.Job.ConfirmationsDone, s.removeConfirmation) },
		func() error { return each(c.Job.MembershipWorkDone, s.removeMembershipWork) },
		func() error {
			return each(c.Job.DeletedExecutions, func(k job.ExecutionKey) error {
				return s.removeExecution(k, slices.Contains(c.Job.EndingJobs, k.Job))
			})
		},
		func() error { return each(c.Job.ForgottenNumbers, s.forgetNumber) },
		func() error { return each(c.Job.DeletedJobs, s.deleteJob) },
		func() error { return each(c.Job.DeletedTemplates, s.deleteTemplate) },
		func() error { return each(c.Registry.RemovedMemberships, s.removeMembership) },
		func() error { return each(c.Registry.Detached, identity.detach) },
		func() error { return each(c.Registry.DeletedPrincipals, identity.deletePrincipal) },
		func() error { return each(c.Registry.DeletedThings, s.deleteThing) },
		func() error { return each(c.Registry.DeletedGroups, s.deleteGroup) },
		func() error { return each(c.Registry.DeletedThingTypes, s.deleteThingType) },
		func() error { return each(c.Registry.DeletedBillingGroups, s.deleteBillingGroup) },
		func() error { return each(c.Registry.DeletedCertificates, identity.deleteCertificate) },
		func() error {
			return each(c.Registry.DeletedCACertificates, identity.deleteCACertificate)
		},
		func() error { return each(c.Registry.DeletedPolicies, identity.deletePolicy) },
		func() error { return each(c.Registry.DeletedAuthorizers, identity.deleteAuthorizer) },
		func() error { return each(c.Registry.DeletedProvisioningTemplates, identity.deleteProvisioning) },
		func() error { return each(c.Registry.KeptCertificates, identity.keep) },
		func() error { return each(c.Nodes.Gone, s.removeNode) },
		func() error { return each(c.Clients.Removed, s.removeClient) },
		func() error { return s.cutAudit(c.Audit.Cut) },
		func() error { return each(c.Sinks.Deleted, s.deleteSink) },
		func() error { return each(c.Sinks.DeadLettersDone, s.removeDeadLetter) },
		func() error { return s.trimEvents(c.Sinks.Trim) },

		func() error { return each(c.Registry.CreatedThings, s.createThing) },
		func() error { return each(c.Registry.CreatedGroups, s.createGroup) },
		func() error { return each(c.Registry.ThingTypes, s.putThingType) },
		func() error { return each(c.Registry.CreatedBillingGroups, s.createBillingGroup) },
		func() error { return each(c.Registry.AddedMemberships, s.addMembership) },
		func() error { return each(c.Registry.ForgottenMemberships, s.forgetMembership) },
		func() error { return each(c.Registry.LeftMemberships, s.rememberMembership) },
		func() error { return each(c.Registry.Certificates, identity.putCertificate) },
		func() error { return each(c.Registry.CACertificates, identity.putCACertificate) },
		func() error { return each(c.Registry.Policies, identity.putPolicy) },
		func() error { return each(c.Registry.Authorizers, identity.putAuthorizer) },
		func() error { return each(c.Registry.ProvisioningTemplates, identity.putProvisioning) },
		func() error { return each(c.Registry.TemporaryCertificates, identity.putTemporary) },
		func() error { return each(c.Registry.Attached, identity.attach) },
		func() error { return each(c.Registry.Principals, identity.putPrincipal) },
		func() error { return each(c.Job.CreatedTemplates, s.createTemplate) },
		func() error { return each(c.Job.CreatedJobs, s.createJob) },
		func() error { return each(c.Job.LateJoinersAdded, s.addLateJoiner) },
		func() error { return each(c.Job.RetriesWaiting, s.putWaitingRetry) },
		func() error { return each(c.Job.Holds, s.hold) },
		func() error { return each(c.Job.Confirmations, s.putConfirmation) },
		func() error { return each(c.Job.MembershipWork, s.putMembershipWork) },
		func() error { return each(c.Job.CreatedExecutions, s.createExecution) },
		func() error { return each(c.Sinks.Created, s.createSink) },
		func() error { return each(c.Sinks.DeadLetters, s.addDeadLetter) },
		func() error { return each(c.Outbox.Added, s.addAnnouncement) },
		func() error { return s.keepEvents(c.Outbox) },
		func() error { return each(c.Nodes.Joined, s.joinNode) },
		func() error { return each(c.Audit.Added, s.addAudit) },

		func() error { return each(c.Registry.UpdatedThings, s.updateThing) },
		func() error { return each(c.Registry.UpdatedGroups, s.updateGroup) },
		func() error { return each(c.Registry.UpdatedBillingGroups, s.updateBillingGroup) },
		func() error { return each(c.Registry.BillingMemberships, s.setBillingGroup) },
		func() error { return each(c.Registry.Tagged, s.setTags) },
		func() error { return each(c.Job.Definitions, s.updateDefinition) },
		func() error { return each(c.Job.States, s.updateState) },
		func() error { return each(c.Job.UpdatedExecutions, s.updateExecution) },
		func() error { return each(c.Job.AmendedExecutions, s.amendExecution) },
		func() error { return each(c.Job.SilentExecutions, s.silenceExecution) },

		func() error { return each(c.Settings, s.changeSetting) },
		func() error { return each(c.Clients.Set, s.putClient) },
		func() error { return s.adoptUnowned(c.Clients.Unowned) },
		func() error { return each(c.Nodes.GivenUp, s.giveUpNode) },
		func() error { return each(c.Sinks.Definitions, s.updateSink) },
		func() error { return each(c.Sinks.Progress, s.saveSinkProgress) },
		func() error { return each(c.Sinks.DeadLettersAgain, s.updateDeadLetter) },
		func() error { return s.signed(c.Nodes) },
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

func (s *state) addAnnouncement(a store.Announcement) error {
	if s.announcements.has(id(a.ID)) {
		return conflict("announcement", a.ID)
	}
	s.announcements = s.announcements.put(id(a.ID), cloneAnnouncement(a))
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

// changeSession sets an entry, or removes it, and with a session (Seq 0) whatever was stored for
// it. The body of a new entry is counted before that of the old one is, so that one that stays the
// same is not removed in between.
func (s *state) changeSession(e store.SessionEntry) error {
	key := entry{e.Client, e.Seq}
	old, _ := s.sessions.get(key)
	if e.Value != nil {
		e = cloneSession(e)
		if e.Shared != 0 {
			s.shareBody(e.Shared, e.Body)
			e.Body = nil
		}
		s.sessions = s.sessions.put(key, e)
		s.unshareBody(old.Shared)
		return nil
	}
	s.sessions = s.sessions.remove(key)
	s.unshareBody(old.Shared)
	for at, other := range s.sessions.from(key) {
		if e.Seq != 0 || at.client != e.Client {
			break
		}
		s.sessions = s.sessions.remove(at)
		s.unshareBody(other.Shared)
	}
	return nil
}

// shareBody counts one more entry with a shared body.
func (s *state) shareBody(number uint64, body []byte) {
	shared, exists := s.bodies.get(id(number))
	if !exists {
		shared.body = body
	}
	shared.entries++
	s.bodies = s.bodies.put(id(number), shared)
}

// unshareBody counts one entry less, and removes the body with the last. The number 0 is no body.
func (s *state) unshareBody(number uint64) {
	shared, exists := s.bodies.get(id(number))
	if !exists {
		return
	}
	if shared.entries--; shared.entries == 0 {
		s.bodies = s.bodies.remove(id(number))
		return
	}
	s.bodies = s.bodies.put(id(number), shared)
}
