package broker

import "github.com/drover-iot/drover/device/broker/mqtt"

// sentAliases are the topic aliases that the broker sets for a client of MQTT 5 that allows them
// (R-BRK-52): a topic is sent with a number once, and from then on the number alone. A topic gets
// one when it comes again while it is among the last that were sent, so that a client that gets
// each message on another topic has no table. An alias that is set stays until the connection ends.
//
// It is guarded by the session's mutex. Packets are encoded in the order in which they are written.
type sentAliases struct {
	limit int // the largest alias
	table map[string]uint16
	// seen are hashes of topics without an alias that were sent last.
	seen [32]uint32
}

const (
	// maxSentAliases is the most aliases that are set for one client, whatever it allows.
	maxSentAliases = 32
	// aliasBytes is the size of a topic alias in a packet. A shorter topic needs none.
	aliasBytes = 3
)

// newSentAliases returns nil for a client that allows no aliases.
func newSentAliases(limit uint16) *sentAliases {
	if limit == 0 {
		return nil
	}
	return &sentAliases{limit: min(int(limit), maxSentAliases)}
}

// topicOf is the topic that an alias is set to; empty if it is not.
func (a *sentAliases) topicOf(alias uint16) string {
	for topic, known := range a.table {
		if known == alias {
			return topic
		}
	}
	return ""
}

// set returns a new alias for a topic that has none; 0 if it is to have none.
func (a *sentAliases) set(topic string, hash uint32) uint16 {
	if len(a.table) >= a.limit {
		return 0
	}
	if at := &a.seen[hash%uint32(len(a.seen))]; *at != hash {
		*at = hash
		return 0
	}
	if a.table == nil {
		a.table = map[string]uint16{}
	}
	alias := uint16(len(a.table) + 1)
	a.table[topic] = alias
	return alias
}

// useAlias puts an alias in the place of the topic of a PUBLISH that is sent now, or sets one, if
// the client allows it. The packet is no larger than the client accepts, also with an alias. The
// caller holds the session's mutex.
func (o *outbound) useAlias(p *mqtt.Publish) {
	a := o.aliases
	if a == nil || len(p.Topic) <= aliasBytes {
		return
	}
	if known := a.table[p.Topic]; known != 0 {
		p.Alias, p.Topic = known, ""
		return
	}
	if o.maxPacket == 0 || p.Size(o.version)+2*aliasBytes <= int(o.maxPacket) {
		p.Alias = a.set(p.Topic, o.s.b.topicHash(p.Topic))
	}
}
