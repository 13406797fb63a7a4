package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/drover-iot/drover/bus"
)

// The bus that brings messages on ordinary topics to the other nodes (R-NODE-12). A server without
// one works in every other respect.

// checkBus refuses a bus that can never work.
func (c Config) checkBus() error {
	switch {
	case c.Bus == "" && c.BusCredentials != "":
		return fmt.Errorf("%s: is of use with --bus only", c.named("bus-creds"))
	case c.Bus == "":
		return nil
	case c.Store == "":
		return fmt.Errorf("%s: is of use with --store only: "+
			"a server without a database is the only node", c.named("bus"))
	}
	if err := bus.CheckURL(c.Bus); err != nil {
		return fmt.Errorf("%s: %w", c.named("bus"), err)
	}
	if c.BusCredentials == "" {
		return nil
	}
	if err := bus.CheckCredentials(c.BusCredentials); err != nil {
		return fmt.Errorf("%s: %w", c.named("bus-creds"), err)
	}
	return nil
}

// makeBus makes the bus of a server that has one, not connected yet.
func (s *Server) makeBus(name string) {
	if s.Bus == "" {
		return
	}
	s.bus = bus.New(bus.Config{
		URL:         s.Bus,
		Credentials: s.BusCredentials,
		Subject:     busSubject(s.secrets.tokens),
		Name:        "drover " + name,
		Deliver:     func(message []byte) error { return s.broker.PublishFromNode(message) },
		Log:         s.Log,
	})
}

// forward is what the broker hands messages for other nodes to; nil without a bus.
func (s *Server) forward() func([]byte) {
	if s.bus == nil {
		return nil
	}
	return s.bus.Publish
}

// busSubject is the subject of the nodes on one database. It is made of a secret that all of them
// have and no other Drover on the same NATS has, and does not show it. Permissions of NATS can name
// drover.bus.>.
func busSubject(secret []byte) string {
	sum := sha256.Sum256(append([]byte("subject of the bus\x00"), secret...))
	return "drover.bus." + hex.EncodeToString(sum[:16])
}

// startBus runs the bus, and returns when it is connected or is not waited for. stop ends it after
// what was published has been sent.
func (s *Server) startBus(ctx context.Context) (stop func()) {
	if s.bus == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ready, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if err := s.bus.Run(ctx, func() { close(ready) }); err != nil {
			s.Log.Error("the bus does not run: messages on ordinary topics reach subscribers on "+
				"the same node only", "err", err)
		}
	}()
	select {
	case <-ready:
	case <-done:
	}
	return func() {
		cancel()
		<-done
	}
}

// aloneEvery is how often a node without a bus looks whether there are others.
const aloneEvery = 10 * time.Second

// warnWithoutBus logs, once, that this server has no bus and there are other nodes.
func (s *Server) warnWithoutBus(ctx context.Context) error {
	if s.bus != nil || s.database == nil {
		return nil
	}
	look := time.NewTicker(aloneEvery)
	defer look.Stop()
	for {
		nodes, err := s.engine.Nodes.List(ctx)
		if err == nil && livingNodes(nodes) > 1 {
			s.Log.Warn("there are several nodes and this one has no --bus: messages on ordinary " +
				"topics reach subscribers on the same node only")
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil
		}
	}
}
