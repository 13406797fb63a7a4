package mqtt

import "fmt"

// CONNECT is the first packet of a client and CONNACK the server's answer to it.

// The bits in the connect flags of a CONNECT. The will's QoS is between flagWill and
// flagWillRetain.
const (
	flagReserved   = 1 << 0
	flagCleanStart = 1 << 1
	flagWill       = 1 << 2
	shiftWillQoS   = 3
	flagWillRetain = 1 << 5
	flagPassword   = 1 << 6
	flagUsername   = 1 << 7

	willQoSBits = 3 << shiftWillQoS
)

// bridgeBit is set in the protocol level by the connection of another broker, which is called a
// bridge: 0x84 is MQTT 3.1.1 from a bridge. It stands in no version of the standard, but brokers
// that are widely used send it until it is refused.
const bridgeBit = 0x80

// A Connect is a CONNECT.
type Connect struct {
	Version Version
	// Bridge says that the client is another broker, which must not get back what it publishes
	// (R-BRK-9). Only MQTT 3.1.1 has it; with MQTT 5 a bridge subscribes with No Local.
	Bridge bool
	// CleanStart asks for a new session. MQTT 3.1.1 calls it Clean Session, and ends the session
	// with the connection.
	CleanStart bool
	// KeepAlive is in seconds; 0: the client asks for none.
	KeepAlive uint16
	// ClientID is empty when the server is to assign one.
	ClientID string
	// Will is nil when there is none.
	Will *Will
	// Username and Password count for clients that have shown nothing else (R-BRK-15). Password
	// points into the Reader's buffer.
	Username string
	Password []byte

	// What follows are MQTT 5 properties: zero when the packet has none.

	// SessionExpiry is how long the session should outlive its connection, in seconds.
	SessionExpiry uint32
	// ReceiveMaximum is how many unacknowledged messages of QoS 1 the client accepts; 0: not given.
	ReceiveMaximum uint16
	// MaximumPacket is the size in bytes of the largest packet that the client accepts; 0: not
	// given.
	MaximumPacket uint32
	// TopicAliasMaximum is the largest topic alias that the client accepts; 0: it accepts none.
	TopicAliasMaximum uint16
	// EnhancedAuth says that the client asks for enhanced authentication.
	EnhancedAuth bool
}

// A Will is the message that the server publishes when the connection ends without a DISCONNECT.
type Will struct {
	// Message has neither Dup nor ID nor Alias. Its slices point into the Reader's buffer.
	Message Publish
	// Delay is the time between the end of the connection and the publication, in seconds (MQTT 5).
	Delay uint32
}

// DecodeConnect decodes a CONNECT. For a protocol version that is not supported the error is
// UnsupportedVersion, and the result has the version in which the client understands the answer.
func DecodeConnect(packet Packet) (p Connect, err error) {
	d := decoder{b: packet.Body}
	name := d.text()
	level := d.byte()
	p.Bridge = level&bridgeBit != 0
	p.Version = Version(level &^ bridgeBit)
	switch {
	case packet.Flags != 0 || d.invalid:
		return p, malformed("CONNECT is malformed")
	case string(name) != "MQTT" && string(name) != "MQIsdp":
		return p, malformed("the protocol name is not MQTT")
	case string(name) != "MQTT", p.Version != V311 && (p.Version != V5 || p.Bridge):
		return Connect{Version: answerVersion(level)},
			&Error{UnsupportedVersion, fmt.Sprintf("protocol %s at level %#x is not supported", name, level)}
	}
	flags := d.byte()
	p.KeepAlive = d.uint16()
	p.CleanStart = flags&flagCleanStart != 0
	if d.invalid || !validConnectFlags(flags, p.Version) {
		return p, malformed("the connect flags are invalid")
	}
	if err := p.decodeProperties(&d); err != nil {
		return p, err
	}
	p.ClientID = string(d.text())
	if flags&flagWill != 0 {
		p.Will = &Will{}
		p.Will.Message.QoS = flags >> shiftWillQoS & 3
		p.Will.Message.Retain = flags&flagWillRetain != 0
		if err := p.Will.decode(&d, p.Version); err != nil {
			return p, err
		}
	}
	if flags&flagUsername != 0 {
		p.Username = string(d.text())
	}
	if flags&flagPassword != 0 {
		p.Password = d.binary()
	}
	if d.invalid || len(d.b) != 0 {
		return p, malformed("CONNECT is malformed")
	}
	return p, nil
}

// answerVersion is the version in which a protocol level that is not supported is refused: MQTT
// 3.1.1 says that itself for its own CONNACK, and only what comes after MQTT 5 is closer to that. A
// bridge connects again with another level when it gets the CONNACK of MQTT 3.1.1.
func answerVersion(level byte) Version {
	if level > byte(V5) && level&bridgeBit == 0 {
		return V5
	}
	return V311
}

// validConnectFlags refuses the combinations that the standard rules out: options of a will without
// a will, QoS 3, and in MQTT 3.1.1 a password without a user name.
func validConnectFlags(flags byte, version Version) bool {
	hasWill := flags&flagWill != 0
	switch {
	case flags&flagReserved != 0,
		!hasWill && flags&(willQoSBits|flagWillRetain) != 0,
		flags&willQoSBits == willQoSBits:
		return false
	case version == V311:
		return flags&flagPassword == 0 || flags&flagUsername != 0
	}
	return true
}

func (p *Connect) decodeProperties(d *decoder) error {
	props := d.properties(p.Version, connectProperties)
	for v, ok := props.next(); ok; v, ok = props.next() {
		switch v.id {
		case PropSessionExpiry:
			p.SessionExpiry = v.number
		case PropReceiveMaximum:
			p.ReceiveMaximum = uint16(v.number)
		case PropMaximumPacket:
			p.MaximumPacket = v.number
		case PropTopicAliasMaximum:
			p.TopicAliasMaximum = uint16(v.number)
		case PropAuthMethod:
			p.EnhancedAuth = true
		}
	}
	return props.err
}

func (w *Will) decode(d *decoder, version Version) error {
	props := d.properties(version, willProperties)
	for v, ok := props.next(); ok; v, ok = props.next() {
		if v.id == PropWillDelay {
			w.Delay = v.number
			continue
		}
		w.Message.addProperty(v)
	}
	w.Message.Topic = string(d.text())
	w.Message.Payload = d.binary()
	return props.err
}

// A Connack is a CONNACK. MQTT 3.1.1 sends the first two members only.
type Connack struct {
	// SessionPresent says that the client resumes a session.
	SessionPresent bool
	Reason         Reason

	// ReceiveMaximum, MaximumPacket and TopicAliasMaximum are the server's own limits. They go with
	// each success.
	ReceiveMaximum    uint16
	MaximumPacket     uint32
	TopicAliasMaximum uint16

	// AssignedID is the client id that the server chose; empty: the client has its own.
	AssignedID string
	// ServerKeepAlive replaces the keep-alive that the client asked for, in seconds; 0: that one
	// holds.
	ServerKeepAlive uint16
	// SessionExpiry replaces the session expiry that the client asked for, in seconds. Zero is a
	// value, so SendSessionExpiry says whether it is sent.
	SessionExpiry     uint32
	SendSessionExpiry bool
}

// AppendConnack appends a CONNACK to b. A refusal of MQTT 3.1.1 must be one that has a ConnackCode.
func AppendConnack(b []byte, version Version, p *Connack) []byte {
	present := byte(0)
	if p.SessionPresent {
		present = 1
	}
	if version < V5 {
		return append(b, TypeConnack<<4, 2, present, p.Reason.ConnackCode())
	}
	props := p.appendProperties(make([]byte, 0, 64))
	b = append(b, TypeConnack<<4)
	b = appendVarint(b, 2+varintSize(len(props))+len(props))
	b = append(b, present, byte(p.Reason))
	b = appendVarint(b, len(props))
	return append(b, props...)
}

// appendProperties appends those that go with every success, and those that differ from the request
// (R-BRK-26). A refusal has none.
func (p *Connack) appendProperties(b []byte) []byte {
	if p.Reason != Success {
		return b
	}
	b = appendUint16(append(b, PropReceiveMaximum), p.ReceiveMaximum)
	b = append(b, PropMaximumQoS, 1, PropRetainAvailable, 1)
	b = appendUint32(append(b, PropMaximumPacket), p.MaximumPacket)
	b = appendUint16(append(b, PropTopicAliasMaximum), p.TopicAliasMaximum)
	b = append(b, PropWildcardAvailable, 1, PropSubscriptionIDs, 1, PropSharedSubscription, 1)
	if p.AssignedID != "" {
		b = appendText(append(b, PropAssignedClientID), p.AssignedID)
	}
	if p.ServerKeepAlive != 0 {
		b = appendUint16(append(b, PropServerKeepAlive), p.ServerKeepAlive)
	}
	if p.SendSessionExpiry {
		b = appendUint32(append(b, PropSessionExpiry), p.SessionExpiry)
	}
	return b
}
