package broker

import (
	"context"
	"log/slog"
	"time"
)

// Config configures a broker. A field that is zero has the default in brackets.
type Config struct {
	// Service handles publishes to reserved topics [they are accepted and ignored].
	Service Service
	// Authenticate says who is connecting [Anyone, who may do everything].
	Authenticate Authenticator
	// Principal returns a principal by its id, as Authenticate would return it now. It is asked
	// when a will is published; an error means that nobody is there any more who may [Anyone].
	Principal func(ctx context.Context, id string) (Principal, error)
	// Reserved is the table of reserved topics [AWS].
	Reserved []Reserved
	// Sessions stores persistent sessions [in memory, until the process ends].
	Sessions Sessions
	// Nodes is how brokers on one store agree on who has which client [this broker is alone]. With it
	// New loads no sessions: they come with their clients and by Adopt. Presence events are given to
	// Nodes and not published by the broker.
	Nodes Nodes
	// Presence is called for each presence event of this broker, before it is published, and for
	// those of the connections that it adopts. It must be quick [nothing is called].
	Presence func(PresenceEvent)
	// Seen is called for each packet of a client that stands for the thing that is named like it,
	// with the client id, on the goroutine that reads from the client. It must be quick [nothing is
	// called].
	Seen func(client string)
	// Forward is called with each message of a client on an ordinary topic, its will included, for
	// PublishFromNode of all brokers on other nodes. It must not wait [messages stay on this
	// broker].
	Forward func(message []byte)
	// Log gets refusals and failures [they are discarded].
	Log *slog.Logger

	// Limits that hold for each connection or packet.

	MaxPayload      int // bytes of the payload of a PUBLISH [128 KiB]
	MaxPacket       int // bytes of a packet; MQTT 5 clients get to know it [149504]
	MaxFilters      int // topic filters in one SUBSCRIBE [8]
	MaxSubscription int // subscriptions of one session [50]
	MaxInFlight     int // unacknowledged QoS 1 messages to a client, 1 to 65535 [100]
	MaxAliases      int // topic aliases that a client may set, up to 65535 [8]

	// Limits that hold for the whole broker.

	MaxRetained      int // retained messages [10000]
	MaxRetainedBytes int // bytes of the retained messages [64 MiB]
	MaxSessions      int // sessions, connected or not [1000000]
	// MaxQueuedBytes limits the messages of clients that wait in the store for all sessions [1
	// GiB].
	MaxQueuedBytes int
	MaxWillBytes   int // bytes of the wills of all clients [64 MiB]
	// MaxArrivingBytes limits the memory for packets of more than 4 KiB that have not arrived whole
	// [64 MiB].
	MaxArrivingBytes int
	// MaxPendingBytes is how many bytes of sessions and messages may wait to be written before
	// clients that cause more are read from no longer (R-BRK-35) [64 MiB].
	MaxPendingBytes int
	// PrincipalShare is how much of each of these limits, but the last, one principal may use, in
	// percent. Clients without an id, those of the plain listener, have no share of their own [10].
	PrincipalShare int

	// What a client sends beyond these rates is read later. Negative: no limit.

	MessagesPerSecond int // PUBLISH, SUBSCRIBE and UNSUBSCRIBE packets [100]
	BytesPerSecond    int // the bytes in them [512 KiB]

	// What waits to be sent beyond these limits is dropped, QoS 0 first.

	OutboundBytes  int // bytes for one connection [1 MiB]
	StoredMessages int // QoS 1 messages for one persistent session [1000]
	StoredBytes    int // bytes for one persistent session [10 MiB]

	// SessionExpiry is how long persistent sessions of MQTT 3.1.1 outlive their connection, and the
	// most that MQTT 5 clients are granted. At least a minute [7 days].
	SessionExpiry time.Duration
	// ConnectTimeout is the time from accept to the end of the handshake [10 s].
	ConnectTimeout time.Duration
	// WriteTimeout is how long a client may accept no bytes before its connection is closed [30 s].
	WriteTimeout time.Duration
	// KeepAliveMin and KeepAliveMax limit the keep-alive interval [30 s, 1200 s]. Clients that ask
	// for none get the maximum.
	KeepAliveMin, KeepAliveMax time.Duration
	// ShutdownSpread is the time over which DisconnectAll spreads the closing of more than 100
	// connections [5 s].
	ShutdownSpread time.Duration
}

func (c Config) withDefaults() Config {
	if c.Authenticate == nil {
		c.Authenticate = Anyone
	}
	if c.Principal == nil {
		c.Principal = func(context.Context, string) (Principal, error) { return anyone{}, nil }
	}
	if c.Reserved == nil {
		c.Reserved = AWS
	}
	if c.Sessions == nil {
		c.Sessions = NewMemorySessions()
	}
	if c.Seen == nil {
		c.Seen = func(string) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	setDefault(&c.MaxPayload, 128<<10)
	setDefault(&c.MaxPacket, 149504)
	setDefault(&c.MaxFilters, 8)
	setDefault(&c.MaxSubscription, 50)
	setDefault(&c.MaxInFlight, 100)
	setDefault(&c.MaxAliases, 8)
	setDefault(&c.MaxRetained, 10_000)
	setDefault(&c.MaxRetainedBytes, 64<<20)
	setDefault(&c.MaxSessions, 1_000_000)
	setDefault(&c.PrincipalShare, 10)
	setDefault(&c.MaxQueuedBytes, 1<<30)
	setDefault(&c.MaxWillBytes, 64<<20)
	setDefault(&c.MaxArrivingBytes, 64<<20)
	setDefault(&c.MaxPendingBytes, 64<<20)
	setDefault(&c.MessagesPerSecond, 100)
	setDefault(&c.BytesPerSecond, 512<<10)
	setDefault(&c.OutboundBytes, 1<<20)
	setDefault(&c.StoredMessages, 1000)
	setDefault(&c.StoredBytes, 10<<20)
	setDefault(&c.SessionExpiry, 7*24*time.Hour)
	setDefault(&c.ConnectTimeout, 10*time.Second)
	setDefault(&c.WriteTimeout, 30*time.Second)
	setDefault(&c.KeepAliveMin, 30*time.Second)
	setDefault(&c.KeepAliveMax, 1200*time.Second)
	setDefault(&c.ShutdownSpread, 5*time.Second)
	return c
}

// share is what one principal may use of a limit of the whole broker, at least 1.
func (c *Config) share(limit int) int {
	return max(1, int(int64(limit)*int64(c.PrincipalShare)/100)) // an int of 32 bits has no room for the product
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
