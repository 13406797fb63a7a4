package broker

import (
	"bytes"
	"context"
	"fmt"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// Retained messages of several brokers on one store (R-NODE-12). Each has a key that is made of its
// topic, so a new one replaces whatever another broker has retained, and a SUBSCRIBE reads the one
// of its topic from the store. The limits count what this broker has retained since its start.

// retainedPrefix is what the keys begin with. What follows is the topic, and the number is
// retainedSeq. It is the key of no session: see isSessionKey.
const (
	retainedPrefix = "$retained/"
	retainedSeq    = 1
)

// retainedKey is the change that deletes a retained message; with a value it stores it.
func (b *Broker) retainedKey(m *retainedMessage) Change {
	if b.cfg.Nodes == nil {
		return Change{Seq: m.seq}
	}
	return Change{Client: retainedPrefix + m.Topic, Seq: retainedSeq}
}

// retainedByNodes returns the retained message of a topic, whichever broker has retained it. own
// says that this one has retained one, which may still be on its way to the store.
func (b *Broker) retainedByNodes(topic string, own bool) (m retainedMessage, exists bool) {
	if mqtt.IsReserved(topic) {
		return m, false
	}
	if own && <-b.journal.flushed() != nil {
		b.log.Error("the retained messages are not stored", "topic", logText(topic))
	}
	value, err := b.retainedValue(b.ctx, topic)
	if err == nil && value != nil {
		m, err = parseRetained(value)
	}
	if err != nil {
		b.log.Error("a retained message cannot be read", "topic", logText(topic), "err", err)
	}
	return m, err == nil && value != nil
}

// retainedValue is what the store has of a topic; nil: nothing.
func (b *Broker) retainedValue(ctx context.Context, topic string) ([]byte, error) {
	found, err := b.cfg.Sessions.Messages(ctx, retainedPrefix+topic, retainedSeq, retainedSeq)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0].Value, nil
}

// deleteUnlessReplaced deletes messages that have expired, unless another broker has retained others
// in their place.
func (b *Broker) deleteUnlessReplaced(expired []retainedMessage) {
	for i := range expired {
		m := &expired[i]
		value, err := b.retainedValue(b.ctx, m.Topic)
		if err == nil && bytes.Equal(value, appendRetained(nil, m)) {
			b.journal.write(b.retainedKey(m))
		}
	}
}

// shareRetained returns the changes that give the retained messages of a broker that was alone their
// keys.
func (b *Broker) shareRetained(ctx context.Context) (changes []Change, err error) {
	found, err := b.cfg.Sessions.Messages(ctx, "", 1, maxSeq)
	if err != nil {
		return nil, fmt.Errorf("load retained messages: %w", err)
	}
	for _, c := range found {
		changes = append(changes, Change{Seq: c.Seq})
		if m, err := parseRetained(c.Value); err == nil {
			shared := b.retainedKey(&m)
			shared.Value = c.Value
			changes = append(changes, shared)
		}
	}
	return changes, nil
}

// ownRetained restores a message that several brokers had retained for one that is alone.
func (r *restorer) ownRetained(c Change) {
	r.remove = append(r.remove, Change{Client: c.Client, Seq: c.Seq})
	own := Change{Seq: r.b.retained.lastSeq + 1, Value: c.Value}
	if err := r.b.retained.load(own); err != nil {
		r.log(c, "retained message", err)
		return
	}
	r.remove = append(r.remove, own)
}

// reset forgets all messages.
func (r *retained) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages, r.each = map[string]retainedMessage{}, map[string]retainedUse{}
	r.all = retainedUse{}
}
