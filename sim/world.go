package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
)

// world is one run: everything there is, and the one source of chance.
type world struct {
	Config
	ctx    context.Context // never ends: a run is given up between two steps only
	caller context.Context
	r      *rand.Rand
	clock  *clock.Virtual
	calm   time.Time // when the faults end
	faults Faults    // as given: Config holds those in force
	queue  queue

	store    *watch
	rules    *rules
	server   server
	network  network
	operator operator
	devices  []*device
	byName   map[string]*device

	report    Report
	violation *Violation
}

// Report says how much a run did.
type Report struct {
	Steps, Commits, Messages, Crashes, Jobs, Executions int
}

// Add sums reports.
func (r *Report) Add(o Report) {
	r.Steps += o.Steps
	r.Commits += o.Commits
	r.Messages += o.Messages
	r.Crashes += o.Crashes
	r.Jobs += o.Jobs
	r.Executions += o.Executions
}

// birth is when every simulation begins: a leap year's end of February, at an odd second.
var birth = time.Date(2028, 2, 27, 22, 10, 7, 123e6, time.UTC)

// Run simulates one seed. The error is a *Violation when a rule did not hold, and ctx's when it ended.
func Run(ctx context.Context, c Config) (report Report, err error) {
	w := newWorld(ctx, c)
	defer func() {
		if cause := recover(); cause != nil {
			w.fail("no panic", "%v\n%s", cause, debug.Stack())
		}
		report = w.report
		if w.violation != nil {
			err = w.violation
		}
	}()
	w.run()
	return w.report, ctx.Err()
}

func newWorld(ctx context.Context, c Config) *world {
	w := &world{
		Config: c, faults: c.Faults, ctx: context.WithoutCancel(ctx), caller: ctx, r: rand.New(rand.NewPCG(c.Seed, 0xd20e5)), clock: clock.NewVirtual(birth),
		calm: birth.Add(time.Duration(c.Days) * 24 * time.Hour), byName: map[string]*device{},
	}
	w.rules = newRules(w)
	w.store = newWatch(w)
	w.server = server{world: w, ids: &ids.Counting{}, told: map[string]*told{}}
	w.network = network{world: w}
	w.operator = operator{world: w, draw: draw{w}}
	return w
}

// run lets everybody act until the faults end, and then until every job has ended or says why it does not.
func (w *world) run() {
	w.Faults = Faults{}
	w.server.draw()
	w.server.open()
	w.populate()
	w.Faults = w.given().Faults
	for _, o := range w.Faults.Options() { // see Faults
		*o.Value = min(*o.Value*float64(w.pick(0, 1, 1, 3)), 0.9)
	}
	w.operator.plan()
	for w.goesOn() && w.queue.events[0].at.Before(w.calm) {
		w.step()
	}
	if w.violation != nil || w.caller.Err() != nil {
		return
	}
	w.endFaults()
	for deadline := w.calm.Add(maxRest); w.goesOn() && w.clock.Now().Before(deadline) && w.rules.restless(); {
		w.step()
	}
	w.rules.finished()
}

// maxRest is how long a fleet without faults may take to end its jobs: the longest timer and the longest absence of a
// device, several times over because of retries.
const maxRest = 60 * 24 * time.Hour

func (w *world) goesOn() bool {
	return w.violation == nil && w.caller.Err() == nil && w.queue.Len() > 0
}

// step lets time pass up to what happens next, lets it happen, and lets the server do what follows.
func (w *world) step() {
	if due := w.due(); !due.IsZero() && !due.After(w.queue.events[0].at) {
		w.clock.Set(due)
	} else {
		next := w.queue.next()
		w.clock.Set(next.at)
		next.do()
	}
	w.server.settle()
	w.report.Steps++
}

// due is when the server will do something by itself: at its time or, when it lags, a little later; then it may come after
// what happens in between. The zero time when it will not.
func (w *world) due() time.Time {
	if !w.server.up {
		return time.Time{}
	}
	due := w.server.nextDue()
	if !due.IsZero() && w.chance(w.Faults.Lag) {
		due = due.Add(w.upTo(1200 * time.Millisecond))
	}
	return due
}

// endFaults makes everything work from now on, and brings everybody back but one device in some worlds, whose jobs then
// have a reason to wait.
func (w *world) endFaults() {
	w.clock.Set(w.calm)
	for _, o := range w.Faults.Options() {
		if o.Name != "fail" && o.Name != "reject" {
			*o.Value = 0
		}
	}
	w.trace("the faults end")
	if !w.server.up {
		w.server.restart()
	}
	w.server.settle()
	for i, d := range w.devices {
		d.habits.impatient = true
		if d.gone = i == 0 && w.chance(0.3); d.gone {
			d.leave(10 * maxRest)
		} else if !d.online {
			d.comeBack()
		}
	}
}

// fail ends the run: a rule did not hold. Only the first one counts.
func (w *world) fail(rule, format string, args ...any) {
	if w.violation == nil {
		for i, arg := range args {
			args[i] = w.rules.words(arg)
		}
		w.violation = &Violation{Rule: rule, Text: fmt.Sprintf(format, args...), At: w.clock.Now(), Config: w.given()}
		w.trace("VIOLATION %s: %s", rule, w.violation.Text)
	}
}

// given is the Config as it was given: the seed has changed the faults since.
func (w *world) given() Config {
	c := w.Config
	c.Faults = w.faults
	return c
}

// must ends the run when an error is none that the simulation brought about itself.
func (w *world) must(what string, err error) {
	if err != nil && !errors.Is(err, errBroken) {
		w.fail("no failure of the server", "%s: %v", what, err)
	}
}

// trace notes what happened, for whoever repeats the seed.
func (w *world) trace(format string, args ...any) {
	if w.Trace != nil {
		fmt.Fprintf(w.Trace, "%s  %s\n", w.clock.Now().Format(timeForm), fmt.Sprintf(format, args...))
	}
}

// after plans something.
func (w *world) after(d time.Duration, do func()) { w.queue.add(w.clock.Now().Add(d), do) }

// The draws.

func (w *world) chance(p float64) bool     { return p > 0 && w.r.Float64() < p }
func (w *world) pick(from ...int) int      { return from[w.r.IntN(len(from))] }
func (w *world) between(low, high int) int { return low + w.r.IntN(high-low+1) }
func (w *world) upTo(d time.Duration) time.Duration {
	return time.Duration(w.r.Int64N(int64(d/time.Millisecond)+1)) * time.Millisecond
}

// span draws a duration between two bounds, short ones more often.
func (w *world) span(low, high time.Duration) time.Duration {
	f := w.r.Float64()
	return (low + time.Duration(f*f*float64(high-low))).Truncate(time.Millisecond)
}
