package nodes

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// What operators do to jobs, executions and groups that exist.

// updateJob gives a job another rate.
func (o *operator) updateJob(ctx context.Context) {
	r := o.jobs.pick(o.random, active)
	if r == nil {
		return
	}
	rollout := o.rollout(r)
	o.jobs.change(r.id, func(known *jobRecord) {
		known.plain, known.perMinute = false, max(known.perMinute, r.perMinute)
	})
	c := call{operation: opUpdateJob, key: key{job: r.id}}
	request(ctx, o, c, func(ctx context.Context, api *iot.Client) (*iot.UpdateJobOutput, error) {
		return api.UpdateJob(ctx, &iot.UpdateJobInput{
			JobId: &r.id, JobExecutionsRolloutConfig: rollout})
	}, nil)
}

func (o *operator) cancelJob(ctx context.Context) {
	o.cancelWith(ctx, opCancelJob, mayCancel, false)
}

func (o *operator) forceCancelJob(ctx context.Context) {
	o.cancelWith(ctx, opForceCancelJob, mayForceCancel, true)
}

// cancelWith cancels a job. Its executions follow, perhaps later.
func (o *operator) cancelWith(ctx context.Context, op operation, may kind, force bool) {
	r := o.jobs.pick(o.random, active)
	if r == nil {
		return
	}
	o.jobs.allow(r.id, may, o.history.now())
	o.jobs.change(r.id, func(r *jobRecord) { r.canceled = true })
	c := call{operation: op, key: key{job: r.id}}
	request(ctx, o, c, func(ctx context.Context, api *iot.Client) (*iot.CancelJobOutput, error) {
		return api.CancelJob(ctx, &iot.CancelJobInput{
			JobId: &r.id, Force: force, ReasonCode: aws.String(reason)})
	}, nil)
}

// reason is the reasonCode of what operators cancel.
const reason = "OPERATOR"

// deleteJob deletes a job with all its executions.
func (o *operator) deleteJob(ctx context.Context) {
	r := o.jobs.pick(o.random, func(r *jobRecord) bool { return !r.deleted })
	if r == nil {
		return
	}
	o.jobs.allow(r.id, mayDelete, o.history.now())
	o.jobs.change(r.id, func(r *jobRecord) { r.deleted = true })
	c := call{operation: opDeleteJob, key: key{job: r.id}}
	request(ctx, o, c, func(ctx context.Context, api *iot.Client) (*iot.DeleteJobOutput, error) {
		return api.DeleteJob(ctx, &iot.DeleteJobInput{JobId: &r.id, Force: true})
	}, nil)
}

// associate adds a group to a continuous job.
func (o *operator) associate(ctx context.Context) {
	r := o.jobs.pick(o.random, func(r *jobRecord) bool { return active(r) && r.continuous })
	if r == nil {
		return
	}
	group := o.group()
	c := call{operation: opAssociate, key: key{job: r.id}}
	request(ctx, o, c, func(ctx context.Context, api *iot.Client) (
		*iot.AssociateTargetsWithJobOutput, error) {
		return api.AssociateTargetsWithJob(ctx, &iot.AssociateTargetsWithJobInput{
			JobId: &r.id, Targets: []string{o.cluster.arn("thinggroup", group)}})
	}, nil)
}

func (o *operator) describeJob(ctx context.Context) {
	r := o.jobs.pick(o.random, func(*jobRecord) bool { return true })
	if r == nil {
		return
	}
	c := call{operation: opDescribeJob, key: key{job: r.id}}
	_, _, refused := request(ctx, o, c, func(ctx context.Context, api *iot.Client) (
		*iot.DescribeJobOutput, error) {
		return api.DescribeJob(ctx, &iot.DescribeJobInput{JobId: &r.id})
	}, nil)
	if refused && !r.deleted && !o.isDeleted(r.id) {
		o.problem("the job %s, whose creation was acknowledged, is not found (R-NODE-3)", r.id)
	}
}

// isDeleted reports whether somebody has begun to delete a job.
func (o *operator) isDeleted(id string) (deleted bool) {
	o.jobs.change(id, func(r *jobRecord) { deleted = r.deleted })
	return deleted
}

func (o *operator) getDocument(ctx context.Context) {
	r := o.jobs.pick(o.random, active)
	if r == nil {
		return
	}
	c := call{operation: opGetDocument, key: key{job: r.id}}
	out, ok, _ := request(ctx, o, c, func(ctx context.Context, api *iot.Client) (
		*iot.GetJobDocumentOutput, error) {
		return api.GetJobDocument(ctx, &iot.GetJobDocumentInput{JobId: &r.id})
	}, nil)
	if ok && *out.Document != document {
		o.problem("the document of %s is %s", r.id, *out.Document)
	}
}

func (o *operator) listJobs(ctx context.Context) {
	request(ctx, o, call{operation: opListJobs}, func(ctx context.Context, api *iot.Client) (
		*iot.ListJobsOutput, error) {
		return api.ListJobs(ctx, &iot.ListJobsInput{Status: types.JobStatusInProgress})
	}, nil)
}

// somewhere is a thing that may have an execution of a job.
func (o *operator) somewhere() (r *jobRecord, thing string) {
	r = o.jobs.pick(o.random, func(*jobRecord) bool { return true })
	if r == nil {
		return nil, ""
	}
	members := o.members(r.groups[o.random.IntN(len(r.groups))])
	return r, members[o.random.IntN(len(members))]
}

// describe reads the latest execution of a job on a thing.
func (o *operator) describe(ctx context.Context) {
	r, thing := o.somewhere()
	if r == nil {
		return
	}
	o.read(ctx, key{thing: thing, job: r.id})
}

// read reads an execution, the latest when the key has no number.
func (o *operator) read(ctx context.Context, k key) (known bool) {
	in := &iot.DescribeJobExecutionInput{JobId: &k.job, ThingName: &k.thing}
	if k.number != 0 {
		in.ExecutionNumber = &k.number
	}
	c := call{operation: opDescribe, key: k, ask: ask{kind: describe}}
	_, accepted, refused := request(ctx, o, c, func(ctx context.Context, api *iot.Client) (
		*iot.DescribeJobExecutionOutput, error) {
		return api.DescribeJobExecution(ctx, in)
	}, func(c *call, out *iot.DescribeJobExecutionOutput) answer {
		c.key.number = *out.Execution.ExecutionNumber
		return answer{status: string(out.Execution.Status), version: out.Execution.VersionNumber}
	})
	return accepted || refused
}

func (o *operator) listForJob(ctx context.Context) {
	r := o.jobs.pick(o.random, func(*jobRecord) bool { return true })
	if r == nil {
		return
	}
	c := call{operation: opListForJob, key: key{job: r.id}}
	request(ctx, o, c, func(ctx context.Context, api *iot.Client) (
		*iot.ListJobExecutionsForJobOutput, error) {
		return api.ListJobExecutionsForJob(ctx, &iot.ListJobExecutionsForJobInput{JobId: &r.id})
	}, nil)
}

func (o *operator) listForThing(ctx context.Context) {
	thing := thingName(o.random.IntN(o.options.devices))
	c := call{operation: opListForThing, key: key{thing: thing}}
	request(ctx, o, c, func(ctx context.Context, api *iot.Client) (
		*iot.ListJobExecutionsForThingOutput, error) {
		return api.ListJobExecutionsForThing(ctx,
			&iot.ListJobExecutionsForThingInput{ThingName: &thing})
	}, nil)
}

func (o *operator) cancel(ctx context.Context) {
	o.cancelExecution(ctx, opCancel, cancel, mayCancel, false)
}

func (o *operator) forceCancel(ctx context.Context) {
	o.cancelExecution(ctx, opForceCancel, force, mayForceCancel, true)
}

// cancelExecution cancels the latest execution of a job on a thing. Where there may be several, the
// request does not say which one it meant.
func (o *operator) cancelExecution(ctx context.Context, op operation, k, may kind, forced bool) {
	r, thing := o.somewhere()
	if r == nil {
		return
	}
	c := call{operation: op, key: key{thing: thing, job: r.id}}
	if r.one() {
		c.key.number, c.ask.kind = 1, k
	} else {
		o.jobs.allow(r.id, may, o.history.now())
	}
	request(ctx, o, c, func(ctx context.Context, api *iot.Client) (
		*iot.CancelJobExecutionOutput, error) {
		return api.CancelJobExecution(ctx, &iot.CancelJobExecutionInput{
			JobId: &r.id, ThingName: &thing, Force: forced})
	}, nil)
}

// delete deletes the first execution of a job on a thing.
func (o *operator) delete(ctx context.Context) {
	r, thing := o.somewhere()
	if r == nil {
		return
	}
	o.jobs.change(r.id, func(r *jobRecord) { r.plain = false })
	c := call{operation: opDelete, key: key{thing, r.id, 1}, ask: ask{kind: remove}}
	request(ctx, o, c, func(ctx context.Context, api *iot.Client) (
		*iot.DeleteJobExecutionOutput, error) {
		return api.DeleteJobExecution(ctx, &iot.DeleteJobExecutionInput{
			JobId: &r.id, ThingName: &thing, ExecutionNumber: aws.Int64(1), Force: true})
	}, nil)
}

// leaveGroup takes a thing out of its group, joinGroup puts one back.
func (o *operator) leaveGroup(ctx context.Context) {
	thing := thingName(o.random.IntN(o.options.devices))
	group := o.groupOf(thing)
	o.jobs.leave(thing, group, o.history.now())
	c := call{operation: opLeaveGroup, key: key{thing: thing}}
	request(ctx, o, c, func(ctx context.Context, api *iot.Client) (
		*iot.RemoveThingFromThingGroupOutput, error) {
		return api.RemoveThingFromThingGroup(ctx, &iot.RemoveThingFromThingGroupInput{
			ThingName: &thing, ThingGroupName: &group})
	}, nil)
}

func (o *operator) joinGroup(ctx context.Context) {
	thing, group := o.jobs.outside()
	if thing == "" {
		return
	}
	c := call{operation: opJoinGroup, key: key{thing: thing}}
	_, ok, _ := request(ctx, o, c, func(ctx context.Context, api *iot.Client) (
		*iot.AddThingToThingGroupOutput, error) {
		return api.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{
			ThingName: &thing, ThingGroupName: &group})
	}, nil)
	if !ok {
		o.jobs.leave(thing, group, o.history.now()) // tried again later
	}
}

// nameOf is the name at the end of an ARN.
func nameOf(arn *string) string {
	text := aws.ToString(arn)
	return text[strings.LastIndexByte(text, '/')+1:]
}
