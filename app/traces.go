package app

import (
	"context"
	"errors"
	"net/url"
	"os"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/buildinfo"
	"github.com/drover-iot/drover/traces"
)

// tracesGrace is how long a server that ends waits until its last spans are taken.
const tracesGrace = time.Second

// setTracesEndpoint sets where traces go. Without a path it is that of OTLP.
func (c *Config) setTracesEndpoint(text string) error {
	c.TracesEndpoint = ""
	if text == "" {
		return nil
	}
	at, err := url.Parse(text)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return errors.New("must be a URL like http://127.0.0.1:4318") // without the text: a password may be in it
	}
	if at.Path == "" || at.Path == "/" {
		at.Path = "/v1/traces"
	}
	c.TracesEndpoint = at.String()
	return nil
}

// shownURL is a URL without its password.
func shownURL(text string) string {
	at, err := url.Parse(text)
	if err != nil {
		return "(not shown)"
	}
	return at.Redacted()
}

// openTraces makes what follows requests, when it was asked for.
func (s *Server) openTraces(ctx context.Context) (err error) {
	if s.TracesEndpoint == "" {
		return nil
	}
	instance, err := os.Hostname()
	if err != nil {
		instance = s.Host
	}
	s.traces, err = traces.New(ctx, traces.Config{
		Endpoint: s.TracesEndpoint,
		Ratio:    s.TracesRatio,
		Version:  buildinfo.Read().Version,
		Instance: instance,
		Log:      s.Log,
	})
	return err
}

// closeTraces sends the last spans.
func (s *Server) closeTraces() {
	if s.traces == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), tracesGrace)
	defer cancel()
	if err := s.traces.Shutdown(ctx); err != nil {
		s.Log.Warn("the last traces were not delivered", "err", err)
	}
	s.traces = nil
}

// jobsService answers devices over MQTT.
func (s *Server) jobsService() broker.Service {
	service := gateway.JobsService(s.plane, s.claims)
	if s.traces == nil {
		return service
	}
	return gateway.TracedService(service, s.traces)
}

// What the parts report to who counts and who follows requests.

func (s *Server) observeCommit(made commit.Made) {
	s.watched.metrics.Commit(made)
	if s.traces != nil {
		s.traces.Commit(made)
	}
}

func (s *Server) observeAnnouncement(made engine.Announced) {
	s.watched.metrics.Announced(made)
	if s.traces != nil {
		s.traces.Announced(made)
	}
}
