package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/endpoints"
	"github.com/drover-iot/drover/store/sqlite"
)

// shutdownGrace is how long a server that ends waits for requests under way, and as long again for
// announcements and for the broker.
const shutdownGrace = 15 * time.Second

// Server is one server on one data folder. Open makes it, Run serves and ends it.
type Server struct {
	Config
	// Endpoints are the addresses that the listeners have got, as endpoints.json will have them.
	Endpoints endpoints.File
	// Fresh is whether the data folder had no store yet.
	Fresh bool

	// All of these are set by Open.

	release   func() // unlocks the data folder; nil before it is locked
	store     *sqlite.Store
	engine    *engine.Engine
	broker    *broker.Broker
	plane     *device.Plane
	devices   *gateway.DeviceAuth
	listeners listeners
	handler   http.Handler
	steady    *clock.Steady  // over the real clock; nil on a virtual one
	virtual   *clock.Virtual // nil on the real clock
	leaving   atomic.Bool    // Run was told to end
}

// Open locks the data folder, reads or makes what is in it, and opens the listeners. Nothing is
// answered before Run. After an error everything is closed again.
func Open(ctx context.Context, c Config) (*Server, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Server{Config: c}
	err := s.openData()
	if err == nil {
		err = s.wire(ctx)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// openData opens the store in the data folder, once no other server can use it.
func (s *Server) openData() (err error) {
	if err := openFolder(s.Data); err != nil {
		return err
	}
	if s.release, err = lock(s.Data); err != nil {
		return err
	}
	if s.Fresh, err = isNew(s.Data); err != nil {
		return err
	}
	s.store, err = sqlite.Open(filepath.Join(s.Data, storeFile))
	return err
}

// Now is the time of the engine's clock.
func (s *Server) Now() time.Time { return s.engine.Now() }

// Run serves until ctx ends, then ends in the order that loses nothing: requests under way are
// answered, their announcements made, then devices are disconnected, and the engine stops last.
// ready is called once every listener answers and endpoints.json is written.
func (s *Server) Run(ctx context.Context, ready func()) error {
	defer s.close()
	defer context.AfterFunc(ctx, func() { s.leaving.Store(true) })()
	// The engine outlives ctx: what is under way still needs it.
	engineCtx, stopEngine := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngine()
	engineDone := make(chan error, 1)
	go func() { engineDone <- s.engine.Run(engineCtx) }()
	<-s.engine.Ready() // what a crash has left is announced first

	serving, ctx := errgroup.WithContext(ctx)
	serving.Go(func() error { return s.watchStore(ctx) })
	if s.steady != nil {
		watch := &clockWatch{steady: s.steady, log: s.Log}
		serving.Go(func() error { return watch.run(ctx) })
	}
	s.serve(ctx, serving)
	if err := s.Endpoints.Write(s.Data); err != nil {
		serving.Go(func() error { return err }) // ends the listeners
	} else {
		ready()
	}
	err := serving.Wait()
	_ = endpoints.Remove(s.Data) // one that is left is only stale: the lock is what counts
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	s.engine.Announced(grace)
	err = errors.Join(err, s.broker.Shutdown(grace))
	stopEngine()
	return errors.Join(err, <-engineDone, s.rescueStore())
}

// serve serves every listener that is open. When one of them fails, all end.
func (s *Server) serve(ctx context.Context, serving *errgroup.Group) {
	serving.Go(func() error { // so that Wait waits for ctx even when no listener is open
		<-ctx.Done()
		return nil
	})
	if l := s.listeners.http; l != nil {
		serving.Go(func() error { return gateway.Serve(ctx, l, s.handler, shutdownGrace, s.Log) })
	}
	if l := s.listeners.mqtt; l != nil {
		serving.Go(func() error { return s.broker.Serve(ctx, l) })
	}
	if l := s.listeners.mqtts; l != nil {
		serving.Go(func() error { return s.broker.Serve(ctx, l) })
	}
	if l := s.listeners.https; l != nil {
		serving.Go(func() error { return l.Run(ctx, s.Log) })
		serving.Go(func() error { return s.broker.Serve(ctx, l.MQTT()) })
		serving.Go(func() error {
			return gateway.Serve(ctx, l.HTTP(), s.handler, shutdownGrace, s.Log)
		})
	}
}

// close releases what Open has opened. It may be called when only some of it was.
func (s *Server) close() {
	s.listeners.close()
	if s.store != nil {
		if err := s.store.Close(); err != nil {
			s.Log.Error("close store", "err", fmt.Errorf("%s: %w", storeFile, err))
		}
		s.store = nil
	}
	if s.release != nil {
		s.release()
		s.release = nil
	}
}
