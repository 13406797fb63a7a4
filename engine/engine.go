package engine

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/engine/nodes"
	"github.com/drover-iot/drover/engine/provision"
	"github.com/drover-iot/drover/engine/records"
	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/engine/tags"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// Config is what an engine is made of.
type Config struct {
	Store store.Store
	Clock clock.Clock
	IDs   ids.Source
	// Events makes the lifecycle events that are published.
	Events EventRenderer
	// Limits bounds what the server holds, and what requests may ask for.
	Limits job.Limits
	// FollowAtOnce is how many executions and continuous jobs a change of a thing's groups deals
	// with before it is answered; 0 is 100. A simulation makes it small, so that the rest, which
	// follows in the background, is seldom nothing.
	FollowAtOnce int
	// PresenceGrace is how long after the start clients are waited for before those that were not
	// seen count as not connected (R-ID-61).
	PresenceGrace time.Duration
	// Managed are the job templates that come with the server.
	Managed job.ManagedTemplates
	// ObjectStore is the server's own, which placeholders of documents may name; empty is none.
	ObjectStore job.ObjectStore
	// Uploads is the bucket of uploads whose placeholder has no address; the zero Object is none.
	Uploads job.Object
	// Objects asks object stores; nil asks none, and reads no documents.
	Objects jobs.Objects
	Log     *slog.Logger
	// Notify is called after each commit with what devices must be notified of; nil notifies
	// nobody. It is called by one goroutine, in the order of the commits. When it fails it is
	// called again a second later, and after a crash it is called again with whatever was not
	// recorded as announced (R-CON-23).
	Notify func(context.Context, []store.Notice) error
	// PublishEvents is called with the lifecycle events of a commit, after Notify; nil publishes
	// nothing.
	PublishEvents func([]store.Event)
	// ObserveCommit is called with each commit that was made or given up, and Traced has it say of
	// each request when it waited (commit.Made). It must be quick; nil measures nothing.
	ObserveCommit func(commit.Made)
	Traced        bool
	// ObserveAnnouncement is called with each announcement that was made. It must be quick; nil
	// measures nothing.
	ObserveAnnouncement func(Announced)
	// Persisted is called after Notify, once for many commits. It returns when those that were
	// notified would not lose the message by a crash: they have it, or it is stored for them. Nil
	// returns at once.
	Persisted func(context.Context) error
	// CertificateChanged is called when the status of a certificate has changed or it was deleted,
	// so that connections that are not allowed any more end (R-BRK-19). May be nil.
	CertificateChanged func(id string)
	// AuthorizerChanged is called when a custom authorizer was changed or deleted, also by another
	// node. May be nil.
	AuthorizerChanged func(name string)
	// PrincipalDetached is called when a certificate was detached from a thing, so that connections
	// in which it stands for the thing end (R-BRK-19). May be nil.
	PrincipalDetached func(certificate, thing string)
	// Emptied is called after Reset: what was remembered about jobs and things means others now.
	// May be nil.
	Emptied func()
	// Node is for an engine that may share its store with others; the zero value is alone.
	Node NodeConfig
	// AuditKept is how long the records of the audit log are kept; 0 makes none.
	AuditKept time.Duration
	// Sinks is how events are sent outside; the zero value sends none.
	Sinks SinkConfig
	// Stepped is an engine that does nothing by itself; see stepped.go.
	Stepped bool
}

// EventRenderer makes the lifecycle events that are published.
type EventRenderer interface {
	jobs.EventRenderer
	identity.EventRenderer
}

// SinkConfig is what sinks need.
type SinkConfig struct {
	Seal sinks.Sealer
	Dial func(sinks.Target) (sinks.Sender, error)
	// JobARNs is what the ARN of every job begins with.
	JobARNs string
}

// Engine is the use cases of one server and what runs beneath them. Run must be running for changes
// to be made; reads work without.
type Engine struct {
	Jobs     *jobs.Service
	Fleet    *fleet.Service
	Identity *identity.Service
	Tags     *tags.Service
	Answers  *answers.Service
	Nodes    *nodes.Service
	Records  *records.Service
	Sinks    *sinks.Service

	Provision *provision.Service

	config  Config
	commits *commit.Committer
	work    *jobs.Background
	ready   chan struct{}             // closed when what a crash left over was announced
	wake    chan struct{}             // something may be due: at most one token
	due     sync.Mutex                // held while due work runs, so that it runs once
	signed  atomic.Pointer[time.Time] // see LastSign
	overdue overdue                   // see DueLag

	announcing sync.Mutex // held while announcements are made
	// heirs are the nodes that have taken over from others, as announced; guarded by announcing.
	heirs map[store.NodeID]store.NodeID
}

// SetLimits changes the limits on what is stored, while the engine runs.
func (e *Engine) SetLimits(limits job.Limits) {
	e.Jobs.Limits.Set(limits) // work has the same
	e.wakeUp()                // jobs may be kept for a shorter time
}

// New returns an engine over a store.
func New(c Config) *Engine {
	e := &Engine{
		config: c,
		ready:  make(chan struct{}),
		wake:   make(chan struct{}, 1),
		heirs:  map[store.NodeID]store.NodeID{},
	}
	e.commits = commit.New(commit.Config{
		Store:   c.Store,
		Clock:   c.Clock,
		Log:     c.Log,
		Node:    c.Node.NodeConfig,
		Follow:  c.Node.Follow,
		Observe: c.ObserveCommit,
		Traced:  c.Traced,
		Audit:   c.AuditKept > 0,
		Stepped: c.Stepped,
	})
	reads, limits := commit.Reads{Store: c.Store}, jobs.NewLimits(c.Limits)
	forJobs := jobs.Config{
		Store:   reads,
		Commits: e.commits,
		Clock:   c.Clock,
		Limits:  limits,
		Managed: c.Managed,

		Events: c.Events,
		Shared: c.Node.Shared,

		ObjectStore:  c.ObjectStore,
		Uploads:      c.Uploads,
		Objects:      c.Objects,
		FollowAtOnce: c.FollowAtOnce,
	}
	e.Jobs, e.work = jobs.New(forJobs), jobs.NewBackground(forJobs)
	e.Fleet = fleet.New(fleet.Config{
		Store:         reads,
		Commits:       e.commits,
		IDs:           c.IDs,
		Log:           c.Log,
		PresenceGrace: c.PresenceGrace,
		Shared:        c.Node.Shared,
		Limits:        limits.Registry,
		Wake:          e.wakeUp,
	})
	e.Identity = identity.New(identity.Config{
		Store:              reads,
		Commits:            e.commits,
		CertificateChanged: c.CertificateChanged,
		AuthorizerChanged:  c.AuthorizerChanged,
		PrincipalDetached:  c.PrincipalDetached,
		IDs:                c.IDs,
		Events:             c.Events,
		Shared:             c.Node.Shared,
	})
	e.Provision = provision.New(provision.Config{
		Store:    reads,
		Commits:  e.commits,
		Fleet:    e.Fleet,
		Identity: e.Identity,
	})
	e.Nodes = nodes.New(nodes.Config{
		Store:         c.Store,
		Commits:       e.commits,
		ClientChanged: e.Fleet.ClientChanged,
	})
	e.Tags = &tags.Service{Store: reads, Commits: e.commits, Limits: limits.Registry}
	e.Answers = &answers.Service{
		Store:   c.Store,
		Clock:   c.Clock,
		Jobs:    e.Jobs,
		Devices: answers.Devices{Fleet: e.Fleet, Identity: e.Identity},
	}
	e.Records = records.New(records.Config{
		Store:   c.Store,
		Commits: e.commits,
		Clock:   c.Clock,
		Kept:    c.AuditKept,
	})
	e.Sinks = sinks.New(sinks.Config{
		Store:   c.Store,
		Commits: e.commits,
		Seal:    c.Sinks.Seal,
		Dial:    c.Sinks.Dial,
		JobARNs: c.Sinks.JobARNs,
		Shared:  c.Node.Shared,
		Log:     c.Log,
	})
	publisher := jobs.Publisher{Renderer: c.Events}
	e.commits.Hooks = commit.Hooks{
		JobChanged:         jobHooks(publisher.JobChanged, records.JobChanged),
		ExecutionChanged:   publisher.ExecutionChanged,
		MembershipsChanged: e.work.MembershipsChanged,
		Applied: []func(*commit.Tx, *store.Changes){
			e.Fleet.Applied, e.Identity.Applied, publisher.Applied, e.work.Applied,
		},
		Review: []func(*commit.Tx) error{e.Fleet.Review, e.work.Review},
		Committed: []func(*commit.Tx){
			e.Identity.Committed, e.Fleet.Committed, e.work.Committed, e.wakeForJobs,
		},
	}
	return e
}

// jobHook is a hook that is called when the state of a job changes.
type jobHook = func(tx *commit.Tx, before, after *job.Job) error

// jobHooks calls hooks in turn.
func jobHooks(hooks ...jobHook) jobHook {
	return func(tx *commit.Tx, before, after *job.Job) error {
		for _, hook := range hooks {
			if err := hook(tx, before, after); err != nil {
				return err
			}
		}
		return nil
	}
}

// Run serves requests and due work until ctx ends, then commits what waits already. It may be
// called once.
func (e *Engine) Run(ctx context.Context) error {
	outlive, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	committing, stopCommits := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCommits()
	var loops, commits sync.WaitGroup
	commits.Go(func() { e.commits.Run(committing) })
	defer commits.Wait()
	defer stopCommits()
	defer e.Fleet.BeginPresences()()
	if err := e.join(ctx); err != nil {
		return err
	}
	if err := e.ExpectClients(committing); err != nil {
		e.config.Log.Error("find out which things wait to be confirmed", "err", err) // the due loop does
	}
	loops.Go(func() { e.announceLoop(outlive) })
	loops.Go(func() { e.Sinks.Run(outlive) })
	if e.config.Node.Shared {
		loops.Go(func() { e.nodeLoop(outlive) })
	}
	if e.config.Node.Listen != nil {
		loops.Go(func() { e.config.Node.Listen(outlive, e.others) })
	}
	e.wakeUp()
	e.dueLoop(ctx)
	stop()
	loops.Wait()
	e.leave(committing)
	stopCommits()
	commits.Wait()
	e.commits.Stop()
	return nil
}

// Ready is closed once Run has announced what a crash left over and forgotten who was connected. A
// device that connects before may be notified of a state that has passed (R-MQTT-44).
func (e *Engine) Ready() <-chan struct{} { return e.ready }

// Now is the engine's time.
func (e *Engine) Now() time.Time { return e.config.Clock.Now() }

// Sessions calls f for every stored entry of the MQTT sessions, without their bodies.
func (e *Engine) Sessions(ctx context.Context, f func(store.SessionEntry) error) error {
	return e.config.Store.Read(ctx, func(r store.Reader) error { return r.Sessions(f) })
}

// SessionMessages returns the stored messages of one MQTT session, whole.
func (e *Engine) SessionMessages(
	ctx context.Context, client string, first, last uint64,
) (found []store.SessionEntry, err error) {
	err = e.config.Store.Read(ctx, func(r store.Reader) (err error) {
		found, err = r.SessionMessages(client, first, last)
		return err
	})
	return found, err
}

// SaveSessions makes changes of MQTT sessions durable, in their order. commit.ErrGivenUp: others
// have taken over the sessions of this node, or had done so when it was asked.
func (e *Engine) SaveSessions(ctx context.Context, changes []store.SessionEntry) error {
	node := e.commits.NodeID()
	return e.commits.Do(ctx, func(tx *commit.Tx) error {
		if e.config.Node.Shared && tx.Node != node {
			return commit.ErrGivenUp
		}
		tx.Changes.Sessions = changes
		return nil
	})
}

// Reset removes everything that was ever stored. It is for test benches. A due step that is under
// way is finished first.
func (e *Engine) Reset(ctx context.Context) error {
	e.due.Lock()
	defer e.due.Unlock()
	if err := e.commits.Reset(ctx); err != nil {
		return err
	}
	e.work.Forget()
	e.Identity.Invalidate() // only now: who asked before must ask again
	if e.config.Emptied != nil {
		e.config.Emptied()
	}
	if e.config.Node.Shared { // nobody has a client any more; other nodes find out by themselves
		e.abandon()
	}
	return nil
}

// ExpectClients finds out which things wait to be seen (R-STR-40), before any client may connect.
// When some do, the server joins now: from now on is when it was there. Run does that by itself.
func (e *Engine) ExpectClients(ctx context.Context) error {
	waits, err := e.work.LoadConfirmations(ctx)
	if err != nil || !waits {
		return err
	}
	return e.commits.Do(ctx, func(*commit.Tx) error { return nil })
}

// See takes note that the client of a thing has made a new connection, or has sent something, so
// long ago. It is quick, and may be called for every packet.
func (e *Engine) See(client string, connected bool, ago time.Duration) {
	if e.work.See(client, connected, ago) {
		e.wakeUp()
	}
}

// wakeUp tells the due loop that something may be due.
func (e *Engine) wakeUp() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}
