package device

import (
	"context"
	"fmt"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

// tell publishes the one or two messages of a notice. When nobody listens it costs two look-ups and no read of the
// thing's executions.
func (p *Plane) tell(ctx context.Context, n store.Notice, name string) error {
	prefix := "$aws/things/" + name + "/jobs/"
	if topic := prefix + "notify"; n.List && p.Subscribed(topic) {
		if err := p.notify(ctx, topic, name); err != nil {
			return err
		}
	}
	if topic := prefix + "notify-next"; n.Next && p.Subscribed(topic) {
		return p.notifyNext(ctx, topic, name)
	}
	return nil
}

func (p *Plane) notify(ctx context.Context, topic, thing string) error {
	tasks, err := p.Engine.Pending(ctx, thing, MaxPending)
	if err != nil && !fault.Is(err, fault.NotFound) { // a deleted thing has nothing pending
		return err
	}
	message := jobsdata.Notify{Timestamp: p.Engine.Now().Unix()}
	for _, task := range tasks {
		if task.Status.String() == "IN_PROGRESS" {
			message.Jobs.InProgress = append(message.Jobs.InProgress, summary(task))
		} else {
			message.Jobs.Queued = append(message.Jobs.Queued, summary(task))
		}
	}
	p.Publish(topic, schema.Append(nil, message))
	return nil
}

func (p *Plane) notifyNext(ctx context.Context, topic, thing string) error {
	task, err := p.Engine.Next(ctx, thing, true)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	now := p.Engine.Now()
	payload := schema.Append(nil, jobsdata.NotifyNext{Timestamp: now.Unix(), Execution: data(task, now)})
	if len(payload) > MaxPayload { // R-MQTT-16
		return fmt.Errorf("notify-next for thing %s: %d bytes are more than a device can take", thing, len(payload))
	}
	p.Publish(topic, payload)
	return nil
}

// split puts tasks into the two lists of GetPendingJobExecutions.
func split[T any](tasks []engine.Task, convert func(engine.Task) T) (inProgress, queued []T) {
	inProgress, queued = []T{}, []T{}
	for _, task := range tasks {
		if task.Status.String() == "IN_PROGRESS" {
			inProgress = append(inProgress, convert(task))
		} else {
			queued = append(queued, convert(task))
		}
	}
	return inProgress, queued
}
