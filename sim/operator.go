package sim

import (
	"encoding/json"
	"fmt"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
)

// operator is everybody who calls the control plane.
type operator struct {
	*world
	draw    draw
	created int // job ids handed out
	// configs are what operators believe that jobs are configured to, from the answers they got.
	configs map[string]*configs
}

// configs are the configurations of one job that UpdateJob may change.
type configs struct {
	Rollout *iot.JobExecutionsRolloutConfig
	Abort   *iot.AbortConfig
	Timeout *iot.TimeoutConfig
	Retry   *iot.JobExecutionsRetryConfig
}

// populate makes groups, things and their devices.
func (w *world) populate() {
	for _, g := range groupParents {
		w.operator.createGroup(g.name)
	}
	if w.chance(0.8) {
		w.operator.publishEvents()
	}
	for i := range w.Things {
		d := newDevice(w, fmt.Sprintf("thing-%03d", i))
		w.devices = append(w.devices, d)
		w.byName[d.name] = d
		w.operator.createThing(d.name)
		d.online = true
		w.after(w.upTo(d.habits.poll), d.routine)
	}
	for _, d := range w.devices {
		for range w.pick(0, 1, 1, 2) {
			w.operator.join(w.operator.draw.group(), d.name)
		}
	}
	w.server.settle()
}

// plan spreads what operators do over the days: the jobs, and several other calls for each.
func (o *operator) plan() {
	o.configs = map[string]*configs{}
	days := o.calm.Sub(birth)
	for range o.Jobs {
		o.after(o.upTo(days*4/5), o.createJob)
	}
	for range o.Jobs * 6 {
		o.after(o.upTo(days), o.act)
	}
}

// act does one thing at random.
func (o *operator) act() {
	if !o.server.up {
		return
	}
	switch n := o.r.IntN(100); {
	case n < 18:
		o.updateJob()
	case n < 23:
		o.cancelJob()
	case n < 29:
		o.deleteJob()
	case n < 35:
		o.cancelExecution()
	case n < 41:
		o.deleteExecution()
	case n < 45:
		o.associate()
	case n < 60:
		o.join(o.draw.group(), o.draw.thing())
	case n < 75:
		o.part(o.draw.group(), o.draw.thing())
	case n < 80:
		o.move()
	case n < 84:
		o.replaceGroup()
	case n < 90:
		o.deleteThing(o.draw.thing())
	default:
		o.createThing(o.draw.thing())
	}
}

// done notes a call and its answer. It reports whether the call was accepted and the answer arrived: the server may crash
// before that.
func (o *operator) done(err error, format string, args ...any) bool {
	refusal := fault.Of(err)
	if refusal == nil {
		o.must(fmt.Sprintf(format, args...), err)
	}
	if o.Trace != nil {
		answer := "ok"
		if err != nil {
			answer = err.Error()
		}
		o.trace("operator: %s: %s", fmt.Sprintf(format, args...), answer)
	}
	if o.chance(o.Faults.Crash * 3) {
		o.server.crash()
		return false
	}
	return err == nil
}

// show writes a request for the trace.
func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
