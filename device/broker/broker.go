package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// A Broker serves MQTT on any number of listeners. Make it with New, end it with Shutdown.
type Broker struct {
	cfg      Config
	log      *slog.Logger
	routes   *routes
	retained retained
	journal  *journal

	ctx  context.Context // ends when Shutdown is over
	stop context.CancelFunc
	// greeting ends when Shutdown begins: connections without a session are closed then.
	greeting      context.Context
	closeGreeting context.CancelFunc
	conns         sync.WaitGroup
	swept         chan struct{} // closed when the sweeper has stopped

	mu         sync.Mutex // guards what follows; taken before a session's
	sessions   map[string]*session
	principals principals
	presence   map[string]presenceCount
	closing    bool
}

// sweepEvery is how often expired sessions are looked for.
const sweepEvery = 10 * time.Second

// New loads the stored sessions and returns a broker that is ready to serve.
func New(ctx context.Context, cfg Config) (*Broker, error) {
	cfg = cfg.withDefaults()
	b := &Broker{
		cfg: cfg, log: cfg.Log, routes: newRoutes(), swept: make(chan struct{}),
		sessions: map[string]*session{}, principals: principals{}, presence: map[string]presenceCount{},
		retained: retained{messages: map[string]retainedMessage{}},
	}
	if err := b.load(ctx); err != nil {
		return nil, fmt.Errorf("load sessions: %w", err)
	}
	b.journal = newJournal(cfg.Sessions, cfg.Log)
	b.ctx, b.stop = context.WithCancel(context.WithoutCancel(ctx))
	b.greeting, b.closeGreeting = context.WithCancel(b.ctx)
	go b.sweep()
	return b, nil
}

func (b *Broker) sweep() {
	defer close(b.swept)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			b.expire(now)
		case <-b.ctx.Done():
			return
		}
	}
}

// Serve accepts connections until ctx ends or the listener fails, and closes the listener. The listener decides about
// TLS. Connections that are open stay so until Shutdown.
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
			if b.open() {
				go b.serve(nc)
			} else {
				nc.Close()
			}
		case errors.Is(err, net.ErrClosed):
			return err
		default: // such as no file descriptors left: wait for some
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			b.log.Error("accept", "listener", l.Addr().String(), "error", err)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
	}
}

// open counts a new connection in, unless the broker is closing.
func (b *Broker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closing {
		b.conns.Add(1)
	}
	return !b.closing
}
