package mqtt

// A Disconnect is a DISCONNECT of a client. All that MQTT 3.1.1 can say with it is that the
// connection ends.
type Disconnect struct {
	// Reason is Success for an ordinary end. Any other asks for the will to be published. Always
	// Success in 3.1.1.
	Reason Reason
	// SessionExpiry replaces the session expiry of the CONNECT, in seconds, if HasSessionExpiry is
	// set.
	SessionExpiry    uint32
	HasSessionExpiry bool
}

// DecodeDisconnect decodes a DISCONNECT.
func DecodeDisconnect(packet Packet, version Version) (p Disconnect, err error) {
	d := decoder{b: packet.Body}
	if version == V5 && len(d.b) > 0 {
		p.Reason = Reason(d.byte())
	}
	if version == V5 && len(d.b) > 0 {
		props := d.properties(version, disconnectProperties)
		for v, ok := props.next(); ok; v, ok = props.next() {
			if v.id == PropSessionExpiry {
				p.SessionExpiry, p.HasSessionExpiry = v.number, true
			}
		}
		if props.err != nil {
			return p, props.err
		}
	}
	if packet.Flags != 0 || d.invalid || len(d.b) != 0 {
		return p, malformed("DISCONNECT is malformed")
	}
	return p, nil
}

// AppendDisconnect appends a DISCONNECT to b. It is for MQTT 5: a 3.1.1 server just closes the
// connection.
func AppendDisconnect(b []byte, reason Reason) []byte {
	return append(b, TypeDisconnect<<4, 1, byte(reason))
}
