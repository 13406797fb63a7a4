package device

import (
	"context"
	"fmt"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

// Notify notifies things that their pending executions have changed: on jobs/notify, then on
// jobs/notify-next (R-MQTT-43). Each message carries the state as of now, which is that of its
// commit or newer. An error means that not all were notified.
func (p *Plane) Notify(ctx context.Context, notices []store.Notice) error {
	names, err := p.Jobs.ThingNames(ctx, notices)
	if err != nil {
		return err
	}
	for i, n := range notices {
		if names[i] == "" {
			continue // the thing was never there, or is forgotten with its last execution
		}
		if err := p.notify(ctx, n, names[i]); err != nil {
			return fmt.Errorf("thing %s: %w", names[i], err)
		}
	}
	return nil
}

// notify publishes the one or two messages of a notice. When nobody subscribes it costs two
// look-ups and no read of the thing's executions.
func (p *Plane) notify(ctx context.Context, n store.Notice, thing string) error {
	if topic := jobsdata.NotifyTopic(thing); n.Notify && p.Subscribed(topic) {
		if err := p.publishList(ctx, topic, thing); err != nil {
			return err
		}
	}
	if !n.NotifyNext {
		return nil
	}
	topic := jobsdata.NotifyNextTopic(thing)
	if !p.Subscribed(topic) {
		p.notified.forget(n.Thing) // nobody hears of this head
		return nil
	}
	return p.publishNext(ctx, topic, n.Thing, thing)
}

func (p *Plane) publishList(ctx context.Context, topic, thing string) error {
	lists, err := p.pending(ctx, thing)
	if err != nil && !fault.Is(err, fault.NotFound) { // a deleted thing has nothing pending
		return err
	}
	message := jobsdata.Notify{Timestamp: p.Now().Unix()}
	message.Jobs.InProgress = orAbsent(list(lists.inProgress, summary))
	message.Jobs.Queued = orAbsent(list(lists.queued, summary))
	p.Publish(topic, schema.Append(nil, message))
	return nil
}

// publishNext notifies a thing of its head, unless it was notified of that one last. One whose
// document no device can be given is not announced; it does not stop the notices of other things.
func (p *Plane) publishNext(
	ctx context.Context, topic string, id registry.ThingID, thing string,
) error {
	x, err := p.Jobs.Next(ctx, thing, true)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if !p.notified.isNews(id, x) {
		return nil
	}
	if x, err = p.deliver(thing, x, nil); err != nil {
		return nil // it is logged
	}
	now := p.Now()
	payload := schema.Append(
		nil, jobsdata.NotifyNext{Timestamp: now.Unix(), Execution: full(x, now)})
	if len(payload) > MaxPayload { // R-MQTT-16
		p.Log.Error(
			"notify-next is larger than a device can take", "thing", thing, "bytes", len(payload))
		return nil
	}
	p.Publish(topic, payload)
	return nil
}
