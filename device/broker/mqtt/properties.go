package mqtt

// MQTT 5 packets have a section of properties: an identifier of one byte and a value whose form
// depends on it. Which identifiers are allowed depends on the packet. MQTT 3.1.1 packets have no
// such section and decode as if it were empty.

// The MQTT 5 property identifiers.
const (
	PropPayloadFormat      = 0x01
	PropMessageExpiry      = 0x02
	PropContentType        = 0x03
	PropResponseTopic      = 0x08
	PropCorrelationData    = 0x09
	PropSubscriptionID     = 0x0B
	PropSessionExpiry      = 0x11
	PropAssignedClientID   = 0x12
	PropServerKeepAlive    = 0x13
	PropAuthMethod         = 0x15
	PropAuthData           = 0x16
	PropRequestProblem     = 0x17
	PropWillDelay          = 0x18
	PropRequestResponse    = 0x19
	PropReasonString       = 0x1F
	PropReceiveMaximum     = 0x21
	PropTopicAliasMaximum  = 0x22
	PropTopicAlias         = 0x23
	PropMaximumQoS         = 0x24
	PropRetainAvailable    = 0x25
	PropUser               = 0x26
	PropMaximumPacket      = 0x27
	PropWildcardAvailable  = 0x28
	PropSubscriptionIDs    = 0x29
	PropSharedSubscription = 0x2A
)

// valueForm is the wire form of a property's value.
type valueForm byte

const (
	noForm valueForm = iota // a client may not send this property
	formByte
	formUint16
	formUint32
	formVarint
	formText
	formBinary
	formTextPair
)

// valueForms gives the form of each property that a client may send.
var valueForms = [0x2B]valueForm{
	PropPayloadFormat:     formByte,
	PropMessageExpiry:     formUint32,
	PropContentType:       formText,
	PropResponseTopic:     formText,
	PropCorrelationData:   formBinary,
	PropSubscriptionID:    formVarint,
	PropSessionExpiry:     formUint32,
	PropAuthMethod:        formText,
	PropAuthData:          formBinary,
	PropRequestProblem:    formByte,
	PropWillDelay:         formUint32,
	PropRequestResponse:   formByte,
	PropReasonString:      formText,
	PropReceiveMaximum:    formUint16,
	PropTopicAliasMaximum: formUint16,
	PropTopicAlias:        formUint16,
	PropUser:              formTextPair,
	PropMaximumPacket:     formUint32,
}

// A propertySet is a set of property identifiers, one bit each.
type propertySet uint64

func propertiesOf(ids ...byte) (set propertySet) {
	for _, id := range ids {
		set |= 1 << id
	}
	return set
}

func (s propertySet) has(id byte) bool { return s&(1<<id) != 0 }

// The properties that each packet of a client may carry.
var (
	connectProperties = propertiesOf(PropSessionExpiry, PropReceiveMaximum, PropMaximumPacket,
		PropTopicAliasMaximum, PropRequestResponse, PropRequestProblem, PropUser, PropAuthMethod,
		PropAuthData)
	willProperties = propertiesOf(PropWillDelay, PropPayloadFormat, PropMessageExpiry,
		PropContentType, PropResponseTopic, PropCorrelationData, PropUser)
	publishProperties = propertiesOf(PropPayloadFormat, PropMessageExpiry, PropTopicAlias,
		PropResponseTopic, PropCorrelationData, PropUser, PropContentType)
	deliveryProperties    = publishProperties | propertiesOf(PropSubscriptionID)
	pubackProperties      = propertiesOf(PropReasonString, PropUser)
	subscribeProperties   = propertiesOf(PropSubscriptionID, PropUser)
	unsubscribeProperties = propertiesOf(PropUser)
	disconnectProperties  = propertiesOf(PropSessionExpiry, PropReasonString, PropUser)

	// forwardedProperties go with a message from the publisher to the subscribers unchanged
	// (R-BRK-27).
	forwardedProperties = propertiesOf(PropPayloadFormat, PropContentType, PropResponseTopic,
		PropCorrelationData, PropUser)
)

// A property is one decoded property.
type property struct {
	id     byte
	number uint32 // the value, if it is a number
	raw    []byte // identifier and value in wire form
}

// A propertyReader walks through the property section of a packet. Call next until it returns
// false, then look at err.
type propertyReader struct {
	section decoder
	allowed propertySet
	once    propertySet // the allowed ones that may not be repeated
	seen    propertySet
	err     error // the first failure, nil if there was none
}

// properties reads the property section of a packet.
func (d *decoder) properties(version Version, allowed propertySet) propertyReader {
	if version < V5 {
		return propertyReader{}
	}
	n := d.varint()
	return propertyReader{
		section: decoder{b: d.bytes(int(n))},
		allowed: allowed,
		once:    allowed &^ propertiesOf(PropUser),
	}
}

// next returns the next property. Unknown, misplaced and repeated ones are errors, and so are
// values out of range.
func (r *propertyReader) next() (p property, ok bool) {
	if r.err != nil || len(r.section.b) == 0 {
		return p, false
	}
	start := r.section.b
	p.id = r.section.byte()
	switch {
	case int(p.id) >= len(valueForms) || valueForms[p.id] == noForm:
		return p, r.fail(malformed("a property is unknown"))
	case !r.allowed.has(p.id):
		return p, r.fail(violation("a property is not allowed in this packet"))
	case r.seen.has(p.id) && r.once.has(p.id):
		return p, r.fail(violation("a property is given twice"))
	}
	r.seen |= 1 << p.id
	r.value(&p)
	if r.section.invalid {
		return p, r.fail(malformed("a property value is malformed"))
	}
	p.raw = start[:len(start)-len(r.section.b)]
	if !inRange(p) {
		return p, r.fail(violation("a property value is out of range"))
	}
	return p, true
}

// skip checks the properties that are left and ignores their values.
func (r *propertyReader) skip() error {
	for ok := true; ok; {
		_, ok = r.next()
	}
	return r.err
}

// value reads the value of a property. Only numbers are needed decoded; the rest is checked and
// stays in wire form.
func (r *propertyReader) value(p *property) {
	switch s := &r.section; valueForms[p.id] {
	case formByte:
		p.number = uint32(s.byte())
	case formUint16:
		p.number = uint32(s.uint16())
	case formUint32:
		p.number = s.uint32()
	case formVarint:
		p.number = s.varint()
	case formText:
		s.text()
	case formBinary:
		s.binary()
	case formTextPair:
		s.text()
		s.text()
	}
}

func (r *propertyReader) fail(err error) (ok bool) {
	r.err = err
	return false
}

// inRange applies the limits that the standard sets for the values of some properties.
func inRange(p property) bool {
	switch p.id {
	case PropPayloadFormat, PropRequestProblem, PropRequestResponse:
		return p.number <= 1
	case PropReceiveMaximum, PropMaximumPacket, PropSubscriptionID:
		return p.number != 0
	case PropResponseTopic:
		return !HasWildcard(string(p.raw[3:])) // after the identifier and the length
	}
	return true
}
