package gateway

import (
	"context"

	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/device/provision"
)

// JobsService hands each PUBLISH on a reserved topic to the plane that it is for: that of jobs or
// that of provisioning. It is to MQTT what the handler HTTP is to HTTP, but the broker has found out
// who calls before. A topic that is not one of the requests of a plane is refused (R-BRK-18).
func JobsService(p *device.Plane, claims *provision.Plane) broker.ServiceFunc {
	return func(ctx context.Context, peer *broker.Peer, r broker.Request) broker.Reply {
		if provision.Reserved(r.Topic) {
			return provisioningReply(ctx, claims, peer, r)
		}
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

// provisioningReply answers a request for provisioning.
func provisioningReply(
	ctx context.Context, claims *provision.Plane, peer *broker.Peer, r broker.Request,
) broker.Reply {
	if claims == nil || !provision.Claims(r.Topic) {
		return broker.Reply{Verdict: broker.Refused}
	}
	reply, body := claims.Answer(ctx, provision.Request{
		Topic:      r.Topic,
		Payload:    r.Payload,
		Connection: peer.Connection,
		ClientID:   peer.ClientID,
		Principal:  peer.Principal.ID(),
		Hears:      r.Hears,
	})
	return broker.Reply{Topic: reply, Payload: body}
}
