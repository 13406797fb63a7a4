package broker

import (
	"slices"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// Subscription identifiers of MQTT 5 (R-BRK-51). A client numbers the subscriptions of a SUBSCRIBE,
// and each message says which of them it is for, so that the client need not match topics itself.
// They are found when the message is sent, so messages that wait carry none.

// appendSubscriptionIDs appends the identifiers of the subscriptions that a message is sent for, in
// wire form: for one of a shared subscription that one's, else those of all that select the topic.
// The caller holds mu.
func (s *session) appendSubscriptionIDs(b []byte, topic string, of *group) []byte {
	hasID := func(sub subscription) bool { return sub.id != 0 }
	if !slices.ContainsFunc(s.subs, hasID) {
		return b // the usual case, and always so in MQTT 3.1.1
	}
	ordinary := false
	for i := range s.subs {
		switch sub := &s.subs[i]; {
		case of != nil && sub.filter == of.name:
			return mqtt.AppendSubscriptionID(b, sub.id)
		case of == nil && mqtt.TopicMatches(sub.filter, topic):
			ordinary = true
			b = mqtt.AppendSubscriptionID(b, sub.id)
		}
	}
	if ordinary || of != nil {
		return b
	}
	// A message of a shared subscription that has waited in the store, which does not know of which.
	for i := range s.subs {
		sub := &s.subs[i]
		if !mqtt.IsShared(sub.filter) {
			continue
		}
		if _, filter := mqtt.CutShared(sub.filter); mqtt.TopicMatches(filter, topic) {
			b = mqtt.AppendSubscriptionID(b, sub.id)
		}
	}
	return b
}
