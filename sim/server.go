package sim

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/drover-iot/drover/control"
	deviceplane "github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/sim/rules"
	"github.com/drover-iot/drover/store"
)

// server is the real engine and its two planes, on a store that outlives them. A crash drops the
// engine; a restart opens another one on the same store.
type server struct {
	ctx     context.Context // never ends: a run is given up between two steps only
	rand    *random
	time    *timeline
	log     *journal
	faults  *Faults
	fleet   *fleet
	network *network
	checker *rules.Checker

	// These outlive a crash.
	store  *watch
	ids    *ids.Counting
	limits job.Limits
	// followAtOnce is engine.Config.FollowAtOnce.
	followAtOnce int

	// up is false between a crash and the restart. The others are of the engine that was opened
	// last.
	up      bool
	engine  *engine.Engine
	device  *deviceplane.Plane
	control *control.Plane
}

var (
	// errBroken is what a fault of the simulation makes fail. The server must do it again later.
	errBroken = errors.New("the simulated disk or network failed")
	// errCut ends an announcement in the middle: the server crashes then.
	errCut = errors.New("the simulated server stops while it announces")
)

func newServer(ctx context.Context, w *world, limits job.Limits) *server {
	return &server{
		ctx:     ctx,
		rand:    w.rand,
		time:    w.time,
		log:     w.log,
		faults:  w.faults,
		fleet:   w.fleet,
		checker: w.checker,
		store:   newWatch(w),
		ids:     &ids.Counting{},
		limits:  limits,

		followAtOnce: w.rand.between(1, 3),
	}
}

// drawLimits draws the limits that the server is configured to. Most runs have those of the
// service.
func drawLimits(r *random) (limits job.Limits) {
	if r.chance(0.2) {
		limits.Concurrent = r.between(1, 3)
	}
	if r.chance(0.1) {
		limits.ActiveSnapshot, limits.ActiveContinuous = r.between(2, 5), r.between(1, 3)
	}
	if r.chance(0.15) {
		limits.Retention = r.span(time.Hour, 60*time.Hour)
	}
	return limits
}

// open starts an engine on the store as it is. A stepped engine has no loops: it does what is due
// only when it is asked to, on the goroutine of the simulation.
func (s *server) open() {
	log := slog.New(slog.DiscardHandler)
	s.engine = engine.New(engine.Config{
		Store:         s.store,
		Clock:         s.time.clock,
		IDs:           s.ids,
		Events:        events.Renderer{Scope: registry.DefaultScope, IDs: s.ids},
		Log:           log,
		Notify:        s.notify,
		PublishEvents: s.publishEvents,
		Limits:        s.limits,
		FollowAtOnce:  s.followAtOnce,
		Stepped:       true,
	})
	s.device = &deviceplane.Plane{
		Jobs:       s.engine.Jobs,
		Now:        s.engine.Now,
		Log:        log,
		Publish:    s.publish,
		Subscribed: func(string) bool { return true },
	}
	s.control = &control.Plane{
		Jobs:  s.engine.Jobs,
		Fleet: s.engine.Fleet,
		Now:   s.engine.Now,
		Scope: registry.DefaultScope,
	}
	s.up = true
}

// crash stops the server at once, for seconds or for hours. What is committed but not announced
// stays so, and whoever waits for an answer waits in vain.
func (s *server) crash() {
	if !s.up {
		return
	}
	s.up = false
	s.log.report.Crashes++
	down := s.rand.span(0, 20*time.Second)
	if s.rand.chance(0.2) {
		down = s.rand.span(time.Minute, 10*time.Hour)
	}
	s.log.trace("server crashes, for %s", down)
	s.time.after(down, s.restart)
}

// restart opens a new engine on what the old one left. What was acknowledged must be there
// (R-CON-25). Devices notice that their connections are gone, and connect again.
func (s *server) restart() {
	if s.up {
		return
	}
	s.log.trace("server starts")
	s.open()
	s.look(s.checker.Restarted)
	for _, d := range s.fleet.devices {
		if d.online {
			d.online = false
			s.time.after(s.rand.span(0, 2*time.Minute), d.connect)
		}
	}
}

// nextDue is when the server wants to do something by itself; the zero time when it does not. It is
// in the past while something is overdue.
func (s *server) nextDue() time.Time {
	due, err := s.engine.NextDue(s.ctx)
	s.log.must("next due", err)
	return due
}

// work lets the server do everything that follows from what just happened: due work, then
// announcements. It may crash in between. When nothing is left to do, the rules look at the result.
func (s *server) work() {
	if !s.up || s.log.violation != nil {
		return
	}
	s.retryOnFault("due work", s.engine.RunDue)
	if s.rand.chance(s.faults.Crash) {
		s.crash()
		return
	}
	s.retryOnFault("announce", s.engine.Announce)
	if s.up && s.log.violation == nil {
		s.look(s.checker.Settled)
	}
}

// retryOnFault does again what a fault of the simulation made fail, as the loops of the server do.
func (s *server) retryOnFault(what string, do func(context.Context) error) {
	for range 50 {
		switch err := do(s.ctx); {
		case errors.Is(err, errCut):
			s.crash()
			return
		case !errors.Is(err, errBroken):
			s.log.must(what, err)
			return
		}
	}
	s.log.fail("R-CON-26", what+" fails again and again")
}

// look shows the present state to the rules. It is called between two commits, never inside one:
// the state is then the one that all earlier answers were made from.
func (s *server) look(check func(rules.State)) {
	s.log.must("read", s.store.Store.Read(s.ctx, func(r store.Reader) error {
		check(rules.State{Store: r, Now: s.time.now()})
		return nil
	}))
}

// notify is called by the engine to notify things. It may fail, or the server may crash, when only
// some of them are.
func (s *server) notify(ctx context.Context, notices []store.Notice) error {
	failure := error(nil)
	switch {
	case s.rand.chance(s.faults.Crash):
		failure = errCut
	case s.rand.chance(s.faults.Broken):
		failure = errBroken
	default:
		return s.device.Notify(ctx, notices)
	}
	s.log.trace("telling stops: %v", failure)
	some := notices[:s.rand.index(len(notices)+1)]
	s.log.must("notify", s.device.Notify(ctx, some))
	return failure
}

// publish sends a notification to a device, and shows it to the rules.
func (s *server) publish(topic string, payload []byte) {
	s.checker.Notified(topic, payload)
	s.network.toDevice(s.fleet.byName[thingOf(topic)], topic, payload)
}

// publishEvents is called by the engine to publish lifecycle events. Nobody subscribes to them but
// the rules.
func (s *server) publishEvents(published []store.Event) {
	for _, e := range published {
		s.log.trace("event %s %s", e.Topic, e.Payload)
		s.checker.Published(e)
	}
}

// ask hands a device's request to the device plane and shows request and answer to the rules,
// unless a commit failed: then the answer is that of a server whose disk is broken.
func (s *server) ask(r deviceplane.Request) (reply string, body []byte) {
	asked := rules.Request{
		Topic:       r.Topic,
		Payload:     r.Payload,
		Message:     job.MessageID(r.PacketID, r.Payload),
		Redelivered: r.Redelivered,
	}
	var question rules.Question
	s.look(func(now rules.State) { question = s.checker.Asked(now, asked) })
	s.store.broke = false
	reply, body = s.device.Answer(s.ctx, r)
	if s.log.violation == nil && !s.store.broke {
		s.look(func(now rules.State) { s.checker.Answered(now, question, reply, body) })
	}
	return reply, body
}
