package broker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// live returns the connections that have a session.
func (b *Broker) live() (conns []*conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.sessions {
		s.mu.Lock()
		if s.conn != nil {
			conns = append(conns, s.conn)
		}
		s.mu.Unlock()
	}
	return conns
}

// Shutdown refuses new connections, ends the others (MQTT 5 is told 0x8B; many are spread over time, R-BRK-30), stores
// what waits for persistent sessions and stops. When ctx ends it stops spreading, and waits no more for requests that
// are being answered.
func (b *Broker) Shutdown(ctx context.Context) error {
	b.mu.Lock()
	again := b.closing
	b.closing = true
	b.closeGreeting()
	b.mu.Unlock()
	if again {
		return nil
	}
	gone := make(chan struct{})
	go func() {
		b.conns.Wait()
		close(gone)
	}()
	b.closeAll(ctx, gone)
	var err error
	select {
	case <-gone:
	case <-ctx.Done():
		err = fmt.Errorf("wait for connections: %w", ctx.Err())
	}
	b.stop()
	<-b.swept
	b.journal.close()
	return err
}

// closeAll ends the connections, in a hundred steps if there are more than a hundred. It is done when all are gone, however
// they went.
func (b *Broker) closeAll(ctx context.Context, gone <-chan struct{}) {
	live := b.live()
	step := (len(live) + 99) / 100
	if len(live) <= 100 {
		step = max(len(live), 1)
	}
	for group := range slices.Chunk(live, step) {
		for _, c := range group {
			c.kick(refusal(mqtt.ServerShuttingDown, "shutting down"))
		}
		if len(group) == len(live) {
			return
		}
		select {
		case <-time.After(b.cfg.ShutdownSpread / 100):
		case <-gone:
			return
		case <-ctx.Done():
		}
	}
}
