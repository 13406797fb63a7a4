// Package bus brings messages on ordinary topics from each node to all others by core NATS
// (R-NODE-12). Nothing is stored on the way, and nobody waits for it: what cannot be sent now, or
// comes faster than it is delivered, is dropped and counted. It knows nothing of MQTT: a message is
// bytes that one node hands over and the others are given. Jobs must never depend on it.
//
// Start with Bus.Run.
package bus

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// Config is what a bus is made of.
type Config struct {
	// URL is the address of a NATS server, or of several, with commas between them. It may hold a
	// password, and is never logged.
	URL string
	// Credentials is a file with the JWT and the key of a user of NATS; empty: none. It is read
	// with each connection.
	Credentials string
	// Subject is what messages are published on. All nodes of one Drover have the same, and no
	// other program has it.
	Subject string
	// Name is how this node shows in the list of connections of NATS.
	Name string
	// Deliver is given each message of another node, in the order of that node, by one goroutine.
	// The bytes are its own. What comes while it waits is kept up to a limit.
	Deliver func(message []byte) error
	Log     *slog.Logger
}

// How connections are made and kept.
const (
	connectTimeout = 2 * time.Second // for each address
	// reconnectWait is between two attempts, with as much again at random: so there is a second one
	// before the first has failed for connectTimeout.
	reconnectWait = 500 * time.Millisecond
	pingEvery     = 5 * time.Second // a connection of which two are not answered is lost
	writeTimeout  = 5 * time.Second
	endTimeout    = time.Second // for what is still to be sent at the end
	reportEvery   = time.Minute
)

// What may wait to be delivered.
const (
	maxReceived      = 65_536
	maxReceivedBytes = 16 << 20
)

// Bus is the connection of a node to the others.
type Bus struct {
	Config
	queue   queue
	reports time.Duration         // reportEvery but in tests
	failure atomic.Pointer[error] // why the last attempt to connect has failed
	// slow is how many messages were dropped because Deliver is slow, as of the last report.
	slow int
}

// New returns a bus that is not connected.
func New(c Config) *Bus {
	return &Bus{Config: c, queue: newQueue(maxQueued), reports: reportEvery}
}

// Publish sends a message to all other nodes. It never waits: without a connection, or when too
// much waits to be sent, the message is dropped.
func (b *Bus) Publish(message []byte) { b.queue.add(message) }

// Run connects, and brings messages to and fro until ctx ends. ready is called once, when the other
// nodes can be heard or, if no address of NATS answers, after two seconds for each of them; then
// Run goes on trying.
func (b *Bus) Run(ctx context.Context, ready func()) error {
	connected, late := make(chan struct{}, 1), time.After(connectTimeout)
	nc, err := b.connect(connected)
	if err != nil {
		return err
	}
	defer nc.Close()
	subscription, err := nc.Subscribe(b.Subject, b.deliver)
	if err == nil {
		err = subscription.SetPendingLimits(maxReceived, maxReceivedBytes)
	}
	if err != nil {
		return err
	}
	b.awaitFirst(nc, connected, late)
	ready()
	report := time.NewTicker(b.reports)
	defer report.Stop()
	defer b.report(subscription)
	for {
		select {
		case <-b.queue.more:
			b.send(nc)
		case <-report.C:
			b.report(subscription)
		case <-ctx.Done():
			b.send(nc)
			if nc.IsConnected() {
				_ = nc.FlushTimeout(endTimeout) // what is lost then would be lost by a crash, too
			}
			return nil
		}
	}
}

// connect begins to connect. connected is sent a token with the first connection.
func (b *Bus) connect(connected chan<- struct{}) (*nats.Conn, error) {
	options := append(b.handlers(connected),
		nats.Name(b.Name),
		nats.NoEcho(), // this node has delivered its own messages
		nats.Timeout(connectTimeout),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectWait, reconnectWait),
		nats.IgnoreAuthErrorAbort(), // the operator may mend it
		nats.ReconnectBufSize(-1),   // old messages are worth nothing
		nats.PingInterval(pingEvery),
		nats.MaxPingsOutstanding(2),
		nats.FlusherTimeout(writeTimeout),
	)
	if b.Credentials != "" {
		options = append(options, nats.UserCredentials(b.Credentials))
	}
	return nats.Connect(b.URL, options...)
}

// handlers are told what becomes of the connection, and log it.
func (b *Bus) handlers(connected chan<- struct{}) []nats.Option {
	return []nats.Option{
		nats.ConnectHandler(func(nc *nats.Conn) {
			b.Log.Info("connected to the bus",
				"bus", nc.ConnectedUrlRedacted(), "subject", b.Subject)
			connected <- struct{}{}
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // not at the end
				b.Log.Warn("the bus is lost: "+withoutBus, "err", err)
			}
		}),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { b.failure.Store(&err) }),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			b.Log.Info("connected to the bus again", "bus", nc.ConnectedUrlRedacted())
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if !errors.Is(err, nats.ErrSlowConsumer) { // counted
				b.Log.Warn("the bus refuses something", "err", err)
			}
		}),
	}
}

// withoutBus says what it means that there is no connection.
const withoutBus = "until it answers, messages on ordinary topics reach subscribers on the same " +
	"node only"

// awaitFirst waits for the first connection, and until the server knows what this node listens to.
func (b *Bus) awaitFirst(
	nc *nats.Conn, connected <-chan struct{}, late <-chan time.Time,
) {
	select {
	case <-connected:
		_ = nc.FlushTimeout(connectTimeout) // else it is lost, and that is logged
	case <-late:
		err := errors.New("no answer")
		if failure := b.failure.Load(); failure != nil {
			err = *failure
		}
		b.Log.Warn("the bus does not answer: "+withoutBus, "err", err)
	}
}

// send sends what waits.
func (b *Bus) send(nc *nats.Conn) {
	all := b.queue.take()
	lost := 0
	for _, message := range all {
		if err := nc.Publish(b.Subject, message); err != nil {
			lost++
		}
	}
	b.queue.sent(all, lost)
}

// deliver hands over a message of another node.
func (b *Bus) deliver(m *nats.Msg) {
	if err := b.Deliver(m.Data); err != nil {
		b.Log.Warn("a message from the bus is refused", "err", err)
	}
}

// report logs how many messages were dropped since it was called last.
func (b *Bus) report(s *nats.Subscription) {
	if sent := b.queue.dropped(); sent > 0 {
		b.Log.Warn("messages for other nodes were dropped, because the bus did not take them",
			"messages", sent)
	}
	all, err := s.Dropped()
	if err != nil {
		return // it has ended
	}
	more := all - b.slow
	b.slow = all
	if more > 0 {
		b.Log.Warn("messages of other nodes were dropped, because they came faster than they can "+
			"be delivered", "messages", more)
	}
}
