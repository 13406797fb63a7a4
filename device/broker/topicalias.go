package broker

import "github.com/drover-iot/drover/device/broker/mqtt"

// topicAliases are the topic aliases of one connection (R-BRK-28): an MQTT 5 client sends a topic
// name once with a number, and the number alone from then on. The index is the alias minus 1; an
// empty string means that the alias is not set. It is nil until the client uses one.
type topicAliases []string

// resolve returns the topic name of a PUBLISH, and sets the alias if the packet has both. limit is
// the largest alias that is allowed.
func (a *topicAliases) resolve(p *mqtt.Publish, version mqtt.Version, limit int) (string, error) {
	switch {
	case p.Alias == 0 && p.Topic == "" && version == mqtt.V5:
		return "", closeWith(mqtt.ProtocolError, "PUBLISH has neither a topic nor an alias")
	case p.Alias == 0:
		return p.Topic, nil
	case int(p.Alias) > limit:
		return "", closeWith(mqtt.TopicAliasInvalid, "the topic alias is out of range")
	}
	if *a == nil {
		*a = make(topicAliases, limit)
	}
	alias := &(*a)[p.Alias-1]
	if p.Topic == "" {
		if *alias == "" {
			return "", closeWith(mqtt.ProtocolError, "the topic alias is not set")
		}
		return *alias, nil
	}
	*alias = ""
	if mqtt.ValidTopic(p.Topic) { // any other is refused, and too large to store: up to 64 KiB
		*alias = p.Topic
	}
	return p.Topic, nil
}
