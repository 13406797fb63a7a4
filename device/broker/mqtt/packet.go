package mqtt

// A control packet on the wire is a fixed header (one byte of type and flags, then the length of
// the rest) and a body. The Reader returns it as a Packet; the Decode functions, one in the file of
// each packet, turn the body into a struct. The Append functions go the other way and produce whole
// packets, header included.

// The control packet types. Those of QoS 2 (PUBREC, PUBREL, PUBCOMP) and AUTH are not supported
// (R-BRK-9, R-BRK-10).
const (
	TypeConnect     = 1
	TypeConnack     = 2
	TypePublish     = 3
	TypePuback      = 4
	TypeSubscribe   = 8
	TypeSuback      = 9
	TypeUnsubscribe = 10
	TypeUnsuback    = 11
	TypePingreq     = 12
	TypePingresp    = 13
	TypeDisconnect  = 14
)

// Version is the protocol level of a CONNECT.
type Version byte

// The protocol levels that are supported (R-BRK-9).
const (
	V311 Version = 4
	V5   Version = 5
)

// A Packet is one control packet as it was received.
type Packet struct {
	// Type is the upper half of the first byte, such as TypePublish. The standard reserves 0.
	Type byte
	// Flags is the lower half of the first byte. Most types require one fixed value.
	Flags byte
	// Body is all that follows the fixed header. It is valid until the next call of Reader.Next.
	Body []byte
}

// Decode returns b, which holds exactly one packet, as a Packet. The body points into b.
func Decode(b []byte) (Packet, error) {
	d := decoder{b: b}
	first, size := d.byte(), d.varint()
	if d.invalid || int(size) != len(d.b) {
		return Packet{}, malformed("the length of the packet is wrong")
	}
	return Packet{Type: first >> 4, Flags: first & 0x0F, Body: d.b}, nil
}

// DecodePingreq checks a PINGREQ, which has neither flags nor a body.
func DecodePingreq(packet Packet) error {
	if packet.Flags != 0 || len(packet.Body) != 0 {
		return malformed("PINGREQ has flags or a body")
	}
	return nil
}

// AppendPingresp appends a PINGRESP to b.
func AppendPingresp(b []byte) []byte { return append(b, TypePingresp<<4, 0) }
