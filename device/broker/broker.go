package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/internal/clock"
)

// Goroutines. Serve accepts connections. Each connection has one goroutine that reads packets and
// handles them one after the other; the fields of a conn belong to it unless they say otherwise. A
// connection has a second goroutine, the writer, only while messages wait to be written
// (outbound.go). A broker has two more: one ends expired sessions, and one writes the journal to
// the store (journal.go). Wills with a delay, the closing of connections from outside, and what has
// to do with other brokers on the store (turns.go, handover.go) run on short-lived goroutines.
//
// Locks are taken in this order: Broker.mu, then gathered.mu, then session.mu, then a mutex of the
// routes or that of the journal. retained.mu is taken with none of the first three held, and before
// that of the journal. No lock is held while something is sent or stored, or while the Service
// handles a request. Authorizer.Decide is called with session.mu held, so it must not block or call
// the broker.

// A Broker serves MQTT on any number of listeners. Make it with New, end it with Shutdown.
type Broker struct {
	cfg      Config
	log      *slog.Logger
	started  time.Time // when New was called
	routes   *routes
	retained retained
	journal  *journal
	stored   storedBytes // of the messages that wait for sessions
	// lastConnection is the number of the connection that was accepted last.
	lastConnection atomic.Uint64
	// lastShared is the number of a shared body that was given last.
	lastShared atomic.Uint64
	wills      willBytes
	arriving   arriving
	gathered   gathered     // for the turns that wait
	dropped    atomic.Int64 // messages that mayStore has refused and logDropped has not logged

	// ctx ends when Shutdown is complete. Requests to the Service run under it.
	ctx    context.Context
	cancel context.CancelFunc
	stop   sync.Once // stops the broker at the end of Shutdown
	// handshakeCtx ends when DisconnectAll begins. Connections that have no session yet are closed
	// then.
	handshakeCtx     context.Context
	cancelHandshakes context.CancelFunc
	// conns counts the connections, from accept until their session is detached and the will is
	// published.
	conns sync.WaitGroup
	// online counts those that have a session.
	online atomic.Int64
	// expiryDone is closed when the goroutine that ends expired sessions has stopped.
	expiryDone chan struct{}
	traces     traces

	mu           sync.Mutex          // guards what follows
	sessions     map[string]*session // by client id, connected or not; see owners.go
	sessionCount int
	ownSessions  map[owner]int // how many sessions belong to each principal
	principals   principals
	presence     map[string]presenceCount // by client id
	shuttingDown bool
	life         *life               // the present one
	transits     map[string]*transit // by client id
	unfinished   unfinished
	adopting     adopting // the turns of the lost node that is replayed; nil: none is
}

const (
	// expiryInterval is how often expired sessions are looked for.
	expiryInterval = 10 * time.Second
	// endInterval is how often principals that have come to their end are looked for, such as
	// certificates that have expired. That costs nothing while there is none.
	endInterval = time.Second
)

// New loads the stored sessions and returns a broker that is ready to serve. With Config.Nodes it
// loads none.
func New(ctx context.Context, cfg Config) (*Broker, error) {
	cfg = cfg.withDefaults()
	b := &Broker{
		cfg:        cfg,
		log:        cfg.Log,
		routes:     newRoutes(),
		expiryDone: make(chan struct{}),
		sessions:   map[string]*session{},
		wills:      willBytes{each: map[string]int{}},
		stored:     storedBytes{each: map[string]int{}, loaded: map[uint64]*stub{}},
		gathered:   gathered{limit: cfg.MaxPendingBytes, index: map[string][]int{}},
		transits:   map[string]*transit{},

		ownSessions: map[owner]int{},
		principals:  principals{conns: map[string]map[*conn]struct{}{}},
		presence:    map[string]presenceCount{},
	}
	b.arriving.cfg = &b.cfg
	b.started = clock.Now()
	b.retained.reset()
	restore := b.restore
	if cfg.Nodes != nil {
		restore = b.shareRetained // the sessions come with their clients
	}
	changes, err := restore(ctx)
	if err != nil {
		return nil, fmt.Errorf("load sessions: %w", err)
	}
	b.journal = newJournal(cfg.Sessions, cfg.MaxPendingBytes, cfg.Log)
	for _, c := range changes {
		b.journal.write(c)
	}
	b.ctx, b.cancel = context.WithCancel(context.WithoutCancel(ctx))
	b.handshakeCtx, b.cancelHandshakes = context.WithCancel(b.ctx)
	b.life = newLife(b.ctx)
	for s := range b.allSessions() {
		if s.will != nil {
			b.startWill(s)
		}
	}
	go b.runExpiry()
	return b, nil
}

// Connections is how many clients are connected.
func (b *Broker) Connections() int { return int(b.online.Load()) }

// SessionCount is how many sessions there are, of clients that are connected and of those that are
// not.
func (b *Broker) SessionCount() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sessionCount
}

// runExpiry ends what has come to its end, sessions and the connections of principals, and logs
// what was dropped, until the broker stops.
func (b *Broker) runExpiry() {
	defer close(b.expiryDone)
	sessions, principals := time.NewTicker(expiryInterval), time.NewTicker(endInterval)
	defer sessions.Stop()
	defer principals.Stop()
	for {
		select {
		case <-sessions.C:
			b.expire(clock.Now())
			b.logDropped()
			b.logNotGathered()
		case <-principals.C:
			b.disconnectEnded(clock.Now())
		case <-b.ctx.Done():
			return
		}
	}
}

// expire ends the sessions that have expired, and forgets the presence counts of clients that are
// gone for long.
func (b *Broker) expire(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var left []Left
	for s := range b.allSessions() {
		s.mu.Lock()
		if s.conn == nil && s.expired(now) {
			client := s.client()
			b.endSession(s)
			if b.cfg.Nodes != nil && !b.keeps(client) {
				left = append(left, Left{Client: client, Claim: s.claim})
			}
		}
		s.mu.Unlock()
	}
	if len(left) > 0 {
		go b.leave(b.life, left...)
	}
	b.expirePresence(now)
}

// Serve accepts connections until ctx ends or the listener fails, and closes the listener. TLS
// is the business of the listener. Open connections are served until Shutdown.
func (b *Broker) Serve(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	defer l.Close()
	var pause time.Duration
	for {
		nc, err := l.Accept()
		switch {
		case ctx.Err() != nil || b.ctx.Err() != nil:
			if err == nil {
				nc.Close()
			}
			return nil
		case err == nil:
			pause = 0
			b.Take(nc)
		case errors.Is(err, net.ErrClosed):
			return err
		default: // a passing failure, such as no free file descriptor: try again, ever more slowly
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			b.log.Error("accept", "listener", l.Addr().String(), "err", err)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
	}
}

// Take serves a connection that something else has accepted. It does not wait for its end.
func (b *Broker) Take(nc net.Conn) {
	if b.addConn() {
		go b.serve(nc)
	} else {
		nc.Close()
	}
}

// addConn counts a new connection. It reports false if the broker is shutting down.
func (b *Broker) addConn() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.shuttingDown {
		b.conns.Add(1)
	}
	return !b.shuttingDown
}
