package broker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// closeAllSteps is the number of groups in which many connections are closed.
const closeAllSteps = 100

// DisconnectAll refuses new connections, closes the others with the reason ServerShuttingDown, and
// returns when they are gone. The closing of many is spread over Config.ShutdownSpread, so that
// they do not all reconnect at once (R-BRK-30). When ctx ends, DisconnectAll closes the rest at
// once and does not wait for requests that the Service is handling.
func (b *Broker) DisconnectAll(ctx context.Context) error {
	b.mu.Lock()
	b.shuttingDown = true
	b.cancelHandshakes()
	b.mu.Unlock()
	allGone := make(chan struct{})
	go func() {
		b.conns.Wait()
		close(allGone)
	}()
	b.closeAll(ctx, allGone)
	select {
	case <-allGone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for connections: %w", ctx.Err())
	}
}

// Shutdown does what DisconnectAll does, if that was not called, stores what waits for persistent
// sessions and stops. Between the two, what is published is still stored for them.
func (b *Broker) Shutdown(ctx context.Context) error {
	err := b.DisconnectAll(ctx)
	b.stop.Do(func() {
		b.cancel()
		<-b.expiryDone
		b.journal.close()
	})
	return err
}

// closeAll closes all connections: up to a hundred at once, more in a hundred groups with pauses
// between them. It returns early when all connections are gone, as clients may leave by themselves.
func (b *Broker) closeAll(ctx context.Context, allGone <-chan struct{}) {
	conns := b.connections()
	size := (len(conns) + closeAllSteps - 1) / closeAllSteps
	if len(conns) <= closeAllSteps {
		size = max(len(conns), 1)
	}
	for group := range slices.Chunk(conns, size) {
		for _, c := range group {
			c.closeAsync(closeWith(mqtt.ServerShuttingDown, "the server is shutting down"))
		}
		if len(group) == len(conns) {
			return
		}
		select {
		case <-time.After(b.cfg.ShutdownSpread / closeAllSteps):
		case <-allGone:
			return
		case <-ctx.Done(): // no more pauses
		}
	}
}

// connections returns the connections that have a session.
func (b *Broker) connections() (conns []*conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.allSessions() {
		s.mu.Lock()
		if s.conn != nil {
			conns = append(conns, s.conn)
		}
		s.mu.Unlock()
	}
	return conns
}
