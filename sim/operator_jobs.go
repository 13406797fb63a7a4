package sim

import (
	"fmt"
	"reflect"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
)

func (o *operator) createJob() {
	if !o.server.up {
		o.after(o.upTo(time.Hour), o.createJob)
		return
	}
	id := o.draw.job() // is taken, or was
	if o.created == 0 || o.chance(0.9) {
		o.created++
		id = fmt.Sprintf("job-%d", o.created)
	}
	in := o.draw.request(id)
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
	o.rules.deleting = id
	_, err := o.server.control.DeleteJob(o.ctx, &iot.DeleteJobRequest{JobID: iot.JobID(id), Force: &force})
	o.rules.deleting = ""
	o.done(err, "DeleteJob %s force=%v", id, force)
}

// associate adds a group to a continuous job.
func (o *operator) associate() {
	id, group := o.draw.job(), o.draw.group()
	_, err := o.server.control.AssociateTargetsWithJob(o.ctx, &iot.AssociateTargetsWithJobRequest{
		JobID: iot.JobID(id), Targets: iot.JobTargets{groupArn(group)}, Comment: new(iot.Text("more")),
	})
	o.done(err, "AssociateTargetsWithJob %s %s", id, group)
}

// one draws an execution: mostly one that exists.
func (o *operator) one() single {
	s := single{thing: o.draw.thing(), job: o.draw.job(), force: o.chance(0.4)}
	if o.chance(0.85) {
		if x, ok := o.rules.any(); ok {
			s.thing, s.job, s.number = x.thing, x.job, x.number
		}
	}
	return s
}

func (o *operator) cancelExecution() {
	s := o.one()
	s.number = 0
	if o.chance(0.3) {
		s.version = new(int64(o.between(1, 2)))
	}
	o.rules.aboutOne(&s)
	_, err := o.server.control.CancelJobExecution(o.ctx, &iot.CancelJobExecutionRequest{
		JobID: iot.JobID(s.job), ThingName: iot.ThingName(s.thing), Force: &s.force, ExpectedVersion: s.version,
	})
	o.rules.judged(err)
	o.done(err, "CancelJobExecution %s %s force=%v", s.thing, s.job, s.force)
}

func (o *operator) deleteExecution() {
	s := o.one()
	s.deletes, s.number = true, max(1, s.number)
	o.rules.aboutOne(&s)
	_, err := o.server.control.DeleteJobExecution(o.ctx, &iot.DeleteJobExecutionRequest{
		JobID: iot.JobID(s.job), ThingName: iot.ThingName(s.thing), ExecutionNumber: s.number, Force: &s.force,
	})
	o.rules.judged(err)
	o.done(err, "DeleteJobExecution %s %s #%d force=%v", s.thing, s.job, s.number, s.force)
}
