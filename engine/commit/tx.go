package commit

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// Decision is one use case: it reads the transaction and says there what it wants written. A fault
// is the answer of its request, and then nothing of it is written but what it had applied by itself
// (Tx.Apply); any other error fails the commit. A decision must not keep anything between calls,
// because a commit that fails is decided again.
type Decision func(*Tx) error

// Hooks are what the engine does in every commit. All are called with the transaction that is being
// decided.
type Hooks struct {
	// JobChanged is called when the state of a job changes. before is nil for a new job, after for
	// a deleted one.
	JobChanged func(tx *Tx, before, after *job.Job) error
	// ExecutionChanged is called when an execution changes. after is nil for a deleted one.
	ExecutionChanged func(tx *Tx, before job.Execution, after *job.Execution) error
	// MembershipsChanged is called when a thing enters or leaves groups; see Tx.ChangeMemberships.
	MembershipsChanged func(*Tx, Memberships) error
	// Applied are called after changes were written into the transaction.
	Applied []func(*Tx, *store.Changes)
	// Review are called in turn when all requests are decided: each does what is due at once, as
	// far as one small step goes. What is left waits for the due loop.
	Review []func(*Tx) error
	// Committed are called once the commit is on stable storage, before its requests are answered.
	Committed []func(*Tx)
}

// Tx is the transaction that a decision reads and writes.
//
// What it writes is staged first: in Changes, by SetJob and DeleteJob, by Notify and Publish. A
// request that succeeds has its stage applied; one that is refused has it dropped. Apply applies
// the stage early, for what must stay recorded even if the rest of the request is refused.
//
// Executions, things, groups and identities are read from the store's transaction, which shows
// whatever was applied. Jobs are read through the commit's job cache, because their rows are
// written only when the commit ends; there is no way to read a job's row past that cache. Staged
// changes show only in Job and JobByID.
type Tx struct {
	jobCache
	executionReader
	messages
	store.DocumentReader
	store.HoldReader
	store.ConfirmationReader
	store.ThingReader
	store.GroupReader
	store.IdentityReader
	store.AuditReader
	store.SinkReader
	store.NodeReader // this node shows as it was before the commit
	// Now is the time of the commit: every decision in it sees the same.
	Now time.Time
	// Keys hands out fresh keys.
	Keys store.Keys
	// Changes is what the request wants written so far. The states of jobs are set by SetJob, and
	// memberships by ChangeMemberships.
	Changes store.Changes
	// Node is this server among the nodes on its store.
	Node store.NodeID

	inner    store.Tx
	hooks    *Hooks
	after    []func()
	locals   map[any]any // see Local
	document struct {    // that was read last
		job  job.Key
		text string
	}
	up        time.Time  // see UpSince; zero unless the server is there since this commit
	clockBack bool       // see SaveTime
	leaves    bool       // this node gives no signs any more
	work      int        // see Work
	entered   job.Counts // see Made
	entering  job.Counts // the same, of what is staged
	purged    Purged     // see Made
	purging   Purged     // the same, of what is staged

	keepsRecords bool
	audited      auditing
	records      []audit.Entry // of this commit, in their order
	head         *audit.Link   // of the audit log before this commit, nil when it is not known

	announced int64 // the id under which the commit is announced, 0 when there is nothing to announce
}

func newTx(inner store.Tx, hooks *Hooks, now time.Time) *Tx {
	return &Tx{
		jobCache:           newJobCache(inner),
		executionReader:    executionReader{ExecutionReader: inner},
		DocumentReader:     inner,
		ThingReader:        inner,
		GroupReader:        inner,
		IdentityReader:     inner,
		AuditReader:        inner,
		SinkReader:         inner,
		NodeReader:         inner,
		HoldReader:         inner,
		ConfirmationReader: inner,
		Now:                now,
		Keys:               inner.NextKeys(),
		inner:              inner,
		hooks:              hooks,
	}
}

// StoreTime is the time by the clock of the store; by that of the engine, when it has none.
func (tx *Tx) StoreTime() time.Time {
	if at := tx.inner.Time(); !at.IsZero() {
		return at
	}
	return tx.Now
}

// RealTime is the time by the clock of the store or else of the machine, also beside a virtual clock
// (R-SNK-9).
func (tx *Tx) RealTime() time.Time {
	if at := tx.inner.Time(); !at.IsZero() {
		return at
	}
	return clock.Real{}.Now()
}

// Setting returns the value of a setting.
func (tx *Tx) Setting(name string) ([]byte, error) { return tx.inner.Setting(name) }

// ThingID returns the key of a thing.
func (tx *Tx) ThingID(name string) (registry.ThingID, error) {
	if id, ok := tx.ahead.things[name]; ok {
		return id, nil
	}
	return tx.ThingReader.ThingID(name)
}

// ThingName returns the name of a thing, or the one that a deleted thing with executions had.
func (tx *Tx) ThingName(id registry.ThingID) (string, error) {
	if name, ok := tx.ahead.names[id]; ok {
		return name, nil
	}
	return tx.ThingReader.ThingName(id)
}

// Document returns the document of a job. It never changes: a commit in which many devices begin the
// same job reads it once.
func (tx *Tx) Document(key job.Key) (string, error) {
	if d := &tx.document; d.job != key {
		text, err := tx.DocumentReader.Document(key)
		if err != nil {
			return "", err
		}
		d.job, d.text = key, text
	}
	return tx.document.text, nil
}

// Tags returns the tags of a resource, by the kind and name of its ARN.
func (tx *Tx) Tags(kind, name string) (map[string]string, error) {
	return tx.inner.Tags(kind, name)
}

// CreateExecution stages a new execution.
func (tx *Tx) CreateExecution(x job.Execution) {
	tx.Changes.Job.CreatedExecutions = append(tx.Changes.Job.CreatedExecutions, x)
	tx.entering[x.Status]++
}

// UpdateExecution stages what one event made of an execution, and reports it to the hook.
func (tx *Tx) UpdateExecution(before, after job.Execution) error {
	tx.Changes.Job.UpdatedExecutions = append(tx.Changes.Job.UpdatedExecutions, after)
	if after.Status != before.Status {
		tx.entering[after.Status]++
	}
	return tx.hooks.ExecutionChanged(tx, before, &after)
}

// AmendExecution stages a change of an execution that makes no new version.
func (tx *Tx) AmendExecution(x job.Execution) {
	tx.Changes.Job.AmendedExecutions = append(tx.Changes.Job.AmendedExecutions, x)
}

// DeleteExecution stages the deletion of an execution, and reports it to the hook. Its number stays
// used, unless the job goes with its last execution: ending.
func (tx *Tx) DeleteExecution(x job.Execution, ending bool) error {
	c := &tx.Changes.Job
	c.DeletedExecutions = append(c.DeletedExecutions, x.ExecutionKey)
	if ending && !slices.Contains(c.EndingJobs, x.Job) {
		c.EndingJobs = append(c.EndingJobs, x.Job)
	}
	return tx.hooks.ExecutionChanged(tx, x, nil)
}

// SetTags sets the tags of a resource. None takes all away, as whoever deletes a resource must
// (R-JOB-37).
func (tx *Tx) SetTags(kind, name string, tags map[string]string) {
	tagged := registry.Tagged{Kind: kind, Name: name, Tags: tags}
	tx.Changes.Registry.Tagged = append(tx.Changes.Registry.Tagged, tagged)
}

// TagNew sets the tags that a new resource was given, if any.
func (tx *Tx) TagNew(kind, name string, tags map[string]string) {
	if len(tags) > 0 {
		tx.SetTags(kind, name, tags)
	}
}

// Memberships says that the groups of a thing change.
type Memberships struct {
	Thing         registry.ThingID
	Before, After []registry.Membership
	// Deleted says that the thing itself goes.
	Deleted bool
}

// ChangeMemberships stages that the groups of a thing change, whoever changes them, and lets jobs
// follow: a thing that stops being a target loses what it has QUEUED, and one that becomes a target
// of a continuous job gets an execution.
func (tx *Tx) ChangeMemberships(m Memberships) error {
	r, left := &tx.Changes.Registry, OnlyIn(m.Before, m.After)
	if err := tx.rememberLeft(m, left); err != nil {
		return err
	}
	r.RemovedMemberships = append(r.RemovedMemberships, left...)
	r.AddedMemberships = append(r.AddedMemberships, OnlyIn(m.After, m.Before)...)
	return tx.hooks.MembershipsChanged(tx, m)
}

// rememberLeft stages that memberships which end are remembered, as far as a rollout that goes on
// counts them: it began after they did (R-JOB-54).
func (tx *Tx) rememberLeft(m Memberships, left []registry.Membership) error {
	if m.Deleted || len(left) == 0 {
		return nil
	}
	newest, ok, err := tx.newestRollout()
	if err != nil || !ok {
		return err
	}
	for _, l := range left {
		if l.Joined <= newest {
			tx.Changes.Registry.LeftMemberships = append(tx.Changes.Registry.LeftMemberships,
				registry.LeftMembership{Membership: l, Left: tx.Keys.Joined()})
		}
	}
	return nil
}

// OnlyIn returns the memberships of a that b does not have. One that was left and joined again is
// another one.
func OnlyIn(a, b []registry.Membership) (only []registry.Membership) {
	for _, m := range a {
		same := func(o registry.Membership) bool { return o.Group == m.Group && o.Joined == m.Joined }
		if !slices.ContainsFunc(b, same) {
			only = append(only, m)
		}
	}
	return only
}

// SaveTime has the time of this commit stored as the newest one, though it may be earlier than the
// one that is: the clock went back, and nothing that is stored waits for the later time any more.
func (tx *Tx) SaveTime() { tx.clockBack = true }

// AfterCommit has f called once the commit is on stable storage, before its requests are answered.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Local returns what a package keeps for the length of one commit, a zero T at first: a cache of
// what it read.
func Local[T any](tx *Tx) *T {
	key := (*T)(nil)
	if found, ok := tx.locals[key]; ok {
		return found.(*T)
	}
	if tx.locals == nil {
		tx.locals = map[any]any{}
	}
	made := new(T)
	tx.locals[key] = made
	return made
}

// decideRequest decides a request, and records what it changes if it is audited.
func (tx *Tx) decideRequest(r *request) (answer, failed error) {
	if r.audited != nil {
		return tx.decideAudited(r)
	}
	return tx.decide(r.decide)
}

// decide runs the decision of one request and applies what it staged. A fault is the answer of the
// request; any other error fails the commit.
func (tx *Tx) decide(d Decision) (answer, failed error) {
	after := len(tx.after)
	err := d(tx)
	if err == nil {
		tx.audited.last = tx.audited.on
		err = tx.Apply()
		tx.audited.last = false
		return nil, err
	}
	if fault.Of(err) == nil {
		return nil, err
	}
	tx.drop()
	tx.after = tx.after[:after]
	return err, nil
}

// drop forgets what a refused request has staged.
func (tx *Tx) drop() {
	tx.Changes = store.Changes{}
	tx.entering, tx.purging = job.Counts{}, Purged{}
	tx.jobCache.drop()
	tx.messages.drop()
}

// Apply writes what is staged into the transaction, so that it stays recorded even if the request
// is refused later.
func (tx *Tx) Apply() error {
	tx.executionReader.forget()
	jobs := len(tx.staged)
	for _, created := range tx.Changes.Job.CreatedJobs {
		tx.byID[created.Job.ID] = created.Job.Key
	}
	tx.applyEvents() // those of executions
	tx.Changes.Job.DeletedJobs = tx.deleted
	changed := func(before, after *job.Job) error { return tx.hooks.JobChanged(tx, before, after) }
	if err := tx.jobCache.apply(changed); err != nil {
		return err
	}
	tx.applyEvents() // those of jobs
	tx.applyNotices()
	changes := tx.Changes
	for status, n := range tx.entering {
		tx.entered[status] += n
	}
	tx.purged.Jobs += tx.purging.Jobs
	tx.purged.Executions += tx.purging.Executions
	tx.drop()
	tx.ahead.forget(&changes)
	written := rows(&changes)
	tx.AddWork(written)
	tx.audited.note(&changes, written+jobs)
	if err := tx.inner.Apply(changes); err != nil {
		return err
	}
	for _, applied := range tx.hooks.Applied {
		applied(tx, &changes)
	}
	return nil
}

// close writes the states of changed jobs, what has to be announced, the sign of the node and the
// settings given. It ends the transaction.
func (tx *Tx) close(nodes store.NodeChanges, settings []store.Setting) error {
	if err := tx.jobCache.write(); err != nil {
		return err
	}
	var changes store.Changes
	changes.Outbox.Added = tx.announcement(tx.Keys.Announcement)
	for _, added := range changes.Outbox.Added {
		tx.announced, changes.Outbox.At = added.ID, tx.RealTime()
	}
	changes.Nodes, changes.Settings = nodes, append(settings, tx.upTimeSetting()...)
	var err error
	if changes.Audit.Added, err = tx.auditPages(); err != nil {
		return err
	}
	return tx.inner.Apply(changes)
}
