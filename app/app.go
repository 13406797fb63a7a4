package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/drover-iot/drover/artifact"
	"github.com/drover-iot/drover/artifact/s3api"
	"github.com/drover-iot/drover/bus"
	"github.com/drover-iot/drover/console/live"
	"github.com/drover-iot/drover/control"
	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/device/presign"
	"github.com/drover-iot/drover/device/provision"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/connlimit"
	"github.com/drover-iot/drover/internal/endpoints"
	"github.com/drover-iot/drover/internal/loglimit"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/objectstore"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/postgres"
	"github.com/drover-iot/drover/store/sqlite"
	"github.com/drover-iot/drover/traces"
)

// How long a server that ends waits at the most: for MQTT connections, at the same time for HTTP
// (gateway/serve.go), then for announcements and for what is still to be stored. Together it is
// less than the ten seconds that Docker waits before it kills.
const (
	disconnectGrace = 7 * time.Second
	storeGrace      = 2 * time.Second
)

// Server is one server on one data folder. Open makes it, Run serves and ends it.
type Server struct {
	Config
	// Endpoints are the addresses that the listeners have got, as endpoints.json will have them.
	Endpoints endpoints.File
	// Fresh is whether this start has made the store: the data folder was not used before or, with
	// a database, that had no operator keys.
	Fresh bool
	// MadeSecret is the file with the secret that this start has made for the database; else empty.
	MadeSecret string

	// All of these are set by Open.

	log      *loglimit.Handler // bounds what clients can make the server log
	release  func()            // unlocks the data folder; nil before it is locked
	store    store.Store
	embedded *sqlite.Store   // store, when it is a file of the data folder; else nil
	database *postgres.Store // store, when it is a database; else nil
	follower clock.Follower  // the clock of the database
	ready    atomic.Bool     // it answers
	started  time.Time       // when it had joined its store, by the engine's clock
	secrets  secrets
	engine   *engine.Engine
	roles    *objectstore.Roles
	signer   *presign.Signer
	objects  *objectstore.Client
	broker   *broker.Broker
	bus      *bus.Bus // nil without one
	plane    *device.Plane
	claims   *provision.Plane
	live     *live.Hub
	devices  *gateway.DeviceAuth
	keyed    *gateway.KeyPrincipals

	authorizers *gateway.Authorizers

	listeners listeners
	handler   *gateway.HTTP
	admin     *gateway.Admin // nil without a listener of its own
	watched   watched
	traces    *traces.Traces // nil when requests are not followed
	probing   probing
	hangs     time.Duration  // how long one commit may take (R-OBS-9)
	steady    *clock.Steady  // over the real clock; nil on a virtual one
	virtual   *clock.Virtual // nil on the real clock
	leaving   atomic.Bool    // the server ends its connections

	// What a reload changes (reload.go).
	certificate      *tlsutil.Current
	limiter          *connlimit.Limiter
	connectionLimits connectionRoom
	control          *control.Handler
	artifactRates    *s3api.Rates // nil without a store of artifacts
	rolesAgain       chan os.Signal

	// The store of artifacts, the key pair of its URLs and what signs them; none when it is off.
	artifacts    *artifact.Store
	artifactKey  gateway.Key
	artifactURLs *presign.Signer
}

// Open locks the data folder, reads or makes what is in it, and opens the listeners. Nothing is
// answered before Run. After an error everything is closed again.
func Open(ctx context.Context, c Config) (*Server, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	s := newServer(c)
	err := s.openData(ctx)
	if err == nil {
		err = s.wire(ctx)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// newServer is a server of which nothing is open.
func newServer(c Config) *Server {
	s := &Server{
		Config:     c.withoutArtifacts(),
		log:        loglimit.New(c.Log.Handler()),
		rolesAgain: make(chan os.Signal, 1),
		hangs:      defaultHangs,
	}
	s.Log = slog.New(s.log)
	return s
}

// openData locks the data folder, and opens the store and the secrets.
func (s *Server) openData(ctx context.Context) (err error) {
	if err := openFolder(s.Data); err != nil {
		return err
	}
	if s.release, err = lock(s.Data); err != nil {
		return err
	}
	if err := s.openStore(ctx); err != nil {
		return err
	}
	return s.openSecrets(ctx)
}

// Now is the time of the engine's clock.
func (s *Server) Now() time.Time { return s.engine.Now() }

// Run serves until ctx ends, then ends in the order that loses nothing: requests under way are
// answered while devices are disconnected, then announcements are made, which the sessions of
// devices store, and the engine stops last. A client that is too slow is cut off, which is no
// error. ready is called once every listener answers and endpoints.json is written.
func (s *Server) Run(ctx context.Context, ready func()) error {
	defer s.close()
	// The engine outlives ctx: what is under way still needs it.
	engineCtx, stopEngine := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngine()
	engineDone := make(chan error, 1)
	go func() { engineDone <- s.engine.Run(engineCtx) }()
	select {
	case <-s.engine.Ready(): // what a crash has left is announced first
	case err := <-engineDone:
		return err
	}
	s.started = s.engine.Now() // not before: then it is not the time of the database yet

	stopBus := s.startBus(ctx)
	defer stopBus()
	serving, ctx := errgroup.WithContext(ctx)
	serving.Go(func() error { return s.watchStore(ctx) })
	serving.Go(func() error { return s.warnWithoutBus(ctx) })
	serving.Go(func() error { return s.roles.Run(ctx, s.rolesAgain) })
	serving.Go(func() error { return s.reloads(ctx) })
	serving.Go(func() error { return s.followKeys(ctx) })
	serving.Go(func() error { return s.live.Run(ctx) })
	serving.Go(func() error { return s.takeSamples(ctx) })
	if s.steady != nil {
		watch := &clockWatch{steady: s.steady, log: s.Log}
		serving.Go(func() error { return watch.run(ctx) })
	}
	s.serve(ctx, serving)
	s.ready.Store(true) // before the file is there: who waits for it asks next
	if err := s.Endpoints.Write(s.Data); err != nil {
		serving.Go(func() error { return err }) // ends the listeners
	} else {
		ready()
	}
	err := serving.Wait()
	_ = endpoints.Remove(s.Data) // one that is left is only stale: the lock is what counts
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeGrace)
	defer cancel()
	s.engine.Announced(grace)
	stopBus() // what the clients have published last is sent
	err = errors.Join(err, s.broker.Shutdown(grace))
	stopEngine()
	return errors.Join(err, <-engineDone, s.rescueStore())
}

// disconnect ends the MQTT connections when ctx has ended. Requests that take longer are not waited
// for. The first of them must not end before presence knows that it is the server that leaves.
func (s *Server) disconnect(ctx context.Context) error {
	<-ctx.Done()
	s.leaving.Store(true)
	s.ready.Store(false)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), disconnectGrace)
	defer cancel()
	if err := s.broker.DisconnectAll(grace); err != nil {
		s.Log.Warn("shutdown", "err", err)
	}
	return nil
}

// serve serves every listener that is open. When one of them fails, all end.
func (s *Server) serve(ctx context.Context, serving *errgroup.Group) {
	serving.Go(func() error { return s.disconnect(ctx) })
	serving.Go(func() error { s.keyed.Watch(ctx); return nil })
	serving.Go(func() error { s.authorizers.Watch(ctx); return nil })
	serveHTTP := func(l net.Listener) {
		serving.Go(func() error {
			return gateway.Serve(ctx, l, s.handler, s.handler.Answering, s.Log)
		})
	}
	if l := s.listeners.http; l != nil {
		serveHTTP(l)
	}
	if l := s.listeners.mqtt; l != nil {
		serving.Go(func() error { return s.broker.Serve(ctx, l) })
	}
	if l := s.listeners.mqtts; l != nil {
		serving.Go(func() error { return s.broker.Serve(ctx, l) })
	}
	if l := s.listeners.admin; l != nil {
		serving.Go(func() error {
			return gateway.Serve(ctx, l, s.admin, func() bool { return false }, s.Log)
		})
	}
	if l := s.listeners.https; l != nil {
		serving.Go(func() error { return l.Run(ctx, s.Log) })
		serving.Go(func() error { return s.broker.Serve(ctx, l.MQTT()) })
		serveHTTP(l.HTTP())
	}
}

// close releases what Open has opened. It may be called when only some of it was.
func (s *Server) close() {
	defer s.log.Flush()
	s.listeners.close()
	s.closeTraces()
	if s.store != nil {
		if err := s.store.Close(); err != nil {
			s.Log.Error("close store", "err", err)
		}
		s.store = nil
	}
	if s.artifacts != nil {
		if err := s.artifacts.Close(); err != nil {
			s.Log.Error("close store of artifacts", "err", err)
		}
		s.artifacts = nil
	}
	if s.release != nil {
		s.release()
		s.release = nil
	}
}
