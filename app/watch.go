package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/metrics"
	"github.com/drover-iot/drover/store"
)

// What those who watch the server are shown of it: the sources of its metrics (R-OBS-4).

// sampleEvery is how often the store is asked for numbers. Between two samples passes at least
// sampleRest times as long as the last one took, however many jobs there are.
const (
	sampleEvery = 15 * time.Second
	sampleRest  = 20
)

// sample is what was found in the store last.
type sample struct {
	totals    answers.Totals
	nodes     int
	artifacts metrics.Artifacts // without what was moved
	sinks     []sinks.Backlog
}

// watched is what the server has for its metrics.
type watched struct {
	metrics *metrics.Metrics
	sample  atomic.Pointer[sample] // nil before the first
	// deviceCA is when the certificate of the authority of devices ends, which is made when it is
	// first needed.
	deviceCA atomic.Pointer[time.Time]
}

// joinMetrics makes the metrics. Their sources are asked at scrapes only, when all parts are there.
func (s *Server) joinMetrics() {
	sources := metrics.Sources{
		Pulse: s.engine.Pulse,
		Totals: func() (t answers.Totals, ok bool) {
			if at := s.watched.sample.Load(); at != nil {
				return at.totals, true
			}
			return t, false
		},
		Connections:  func() (open, identified int) { return s.limiter.Count() },
		Clients:      func() int { return s.broker.Connections() },
		Sessions:     func() int { return s.broker.SessionCount() },
		Certificates: s.certificateEnds,
		Disk:         func() (free, size uint64, ok bool) { return disk.Free(s.Data) },
		Ready:        func() bool { return s.whyUnready(false) == nil },
		Nodes: func() int {
			if at := s.watched.sample.Load(); at != nil {
				return at.nodes
			}
			return 1
		},
		SinkCounts: func() map[string]sinks.Counts { return s.engine.Sinks.Counts() },
		SinkBacklogs: func() []sinks.Backlog {
			if at := s.watched.sample.Load(); at != nil {
				return at.sinks
			}
			return nil
		},
	}
	if s.Artifacts.Bucket != "" {
		sources.Artifacts = s.artifactNumbers
	}
	s.watched.metrics = metrics.New(sources)
}

// observeDevice counts a request of a device.
func (s *Server) observeDevice(answered device.Answered) { s.watched.metrics.OfDevice(answered) }

// serveMetrics has the metrics served on the listener of their own, or else on those for operators.
func (s *Server) serveMetrics(operators *gateway.OperatorAuth) {
	served := &gateway.Metrics{Operators: operators, Handler: s.watched.metrics.Handler(s.Log)}
	if s.Admin == "" {
		s.handler.Metrics = served
		return
	}
	s.admin = &gateway.Admin{Health: s.handler.Health, Metrics: served}
}

// artifactNumbers are those of the store of artifacts.
func (s *Server) artifactNumbers() (a metrics.Artifacts) {
	if at := s.watched.sample.Load(); at != nil {
		a = at.artifacts
	}
	a.Sent, a.Received = s.handler.Artifacts.Handler.Moved()
	return a
}

// certificateEnds is when the server's own certificates end.
func (s *Server) certificateEnds() map[string]time.Time {
	ends := map[string]time.Time{"server-ca": s.secrets.ca.Certificate.NotAfter}
	if leaf := s.certificate.Leaf(); leaf != nil {
		ends["server"] = leaf.NotAfter
	}
	if at := s.watched.deviceCA.Load(); at != nil {
		ends["device-ca"] = *at
	}
	return ends
}

// takeSamples asks the store for numbers until ctx ends.
func (s *Server) takeSamples(ctx context.Context) error {
	for {
		began := time.Now()
		if at, err := s.takeSample(ctx); err == nil {
			at.totals.Took = time.Since(began)
			s.watched.sample.Store(at)
		} else if ctx.Err() == nil {
			s.Log.Warn("the jobs could not be counted for the metrics", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(sampleEvery, sampleRest*time.Since(began))):
		}
	}
}

// takeSample asks the store once.
func (s *Server) takeSample(ctx context.Context) (*sample, error) {
	at := &sample{nodes: 1}
	var err error
	if s.watched.deviceCA.Load() == nil && isThere(s.Data, deviceCA+".pem") {
		if _, err := s.deviceAuthority(); err != nil {
			return nil, err
		}
	}
	if at.totals, err = s.engine.Answers.Totals(ctx); err != nil {
		return nil, err
	}
	if at.sinks, err = s.engine.Sinks.Backlogs(ctx); err != nil {
		return nil, err
	}
	if s.database != nil {
		err := s.store.Read(ctx, func(r store.Reader) error {
			nodes, err := r.Nodes()
			at.nodes = livingNodes(nodes)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if s.artifacts == nil {
		return at, nil
	}
	at.artifacts.StoredFiles, at.artifacts.StoredBytes, err = s.artifacts.Totals(ctx)
	return at, err
}

// deviceAuthority loads or makes the authority of devices, and remembers when its certificate ends.
func (s *Server) deviceAuthority() (*tlsutil.Authority, error) {
	authority, err := s.secrets.devices()
	if err == nil {
		s.watched.deviceCA.Store(&authority.Certificate.NotAfter)
	}
	return authority, err
}

// openAdmin opens the listener for those who watch the server; nil when there is none.
func (s *Server) openAdmin(ctx context.Context) (net.Listener, error) {
	l, err := listenOn(ctx, s.named("admin"), s.Admin)
	if err != nil || l == nil {
		return nil, err
	}
	l = s.limiter.Listen(l)
	if s.AdminTLS {
		l = tls.NewListener(l, gateway.HTTPSConfig(s.certificate))
	}
	return l, nil
}

// checkAdmin refuses an address beyond loopback without TLS (R-OBS-3). --open-plain does not allow
// it: who watches a server sends the secret of a key.
func (c Config) checkAdmin() error {
	if c.Admin == "" {
		return nil
	}
	loopback, err := isLoopback(c.Admin)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", c.named("admin"), c.Admin, err)
	}
	if !loopback && !c.AdminTLS {
		return fmt.Errorf("%s: %s listens beyond loopback without TLS; use --admin-tls for that",
			c.named("admin"), c.Admin)
	}
	return nil
}
