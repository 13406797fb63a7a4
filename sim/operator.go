package sim

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

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
	for range o.Jobs * 4 {
		o.after(o.upTo(days), o.act)
	}
}

// act does one thing at random.
func (o *operator) act() {
	if !o.server.up {
		return
	}
	switch n := o.r.IntN(100); {
	case n < 25:
		o.updateJob()
	case n < 33:
		o.cancelJob()
	case n < 41:
		o.deleteJob()
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

// Jobs.

func (o *operator) createJob() {
	if !o.server.up {
		o.after(o.upTo(time.Hour), o.createJob)
		return
	}
	o.created++
	in := o.draw.request(fmt.Sprintf("job-%d", o.created))
	_, err := o.server.control.CreateJob(o.ctx, in)
	if err == nil {
		o.report.Jobs++
		o.configs[string(in.JobID)] = &configs{in.JobExecutionsRolloutConfig, in.AbortConfig, in.TimeoutConfig, in.JobExecutionsRetryConfig}
	}
	o.done(err, "CreateJob %s", show(in))
	o.check(string(in.JobID))
}

// updateJob changes one or more members of a job.
func (o *operator) updateJob() {
	id := o.draw.job()
	in := &iot.UpdateJobRequest{
		JobID: iot.JobID(id), JobExecutionsRolloutConfig: chosen(o.draw, 0.5, o.draw.rollout), AbortConfig: chosen(o.draw, 0.4, o.draw.abort),
		TimeoutConfig: chosen(o.draw, 0.4, o.draw.timeout),
	}
	if o.chance(0.15) {
		in.JobExecutionsRetryConfig = &iot.JobExecutionsRetryConfig{CriteriaList: iot.RetryCriteriaList{{FailureType: "FAILED"}}}
	}
	o.rules.updating(in)
	_, err := o.server.control.UpdateJob(o.ctx, in)
	if c := o.configs[id]; err == nil && c != nil {
		replace(&c.Rollout, in.JobExecutionsRolloutConfig)
		replace(&c.Abort, in.AbortConfig)
		replace(&c.Timeout, in.TimeoutConfig)
		replace(&c.Retry, in.JobExecutionsRetryConfig)
	}
	o.done(err, "UpdateJob %s", show(in))
	o.check(id)
}

func replace[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

// check reads a job back: it is configured as its operators believe (R-UPD-1).
func (o *operator) check(id string) {
	want := o.configs[id]
	if !o.server.up || want == nil {
		return
	}
	out, err := o.server.control.DescribeJob(o.ctx, &iot.DescribeJobRequest{JobID: iot.JobID(id)})
	if fault.Is(err, fault.NotFound) {
		delete(o.configs, id)
		return
	}
	if err != nil {
		o.must("DescribeJob", err)
		return
	}
	got := configs{out.Job.JobExecutionsRolloutConfig, out.Job.AbortConfig, out.Job.TimeoutConfig, out.Job.JobExecutionsRetryConfig}
	filled := *want // what was never given is shown as {} (R-WIRE-14)
	if filled.Rollout == nil {
		filled.Rollout = &iot.JobExecutionsRolloutConfig{}
	}
	if filled.Timeout == nil {
		filled.Timeout = &iot.TimeoutConfig{}
	}
	if !reflect.DeepEqual(got, filled) {
		o.fail("R-UPD-1", "%s is configured %s, operators said %s", id, show(got), show(filled))
	}
}

func (o *operator) cancelJob() {
	id, force := o.draw.job(), o.chance(0.4)
	_, err := o.server.control.CancelJob(o.ctx, &iot.CancelJobRequest{JobID: iot.JobID(id), Force: &force, ReasonCode: new(iot.ReasonCode("OPERATOR"))})
	o.done(err, "CancelJob %s force=%v", id, force)
}

func (o *operator) deleteJob() {
	id, force := o.draw.job(), o.chance(0.4)
	_, err := o.server.control.DeleteJob(o.ctx, &iot.DeleteJobRequest{JobID: iot.JobID(id), Force: &force})
	o.done(err, "DeleteJob %s force=%v", id, force)
}

// Things and groups.

func (o *operator) createThing(name string) {
	_, err := o.server.control.CreateThing(o.ctx, &iot.CreateThingRequest{ThingName: iot.ThingName(name)})
	o.done(err, "CreateThing %s", name)
}

func (o *operator) deleteThing(name string) {
	_, err := o.server.control.DeleteThing(o.ctx, &iot.DeleteThingRequest{ThingName: iot.ThingName(name)})
	o.done(err, "DeleteThing %s", name)
}

func (o *operator) createGroup(name string) {
	in := &iot.CreateThingGroupRequest{ThingGroupName: iot.ThingGroupName(name)}
	for _, g := range groupParents {
		if g.name == name && g.parent != "" {
			in.ParentGroupName = new(iot.ThingGroupName(g.parent))
		}
	}
	_, err := o.server.control.CreateThingGroup(o.ctx, in)
	o.done(err, "CreateThingGroup %s", name)
}

// replaceGroup deletes a group without children, and makes it again soon.
func (o *operator) replaceGroup() {
	name := []string{"c", "d", "e"}[o.r.IntN(3)]
	_, err := o.server.control.DeleteThingGroup(o.ctx, &iot.DeleteThingGroupRequest{ThingGroupName: iot.ThingGroupName(name)})
	o.done(err, "DeleteThingGroup %s", name)
	o.after(o.span(0, 5*time.Hour), func() {
		if o.server.up {
			o.createGroup(name)
		}
	})
}

func (o *operator) join(group, thing string) {
	_, err := o.server.control.AddThingToThingGroup(o.ctx, &iot.AddThingToThingGroupRequest{
		ThingGroupName: new(iot.ThingGroupName(group)), ThingName: new(iot.ThingName(thing)),
	})
	o.done(err, "AddThingToThingGroup %s %s", group, thing)
}

func (o *operator) part(group, thing string) {
	_, err := o.server.control.RemoveThingFromThingGroup(o.ctx, &iot.RemoveThingFromThingGroupRequest{
		ThingGroupName: new(iot.ThingGroupName(group)), ThingName: new(iot.ThingName(thing)),
	})
	o.done(err, "RemoveThingFromThingGroup %s %s", group, thing)
}

// move takes a thing from one group into another as one change.
func (o *operator) move() {
	thing, from, to := o.draw.thing(), o.draw.group(), o.draw.group()
	_, err := o.server.control.UpdateThingGroupsForThing(o.ctx, &iot.UpdateThingGroupsForThingRequest{
		ThingName: new(iot.ThingName(thing)), ThingGroupsToAdd: []iot.ThingGroupName{iot.ThingGroupName(to)},
		ThingGroupsToRemove: []iot.ThingGroupName{iot.ThingGroupName(from)},
	})
	o.done(err, "UpdateThingGroupsForThing %s from %s to %s", thing, from, to)
}
