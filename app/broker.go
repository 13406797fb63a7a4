package app

import (
	"context"

	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/broker"
)

// jobsService hands the publishes on jobs topics to the device plane.
func jobsService(p *device.Plane) broker.ServiceFunc {
	return func(ctx context.Context, _ *broker.Peer, topic string, payload []byte) broker.Reply {
		if !device.Claims(topic) {
			return broker.Reply{Verdict: broker.Refused}
		}
		reply, body := p.Answer(ctx, topic, payload)
		return broker.Reply{Topic: reply, Payload: body}
	}
}

// joinBroker lets the plane publish through the broker: notifications at QoS 1, of which a session that is away keeps
// the latest (R-MQTT-42, R-MQTT-44).
func joinBroker(p *device.Plane, b *broker.Broker) {
	p.Publish = func(topic string, payload []byte) {
		b.Publish(broker.Message{Topic: topic, Payload: payload, QoS: 1, Latest: true})
	}
	p.Subscribed = b.Subscribed
}
