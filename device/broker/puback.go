package broker

import (
	"errors"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A PUBACK says that the broker is responsible for the message from then on, so it waits until what
// it promises is on disk: a message for a session whose client is away, and a retained one
// (R-BRK-46). Connected receivers have the message before that, and so have the sessions of absent
// ones in memory; only the answer waits. It waits together with those of the packets that the
// client has sent behind it, so that one commit is enough for all of them.

// A heldPuback is an answer that waits. Those that need not wait are held behind one that does,
// because PUBACKs have the order of their PUBLISHes.
type heldPuback struct {
	id     uint16
	reason mqtt.Reason
}

// maxHeld is how many answers wait before the next packet of a client is handled.
const maxHeld = 100

// puback answers a PUBLISH. stored says that the message must be on disk before.
func (c *conn) puback(p *mqtt.Publish, reason mqtt.Reason, stored bool) {
	switch {
	case p.QoS == 0:
	case stored || len(c.held) > 0:
		c.held = append(c.held, heldPuback{p.ID, reason})
	default:
		c.out.reply(func(b []byte) []byte {
			return mqtt.AppendPuback(b, c.peer.Version, p.ID, reason)
		})
	}
}

// releasePubacks waits until all that was published so far is on disk, and queues the answers that
// wait for that. A store that fails is waited for, unless the connection or the broker ends: the
// client has no answer then, and sends the messages again.
func (c *conn) releasePubacks() error {
	if len(c.held) == 0 {
		return nil
	}
	c.out.flush()
	for err := <-c.b.journal.flushed(); err != nil; err = <-c.b.journal.flushed() {
		if e := c.closing.Load(); e != nil {
			return e
		}
		if errors.Is(err, ErrLost) {
			return errAbandoned
		}
		if c.b.handshakeCtx.Err() != nil {
			return closeWith(mqtt.ServerShuttingDown, "the server is shutting down")
		}
	}
	c.out.reply(func(b []byte) []byte {
		for _, held := range c.held {
			b = mqtt.AppendPuback(b, c.peer.Version, held.id, held.reason)
		}
		return b
	})
	c.held = nil
	c.keepAlive.lastPacket = time.Now() // the client was not silent: it was not read from
	return nil
}
