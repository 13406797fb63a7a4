package jobs

import (
	"sync/atomic"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

const (
	// InlineStep is how many executions a request may create, cancel or delete before it is
	// answered (R-ROLL-21, R-JOB-62). A larger job is worked on in the background.
	InlineStep = 100
	// InlineRoom is how much work a commit does for its requests beyond what they ask for, in rows.
	// It bounds what many requests that share a commit cost together.
	InlineRoom = 250
	// BackgroundStep is how many executions one step of the background work touches. It bounds how
	// long a device waits behind it.
	BackgroundStep = 250
)

// Config is what the use cases of jobs work with.
type Config struct {
	Store   store.Store
	Commits *commit.Committer
	// Clock gives the time of checks outside a commit; inside, Tx.Now does.
	Clock clock.Clock
	// Limits are those on what is stored. They can change while the server runs.
	Limits *Limits
	// FollowAtOnce is how many executions and continuous jobs a change of a thing's groups deals
	// with before it is answered (R-JOB-61); 0 is InlineStep.
	FollowAtOnce int
	// Managed are the job templates that come with the server.
	Managed job.ManagedTemplates
	// ObjectStore is the server's own, which placeholders of documents may name; empty is none.
	ObjectStore job.ObjectStore
	// Uploads is the bucket of uploads whose placeholder has no address; the zero Object is none.
	Uploads job.Object
	// Events makes the lifecycle events that are published.
	Events EventRenderer
	// Shared says that other nodes may be on the store.
	Shared bool
	// Objects asks object stores; nil asks none, and reads no documents.
	Objects Objects
}

// Limits are the limits on what is stored, as they are now.
type Limits struct{ limits atomic.Pointer[job.Limits] }

// NewLimits returns limits that begin like this.
func NewLimits(limits job.Limits) *Limits {
	l := &Limits{}
	l.Set(limits)
	return l
}

// Set changes the limits. What is there stays, also when it is more; only retention acts on it.
func (l *Limits) Set(limits job.Limits) {
	limits = limits.Complete()
	l.limits.Store(&limits)
}

// Get is the limits as they are now.
func (l *Limits) Get() job.Limits { return *l.limits.Load() }

// Requests are the limits on single requests as they are now.
func (l *Limits) Requests() job.RequestLimits { return l.limits.Load().Requests }

// Registry are the limits on things and tags as they are now.
func (l *Limits) Registry() registry.Limits { return l.limits.Load().Registry }

// Service is the use cases of jobs. Its methods may be called concurrently.
type Service struct{ Config }

// New returns the use cases over a configuration.
func New(c Config) *Service {
	if c.Objects == nil {
		c.Objects = noObjects{}
	}
	return &Service{Config: c}
}
