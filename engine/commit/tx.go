package commit

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Tx is the transaction that a decision reads and writes.
//
// What it writes is staged first: in Changes, by SetJob and DeleteJob, by Notify and Publish. A request that succeeds has
// its stage applied; one that is refused has it dropped. Tx.Apply applies the stage early, for what must stay recorded
// even if the rest of the request is refused.
//
// Executions, things, groups and identities are read from the store's transaction, which shows whatever was applied.
// Jobs are read through the commit's job cache (jobs.go), because their rows are written only when the commit ends;
// there is no way to read a job's row past that cache. Staged changes show only in Job and JobByID.
type Tx struct {
	store.DocumentReader
	store.ExecutionReader
	store.ThingReader
	store.GroupReader
	store.IdentityReader
	// Now is the time of the commit: every decision in it sees the same.
	Now time.Time
	// Keys hands out fresh keys.
	Keys store.Keys
	// Changes is what the request wants written so far. The states of jobs are set by SetJob, and memberships by
	// ChangeMemberships.
	Changes store.Changes

	committer *Committer
	inner     store.Tx
	after     []func()

	// The job cache, see jobs.go.
	jobs         map[job.Key]*job.Job // nil: deleted in this commit
	byID         map[string]job.Key
	changed      map[job.Key]bool
	statusBefore map[job.Key]job.Status // of changed jobs, before the commit
	staged       map[job.Key]*job.Job   // what the request has set; nil: deleted

	pending pendingCache
	locals  map[any]any // see Local

	stagedNotices []store.Notice
	stagedEvents  []store.Event
	noticeAt      map[registry.ThingID]int // index into notices
	notices       []store.Notice
	events        []store.Event
	announcement  int64 // the id under which these are announced, 0 when there are none
}

func newTx(c *Committer, inner store.Tx, now time.Time) *Tx {
	return &Tx{
		DocumentReader:  inner,
		ExecutionReader: inner,
		ThingReader:     inner,
		GroupReader:     inner,
		IdentityReader:  inner,
		Now:             now,
		Keys:            inner.NextKeys(),
		committer:       c,
		inner:           inner,
		jobs:            map[job.Key]*job.Job{},
		byID:            map[string]job.Key{},
		changed:         map[job.Key]bool{},
		statusBefore:    map[job.Key]job.Status{},
		staged:          map[job.Key]*job.Job{},
		noticeAt:        map[registry.ThingID]int{},
	}
}

// Setting returns the value of a setting, Tags the tags of a resource by the kind and name of its ARN.
func (tx *Tx) Setting(name string) ([]byte, error)               { return tx.inner.Setting(name) }
func (tx *Tx) Tags(kind, name string) (map[string]string, error) { return tx.inner.Tags(kind, name) }

// SetTags sets the tags of a resource. None takes all away, as whoever deletes a resource must (R-JOB-37).
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

// ChangeMemberships stages that the groups of a thing change, whoever changes them, and lets jobs follow: a thing that
// stops being a target loses what it has QUEUED, and one that becomes a target of a continuous job gets an execution.
func (tx *Tx) ChangeMemberships(m Memberships) error {
	r := &tx.Changes.Registry
	r.RemovedMemberships = append(r.RemovedMemberships, OnlyIn(m.Before, m.After)...)
	r.AddedMemberships = append(r.AddedMemberships, OnlyIn(m.After, m.Before)...)
	return tx.committer.Hooks.MembershipsChanged(tx, m)
}

// OnlyIn returns the memberships of a that b does not have. One that was left and joined again is another one.
func OnlyIn(a, b []registry.Membership) (only []registry.Membership) {
	for _, m := range a {
		same := func(o registry.Membership) bool { return o.Group == m.Group && o.Joined == m.Joined }
		if !slices.ContainsFunc(b, same) {
			only = append(only, m)
		}
	}
	return only
}

// AfterCommit has f called once the commit is on stable storage, before its requests are answered.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Local returns what a package keeps for the length of one commit, a zero T at first: a cache of what it read.
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

// decide runs the decision of one request and applies what it staged. A fault is the answer of the request; any other
// error fails the commit.
func (tx *Tx) decide(d Decision) (answer, failed error) {
	after := len(tx.after)
	err := d(tx)
	if err == nil {
		return nil, tx.Apply()
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
	clear(tx.staged)
	tx.stagedNotices, tx.stagedEvents = nil, nil
}

// Apply writes what is staged into the transaction, so that it stays recorded even if the request is refused later.
func (tx *Tx) Apply() error {
	tx.pending.known = false
	for _, created := range tx.Changes.Job.CreatedJobs {
		tx.byID[created.Job.ID] = created.Job.Key
	}
	tx.events = append(tx.events, tx.stagedEvents...)
	tx.stagedEvents = nil
	if err := tx.applyJobs(); err != nil {
		return err
	}
	for _, n := range tx.stagedNotices {
		tx.announce(n)
	}
	changes := tx.Changes
	tx.drop()
	if err := tx.inner.Apply(changes); err != nil {
		return err
	}
	for _, applied := range tx.committer.Hooks.Applied {
		applied(tx, &changes)
	}
	return nil
}

// close writes the states of changed jobs, what has to be announced and where a virtual clock stands, and removes what
// was announced already. It ends the transaction.
func (tx *Tx) close(announced []int64) error {
	if err := tx.writeJobs(); err != nil {
		return err
	}
	var changes store.Changes
	if len(tx.notices) > 0 || len(tx.events) > 0 {
		tx.announcement = tx.Keys.Announcement()
		changes.Outbox.Added = []store.Announcement{{ID: tx.announcement, Notices: tx.notices, Events: tx.events}}
	}
	changes.Outbox.Done = announced
	var err error
	if changes.Settings, err = tx.committer.virtualTime(tx.Now); err != nil {
		return err
	}
	return tx.inner.Apply(changes)
}
