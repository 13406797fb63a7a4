package nodes

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// The jobs at the end: each has ended or says why not, counts what it has, and was never rolled out
// faster than it may be.

// A listed is an execution as the list of its job shows it.
type listed struct {
	key
	status types.JobExecutionStatus
	queued time.Time
}

// checkJobs checks all jobs that should exist, and returns their executions.
func (w *world) checkJobs(auditor *operator) (all []listed) {
	for _, r := range w.jobs.list() {
		executions, described, err := auditor.listAll(r.id)
		if err != nil {
			w.problem("the job %s, which was acknowledged: %v", r.id, err)
			continue
		}
		w.checkStatus(&r, described, executions)
		w.checkCounts(described, executions)
		w.checkRate(&r, executions)
		all = append(all, executions...)
	}
	return all
}

// listAll lists the executions of a job. A rollout may go on meanwhile, so it lists again until the
// job counts the same before and after.
func (o *operator) listAll(id string) (all []listed, job *types.Job, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	api := o.cluster.control(o.random.IntN(len(o.cluster.nodes)))
	for range 5 {
		before, err1 := api.DescribeJob(ctx, &iot.DescribeJobInput{JobId: &id})
		all, err = nil, err1
		pages := iot.NewListJobExecutionsForJobPaginator(api,
			&iot.ListJobExecutionsForJobInput{JobId: &id})
		for err == nil && pages.HasMorePages() {
			var page *iot.ListJobExecutionsForJobOutput
			if page, err = pages.NextPage(ctx); err == nil {
				all = append(all, listedOf(id, page.ExecutionSummaries)...)
			}
		}
		after, err2 := api.DescribeJob(ctx, &iot.DescribeJobInput{JobId: &id})
		if err = errors.Join(err, err2); err != nil {
			return nil, nil, err
		}
		if job = after.Job; counts(before.Job) == counts(after.Job) {
			break
		}
	}
	return all, job, nil
}

func listedOf(job string, page []types.JobExecutionSummaryForJob) (all []listed) {
	for _, x := range page {
		s := x.JobExecutionSummary
		all = append(all, listed{
			key:    key{nameOf(x.ThingArn), job, aws.ToInt64(s.ExecutionNumber)},
			status: s.Status,
			queued: aws.ToTime(s.QueuedAt),
		})
	}
	return all
}

// counts are the counters of a job, in the order of statuses.
func counts(j *types.Job) (all [8]int32) {
	d := j.JobProcessDetails
	for i, n := range []*int32{
		d.NumberOfQueuedThings, d.NumberOfInProgressThings, d.NumberOfSucceededThings,
		d.NumberOfFailedThings, d.NumberOfRejectedThings, d.NumberOfTimedOutThings,
		d.NumberOfCanceledThings, d.NumberOfRemovedThings,
	} {
		all[i] = aws.ToInt32(n)
	}
	return all
}

// statuses are in the order of counts.
var statuses = []types.JobExecutionStatus{
	"QUEUED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED", "TIMED_OUT", "CANCELED", "REMOVED",
}

// checkCounts compares the counters of a job with its executions (R-JOB-49).
func (w *world) checkCounts(j *types.Job, executions []listed) {
	var want [8]int32
	for _, x := range executions {
		want[slices.Index(statuses, x.status)]++
	}
	if got := counts(j); got != want {
		w.problem("the job %s counts %v, and has %v of %v (R-JOB-49)",
			*j.JobId, got, want, statuses)
	}
}

// checkStatus checks that a job has ended, or why it has not: it is continuous, or its rollout goes
// on.
func (w *world) checkStatus(r *jobRecord, j *types.Job, executions []listed) {
	switch code := aws.ToString(j.ReasonCode); j.Status {
	case types.JobStatusCompleted:
		if r.continuous {
			w.problem("the continuous job %s is COMPLETED (R-JOB-12)", r.id)
		}
	case types.JobStatusCanceled:
		if code != "ABORT_CRITERIA_MET" && code != reason ||
			code == reason && !r.canceled || code != reason && !r.aborts {
			w.problem("the job %s is CANCELED for the reason %q", r.id, code)
		}
	case types.JobStatusInProgress:
		rollsOut := len(j.JobProcessDetails.ProcessingTargets) > 0
		latest := slices.MaxFunc(append(executions, listed{queued: *j.CreatedAt}),
			func(a, b listed) int { return a.queued.Compare(b.queued) })
		age, allowed := time.Since(latest.queued), 2*noticeTime // a device may have been at work
		if rollsOut {
			allowed += tick
		}
		if !r.continuous && age > allowed {
			w.problem("the job %s is IN_PROGRESS without a reason: rolls out %v, its latest "+
				"execution was queued %v ago, %v",
				r.id, rollsOut, age.Round(time.Second), counts(j))
		}
	default:
		w.problem("the job %s is %s", r.id, j.Status)
	}
}

// tick is the time between two batches of a rollout (R-ROLL-3).
const tick = time.Minute

// checkRate checks that no minute had more first executions than the rate of the job (R-ROLL-2,
// R-NODE-4), and its first batch no more than the base rate. With a rate of 4, executions that were
// queued 4 at 0 s, 4 at 60 s and 1 at 119 s are too many: the minute from 60 s has 5. Things that
// have left a group may have joined a continuous job late, outside its rate (R-ROLL-15), and so may
// those of groups that were associated later.
func (w *world) checkRate(r *jobRecord, executions []listed) {
	var queued []time.Time
	for _, x := range executions {
		late := w.jobs.moved(x.thing) || !slices.Contains(r.groups, w.groupOf(x.thing))
		if x.number == 1 && !(r.continuous && late) {
			queued = append(queued, x.queued)
		}
	}
	slices.SortFunc(queued, time.Time.Compare)
	for i, from := range queued {
		end, _ := slices.BinarySearchFunc(queued, from.Add(tick), time.Time.Compare)
		if n := end - i; n > int(r.perMinute) {
			w.problem("the job %s queued %d executions in the minute from %v, and %d is its rate "+
				"(R-ROLL-2)", r.id, n, from, r.perMinute)
			return
		}
	}
	first, _ := slices.BinarySearchFunc(queued, firstOf(queued).Add(tick), time.Time.Compare)
	if r.plain && !r.continuous && first > int(r.base) {
		w.problem("the job %s queued %d executions at first, and %d is its base rate (R-ROLL-4)",
			r.id, first, r.base)
	}
}

func firstOf(queued []time.Time) time.Time {
	if len(queued) == 0 {
		return time.Time{}
	}
	return queued[0]
}

// byThing is an order of keys, for output that is the same each time.
func byThing(a, b key) int {
	return cmp.Or(
		cmp.Compare(a.job, b.job), cmp.Compare(a.thing, b.thing), cmp.Compare(a.number, b.number))
}
