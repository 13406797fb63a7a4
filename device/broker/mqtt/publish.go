package mqtt

// PUBLISH carries a message, in both directions; PUBACK acknowledges one of QoS 1. Nearly all
// packets of a busy server are of these two types, so decoding a PUBLISH allocates nothing but its
// topic (and a copy of its properties if there are several to forward), and encoding one nothing
// but room in the caller's buffer.

// The bits in the flags of a PUBLISH. QoS is between them.
const (
	flagRetain = 1 << 0
	shiftQoS   = 1
	flagDup    = 1 << 3
)

// A Publish is a PUBLISH.
type Publish struct {
	// Dup says that the packet may have been sent before.
	Dup bool
	// Retain asks a server to retain the message, and shows a subscriber that it was retained.
	Retain bool
	// QoS is 0 to 2. QoS 2 is decoded so that the server can refuse it.
	QoS byte
	// ID is the packet identifier. It is 0 with QoS 0 and only then.
	ID uint16
	// Topic is the topic name. An MQTT 5 client leaves it empty when Alias is to be used in its
	// place.
	Topic string
	// Payload may be empty.
	Payload []byte

	// What follows are MQTT 5 properties: zero when the packet has none.

	// Expiry is the message expiry interval in seconds; 0 means that the message does not expire.
	Expiry uint32
	// Alias is the topic alias; 0: none.
	Alias uint16
	// SubscriptionIDs are the identifiers of the receiver's subscriptions that the message is for, as
	// AppendSubscriptionID makes them. A client may send none.
	SubscriptionIDs []byte
	// Forwarded are the properties, in wire form, that go to the subscribers unchanged (R-BRK-27).
	Forwarded []byte
	// Correlation is the correlation data of a received packet, in wire form with its identifier;
	// nil: none. It is a part of Forwarded and can be the Forwarded of a response.
	Correlation []byte
}

// DecodePublish decodes a PUBLISH. It does not check that the topic may be published to.
func DecodePublish(packet Packet, version Version) (Publish, error) {
	return decodePublish(packet, version, publishProperties)
}

// DecodeDelivery decodes a PUBLISH that a server has sent, which may have subscription identifiers.
func DecodeDelivery(packet Packet, version Version) (Publish, error) {
	return decodePublish(packet, version, deliveryProperties)
}

func decodePublish(packet Packet, version Version, allowed propertySet) (p Publish, err error) {
	d := decoder{b: packet.Body}
	p.Dup, p.Retain = packet.Flags&flagDup != 0, packet.Flags&flagRetain != 0
	p.QoS = packet.Flags >> shiftQoS & 3
	if p.QoS == 3 || p.QoS == 0 && p.Dup {
		return p, malformed("the flags of PUBLISH are invalid")
	}
	topic := d.text()
	if p.QoS > 0 {
		p.ID = d.uint16()
		if p.ID == 0 && !d.invalid {
			return p, violation("the packet identifier is 0")
		}
	}
	props := d.properties(version, allowed)
	props.once &^= propertiesOf(PropSubscriptionID)
	for v, ok := props.next(); ok; v, ok = props.next() {
		if v.id == PropTopicAlias && v.number == 0 {
			return p, &Error{TopicAliasInvalid, "the topic alias is 0"}
		}
		p.addProperty(v)
	}
	if d.invalid {
		return p, malformed("PUBLISH is malformed")
	}
	p.Topic, p.Payload = string(topic), d.b
	return p, props.err
}

// addProperty sets what a property of a PUBLISH or of a will says.
func (p *Publish) addProperty(v property) {
	switch v.id {
	case PropTopicAlias:
		p.Alias = uint16(v.number)
	case PropMessageExpiry:
		p.Expiry = v.number
	case PropSubscriptionID:
		p.SubscriptionIDs = append(p.SubscriptionIDs, v.raw...)
	case PropCorrelationData:
		p.Correlation = v.raw[:len(v.raw):len(v.raw)]
	}
	switch {
	case !forwardedProperties.has(v.id):
	case p.Forwarded == nil: // the usual case: at most one, which needs no copy
		p.Forwarded = v.raw[:len(v.raw):len(v.raw)]
	default:
		p.Forwarded = append(p.Forwarded, v.raw...)
	}
}

// Size is the number of bytes that AppendPublish appends.
func (p *Publish) Size(version Version) int {
	body, _ := p.sizes(version)
	return 1 + varintSize(body) + body
}

// sizes returns the length of the body and, for MQTT 5, of the properties in it.
func (p *Publish) sizes(version Version) (body, properties int) {
	body = 2 + len(p.Topic) + len(p.Payload)
	if p.QoS > 0 {
		body += 2
	}
	if version == V5 {
		properties = len(p.Forwarded) + len(p.SubscriptionIDs)
		if p.Expiry > 0 {
			properties += 5
		}
		if p.Alias > 0 {
			properties += 3
		}
		body += varintSize(properties) + properties
	}
	return body, properties
}

// AppendPublish appends a PUBLISH to b. It cannot fail: the caller limits the sizes of topic and
// payload. MQTT 3.1.1 gets no properties.
func AppendPublish(b []byte, version Version, p *Publish) []byte {
	body, properties := p.sizes(version)
	flags := p.QoS << shiftQoS
	if p.Dup {
		flags |= flagDup
	}
	if p.Retain {
		flags |= flagRetain
	}
	b = append(b, TypePublish<<4|flags)
	b = appendVarint(b, body)
	b = appendText(b, p.Topic)
	if p.QoS > 0 {
		b = appendUint16(b, p.ID)
	}
	if version == V5 {
		b = appendVarint(b, properties)
		if p.Expiry > 0 {
			b = appendUint32(append(b, PropMessageExpiry), p.Expiry)
		}
		if p.Alias > 0 {
			b = appendUint16(append(b, PropTopicAlias), p.Alias)
		}
		b = append(append(b, p.Forwarded...), p.SubscriptionIDs...)
	}
	return append(b, p.Payload...)
}

// AppendSubscriptionID appends a subscription identifier for Publish.SubscriptionIDs; 0 is none.
func AppendSubscriptionID(b []byte, id uint32) []byte {
	if id == 0 {
		return b
	}
	return appendVarint(append(b, PropSubscriptionID), int(id))
}

// DecodePuback returns the packet identifier of a PUBACK. Its reason code is checked for form and
// ignored: a message that a client refuses is done with, too.
func DecodePuback(packet Packet, version Version) (id uint16, err error) {
	d := decoder{b: packet.Body}
	id = d.uint16()
	if version == V5 && len(d.b) > 0 {
		d.byte()
		if len(d.b) > 0 {
			props := d.properties(version, pubackProperties)
			if err := props.skip(); err != nil {
				return 0, err
			}
		}
	}
	if packet.Flags != 0 || d.invalid || len(d.b) != 0 || id == 0 {
		return 0, malformed("PUBACK is malformed")
	}
	return id, nil
}

// AppendPuback appends a PUBACK to b. The reason is for MQTT 5 only.
func AppendPuback(b []byte, version Version, id uint16, reason Reason) []byte {
	if version < V5 || reason == Success {
		return appendUint16(append(b, TypePuback<<4, 2), id)
	}
	return append(appendUint16(append(b, TypePuback<<4, 3), id), byte(reason))
}
