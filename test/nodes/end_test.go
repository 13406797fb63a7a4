package nodes

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// What must hold at the end, when the faults have stopped and the devices have come to rest.

// checkEnd checks everything that the load was told against what there is.
func (w *world) checkEnd(l *load) {
	auditor := w.operator("auditor")
	l.everybodyHears(auditor)
	l.stopDevices()
	l.working.Wait()
	w.progress("the devices have stopped")
	// A machine that is busy with other tests may be late now and then; a node that says nothing
	// says it to all of its devices.
	if n := w.silences.Load(); n > int64(w.devices/4) {
		w.problem("%d requests got no answer within %v, and no fault explains it (R-NODE-9)",
			n, firmness)
	}
	executions := w.checkJobs(auditor)
	w.checkHistories(auditor, executions)
}

// Notices get noticeTime to reach a device and be dealt with, after all has become calm
// calmTime at most. Nobody asks any more by then: only notify-next says what there is to do.
const (
	noticeTime = 5 * time.Second
	calmTime   = 60 * time.Second
)

// everybodyHears gives every thing one more job, and waits until no thing has an execution that has
// been pending for long: each device has learned of each of them (R-NODE-6).
func (l *load) everybodyHears(auditor *operator) {
	ctx := context.Background()
	for {
		thing, _ := l.jobs.outside()
		if thing == "" {
			break
		}
		auditor.add(ctx, thing)
	}
	last := &jobRecord{id: "last", plain: true, created: l.history.now()}
	for i := range l.groups {
		last.groups = append(last.groups, groupName(i))
	}
	l.jobs.add(last)
	in := auditor.input(last)
	in.JobExecutionsRolloutConfig, in.TimeoutConfig = nil, nil
	last.perMinute, last.base = 1000, 1000 // which is the default
	c := call{operation: opCreateSnapshot, key: key{job: last.id}}
	_, ok, _ := request(ctx, auditor, c, func(ctx context.Context, api *iot.Client) (
		*iot.CreateJobOutput, error) {
		return api.CreateJob(ctx, in)
	}, nil)
	if !ok {
		l.problem("a job was refused after the last fault")
		return
	}
	l.jobs.change(last.id, func(r *jobRecord) { r.exists = true })
	begun := time.Now()
	waiting := l.devices
	for len(waiting) > 0 && time.Since(begun) < calmTime {
		time.Sleep(time.Second) // another process works
		waiting = l.unheard(auditor, waiting)
	}
	for _, d := range waiting {
		d.sayWaiting()
	}
	l.progress("%v after the last fault %d devices have not learned what they have to do",
		time.Since(begun).Round(time.Second), len(waiting))
}

// add puts a thing back into its group.
func (o *operator) add(ctx context.Context, thing string) {
	group := o.groupOf(thing)
	c := call{operation: opJoinGroup, key: key{thing: thing}}
	_, ok, _ := request(ctx, o, c, func(ctx context.Context, api *iot.Client) (
		*iot.AddThingToThingGroupOutput, error) {
		return api.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{
			ThingName: &thing, ThingGroupName: &group})
	}, nil)
	if !ok {
		o.problem("%s could not be put back into %s after the last fault", thing, group)
	}
}

// unheard returns those of the devices whose things have an execution that has been pending for
// longer than noticeTime.
func (l *load) unheard(auditor *operator, devices []*device) (waiting []*device) {
	for _, d := range devices {
		if d.pending(auditor, time.Now().Add(-noticeTime)) {
			waiting = append(waiting, d)
		}
	}
	return waiting
}

// pending reports whether the thing has an execution that was queued or begun before a time and is
// pending.
func (d *device) pending(auditor *operator, before time.Time) bool {
	for _, status := range []types.JobExecutionStatus{"QUEUED", "IN_PROGRESS"} {
		c := call{operation: opListForThing, key: key{thing: d.thing}}
		out, ok, _ := request(context.Background(), auditor, c, func(
			ctx context.Context, api *iot.Client) (*iot.ListJobExecutionsForThingOutput, error) {
			return api.ListJobExecutionsForThing(ctx, &iot.ListJobExecutionsForThingInput{
				ThingName: &d.thing, Status: status})
		}, nil)
		if !ok {
			return true
		}
		for _, x := range out.ExecutionSummaries {
			if aws.ToTime(x.JobExecutionSummary.LastUpdatedAt).Before(before) {
				return true
			}
		}
	}
	return false
}

// sayWaiting says of a device that has pending executions what it knows.
func (d *device) sayWaiting() {
	d.mu.Lock()
	defer d.mu.Unlock()
	head := "nothing to do"
	if d.head != nil {
		head = d.head.job + " to do"
	}
	d.problem("%s has pending executions; it was told last, at %v, that it has %s (R-NODE-6); "+
		"it asks with each connection: %v; what was asked last:%s",
		d.thing, d.learned.Round(time.Millisecond), head, !d.listens,
		d.history.lastOf(d.thing))
}
