package device

import (
	"context"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
)

// Claims reports whether a client may publish to a jobs topic: to requests, and to topics that mean nothing, which are
// answered as InvalidTopic (R-MQTT-4). Answers and notifications are the service's own (R-MQTT-3).
func Claims(topic string) bool {
	kind := jobsdata.ParseTopic(topic).Kind
	return kind.Request() || kind == jobsdata.InvalidTopic
}

// Answer handles a request that a device published, and returns the topic and payload of the response: the request's
// topic with /accepted or /rejected, as the client wrote it (R-MQTT-1). It returns once the request is durable. A request
// whose answers would have no legal topic is dropped; reply is empty then (R-MQTT-4).
func (p *Plane) Answer(ctx context.Context, topic string, payload []byte) (reply string, body []byte) {
	if !jobsdata.Rejectable(topic) {
		return "", nil
	}
	accepted, token, err := p.dispatch(ctx, jobsdata.ParseTopic(topic), payload)
	if err == nil {
		if body = schema.Append(nil, accepted); len(body) <= MaxPayload {
			return jobsdata.AcceptedTopic(topic), body
		}
		err = errTooLarge
	}
	if fault.Of(err) == nil {
		p.Log.Error("device request", "topic", topic, "err", err)
	}
	return jobsdata.RejectedTopic(topic), schema.Append(nil, jobsdata.Rejected{
		Code: api.OnMQTT(err), Message: api.Message(err), ClientToken: token, Timestamp: p.Engine.Now().Unix(), ExecutionState: State(err),
	})
}

// errTooLarge is an internal error to the device (R-MQTT-16).
var errTooLarge = fault.New(fault.Unavailable, "the response is larger than a device can take")

// dispatch reads the payload of a request and answers it. The token is echoed whether or not the request is accepted,
// as far as it could be read (R-MQTT-12, R-MQTT-13).
func (p *Plane) dispatch(ctx context.Context, t jobsdata.Topic, payload []byte) (any, *jobsdata.ClientToken, error) {
	switch t.Kind {
	case jobsdata.GetPending:
		return answer(p.Reads, payload, func(in *jobsdata.GetPendingPayload) (any, error) { return p.getPending(ctx, t.Thing, in) })
	case jobsdata.StartNext:
		return answer(p.Writes, payload, func(in *jobsdata.StartNextPayload) (any, error) { return p.startNext(ctx, t.Thing, in) })
	case jobsdata.Describe:
		return answer(p.Reads, payload, func(in *jobsdata.DescribePayload) (any, error) { return p.describe(ctx, t, in) })
	case jobsdata.Update:
		return answer(p.Writes, payload, func(in *jobsdata.UpdatePayload) (any, error) { return p.update(ctx, t, in) })
	}
	return answer(nil, payload, func(*jobsdata.GetPendingPayload) (any, error) {
		return nil, fault.New(fault.InvalidTopic, "the topic maps to no operation of the jobs service")
	})
}

// answer decodes a payload and hands it to its handler when it is in order.
func answer[In any, P interface {
	*In
	Token() *jobsdata.ClientToken
}](limit *rates.Limit, payload []byte, handle func(P) (any, error)) (any, *jobsdata.ClientToken, error) {
	in := P(new(In))
	if err := schema.Decode(payload, in, jobsdata.Lenient); err != nil {
		return nil, in.Token(), err
	}
	if err := admit(limit); err != nil {
		return nil, in.Token(), err
	}
	out, err := handle(in)
	return out, in.Token(), err
}

func (p *Plane) getPending(ctx context.Context, thing string, in *jobsdata.GetPendingPayload) (any, error) {
	tasks, err := p.Engine.Jobs.Pending(ctx, thing, MaxPending)
	if err != nil {
		return nil, err
	}
	inProgress, queued := split(tasks, summary)
	return jobsdata.GetPendingAccepted{
		ClientToken: in.ClientToken, Timestamp: p.Engine.Now().Unix(), InProgressJobs: shown(inProgress), QueuedJobs: shown(queued),
	}, nil
}

func (p *Plane) startNext(ctx context.Context, thing string, in *jobsdata.StartNextPayload) (any, error) {
	task, err := p.Engine.Jobs.StartNext(ctx, thing, in.StatusDetails, number(in.StepTimeoutInMinutes))
	if err != nil {
		return nil, err
	}
	now := p.Engine.Now()
	return jobsdata.ExecutionAccepted{ClientToken: in.ClientToken, Timestamp: now.Unix(), Execution: data(task, now)}, nil
}

func (p *Plane) describe(ctx context.Context, t jobsdata.Topic, in *jobsdata.DescribePayload) (any, error) {
	withDocument := in.IncludeJobDocument == nil || *in.IncludeJobDocument
	task, err := p.find(ctx, t.Thing, t.JobID, number(in.ExecutionNumber), withDocument)
	if err != nil {
		return nil, err
	}
	now := p.Engine.Now()
	return jobsdata.ExecutionAccepted{ClientToken: in.ClientToken, Timestamp: now.Unix(), Execution: data(task, now)}, nil
}

func (p *Plane) update(ctx context.Context, t jobsdata.Topic, in *jobsdata.UpdatePayload) (any, error) {
	event, err := job.ParseReportedStatus(string(in.Status))
	if err != nil {
		return nil, err
	}
	report := job.Report{
		Event: event, Details: in.StatusDetails, Number: number(in.ExecutionNumber),
		ExpectedVersion: number(in.ExpectedVersion), StepMinutes: number(in.StepTimeoutInMinutes),
	}
	if in.ClientToken != nil {
		report.Token = string(*in.ClientToken)
	}
	task, err := p.Engine.Jobs.Report(ctx, t.Thing, t.JobID, report, is(in.IncludeJobDocument))
	if err != nil {
		return nil, err
	}
	out := jobsdata.UpdateAccepted{ClientToken: in.ClientToken, Timestamp: p.Engine.Now().Unix(), JobDocument: document(task.Document)}
	if is(in.IncludeJobExecutionState) {
		out.ExecutionState = state(task.Execution)
	}
	return out, nil
}
