package sqlite

import (
	"fmt"

	"github.com/drover-iot/drover/store"
)

// reader reads through one connection, inside a transaction. On the writer's connection it sees the
// changes of the running write.
type reader struct {
	*conn
	keys *keys
}

// tx is the transaction of the writer.
type tx struct {
	reader
	failed error // of the first change that failed: from then on the write is lost
}

// NextKeys returns the store's counters: they only ever grow.
func (t *tx) NextKeys() store.Keys { return t.keys }

// Apply writes all deletions, then all insertions, then all updates.
func (t *tx) Apply(c store.Changes) error {
	t.delete(&c)
	t.insert(&c)
	t.update(&c)
	return t.failed
}

// apply makes changes of one kind, unless one has failed before.
func apply[T any](t *tx, what string, changes []T, f func(T) error) {
	for _, change := range changes {
		if t.failed != nil {
			return
		}
		if err := f(change); err != nil {
			t.failed = fmt.Errorf("%s: %w", what, err)
		}
	}
}

func (t *tx) delete(c *store.Changes) {
	apply(t, "pass late joiner", c.Job.LateJoinersDone, t.pass)
	apply(t, "drop execution", c.Job.DeletedExecutions, t.dropExecution)
	apply(t, "delete job", c.Job.DeletedJobs, t.deleteJob)
	apply(t, "delete template", c.Job.DeletedTemplates, t.deleteTemplate)
	apply(t, "leave group", c.Registry.RemovedMemberships, t.leave)
	apply(t, "detach policy", c.Registry.Detached, t.detach)
	apply(t, "detach certificate", c.Registry.DeletedPrincipals, t.deletePrincipal)
	apply(t, "delete thing", c.Registry.DeletedThings, t.deleteThing)
	apply(t, "delete group", c.Registry.DeletedGroups, t.deleteGroup)
	apply(t, "delete thing type", c.Registry.DeletedThingTypes, t.deleteThingType)
	apply(t, "delete certificate", c.Registry.DeletedCertificates, t.deleteCertificate)
	apply(t, "delete policy", c.Registry.DeletedPolicies, t.deletePolicy)
	apply(t, "close announcement", c.Outbox.Done, t.closeAnnouncement)
}

func (t *tx) insert(c *store.Changes) {
	apply(t, "create thing", c.Registry.CreatedThings, t.createThing)
	apply(t, "create group", c.Registry.CreatedGroups, t.createGroup)
	apply(t, "save thing type", c.Registry.ThingTypes, t.putThingType)
	apply(t, "join group", c.Registry.AddedMemberships, t.join)
	apply(t, "save certificate", c.Registry.Certificates, t.putCertificate)
	apply(t, "save policy", c.Registry.Policies, t.putPolicy)
	apply(t, "attach policy", c.Registry.Attached, t.attach)
	apply(t, "attach certificate", c.Registry.Principals, t.putPrincipal)
	apply(t, "create template", c.Job.CreatedTemplates, t.createTemplate)
	apply(t, "create job", c.Job.CreatedJobs, t.createJob)
	apply(t, "enter late joiner", c.Job.LateJoinersAdded, t.enter)
	apply(t, "queue execution", c.Job.CreatedExecutions, t.queue)
	apply(t, "add announcement", c.Outbox.Added, t.addAnnouncement)
}

func (t *tx) update(c *store.Changes) {
	apply(t, "update thing", c.Registry.UpdatedThings, t.updateThing)
	apply(t, "update group", c.Registry.UpdatedGroups, t.updateGroup)
	apply(t, "tag", c.Registry.Tagged, t.tag)
	apply(t, "define job", c.Job.Definitions, t.defineJob)
	apply(t, "move job", c.Job.States, t.moveJob)
	apply(t, "report execution", c.Job.UpdatedExecutions, t.report)
	apply(t, "rearm execution", c.Job.RearmedStepTimers, t.rearm)
	apply(t, "change setting", c.Settings, t.changeSetting)
	apply(t, "change session", c.Sessions, t.changeSession)
}
