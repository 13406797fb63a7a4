package sim

import (
	"context"
	"errors"
	"github.com/drover-iot/drover/job"
	"log/slog"
	"strings"
	"time"

	"github.com/drover-iot/drover/control"
	deviceplane "github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// server is the real engine and its two planes, on a store that survives it.
type server struct {
	*world
	up      bool
	engine  *engine.Engine
	device  *deviceplane.Plane
	control *control.Plane
	ids     *ids.Counting
	told    map[string]*told // by thing name
	limits  job.Limits       // differ from world to world
}

// told is what a thing was told last, as rules.sight writes it.
type told struct{ list, next string }

var (
	errBroken = errors.New("the simulated disk or network failed")
	errCut    = errors.New("the simulated server stops while it announces")
)

// draw chooses what the server is configured to.
func (s *server) draw() {
	if s.chance(0.2) {
		s.limits.Concurrent = s.between(1, 3)
	}
	if s.chance(0.1) {
		s.limits.ActiveSnapshot, s.limits.ActiveContinuous = s.between(2, 5), s.between(1, 3)
	}
	if s.chance(0.15) {
		s.limits.Retention = s.span(time.Hour, 60*time.Hour)
	}
}

// open starts a server on the store as it is.
func (s *server) open() {
	log := slog.New(slog.DiscardHandler)
	s.engine = engine.New(engine.Config{
		Store: s.store, Clock: s.clock, IDs: s.ids, Events: events.Renderer{Scope: registry.DefaultScope, IDs: s.ids}, Log: log, Notify: s.tell,
		PublishEvents: s.rules.publish, Limits: s.limits, Stepped: true,
	})
	s.device = &deviceplane.Plane{
		Jobs: s.engine.Jobs, Now: s.engine.Now, Log: log, Publish: s.publish, Subscribed: func(string) bool { return true },
	}
	s.control = &control.Plane{
		Jobs:  s.engine.Jobs,
		Fleet: s.engine.Fleet,
		Now:   s.engine.Now,
		Scope: registry.DefaultScope,
	}
	s.up = true
}

// crash stops the server at once: what is committed but not announced stays so, and whoever waits for an answer waits in
// vain.
func (s *server) crash() {
	if !s.up {
		return
	}
	s.up = false
	s.report.Crashes++
	down := s.span(0, 20*time.Second)
	if s.chance(0.2) {
		down = s.span(time.Minute, 10*time.Hour)
	}
	s.trace("server crashes, for %s", down)
	s.after(down, s.restart)
}

// restart opens a new server on what the old one left. What was acknowledged must be there (R-CON-25). Devices notice
// that their connections are gone.
func (s *server) restart() {
	if s.up {
		return
	}
	s.trace("server starts")
	s.open()
	s.rules.everything()
	for _, d := range s.devices {
		if d.online {
			d.online = false
			s.after(s.span(0, 2*time.Minute), d.comeBack)
		}
	}
}

// nextDue is when the server wants to do something by itself; the zero time when it does not. It is in the past while
// something is overdue.
func (s *server) nextDue() time.Time {
	due, err := s.engine.NextDue(s.ctx)
	s.must("next due", err)
	return due
}

// settle lets the server do everything that follows from what just happened: due work, then announcements, in either
// order after a restart. It may crash in between.
func (s *server) settle() {
	if !s.up || s.violation != nil {
		return
	}
	s.patiently("due work", s.engine.RunDue)
	if s.chance(s.Faults.Crash) {
		s.crash()
		return
	}
	s.patiently("announce", s.engine.Announce)
	if s.up && s.violation == nil {
		s.rules.settled()
	}
}

// patiently does again what failed because of a fault, as the server's loops do.
func (s *server) patiently(what string, do func(context.Context) error) {
	for range 50 {
		switch err := do(s.ctx); {
		case errors.Is(err, errCut):
			s.crash()
			return
		case !errors.Is(err, errBroken):
			s.must(what, err)
			return
		}
	}
	s.fail("R-CON-26", "%s fails again and again", what)
}

// tell is what the engine announces with. It may fail, or the server crash, when only some of the things are told.
func (s *server) tell(ctx context.Context, notices []store.Notice) error {
	failure := error(nil)
	switch {
	case s.chance(s.Faults.Crash):
		failure = errCut
	case s.chance(s.Faults.Broken):
		failure = errBroken
	default:
		return s.device.Notify(ctx, notices)
	}
	s.trace("telling stops: %v", failure)
	s.must("tell", s.device.Notify(ctx, notices[:s.r.IntN(len(notices)+1)]))
	return failure
}

// publish sends a notification on its way, and notes what it says.
func (s *server) publish(topic string, payload []byte) {
	name, kind, _ := strings.Cut(strings.TrimPrefix(topic, "$aws/things/"), "/jobs/")
	known, m := s.said(name), s.parse(payload)
	if kind == "notify" {
		known.list = m.list()
	} else {
		known.next = m.Execution.key()
	}
	s.rules.stirred[name] = true
	s.network.toDevice(s.byName[name], topic, payload)
}

// said is what a thing was told last.
func (s *server) said(name string) *told {
	if s.told[name] == nil {
		s.told[name] = &told{}
	}
	return s.told[name]
}

// ask hands a device's request to the device plane and holds the answer against the rules.
func (s *server) ask(topic string, payload []byte) (reply string, body []byte) {
	expected := s.rules.expect(topic, payload)
	s.store.broke = false
	reply, body = s.device.Answer(s.ctx, topic, payload)
	if s.violation == nil && !s.store.broke {
		s.rules.answered(expected, reply, body)
	}
	return reply, body
}
