package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/drover-iot/drover/control"
	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/device/https"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/endpoints"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/sqlite"
)

// shutdownGrace bounds how long a server waits for what is under way when it is told to stop.
const shutdownGrace = 15 * time.Second

// Server is one running server. Open makes it, Run serves it.
type Server struct {
	Config
	Endpoints endpoints.File
	// Fresh says that the data folder was empty.
	Fresh bool

	release   func()
	store     store.Store
	engine    *engine.Engine
	broker    *broker.Broker
	plane     *device.Plane
	listeners listeners
	handler   http.Handler
	virtual   *clock.Virtual
	leaving   atomic.Bool // Run was told to end
}

// Open takes the data folder, reads or makes what lies in it, and opens the listeners. Nothing is answered before Run.
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

func (s *Server) openData() (err error) {
	if err := openFolder(s.Data); err != nil {
		return err
	}
	if s.release, err = lock(s.Data); err != nil {
		return err
	}
	path := filepath.Join(s.Data, storeFile)
	if _, err := os.Stat(path); err != nil {
		s.Fresh = true
	}
	s.store, err = sqlite.Open(path)
	return err
}

// wire makes the parts and joins them.
func (s *Server) wire(ctx context.Context) error {
	keys, err := OpenKeys(s.Data)
	if err != nil {
		return err
	}
	key, err := keys.First()
	if err != nil {
		return err
	}
	ca, err := tlsutil.Load(s.Data, "ca", "Drover development CA", tlsutil.NewECKey)
	if err != nil {
		return err
	}
	certificate, err := serverCertificate(s.Data, ca, s.hosts())
	if err != nil {
		return err
	}
	if err := s.join(ctx, keys); err != nil {
		return err
	}
	if s.listeners, err = listen(ctx, s.Config, certificate); err != nil {
		return err
	}
	s.Endpoints = s.listeners.endpoints()
	s.Endpoints.Account, s.Endpoints.Region = s.Scope.Account, s.Scope.Region
	s.Endpoints.AccessKeyID, s.Endpoints.SecretAccessKey = key.AccessKeyID, key.SecretAccessKey
	s.Endpoints.PID = os.Getpid()
	s.Endpoints.CA, err = filepath.Abs(filepath.Join(s.Data, "ca.pem"))
	return err
}

// hosts are the names that the server certificate carries (R-HTTP-40).
func (s *Server) hosts() []string {
	hosts := []string{s.Host}
	for _, more := range []string{"localhost", "127.0.0.1", "::1"} {
		if more != s.Host {
			hosts = append(hosts, more)
		}
	}
	return hosts
}

// join makes the engine, the planes and the broker, and tells them about each other.
func (s *Server) join(ctx context.Context, keys *Keys) (err error) {
	tokens, err := tokenKey(s.Data)
	if err != nil {
		return err
	}
	managed, err := openManaged(s.Data)
	if err != nil {
		return err
	}
	now, err := s.clock(ctx)
	if err != nil {
		return err
	}
	s.plane = &device.Plane{Log: s.Log, Reads: rates.PerSecond(s.Rates.DeviceReads), Writes: rates.PerSecond(s.Rates.DeviceWrites)}
	s.engine = engine.New(engine.Config{
		Store:              s.store,
		Clock:              now,
		IDs:                ids.Random{},
		Events:             events.Renderer{Scope: s.Scope, IDs: ids.Random{}},
		Log:                s.Log,
		Limits:             s.Limits,
		Managed:            managed,
		PresenceGrace:      s.PresenceGrace,
		Notify:             s.plane.Notify,
		PublishEvents:      s.publish,
		Persisted:          s.stored,
		CertificateChanged: s.certificateChanged,
	})
	s.plane.Jobs, s.plane.Now = s.engine.Jobs, s.engine.Now
	g := &gate{engine: s.engine, scope: s.Scope, log: s.Log}
	s.broker, err = broker.New(ctx, broker.Config{
		Service: jobsService(s.plane), Authenticate: g.authenticate, Sessions: sessions{s.engine}, Presence: s.presence, Log: s.Log,
	})
	if err != nil {
		return err
	}
	joinBroker(s.plane, s.broker)
	f := &front{
		control: control.NewHandler(&control.Plane{
			Jobs:     s.engine.Jobs,
			Fleet:    s.engine.Fleet,
			Identity: s.engine.Identity,
			Tags:     s.engine.Tags,
			Now:      s.engine.Now,
			RealNow:  time.Now,
			Scope:    s.Scope,
			Managed:  managed,
			Issuer:   &issuer{dir: s.Data},
			DataHost: s.Host,
			JobsHost: s.Host,
			Pages:    control.Pages{Key: tokens},
			Rate:     s.Rates.Control,
		}, s.Log),
		device: https.New(s.plane), gate: g, keys: keys, scope: s.Scope, log: s.Log,
	}
	f.clock = &clockHandler{
		engine: s.engine, virtual: s.virtual, reset: func(r *http.Request) error { return s.engine.Reset(r.Context()) },
		verify: func(r *http.Request, body []byte) error {
			_, err := f.verify(r, body)
			return err
		},
	}
	s.handler = f
	return nil
}

// clock returns the engine's clock. A virtual one starts at the real time or, when it has been further, where it was. On
// the real clock, what is stored from there waits until that time has come.
func (s *Server) clock(ctx context.Context) (clock.Clock, error) {
	last, err := commit.LastVirtualTime(ctx, s.store)
	if s.Virtual {
		s.virtual = clock.NewVirtual(time.Now())
		s.virtual.Set(last)
		return s.virtual, err
	}
	if now := (clock.Real{}).Now(); last.After(now) {
		s.Log.Warn("this data folder was used with a virtual clock that is ahead: what it holds waits for that time; "+
			"take another folder or --clock virtual", "data", s.Data, "ahead", last.Sub(now))
	}
	return clock.Real{}, err
}

// publish publishes lifecycle events to whoever subscribes to them (R-EVT-27).
func (s *Server) publish(events []store.Event) {
	for _, event := range events {
		s.broker.Publish(broker.Message{Topic: event.Topic, Payload: event.Payload, QoS: 1})
	}
}

// presence tells the engine that a client came or went.
func (s *Server) presence(e broker.PresenceEvent) {
	if s.leaving.Load() { // the server leaves its devices, not they it (R-ID-61)
		return
	}
	s.engine.Fleet.SetPresence(fleet.Presence{
		Client: e.ClientID, Session: e.SessionID, Version: e.Version,
		Connectivity: fleetquery.Connectivity{
			Connected: e.EventType == "connected", At: time.UnixMilli(e.Timestamp), DisconnectReason: string(e.Cause),
		},
	})
}

// stored returns when the sessions of devices have stored what the plane notified them of.
func (s *Server) stored(ctx context.Context) error { return s.broker.Stored(ctx) }

// certificateChanged ends the connections of a certificate that may not connect any more (R-BRK-19).
func (s *Server) certificateChanged(id string) {
	if _, err := s.engine.Identity.Identify(context.Background(), id, time.Now()); err == nil {
		return
	}
	s.broker.Disconnect(id)
}

// Now is the time of the engine's clock.
func (s *Server) Now() time.Time { return s.engine.Now() }

// Run serves until ctx ends, then lets what is under way finish. ready is called once every listener answers and
// endpoints.json is written.
func (s *Server) Run(ctx context.Context, ready func()) error {
	defer s.close()
	defer context.AfterFunc(ctx, func() { s.leaving.Store(true) })()
	engineCtx, stopEngine := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngine()
	engineDone := make(chan error, 1)
	go func() { engineDone <- s.engine.Run(engineCtx) }()
	<-s.engine.Ready()

	serving, ctx := errgroup.WithContext(ctx)
	s.serve(ctx, serving)
	if err := s.Endpoints.Write(s.Data); err != nil {
		serving.Go(func() error { return err })
	} else {
		ready()
	}
	err := serving.Wait()
	_ = endpoints.Remove(s.Data) // a left-over is only stale: the lock is what counts
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	s.engine.Announced(grace)
	err = errors.Join(err, s.broker.Shutdown(grace))
	stopEngine()
	return errors.Join(err, <-engineDone)
}

// serve starts every listener.
func (s *Server) serve(ctx context.Context, serving *errgroup.Group) {
	serving.Go(func() error {
		<-ctx.Done()
		return nil
	})
	if l := s.listeners.http; l != nil {
		serving.Go(func() error { return serveHTTP(ctx, l, s.handler, s.Log) })
	}
	if l := s.listeners.mqtt; l != nil {
		serving.Go(func() error { return s.broker.Serve(ctx, l) })
	}
	if l := s.listeners.mqtts; l != nil {
		serving.Go(func() error { return s.broker.Serve(ctx, l) })
	}
	if l := s.listeners.https; l != nil {
		serving.Go(func() error { return l.run(ctx, s.Log) })
		serving.Go(func() error { return s.broker.Serve(ctx, l.mqtt) })
		serving.Go(func() error { return serveHTTP(ctx, l.http, s.handler, s.Log) })
	}
}

// close gives back what Open took.
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
