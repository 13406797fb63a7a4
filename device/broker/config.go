package broker

import (
	"log/slog"
	"time"
)

// Config is all that a broker can be told. Zero values take the default in brackets.
type Config struct {
	Service      Service             // answers publishes to reserved topics; nil drops them
	Authenticate Authenticator       // says who is connecting; nil lets anyone do anything
	Reserved     []Reserved          // the reserved topics [AWS]
	Sessions     Sessions            // keeps sessions over a restart [in memory: it does not]
	Presence     func(PresenceEvent) // told of each connect and disconnect, besides the presence topics; must be quick
	Log          *slog.Logger        // [discards]

	MaxPayload       int // bytes of a PUBLISH payload [128 KiB]
	MaxPacket        int // bytes of a packet, told to MQTT 5 clients [149504]
	MaxFilters       int // topic filters in one SUBSCRIBE [8]
	MaxSubscription  int // subscriptions of one connection [50]
	MaxInFlight      int // unacknowledged QoS 1 messages to a client, 1 to 65535 [100]
	MaxAliases       int // inbound topic aliases, up to 65535 [8]
	MaxRetained      int // retained messages in all [10000]
	MaxRetainedBytes int // the same in bytes [64 MiB]
	MaxSessions      int // sessions in all, with and without a connection [1000000]

	MessagesPerSecond int // inbound publishes of one connection before reading slows down; negative: no limit [100]
	BytesPerSecond    int // the same in bytes [512 KiB]

	OutboundBytes  int // waiting for one live connection before messages are dropped, QoS 0 first [1 MiB]
	StoredMessages int // waiting for one persistent session, newest dropped beyond [1000]
	StoredBytes    int // the same in bytes [10 MiB]

	SessionExpiry time.Duration // of 3.1.1 persistent sessions, and the most that MQTT 5 is granted; ≥ 1 min [7 days]

	ConnectTimeout time.Duration // from accept to the end of CONNECT [10 s]
	WriteTimeout   time.Duration // a client that takes no bytes for this long is cut off [30 s]
	KeepAliveMin   time.Duration // [30 s]
	KeepAliveMax   time.Duration // also for clients that ask for none [1200 s]
	ShutdownSpread time.Duration // over which Shutdown spreads the closures of more than 100 connections [10 s]
}

func (c Config) withDefaults() Config {
	if c.Authenticate == nil {
		c.Authenticate = Anyone
	}
	if c.Reserved == nil {
		c.Reserved = AWS
	}
	if c.Sessions == nil {
		c.Sessions = NewMemorySessions()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		field *int
		value int
	}{
		{&c.MaxPayload, 128 << 10}, {&c.MaxPacket, 149504}, {&c.MaxFilters, 8}, {&c.MaxSubscription, 50},
		{&c.MaxInFlight, 100}, {&c.MaxAliases, 8}, {&c.MaxRetained, 10_000},
		{&c.MaxRetainedBytes, 64 << 20}, {&c.MaxSessions, 1_000_000},
		{&c.MessagesPerSecond, 100}, {&c.BytesPerSecond, 512 << 10},
		{&c.OutboundBytes, 1 << 20}, {&c.StoredMessages, 1000}, {&c.StoredBytes, 10 << 20},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.SessionExpiry, 7 * 24 * time.Hour}, {&c.ConnectTimeout, 10 * time.Second},
		{&c.WriteTimeout, 30 * time.Second}, {&c.KeepAliveMin, 30 * time.Second},
		{&c.KeepAliveMax, 1200 * time.Second}, {&c.ShutdownSpread, 10 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return c
}
