package sim

import (
	"fmt"
	"reflect"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/sim/rules"
)

// createJob creates a job, sometimes with an id that is taken or was.
func (o *operator) createJob() {
	if !o.reach() {
		o.time.after(o.rand.upTo(time.Hour), o.createJob)
		return
	}
	id := o.draw.jobID()
	if o.draw.jobs == 0 || o.rand.chance(0.9) {
		o.draw.jobs++
		id = fmt.Sprintf("job-%d", o.draw.jobs)
	}
	in := o.draw.request(id)
	_, err := o.node.control.CreateJob(o.ctx, in)
	if err == nil {
		o.log.report.Jobs++
		o.configs[id] = &configs{
			Rollout: in.JobExecutionsRolloutConfig,
			Abort:   in.AbortConfig,
			Timeout: in.TimeoutConfig,
			Retry:   in.JobExecutionsRetryConfig,
		}
	}
	o.answered(err, "CreateJob %s", show(in))
	o.checkConfigs(id)
	if err == nil {
		o.changeWhileRollingOut(id)
	}
}

// changeWhileRollingOut makes up to three calls in the first minutes of a job, when its rollout
// still has things before it. Calls at any time of days come upon that too rarely: sixteen things
// are released in a few minutes.
func (o *operator) changeWhileRollingOut(id string) {
	for range o.rand.pick(0, 0, 1, 2, 3) {
		o.time.after(o.rand.upTo(6*time.Minute), func() {
			if !o.reach() {
				return
			}
			switch o.rand.index(6) {
			case 0:
				o.associateGroup(id)
			case 1:
				o.updateJob(id)
			case 2, 3:
				o.steer(id)
			case 4:
				o.leaveForAWhile(o.draw.group(), o.draw.thing())
			default:
				o.changeGroups()
			}
		})
	}
}

// updateJob changes one or more members of a job, sometimes of one that has ended or is gone. The
// retry configuration can only be changed so that nothing is retried any more (R-UPD-15).
func (o *operator) updateJob(id string) {
	in := &iot.UpdateJobRequest{
		JobID:                      iot.JobID(id),
		JobExecutionsRolloutConfig: sometimes(o.rand, 0.5, o.draw.rollout),
		AbortConfig:                sometimes(o.rand, 0.4, o.draw.abort),
		TimeoutConfig:              sometimes(o.rand, 0.4, o.draw.timeout),
	}
	if o.rand.chance(0.15) {
		in.JobExecutionsRetryConfig = &iot.JobExecutionsRetryConfig{
			CriteriaList: iot.RetryCriteriaList{{FailureType: "FAILED"}},
		}
	}
	o.checker.BeforeUpdate(rules.Update{
		JobID:   id,
		Rollout: in.JobExecutionsRolloutConfig != nil,
		Abort:   in.AbortConfig != nil,
	})
	_, err := o.node.control.UpdateJob(o.ctx, in)
	if c := o.configs[id]; err == nil && c != nil {
		replaceIfGiven(&c.Rollout, in.JobExecutionsRolloutConfig)
		replaceIfGiven(&c.Abort, in.AbortConfig)
		replaceIfGiven(&c.Timeout, in.TimeoutConfig)
		replaceIfGiven(&c.Retry, in.JobExecutionsRetryConfig)
	}
	o.answered(err, "UpdateJob %s", show(in))
	o.checkConfigs(id)
}

// replaceIfGiven is what UpdateJob does to each member: one that the call does not have stays as it
// was (R-UPD-1).
func replaceIfGiven[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

// checkConfigs reads a job back: it is configured as its operators believe (R-UPD-1).
func (o *operator) checkConfigs(id string) {
	want := o.configs[id]
	if want == nil || !o.reach() {
		return
	}
	out, err := o.node.control.DescribeJob(o.ctx, &iot.DescribeJobRequest{JobID: iot.JobID(id)})
	if fault.Is(err, fault.NotFound) {
		delete(o.configs, id)
		return
	}
	if err != nil {
		o.log.must("DescribeJob", err)
		return
	}
	got := configs{
		Rollout: out.Job.JobExecutionsRolloutConfig,
		Abort:   out.Job.AbortConfig,
		Timeout: out.Job.TimeoutConfig,
		Retry:   out.Job.JobExecutionsRetryConfig,
	}
	filled := *want // what was never given is shown as {} (R-WIRE-14)
	if filled.Rollout == nil {
		filled.Rollout = &iot.JobExecutionsRolloutConfig{}
	}
	if filled.Timeout == nil {
		filled.Timeout = &iot.TimeoutConfig{}
	}
	if !reflect.DeepEqual(got, filled) {
		text := fmt.Sprintf("%s is configured %s, operators said %s", id, show(got), show(filled))
		o.log.fail("R-UPD-1", text)
	}
}

// cancelJob cancels a job, whatever its status. By force it also cancels what is IN_PROGRESS.
func (o *operator) cancelJob() {
	id, force := o.draw.jobID(), o.rand.chance(0.4)
	_, err := o.node.control.CancelJob(o.ctx, &iot.CancelJobRequest{
		JobID:      iot.JobID(id),
		Force:      &force,
		ReasonCode: new(iot.ReasonCode("OPERATOR")),
	})
	o.answered(err, "CancelJob %s force=%v", id, force)
}

// deleteJob deletes a job. The rules are told which one, because a job that is gone without such a
// call must have been purged.
func (o *operator) deleteJob() {
	id, force := o.draw.jobID(), o.rand.chance(0.4)
	o.checker.DeletingJob(id)
	in := &iot.DeleteJobRequest{JobID: iot.JobID(id), Force: &force}
	_, err := o.node.control.DeleteJob(o.ctx, in)
	o.checker.DeletingJob("")
	o.answered(err, "DeleteJob %s force=%v", id, force)
}

// associateGroup adds a group to a job, which must be continuous for that.
func (o *operator) associateGroup(id string) {
	group := o.draw.group()
	_, err := o.node.control.AssociateTargetsWithJob(o.ctx, &iot.AssociateTargetsWithJobRequest{
		JobID:   iot.JobID(id),
		Targets: iot.JobTargets{groupARN(group)},
		Comment: new(iot.Text("more")),
	})
	o.answered(err, "AssociateTargetsWithJob %s %s", id, group)
}
