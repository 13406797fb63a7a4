package nodes

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/aws/smithy-go"
)

// An operator makes jobs and changes them, through the SDK and any node.
type operator struct {
	*world
	name   string
	random *rand.Rand
	made   int
	deck   []func(context.Context) // what it does next
}

// run is the life of the operator: one request after the other, until ctx ends.
func (o *operator) run(ctx context.Context) {
	for ctx.Err() == nil {
		o.deed()(ctx)
		sleep(ctx, o.pause/2+time.Duration(o.random.Int64N(int64(o.pause))))
	}
}

// deed is the next thing that the operator does. They come from a shuffled deck, so that each comes
// as often as it should and none is left out.
func (o *operator) deed() func(context.Context) {
	if len(o.deck) == 0 {
		for _, d := range []struct {
			cards int
			do    func(context.Context)
		}{
			{12, o.createJob}, {3, o.updateJob}, {1, o.cancelJob}, {1, o.forceCancelJob},
			{1, o.deleteJob}, {1, o.associate}, {3, o.describeJob}, {1, o.getDocument},
			{1, o.listJobs},
			{8, o.describe}, {2, o.listForJob}, {2, o.listForThing}, {2, o.cancel},
			{2, o.forceCancel}, {1, o.delete}, {2, o.leaveGroup}, {4, o.joinGroup},
		} {
			o.deck = append(o.deck, slices.Repeat([]func(context.Context){d.do}, d.cards)...)
		}
		o.random.Shuffle(len(o.deck), func(i, j int) {
			o.deck[i], o.deck[j] = o.deck[j], o.deck[i]
		})
	}
	do := o.deck[0]
	o.deck = o.deck[1:]
	return do
}

// patience is how long an operator waits for an answer.
const patience = 8 * time.Second

// request sends a request to a node at random and records it. read fills in what the answer says of
// an execution; it may be nil. It reports whether the request was accepted, and whether it was
// certainly refused.
func request[Out any](
	ctx context.Context, o *operator, c call, ask func(context.Context, *iot.Client) (Out, error),
	read func(*call, Out) answer,
) (out Out, accepted, refused bool) {
	c.client, c.node = o.name, o.random.IntN(len(o.cluster.nodes))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	sent := o.history.send(c)
	out, err := ask(ctx, o.cluster.control(c.node))
	a := answerOf(err)
	if err == nil && read != nil {
		a = read(sent, out)
	}
	o.history.finish(sent, a)
	return out, err == nil, !a.unknown && err != nil
}

// answerOf reads an error. A server's fault does not say whether the request had its effect: the
// commit may have been cut off before its answer.
func answerOf(err error) answer {
	var refused smithy.APIError
	switch {
	case err == nil:
		return answer{}
	case !errors.As(err, &refused):
		return answer{unknown: true}
	}
	switch code := refused.ErrorCode(); code {
	case "InternalFailureException", "InternalException", "ServiceUnavailableException":
		return answer{unknown: true, away: true}
	default:
		return answer{code: code}
	}
}

// document is the job document of all jobs.
const document = `{"operation":"install","version":"2.4.1"}`

// createJob makes a job of either kind for one or two groups.
func (o *operator) createJob(ctx context.Context) {
	o.made++
	r := &jobRecord{
		id:         fmt.Sprintf("%s-%d", o.name, o.made),
		continuous: o.random.IntN(4) == 0,
		groups:     []string{o.group()},
		retries:    o.random.IntN(2) == 0,
		aborts:     o.random.IntN(5) == 0,
		timeout:    o.random.IntN(3) == 0,
		plain:      true,
		created:    o.history.now(),
	}
	if o.continuousJobs() >= 6 {
		r.continuous = false // they would only grow more
	}
	o.jobs.add(r)
	in := o.input(r)
	c := call{operation: opCreateSnapshot, key: key{job: r.id}}
	if r.continuous {
		c.operation = opCreateForever
	}
	_, ok, refused := request(ctx, o, c, func(ctx context.Context, api *iot.Client) (
		*iot.CreateJobOutput, error) {
		return api.CreateJob(ctx, in)
	}, nil)
	if refused {
		o.problem("CreateJob of the new job %s was refused", r.id)
	}
	if ok {
		o.jobs.change(r.id, func(r *jobRecord) { r.exists = true })
	}
}

// continuousJobs is how many continuous jobs nobody has ended.
func (o *operator) continuousJobs() (n int) {
	for _, r := range o.jobs.list() {
		if r.continuous && active(&r) {
			n++
		}
	}
	return n
}

func (o *operator) group() string { return groupName(o.random.IntN(o.groups)) }

// input is the request for a job. Its rates let a group's rollout take a few ticks.
func (o *operator) input(r *jobRecord) *iot.CreateJobInput {
	in := &iot.CreateJobInput{
		JobId:           &r.id,
		Document:        aws.String(document),
		TargetSelection: types.TargetSelectionSnapshot,
	}
	if r.continuous {
		in.TargetSelection = types.TargetSelectionContinuous
	}
	for _, group := range r.groups {
		in.Targets = append(in.Targets, o.cluster.arn("thinggroup", group))
	}
	in.JobExecutionsRolloutConfig = o.rollout(r)
	if r.retries {
		in.JobExecutionsRetryConfig = &types.JobExecutionsRetryConfig{
			CriteriaList: []types.RetryCriteria{{
				FailureType: types.RetryableFailureTypeAll, NumberOfRetries: aws.Int32(2)}}}
	}
	if r.aborts {
		in.AbortConfig = &types.AbortConfig{CriteriaList: []types.AbortCriteria{{
			Action:                    types.AbortActionCancel,
			FailureType:               types.JobExecutionFailureTypeFailed,
			MinNumberOfExecutedThings: aws.Int32(3),
			ThresholdPercentage:       aws.Float64(40),
		}}}
	}
	if r.timeout {
		in.TimeoutConfig = &types.TimeoutConfig{InProgressTimeoutInMinutes: aws.Int64(1)}
	}
	return in
}

// rollout is a rate, constant or rising, at which the things of a group are notified in one to
// three ticks.
func (o *operator) rollout(r *jobRecord) *types.JobExecutionsRolloutConfig {
	size := int32(o.options.devices / o.groups)
	rate := max(1, size*int32(2+o.random.IntN(4))/5)
	config := &types.JobExecutionsRolloutConfig{MaximumPerMinute: &rate}
	if r.perMinute, r.base = rate, rate; o.random.IntN(3) == 0 {
		r.base = max(1, rate/2)
		config.ExponentialRate = &types.ExponentialRolloutRate{
			BaseRatePerMinute:    &r.base,
			IncrementFactor:      aws.Float64(2),
			RateIncreaseCriteria: &types.RateIncreaseCriteria{NumberOfNotifiedThings: &r.base},
		}
	}
	return config
}
