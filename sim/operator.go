package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/sim/rules"
)

// Operators call the control plane at random times, one call at a time, with random arguments.
// Many calls are refused: the job has ended, the group is gone, the id was used before. That is
// intended, because a refused call must change nothing.

// operator is everybody who calls the control plane.
type operator struct {
	ctx     context.Context // never ends: a run is given up between two steps only
	rand    *random
	time    *timeline
	log     *journal
	faults  *Faults
	server  *server
	node    *node // that answers the call
	checker *rules.Checker
	draw    *draw
	// configs are what operators believe that jobs are configured to, by job id, from the answers
	// they got.
	configs map[string]*configs
}

// configs are the configurations of one job that UpdateJob may change; nil for what was never
// given.
type configs struct {
	Rollout *iot.JobExecutionsRolloutConfig
	Abort   *iot.AbortConfig
	Timeout *iot.TimeoutConfig
	Retry   *iot.JobExecutionsRetryConfig
}

func newOperator(ctx context.Context, w *world) *operator {
	return &operator{
		ctx:     ctx,
		rand:    w.rand,
		time:    w.time,
		log:     w.log,
		faults:  w.faults,
		server:  w.server,
		checker: w.checker,
		draw:    &draw{rand: w.rand, time: w.time},
		configs: map[string]*configs{},
	}
}

// plan spreads what operators do over the time until the faults end: the jobs, and six other calls
// for each.
func (o *operator) plan(jobs int, duration time.Duration) {
	for range jobs {
		o.time.after(o.rand.upTo(duration*4/5), o.createJob)
	}
	for range jobs * 6 {
		o.time.after(o.rand.upTo(duration), o.act)
	}
}

// act makes one call at random, unless the server is down. Memberships change most often, because
// that is where continuous jobs go wrong.
func (o *operator) act() {
	if !o.reach() {
		return
	}
	switch n := o.rand.index(128); {
	case n < 18:
		o.updateJob(o.draw.jobID())
	case n < 23:
		o.cancelJob()
	case n < 29:
		o.deleteJob()
	case n < 35:
		o.cancelExecution()
	case n < 41:
		o.deleteExecution()
	case n < 45:
		o.associateGroup(o.draw.jobID())
	case n < 60:
		o.addToGroup(o.draw.group(), o.draw.thing())
	case n < 68:
		o.removeFromGroup(o.draw.group(), o.draw.thing())
	case n < 75:
		o.leaveForAWhile(o.draw.group(), o.draw.thing())
	case n < 80:
		o.changeGroups()
	case n < 84:
		o.replaceGroup()
	case n < 90:
		o.deleteThing(o.draw.thing())
	case n < 100:
		o.createThing(o.draw.thing())
	case n < 113:
		o.steer(o.draw.jobID())
	case n < 118:
		o.retryFailed(o.draw.jobID())
	case n < 121:
		o.approve(o.draw.jobID())
	default:
		o.hold(o.draw.thing())
	}
}

// reach draws the node that answers the next calls, and reports whether there is one.
func (o *operator) reach() bool {
	o.node = o.server.any()
	return o.node != nil
}

// answered notes a call and its answer for the trace. An error that is no refusal ends the run: the
// server has failed. After the answer the server may crash.
func (o *operator) answered(err error, format string, args ...any) {
	o.node.rejoin()
	if fault.Of(err) == nil {
		o.log.must(fmt.Sprintf(format, args...), err)
	}
	if o.log.config.Trace != nil {
		answer := "ok"
		if err != nil {
			answer = err.Error()
		}
		o.log.trace("operator: %s: %s", fmt.Sprintf(format, args...), answer)
	}
	if !o.node.stopsDark() && o.rand.chance(o.faults.Crash*3) {
		o.node.crash()
	}
}

// show writes a request for the trace.
func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
