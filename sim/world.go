package sim

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/drover-iot/drover/sim/rules"
)

// A run has two parts. Until the faults end, operators and devices act, messages are lost and the
// server crashes. After that nothing fails any more, everybody comes back, and the run goes on
// until every job has ended or has a reason to wait, such as a device that never comes back.
//
// Both parts repeat one step: the clock goes to whatever is due first, planned on the timeline or
// wanted by the server; that happens; and the server does all that follows from it at that time.

// world is one run: who acts, the time they act in, and the rules that look on.
type world struct {
	caller    context.Context // when it ends, the run is given up between two steps
	rand      *random
	time      *timeline
	log       *journal
	faults    *Faults   // those in force: see drawFaults and endFaults
	faultsEnd time.Time // when the first part ends

	checker  *rules.Checker // holds the server to the rules
	server   *server
	network  *network
	operator *operator
	fleet    *fleet
}

// fleet is all devices, in the order of their names and by name.
type fleet struct {
	devices []*device
	byName  map[string]*device
}

// Run simulates one seed. The error is a *Violation when a rule did not hold, and that of ctx when
// it ended.
func Run(ctx context.Context, c Config) (report Report, err error) {
	w := newWorld(ctx, c)
	defer func() {
		if cause := recover(); cause != nil {
			w.log.fail("no panic", fmt.Sprintf("%v\n%s", cause, debug.Stack()))
		}
		if w.server.store.disk != nil {
			w.server.store.disk.close()
		}
		report = w.log.report
		report.Executions = w.checker.Created()
		if w.log.violation != nil {
			err = w.log.violation
		}
	}()
	w.run()
	return report, ctx.Err()
}

// newWorld makes everybody who acts and gives each of them those that it needs. Nothing happens
// yet.
func newWorld(ctx context.Context, c Config) *world {
	w := &world{
		caller:    ctx,
		rand:      newRandom(c.Seed),
		time:      newTimeline(),
		faults:    &Faults{},
		faultsEnd: startTime.Add(time.Duration(c.Days) * 24 * time.Hour),
		fleet:     &fleet{byName: map[string]*device{}},
	}
	w.log = &journal{config: c, time: w.time}
	limits := drawLimits(w.rand)
	nodes := c.Nodes
	if nodes == 0 {
		nodes = drawNodes(w.rand)
	}
	if c.Disk != nil {
		nodes = 1
	}
	w.checker = rules.New(rules.Limits{
		Nodes:      nodes,
		Concurrent: limits.Concurrent,
		Retention:  limits.Retention,
	}, w.log.fail)
	uncancelled := context.WithoutCancel(ctx)
	w.server = newServer(uncancelled, w, limits, nodes)
	w.network = &network{rand: w.rand, time: w.time, log: w.log, faults: w.faults}
	w.server.network = w.network
	w.operator = newOperator(uncancelled, w)
	return w
}

// run lets everybody act until the faults end, and then until every job has ended or says why it
// does not.
func (w *world) run() {
	for _, n := range w.server.nodes {
		n.open()
	}
	w.populate()
	w.drawFaults()
	w.operator.plan(w.log.config.Jobs, w.faultsEnd.Sub(startTime))
	for w.goesOn() && w.time.next().Before(w.faultsEnd) {
		w.step()
	}
	if w.stopped() {
		return
	}
	w.endFaults()
	deadline := w.faultsEnd.Add(maxRest)
	for w.goesOn() && w.time.now().Before(deadline) && w.mayStillEnd() {
		w.step()
	}
	if !w.stopped() {
		w.server.look(func(now rules.State) { w.checker.Finished(now, w.fleet.gone) })
	}
}

// maxRest is how long a fleet without faults may take to end its jobs: the longest timer and the
// longest absence of a device, several times over because of retries.
const maxRest = 60 * 24 * time.Hour

// stopped says whether the run is over before its time: a rule did not hold, or the caller gave up.
func (w *world) stopped() bool { return w.log.violation != nil || w.caller.Err() != nil }

// goesOn says whether there is another step to make.
func (w *world) goesOn() bool { return !w.stopped() && !w.time.empty() }

// mayStillEnd says whether some job has not ended and has no reason for it.
func (w *world) mayStillEnd() (may bool) {
	w.server.look(func(now rules.State) { may = w.checker.MayStillEnd(now, w.fleet.gone) })
	return may
}

// gone says whether the device of a thing will never come back.
func (f *fleet) gone(name string) bool {
	d := f.byName[name]
	return d != nil && d.gone
}

// populate makes groups, things and their devices, before anything fails.
func (w *world) populate() {
	w.operator.reach()
	for _, g := range groupParents {
		w.operator.createGroup(g.name)
	}
	if w.rand.chance(0.8) {
		w.operator.enableEvents()
	}
	for i := range w.log.config.Things {
		d := newDevice(w, fmt.Sprintf("thing-%03d", i))
		w.fleet.devices = append(w.fleet.devices, d)
		w.fleet.byName[d.name] = d
		w.operator.draw.things = append(w.operator.draw.things, d.name)
		w.operator.createThing(d.name)
		d.online, d.node = true, w.server.any()
		w.time.after(w.rand.upTo(d.habits.poll), d.actByItself)
	}
	for _, d := range w.fleet.devices {
		for range w.rand.pick(0, 1, 1, 2) {
			w.operator.addToGroup(w.operator.draw.group(), d.name)
		}
	}
	w.server.work()
}

// drawFaults draws which of the faults this run has, and how many of them: see Faults.
func (w *world) drawFaults() {
	*w.faults = w.log.config.Faults
	for _, o := range w.faults.Options() {
		*o.Value = min(*o.Value*float64(w.rand.pick(0, 1, 1, 3)), 0.9)
	}
	if disk := w.server.store.disk; disk != nil {
		disk.begin()
	}
}

// step lets time pass up to what happens next, lets it happen, and lets the server do what follows.
func (w *world) step() {
	if due := w.due(); !due.IsZero() && !due.After(w.time.next()) {
		w.time.clock.Set(due)
	} else {
		w.time.happen()
	}
	w.server.work()
	w.log.report.Steps++
	w.askWhy()
}

// due is when the server will do something by itself, the zero time when it will not: when it wants
// to or, when it lags, a little later. What is planned in between happens before that.
func (w *world) due() time.Time {
	due := w.server.nextDue()
	if !due.IsZero() && w.rand.chance(w.faults.Lag) {
		due = due.Add(w.rand.upTo(1200 * time.Millisecond))
	}
	return due
}

// endFaults makes everything work from now on and brings all devices back. In some runs one of them
// stays away for good: its jobs then have a reason to wait.
//
// Executions still end FAILED or REJECTED: that is no fault, and jobs end by it.
func (w *world) endFaults() {
	w.time.clock.Set(w.faultsEnd)
	for _, o := range w.faults.Options() {
		if o.Name != "fail" && o.Name != "reject" {
			*o.Value = 0
		}
	}
	if disk := w.server.store.disk; disk != nil {
		disk.end()
	}
	w.log.trace("the faults end")
	for _, n := range w.server.nodes {
		n.restart()
		n.cutOff = false
		n.sign()
	}
	w.server.work()
	for i, d := range w.fleet.devices {
		d.habits.finishesAll = true
		if d.gone = i == 0 && w.rand.chance(0.3); d.gone {
			d.disconnect(10 * maxRest)
		} else if !d.online {
			d.connect()
		}
	}
	w.operator.letGo()
}
