package device

import (
	"context"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

// announce publishes the one or two messages of a notice. When nobody listens it costs two look-ups and no read of the
// thing's executions.
func (p *Plane) announce(ctx context.Context, n store.Notice, name string) error {
	if topic := jobsdata.NotifyTopic(name); n.Notify && p.Subscribed(topic) {
		if err := p.notifyList(ctx, topic, name); err != nil {
			return err
		}
	}
	if topic := jobsdata.NotifyNextTopic(name); n.NotifyNext && p.Subscribed(topic) {
		return p.notifyNext(ctx, topic, name)
	}
	return nil
}

func (p *Plane) notifyList(ctx context.Context, topic, thing string) error {
	tasks, err := p.Engine.Jobs.Pending(ctx, thing, MaxPending)
	if err != nil && !fault.Is(err, fault.NotFound) { // a deleted thing has nothing pending
		return err
	}
	message := jobsdata.Notify{Timestamp: p.Engine.Now().Unix()}
	message.Jobs.InProgress, message.Jobs.Queued = split(tasks, summary)
	p.Publish(topic, schema.Append(nil, message))
	return nil
}

func (p *Plane) notifyNext(ctx context.Context, topic, thing string) error {
	task, err := p.Engine.Jobs.Next(ctx, thing, true)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	now := p.Engine.Now()
	payload := schema.Append(nil, jobsdata.NotifyNext{Timestamp: now.Unix(), Execution: data(task, now)})
	if len(payload) > MaxPayload { // R-MQTT-16
		p.Log.Error("notify-next is larger than a device can take", "thing", thing, "bytes", len(payload))
		return nil
	}
	p.Publish(topic, payload)
	return nil
}
