package commit

import (
	"context"
	"reflect"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// The audit log. A request that is to leave a record says so in its context. Its commit looks at
// what the request is about before and after it is decided, and when that has changed anything a
// record is written with it (R-AUD-1). What the server does by itself is recorded by Tx.Record.
//
// The records of a commit get their numbers when it closes. So they are in the order in which the
// store has its commits, whichever node made them, and a commit without records asks for no head.

// An Audited is a request that leaves a record if it changes something. Its methods are called by
// the goroutine that decides the request, perhaps several times: a commit that fails is decided
// again.
type Audited interface {
	// Looks reports whether Look is to be called before the request is decided, and after that.
	Looks() (before, after bool)
	// Look returns what the record shows of the resource, as a JSON object; nothing for one that is
	// not there. Reads with ctx see it as it is at that point of the commit.
	Look(ctx context.Context) ([]byte, error)
	// Entry is the record of a change from before to after.
	Entry(before, after []byte) (audit.Entry, error)
}

type auditedKey struct{}

// WithAudited has the request that is made with the context leave a record.
func WithAudited(ctx context.Context, a Audited) context.Context {
	return context.WithValue(ctx, auditedKey{}, a)
}

// AuditedOf is what WithAudited was given; nil for a request that leaves no record.
func AuditedOf(ctx context.Context) Audited {
	a, _ := ctx.Value(auditedKey{}).(Audited)
	return a
}

type readerKey struct{}

// Reads is a store whose reads with a context that Audited.Look was given show the commit that
// looks, and not what was stored before it.
type Reads struct{ store.Store }

// Read calls f with the commit of the context, or else as the store does.
func (s Reads) Read(ctx context.Context, f func(store.Reader) error) error {
	if r, ok := ctx.Value(readerKey{}).(store.Reader); ok {
		return f(r)
	}
	return s.Store.Read(ctx, f)
}

// applied reads what has been applied in a commit so far. Jobs are in its cache.
type applied struct {
	store.Reader
	tx *Tx
}

// Job reads a job through the cache.
func (r applied) Job(key job.Key) (job.Job, error) {
	j, err := r.tx.AppliedJob(key)
	if err != nil {
		return job.Job{}, err
	}
	return *j, nil
}

// JobByID reads a job through the cache.
func (r applied) JobByID(id string) (job.Job, error) {
	key, ok := r.tx.byID[id]
	if ok && r.tx.jobs[key] != nil {
		return *r.tx.jobs[key], nil
	}
	j, err := r.Reader.JobByID(id)
	if err != nil {
		return job.Job{}, err
	}
	return r.Job(j.Key)
}

// decideAudited is decide for a request that is to leave a record.
func (tx *Tx) decideAudited(r *request) (answer, failed error) {
	looksBefore, looksAfter := r.audited.Looks()
	before, err := tx.look(r, looksBefore)
	if err != nil {
		return nil, err
	}
	tx.audited = auditing{on: true}
	defer func() { tx.audited = auditing{} }()
	answer, failed = tx.decide(r.decide)
	if answer != nil || failed != nil || !tx.audited.changed {
		return answer, failed
	}
	after, err := tx.look(r, looksAfter)
	if err != nil {
		return nil, err
	}
	entry, err := r.audited.Entry(before, after)
	if err != nil {
		return nil, err
	}
	tx.Record(entry)
	return nil, nil
}

// look has an audited request look at what it is about, if it does.
func (tx *Tx) look(r *request, looks bool) ([]byte, error) {
	if !looks {
		return nil, nil
	}
	reader := store.Reader(applied{tx.inner, tx})
	return r.audited.Look(context.WithValue(context.WithoutCancel(r.ctx), readerKey{}, reader))
}

// auditing is what a commit knows of the audited request that it decides.
type auditing struct {
	on      bool
	last    bool // what is applied now is what the request itself has staged
	changed bool // it has changed something
}

// note remembers whether an audited request changes something, with what it is about to apply.
// written is how many rows that writes at the least.
func (a *auditing) note(c *store.Changes, written int) {
	a.changed = a.changed || a.on && (written > 0 || !reflect.ValueOf(c).Elem().IsZero())
}

// RecordsActs reports whether what is being applied is recorded as an act of the server, if it is
// one: it is not what the request of an operator asks for.
func (tx *Tx) RecordsActs() bool { return tx.keepsRecords && !tx.audited.last }

// Record adds a record to the audit log. It stays also when the request that is decided is refused
// later, like what was applied before it.
func (tx *Tx) Record(e audit.Entry) {
	if tx.keepsRecords {
		tx.records = append(tx.records, e)
		tx.AddWork(1)
	}
}

// AuditPages are the records that follow the newest one of the audit log, in a write that has its
// turn. Without entries nothing is asked.
func AuditPages(r store.AuditReader, at time.Time, entries []audit.Entry) ([]audit.Page, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	head, err := r.AuditHead()
	return head.Pages(entries, at), err
}

// auditPages are the pages of the records of a commit, whose head it knows then.
func (tx *Tx) auditPages() (pages []audit.Page, err error) {
	if tx.head != nil {
		pages = tx.head.Pages(tx.records, tx.Now)
	} else if pages, err = AuditPages(tx.inner, tx.Now, tx.records); err != nil {
		return nil, err
	}
	if n := len(pages); n > 0 {
		tx.head = new(pages[n-1].Last())
	}
	return pages, nil
}

// knowHead remembers the head of the audit log after a commit. A server that is alone on its store
// need not ask for it again; of several, another one may be the next to commit.
func (c *Committer) knowHead(tx *Tx) {
	if !c.Node.Shared {
		c.head = tx.head
	}
}
