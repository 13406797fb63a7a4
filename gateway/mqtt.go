package gateway

import (
	"context"

	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/broker"
)

// JobsService hands each PUBLISH on a reserved topic to the device plane. It is to MQTT what the
// handler HTTP is to HTTP, but the broker has found out who calls before. A topic that is not one
// of the plane's requests is refused (R-BRK-18).
func JobsService(p *device.Plane) broker.ServiceFunc {
	return func(ctx context.Context, peer *broker.Peer, r broker.Request) broker.Reply {
		if !device.Claims(r.Topic) {
			return broker.Reply{Verdict: broker.Refused}
		}
		reply, body := p.Answer(ctx, device.Request{
			Topic:       r.Topic,
			Payload:     r.Payload,
			PacketID:    r.PacketID,
			Redelivered: r.Redelivered,
			Connection:  peer.Connection,
		})
		return broker.Reply{Topic: reply, Payload: body}
	}
}
