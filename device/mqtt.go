package device

import (
	"context"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
)

// Over MQTT a device publishes a request on a topic of its thing and gets the answer on the same
// topic with /accepted or /rejected behind it (docs/spec/31).

// Claims reports whether a client may publish to a jobs topic: to requests, and to topics that mean
// nothing, which are answered as InvalidTopic (R-MQTT-4). Answers and notifications are the
// service's own (R-MQTT-3).
func Claims(topic string) bool {
	kind := jobsdata.ParseTopic(topic).Kind
	return kind.Request() || kind == jobsdata.InvalidTopic
}

// A Request is what a device published on a jobs topic.
type Request struct {
	Topic   string
	Payload []byte
	// PacketID is the packet identifier of a PUBLISH at QoS 1, 0 at QoS 0. Redelivered says that
	// the packet was sent before (its DUP flag). By both a repeated update is recognised
	// (R-HTTP-24).
	PacketID    uint16
	Redelivered bool
	// Connection is the number of the connection that it came by, for the log.
	Connection uint64
}

// Answer handles a request that a device published, and returns topic and payload of the answer
// (R-MQTT-1). It returns once the request is durable. A request whose answers would have no legal
// topic is dropped; reply is empty then (R-MQTT-4).
func (p *Plane) Answer(ctx context.Context, r Request) (reply string, body []byte) {
	if !jobsdata.Rejectable(r.Topic) {
		return "", nil
	}
	began := clock.Now()
	topic := jobsdata.ParseTopic(r.Topic)
	if p.Seen != nil {
		p.Seen(topic.Thing)
	}
	accepted, token, err := p.dispatch(ctx, topic, r)
	if err == nil {
		if body = schema.Append(nil, accepted); len(body) <= MaxPayload {
			p.CountAnswer(OverMQTT, operationOf(topic.Kind), "", began)
			return jobsdata.AcceptedTopic(r.Topic), body
		}
		err = errTooLarge
	}
	if fault.Of(err) == nil {
		p.Log.Error("device request", "topic", r.Topic, "connection", r.Connection, "err", err)
	}
	code := api.OnMQTT(err)
	p.CountAnswer(OverMQTT, operationOf(topic.Kind), string(code), began)
	return jobsdata.RejectedTopic(r.Topic), schema.Append(nil, jobsdata.Rejected{
		Code:           code,
		Message:        api.Message(err),
		ClientToken:    token,
		Timestamp:      p.Now().Unix(),
		ExecutionState: State(err),
	})
}

// OperationOf is the name of the operation that a topic asks for, empty for none.
func OperationOf(topic string) string { return operationOf(jobsdata.ParseTopic(topic).Kind) }

// operationOf is the name of the operation that a topic asks for, empty for none.
func operationOf(kind jobsdata.TopicKind) string {
	switch kind {
	case jobsdata.GetPending:
		return jobsdata.GetPendingJobExecutions.Name
	case jobsdata.StartNext:
		return jobsdata.StartNextPendingJobExecution.Name
	case jobsdata.Describe:
		return jobsdata.DescribeJobExecution.Name
	case jobsdata.Update:
		return jobsdata.UpdateJobExecution.Name
	}
	return ""
}

// errTooLarge is an internal error to the device (R-MQTT-16).
var errTooLarge = fault.New(fault.Unavailable, "the response is larger than a device can take")

// dispatch reads the payload of a request and answers it. The token is echoed whether or not the
// request is accepted, as far as it could be read (R-MQTT-12, R-MQTT-13).
func (p *Plane) dispatch(
	ctx context.Context, t jobsdata.Topic, r Request,
) (accepted any, token *jobsdata.ClientToken, err error) {
	switch t.Kind {
	case jobsdata.GetPending:
		return handle(p.Reads, r.Payload, func(in *jobsdata.GetPendingPayload) (any, error) {
			return p.mqttPending(ctx, t, in)
		})
	case jobsdata.StartNext:
		return handle(p.Writes, r.Payload, func(in *jobsdata.StartNextPayload) (any, error) {
			return p.mqttStartNext(ctx, t, in)
		})
	case jobsdata.Describe:
		return handle(p.Reads, r.Payload, func(in *jobsdata.DescribePayload) (any, error) {
			return p.mqttDescribe(ctx, t, in)
		})
	case jobsdata.Update:
		return handle(p.Writes, r.Payload, func(in *jobsdata.UpdatePayload) (any, error) {
			return p.mqttUpdate(ctx, t, in, r)
		})
	}
	return handle(nil, r.Payload, func(*jobsdata.GetPendingPayload) (any, error) {
		return nil, fault.New(fault.InvalidTopic, "the topic maps to no operation of the jobs service")
	})
}

// handle decodes a payload and hands it to its operation when it is in order.
func handle[In any, P interface {
	*In
	Token() *jobsdata.ClientToken
}](
	limit *rates.Limit, payload []byte, operation func(P) (any, error),
) (any, *jobsdata.ClientToken, error) {
	in := P(new(In))
	if err := schema.Decode(payload, in, jobsdata.Lenient); err != nil {
		return nil, in.Token(), err
	}
	if err := checkRate(limit); err != nil {
		return nil, in.Token(), err
	}
	out, err := operation(in)
	return out, in.Token(), err
}

func (p *Plane) mqttPending(
	ctx context.Context, t jobsdata.Topic, in *jobsdata.GetPendingPayload,
) (any, error) {
	lists, err := p.pending(ctx, t.Thing)
	if err != nil {
		return nil, err
	}
	return jobsdata.GetPendingAccepted{
		ClientToken:    in.ClientToken,
		Timestamp:      p.Now().Unix(),
		InProgressJobs: list(lists.inProgress, summary),
		QueuedJobs:     list(lists.queued, summary),
	}, nil
}

func (p *Plane) mqttStartNext(
	ctx context.Context, t jobsdata.Topic, in *jobsdata.StartNextPayload,
) (any, error) {
	x, err := p.startNext(ctx, t.Thing, in.StatusDetails, in.StepTimeoutInMinutes)
	if err != nil {
		return nil, err
	}
	return p.accepted(in.ClientToken, x), nil
}

func (p *Plane) mqttDescribe(
	ctx context.Context, t jobsdata.Topic, in *jobsdata.DescribePayload,
) (any, error) {
	x, err := p.describe(ctx, t.Thing, t.JobID, in.ExecutionNumber, in.IncludeJobDocument)
	if err != nil {
		return nil, err
	}
	return p.accepted(in.ClientToken, x), nil
}

// accepted is the answer that shows one execution with its document.
func (p *Plane) accepted(
	token *jobsdata.ClientToken, x *jobs.DeviceExecution,
) jobsdata.ExecutionAccepted {
	now := p.Now()
	return jobsdata.ExecutionAccepted{
		ClientToken: token,
		Timestamp:   now.Unix(),
		Execution:   full(x, now),
	}
}

func (p *Plane) mqttUpdate(
	ctx context.Context, t jobsdata.Topic, in *jobsdata.UpdatePayload, r Request,
) (any, error) {
	u := update{
		thing:           t.Thing,
		jobID:           t.JobID,
		status:          in.Status,
		details:         in.StatusDetails,
		expectedVersion: in.ExpectedVersion,
		number:          in.ExecutionNumber,
		stepMinutes:     in.StepTimeoutInMinutes,
		redelivered:     r.Redelivered,
		includeState:    in.IncludeJobExecutionState,
		includeDocument: in.IncludeJobDocument,
	}
	if r.PacketID != 0 {
		u.message = job.MessageID(r.PacketID, r.Payload)
	}
	done, err := p.update(ctx, u)
	if err != nil {
		return nil, err
	}
	return jobsdata.UpdateAccepted{
		ClientToken:    in.ClientToken,
		Timestamp:      p.Now().Unix(),
		ExecutionState: done.state,
		JobDocument:    rawDocument(done.document),
	}, nil
}
