package broker

// The MQTT 5 property identifiers.
const (
	propPayloadFormat      = 0x01
	propMessageExpiry      = 0x02
	propContentType        = 0x03
	propResponseTopic      = 0x08
	propCorrelationData    = 0x09
	propSubscriptionID     = 0x0B
	propSessionExpiry      = 0x11
	propAssignedClientID   = 0x12
	propServerKeepAlive    = 0x13
	propAuthMethod         = 0x15
	propAuthData           = 0x16
	propRequestProblem     = 0x17
	propWillDelay          = 0x18
	propRequestResponse    = 0x19
	propReasonString       = 0x1F
	propReceiveMaximum     = 0x21
	propTopicAliasMaximum  = 0x22
	propTopicAlias         = 0x23
	propMaximumQoS         = 0x24
	propRetainAvailable    = 0x25
	propUser               = 0x26
	propMaximumPacket      = 0x27
	propWildcardAvailable  = 0x28
	propSubscriptionIDs    = 0x29
	propSharedSubscription = 0x2A
)

// kind is the wire form of a property's value.
type kind byte

const (
	kindNone kind = iota
	kindByte
	kindUint16
	kindUint32
	kindVarint
	kindString
	kindBinary
	kindPair
)

// propertyKinds gives the wire form of each property that a client may send.
var propertyKinds = [0x2B]kind{
	propPayloadFormat: kindByte, propMessageExpiry: kindUint32, propContentType: kindString,
	propResponseTopic: kindString, propCorrelationData: kindBinary, propSubscriptionID: kindVarint,
	propSessionExpiry: kindUint32, propAuthMethod: kindString, propAuthData: kindBinary,
	propRequestProblem: kindByte, propWillDelay: kindUint32, propRequestResponse: kindByte,
	propReasonString: kindString, propReceiveMaximum: kindUint16, propTopicAliasMaximum: kindUint16,
	propTopicAlias: kindUint16, propUser: kindPair, propMaximumPacket: kindUint32,
}

// A propertySet is a set of property identifiers, one bit each.
type propertySet uint64

func propertiesOf(ids ...byte) (set propertySet) {
	for _, id := range ids {
		set |= 1 << id
	}
	return set
}

// Which properties each packet may carry.
var (
	connectProperties = propertiesOf(propSessionExpiry, propReceiveMaximum, propMaximumPacket, propTopicAliasMaximum,
		propRequestResponse, propRequestProblem, propUser, propAuthMethod, propAuthData)
	willProperties = propertiesOf(propWillDelay, propPayloadFormat, propMessageExpiry, propContentType,
		propResponseTopic, propCorrelationData, propUser)
	publishedProperties = propertiesOf(propPayloadFormat, propMessageExpiry, propTopicAlias, propResponseTopic,
		propCorrelationData, propUser, propContentType)
	ackProperties         = propertiesOf(propReasonString, propUser)
	subscribeProperties   = propertiesOf(propSubscriptionID, propUser)
	unsubscribeProperties = propertiesOf(propUser)
	disconnectProperties  = propertiesOf(propSessionExpiry, propReasonString, propUser)

	// passProperties travel with a message unchanged (R-BRK-27).
	passProperties = propertiesOf(propPayloadFormat, propContentType, propResponseTopic, propCorrelationData, propUser)
)

// A property is one decoded property: num for numbers, data for text and binary, raw for its whole wire form.
type property struct {
	id   byte
	num  uint32
	data []byte
	raw  []byte
}

// A propertyReader walks the property section of a packet. Read until next returns false, then look at err.
type propertyReader struct {
	section cursor
	allowed propertySet
	seen    propertySet
	err     error
}

// properties takes the property section off the cursor. An MQTT 3.1.1 packet has none.
func (c *cursor) properties(version byte, allowed propertySet) propertyReader {
	if version < version5 {
		return propertyReader{}
	}
	n := c.varint()
	return propertyReader{section: cursor{b: c.take(int(n))}, allowed: allowed}
}

// next returns the next property. It refuses unknown, misplaced and repeated ones, and values out of range.
func (r *propertyReader) next() (p property, ok bool) {
	if r.err != nil || len(r.section.b) == 0 {
		return p, false
	}
	start := r.section.b
	p.id = r.section.byte()
	if int(p.id) >= len(propertyKinds) || propertyKinds[p.id] == kindNone {
		return p, r.fail(malformed("unknown property"))
	}
	bit := propertySet(1) << p.id
	if r.allowed&bit == 0 {
		return p, r.fail(violation("property not allowed here"))
	}
	if r.seen&bit != 0 && p.id != propUser {
		return p, r.fail(violation("property given twice"))
	}
	r.seen |= bit
	r.value(&p)
	if r.section.short {
		return p, r.fail(malformed("property value"))
	}
	if !inRange(p) {
		return p, r.fail(violation("property value out of range"))
	}
	p.raw = start[:len(start)-len(r.section.b)]
	return p, true
}

func (r *propertyReader) value(p *property) {
	switch s := &r.section; propertyKinds[p.id] {
	case kindByte:
		p.num = uint32(s.byte())
	case kindUint16:
		p.num = uint32(s.uint16())
	case kindUint32:
		p.num = s.uint32()
	case kindVarint:
		p.num = s.varint()
	case kindString:
		p.data = s.text()
	case kindBinary:
		p.data = s.binary()
	case kindPair:
		s.text()
		s.text()
	}
}

func (r *propertyReader) fail(err error) bool {
	r.err = err
	return false
}

func inRange(p property) bool {
	switch p.id {
	case propPayloadFormat, propRequestProblem, propRequestResponse:
		return p.num <= 1
	case propReceiveMaximum, propMaximumPacket, propSubscriptionID:
		return p.num != 0
	}
	return true
}
