// Package engine is the use cases: it loads facts, lets job and registry decide, applies the changes and announces
// them. It holds no rule of its own.
//
// Every change goes through group.go: requests that wait are decided together and committed with a single sync, and
// only then answered. Work that waits for time to pass or for processor time (timers, rollout ticks, sweeps) is in
// due.go and step.go; what devices are told after a commit is in announce.go. The files named after nouns (jobs.go,
// executions.go, things.go, …) are the use cases themselves.
package engine

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/registry/policy"
	"github.com/drover-iot/drover/store"
)

// Config is what an engine is made of.
type Config struct {
	Store store.Store
	Clock clock.Clock
	IDs   ids.Source
	Scope registry.Scope
	// Limits bounds what the server holds; the zero value is unlimited.
	Limits Limits
	// PresenceGrace is how long after the start clients are waited for before those that were not seen count as not
	// connected (R-ID-61).
	PresenceGrace time.Duration
	// Managed are the templates that come with the server.
	Managed job.ManagedTemplates
	Log     *slog.Logger
	// Tell is called after each commit with what devices must be told; nil tells nobody. It is called by one goroutine,
	// in commit order. What it could not tell, it is called with again after a second, and after a crash with what was
	// not struck out (R-CON-23).
	Tell func(context.Context, []store.Notice) error
	// Publish is called with the lifecycle events of a commit after its notices were told; nil publishes nothing.
	Publish func([]store.Event)
	// Kept is called after Tell, once for many announcements, and returns when what was told need not be told again after
	// a crash: those that it was meant for have it, or it is stored for them. Nil: at once.
	Kept func(context.Context) error
	// CertificateChanged is called when a certificate's status changed or it was deleted, so that connections that are
	// not allowed any more end (R-BRK-19). May be nil.
	CertificateChanged func(id string)
	// Stepped is an engine that does nothing by itself; see stepped.go.
	Stepped bool
}

// Engine runs the use cases of one server. Run must be running for changes to be made; reads work without.
type Engine struct {
	Config
	waiting chan *request
	stopped chan struct{} // closed when no request is decided any more
	ready   chan struct{} // closed when what a crash left over was announced
	wake    chan struct{} // something may be due: at most one token
	due     sync.Mutex    // held while due work runs, so that it runs once
	purged  time.Time     // when purge last found nothing; held with due
	outbox  *outbox

	committing sync.Mutex // held while a group is decided, committed and answered
	turn       job.Key    // the job that had a step of due work last; held with committing
	clockKept  time.Time  // where a virtual clock stood at the last commit; held with committing

	policies      compiled[policy.Document]
	queries       compiled[fleetquery.Query]
	presences     presences
	accessVersion atomic.Uint64

	// Of a stepped engine.
	announcedUpTo int64
	held          chan struct{} // a request waits for the group; nil while each is a group of its own
}

// New returns an engine over a store.
func New(c Config) *Engine {
	return &Engine{
		Config:  c,
		waiting: make(chan *request, maxGroup),
		stopped: make(chan struct{}),
		ready:   make(chan struct{}),
		wake:    make(chan struct{}, 1),
		outbox:  newOutbox(),

		policies: compiled[policy.Document]{parse: policy.Parse},
		queries:  compiled[fleetquery.Query]{parse: fleetquery.Parse},
	}
}

// Run serves requests and due work until ctx ends, then commits what waits already. It may be called once.
func (e *Engine) Run(ctx context.Context) error {
	outlive, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var loops sync.WaitGroup
	loops.Go(func() { e.commitLoop(outlive) })
	defer e.presences.begin(e.PresenceGrace, e.wakeUp)()
	loops.Go(func() { e.announceLoop(outlive) })
	e.wakeUp()
	e.dueLoop(ctx)
	stop()
	loops.Wait()
	close(e.stopped)
	return nil
}

// Ready is closed once Run has announced what a crash left over and forgotten who was connected. A device that connects before may be told of a state
// that has passed (R-MQTT-44).
func (e *Engine) Ready() <-chan struct{} { return e.ready }

// Now is the engine's time.
func (e *Engine) Now() time.Time { return e.Clock.Now() }

// wakeUp tells the due loop that something may be due.
func (e *Engine) wakeUp() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}
