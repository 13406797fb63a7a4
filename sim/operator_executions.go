package sim

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/sim/rules"
)

// drawCall draws a call about one execution: mostly about one that exists.
func (o *operator) drawCall() rules.ExecutionCall {
	call := rules.ExecutionCall{
		Thing: o.draw.thing(),
		JobID: o.draw.jobID(),
		Force: o.rand.chance(0.4),
	}
	if o.rand.chance(0.85) {
		if all := o.checker.Executions(); len(all) > 0 {
			key := oneOf(o.rand, all...)
			call.Thing, call.JobID = o.thingName(key), o.checker.JobID(key.Job)
			call.Number = key.Number
		}
	}
	return call
}

// thingName is the name of the thing of an execution, which may have been deleted since.
func (o *operator) thingName(key job.ExecutionKey) (name string) {
	o.server.look(func(now rules.State) {
		var err error
		name, err = now.Store.ThingName(key.Thing)
		o.log.must("thing name", err)
	})
	return name
}

// cancelExecution cancels the latest execution of a thing, sometimes with the version that it
// should have.
func (o *operator) cancelExecution() {
	call := o.drawCall()
	call.Number = 0
	if o.rand.chance(0.3) {
		call.Version = new(int64(o.rand.between(1, 2)))
	}
	err := o.checked(call, func() error {
		_, err := o.node.control.CancelJobExecution(o.ctx, &iot.CancelJobExecutionRequest{
			JobID:           iot.JobID(call.JobID),
			ThingName:       iot.ThingName(call.Thing),
			Force:           &call.Force,
			ExpectedVersion: call.Version,
		})
		return err
	})
	o.answered(err, "CancelJobExecution %s %s force=%v", call.Thing, call.JobID, call.Force)
}

// deleteExecution deletes one execution, by its number.
func (o *operator) deleteExecution() {
	call := o.drawCall()
	call.Deletes, call.Number = true, max(1, call.Number)
	err := o.checked(call, func() error {
		_, err := o.node.control.DeleteJobExecution(o.ctx, &iot.DeleteJobExecutionRequest{
			JobID:           iot.JobID(call.JobID),
			ThingName:       iot.ThingName(call.Thing),
			ExecutionNumber: call.Number,
			Force:           &call.Force,
		})
		return err
	})
	o.answered(err, "DeleteJobExecution %s %s #%d force=%v",
		call.Thing, call.JobID, call.Number, call.Force)
}

// checked makes a call about one execution and shows it to the rules: before, so that they note
// what is true, and after, with the answer.
func (o *operator) checked(call rules.ExecutionCall, do func() error) error {
	o.server.look(func(now rules.State) { o.checker.BeforeCall(now, call) })
	err := do()
	o.server.look(func(now rules.State) { o.checker.AfterCall(now, err) })
	return err
}
