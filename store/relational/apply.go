package relational

import (
	"fmt"
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// reader reads through one connection, inside a transaction. On that of a write it sees the changes
// of the running write.
type reader struct{ db DB }

// NewReader reads in a transaction.
func NewReader(db DB) store.Reader { return reader{db} }

func (r reader) stmt(sql string) stmt { return stmt{r.db.Prepare(sql)} }

// A Tx is a store.Tx on a transaction of a database.
type Tx struct {
	reader
	keys   store.Keys
	failed error // of the first change that failed: from then on the write is lost
}

// NewTx writes in a transaction; keys are its fresh keys.
func NewTx(db DB, keys store.Keys) *Tx { return &Tx{reader: reader{db}, keys: keys} }

// Heads reads nothing: a database in this process answers each question at once.
func (t *Tx) Heads([]string, int) ([]store.Head, error) { return nil, nil }

// LastNumbers answers nothing either.
func (t *Tx) LastNumbers(job.Key, []registry.ThingID) (map[registry.ThingID]int64, error) {
	return nil, nil
}

// Failed is the error of the first change that failed: the transaction must not be committed.
func (t *Tx) Failed() error { return t.failed }

// jobWriter writes jobs, templates and executions; identityWriter certificates, policies and what
// they are attached to. Both write in the transaction; Tx itself writes the rest.
type (
	jobWriter      struct{ *Tx }
	identityWriter struct{ *Tx }
)

// Time is none: a database in this process has the machine's clock.
func (t *Tx) Time() time.Time { return time.Time{} }

// NextKeys returns the store's counters: they only ever grow.
func (t *Tx) NextKeys() store.Keys { return t.keys }

// Apply writes all deletions, then all insertions, then all updates.
func (t *Tx) Apply(c store.Changes) error {
	t.delete(&c)
	t.insert(&c)
	t.update(&c)
	return t.failed
}

// apply makes changes of one kind, unless one has failed before.
func apply[T any](t *Tx, what string, changes []T, f func(T) error) {
	for _, change := range changes {
		if t.failed != nil {
			return
		}
		if err := f(change); err != nil {
			t.failed = fmt.Errorf("%s: %w", what, err)
		}
	}
}

func (t *Tx) delete(c *store.Changes) {
	jobs, identity := jobWriter{t}, identityWriter{t}
	apply(t, "remove late joiner", c.Job.LateJoinersDone, jobs.removeLateJoiner)
	apply(t, "remove waiting retry", c.Job.RetriesDone, jobs.removeWaitingRetry)
	apply(t, "release thing", c.Job.Released, jobs.release)
	apply(t, "remove confirmation", c.Job.ConfirmationsDone, jobs.removeConfirmation)
	apply(t, "remove membership work", c.Job.MembershipWorkDone, jobs.removeMembershipWork)
	apply(t, "delete execution", c.Job.DeletedExecutions, func(k job.ExecutionKey) error {
		return jobs.removeExecution(k, slices.Contains(c.Job.EndingJobs, k.Job))
	})
	apply(t, "forget number", c.Job.ForgottenNumbers, jobs.forgetNumber)
	apply(t, "delete job", c.Job.DeletedJobs, jobs.deleteJob)
	apply(t, "delete template", c.Job.DeletedTemplates, jobs.deleteTemplate)
	apply(t, "leave group", c.Registry.RemovedMemberships, t.removeMembership)
	apply(t, "detach policy", c.Registry.Detached, identity.detach)
	apply(t, "detach certificate", c.Registry.DeletedPrincipals, identity.deletePrincipal)
	apply(t, "delete thing", c.Registry.DeletedThings, t.deleteThing)
	apply(t, "delete group", c.Registry.DeletedGroups, t.deleteGroup)
	apply(t, "delete thing type", c.Registry.DeletedThingTypes, t.deleteThingType)
	apply(t, "delete billing group", c.Registry.DeletedBillingGroups, t.deleteBillingGroup)
	apply(t, "delete certificate", c.Registry.DeletedCertificates, identity.deleteCertificate)
	apply(t, "delete CA certificate", c.Registry.DeletedCACertificates,
		identity.deleteCACertificate)
	apply(t, "delete policy", c.Registry.DeletedPolicies, identity.deletePolicy)
	apply(t, "delete authorizer", c.Registry.DeletedAuthorizers, identity.deleteAuthorizer)
	apply(t, "delete provisioning template", c.Registry.DeletedProvisioningTemplates,
		identity.deleteProvisioning)
	apply(t, "keep certificate", c.Registry.KeptCertificates, identity.keep)
	apply(t, "remove node", c.Nodes.Gone, t.removeNode)
	apply(t, "remove client", c.Clients.Removed, t.removeClient)
	if c.Audit.Cut != 0 {
		apply(t, "cut the audit log", []int64{c.Audit.Cut}, t.cutAudit)
	}
	sinks := sinkWriter{t}
	apply(t, "delete sink", c.Sinks.Deleted, sinks.remove)
	apply(t, "remove dead letter", c.Sinks.DeadLettersDone, sinks.removeDeadLetter)
	if c.Sinks.Trim != 0 {
		apply(t, "trim the events of sinks", []int64{c.Sinks.Trim}, sinks.trim)
	}
}

func (t *Tx) insert(c *store.Changes) {
	jobs, identity := jobWriter{t}, identityWriter{t}
	apply(t, "create thing", c.Registry.CreatedThings, t.createThing)
	apply(t, "create group", c.Registry.CreatedGroups, t.createGroup)
	apply(t, "save thing type", c.Registry.ThingTypes, t.putThingType)
	apply(t, "create billing group", c.Registry.CreatedBillingGroups, t.createBillingGroup)
	apply(t, "join group", c.Registry.AddedMemberships, t.addMembership)
	apply(t, "forget membership", c.Registry.ForgottenMemberships, t.forgetMembership)
	apply(t, "remember membership", c.Registry.LeftMemberships, t.rememberMembership)
	apply(t, "save certificate", c.Registry.Certificates, identity.putCertificate)
	apply(t, "save CA certificate", c.Registry.CACertificates, identity.putCACertificate)
	apply(t, "save policy", c.Registry.Policies, identity.putPolicy)
	apply(t, "save authorizer", c.Registry.Authorizers, identity.putAuthorizer)
	apply(t, "save provisioning template", c.Registry.ProvisioningTemplates, identity.putProvisioning)
	apply(t, "save temporary certificate", c.Registry.TemporaryCertificates, identity.putTemporary)
	apply(t, "attach policy", c.Registry.Attached, identity.attach)
	apply(t, "attach certificate", c.Registry.Principals, identity.putPrincipal)
	apply(t, "create template", c.Job.CreatedTemplates, jobs.createTemplate)
	apply(t, "create job", c.Job.CreatedJobs, jobs.createJob)
	apply(t, "add late joiner", c.Job.LateJoinersAdded, jobs.addLateJoiner)
	apply(t, "save waiting retry", c.Job.RetriesWaiting, jobs.putWaitingRetry)
	apply(t, "hold thing", c.Job.Holds, jobs.hold)
	apply(t, "save confirmation", c.Job.Confirmations, jobs.putConfirmation)
	apply(t, "save membership work", c.Job.MembershipWork, jobs.putMembershipWork)
	apply(t, "create execution", c.Job.CreatedExecutions, jobs.createExecution)
	apply(t, "create sink", c.Sinks.Created, sinkWriter{t}.create)
	apply(t, "add dead letter", c.Sinks.DeadLetters, sinkWriter{t}.addDeadLetter)
	apply(t, "add announcement", c.Outbox.Added, func(a store.Announcement) error {
		if err := t.addAnnouncement(a); err != nil || len(a.Events) == 0 {
			return err
		}
		return sinkWriter{t}.keep(a, c.Outbox.At)
	})
	apply(t, "join", c.Nodes.Joined, t.joinNode)
	apply(t, "add to the audit log", c.Audit.Added, t.addAudit)
}

func (t *Tx) update(c *store.Changes) {
	jobs := jobWriter{t}
	apply(t, "update thing", c.Registry.UpdatedThings, t.updateThing)
	apply(t, "update group", c.Registry.UpdatedGroups, t.updateGroup)
	apply(t, "update billing group", c.Registry.UpdatedBillingGroups, t.updateBillingGroup)
	apply(t, "set billing group", c.Registry.BillingMemberships, t.setBillingGroup)
	apply(t, "tag", c.Registry.Tagged, t.setTags)
	apply(t, "update definition", c.Job.Definitions, jobs.updateDefinition)
	apply(t, "update state", c.Job.States, jobs.updateState)
	apply(t, "update execution", c.Job.UpdatedExecutions, jobs.updateExecution)
	apply(t, "amend execution", c.Job.AmendedExecutions, jobs.amendExecution)
	apply(t, "silence execution", c.Job.SilentExecutions, jobs.silenceExecution)
	apply(t, "change setting", c.Settings, t.changeSetting)
	apply(t, "change session", c.Sessions, t.changeSession)
	apply(t, "save client", c.Clients.Set, t.putClient)
	apply(t, "adopt sessions", []store.NodeID{c.Clients.Unowned}, t.adoptUnowned)
	apply(t, "give up node", c.Nodes.GivenUp, t.giveUpNode)
	apply(t, "update sink", c.Sinks.Definitions, sinkWriter{t}.updateDefinition)
	apply(t, "save the progress of a sink", c.Sinks.Progress, sinkWriter{t}.saveProgress)
	apply(t, "send dead letter again", c.Sinks.DeadLettersAgain, sinkWriter{t}.updateDeadLetter)
	if c.Nodes.By != 0 {
		apply(t, "sign of a node", []store.NodeChanges{c.Nodes}, t.sign)
	}
}
