package broker

import (
	"context"
	"sync"
)

// From a published message to the queues of the sessions that subscribe to its topic. It never
// waits for a client: a queue that is full drops messages (queue.go).

// Publish sends a message to all that subscribe to its topic, and queues it for persistent sessions
// whose client is disconnected. It never blocks on the network or the store, and costs one look-up
// if nobody subscribes. It returns the number of sessions.
//
// With other brokers on the store, it is also gathered for clients that are on their way here.
func (b *Broker) Publish(m Message) int {
	if b.gathered.active.Load() > 0 {
		return b.gathered.publish(b, &message{Message: m})
	}
	return b.route(&message{Message: m})
}

// Stored returns when all that was published before is durable in the persistent sessions that it
// went to.
func (b *Broker) Stored(ctx context.Context) error {
	select {
	case err := <-b.journal.flushed():
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Subscribed reports whether a message on a topic would be for any session. While clients are on
// their way from other brokers, one of them may subscribe to it.
func (b *Broker) Subscribed(topic string) bool {
	if b.gathered.active.Load() > 0 {
		return b.gathered.wanted(b, topic)
	}
	return b.withRecipients(topic, func([]recipient) {}) > 0
}

func (b *Broker) route(m *message) int {
	if b.routes.shares.count.Load() > 0 {
		b.deliverToGroups(m.Topic, "", func() *message { return m })
	}
	return b.withRecipients(m.Topic, func(to []recipient) { b.deliver(m, to) })
}

// routeNew routes a message of a client that make makes. It is not called if nobody subscribes.
// elsewhere is which groups have got the message on the node of the publisher, and here those that
// have got it now.
func (b *Broker) routeNew(
	topic string, elsewhere taken, make func() *message,
) (became outcome, here taken) {
	if b.routes.shares.count.Load() > 0 {
		became, here = b.deliverToGroups(topic, elsewhere, make)
	}
	b.withRecipients(topic, func(to []recipient) { became |= b.deliver(make(), to) })
	return became, here
}

// routeOwn routes a message of a client to the subscribers here and on the other nodes.
func (b *Broker) routeOwn(m *message) {
	_, here := b.routeNew(m.Topic, "", func() *message { return m })
	b.forward(m, here)
}

// deliver queues a message in each session, except in the publisher's own if that asked for No
// Local.
func (b *Broker) deliver(m *message, to []recipient) (all outcome) {
	if len(to) > 1 {
		b.share(m)
	}
	for _, r := range to {
		if r.granted&grantNoLocal == 0 || r.session != m.from {
			all |= r.session.deliver(m, r.granted, false)
		}
	}
	return all
}

// An outcome is what became of a message in one session or several.
type outcome byte

const (
	outcomeQueued outcome = 1 << iota // for a client that is connected
	outcomeStored                     // for one that is away
	outcomeNoRoom                     // dropped, because too much waits for all sessions together
)

// recipientBuffers spares each publish the allocation of its list of recipients.
var recipientBuffers = sync.Pool{New: func() any { return new([]recipient) }}

// withRecipients calls use with the sessions that subscribe to a topic, if there are any, and
// returns their number. The slice is reused afterwards. The copy of a client's message is made in
// use, so that a publish without subscribers copies nothing.
func (b *Broker) withRecipients(topic string, use func([]recipient)) int {
	buffer := recipientBuffers.Get().(*[]recipient)
	to := b.routes.match(topic, (*buffer)[:0])
	n := len(to)
	if n > 0 {
		use(to)
		clear(to)
	}
	*buffer = to[:0]
	recipientBuffers.Put(buffer)
	return n
}
