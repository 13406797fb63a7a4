package broker

import "encoding/binary"

// The encoders append one whole packet to b and return it. None fails: sizes are limited before they are called.

func appendVarint(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func varintSize(v int) int {
	switch {
	case v < 1<<7:
		return 1
	case v < 1<<14:
		return 2
	case v < 1<<21:
		return 3
	}
	return 4
}

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

func appendConnack(b []byte, version byte, p connackPacket) []byte {
	present := byte(0)
	if p.sessionPresent {
		present = 1
	}
	if version < version5 {
		return append(b, typeConnack<<4, 2, present, connackCode(p.reason))
	}
	props := connackProperties(make([]byte, 0, 64), p)
	b = append(b, typeConnack<<4)
	b = appendVarint(b, uint32(2+varintSize(len(props))+len(props)))
	b = append(b, present, byte(p.reason))
	b = appendVarint(b, uint32(len(props)))
	return append(b, props...)
}

// connackProperties are those always sent with a success, and those that differ from the request (R-BRK-26).
func connackProperties(b []byte, p connackPacket) []byte {
	if p.reason != Success {
		return b
	}
	b = binary.BigEndian.AppendUint16(append(b, propReceiveMaximum), p.receiveMaximum)
	b = append(b, propMaximumQoS, 1, propRetainAvailable, 1)
	b = binary.BigEndian.AppendUint32(append(b, propMaximumPacket), p.maximumPacket)
	b = binary.BigEndian.AppendUint16(append(b, propTopicAliasMaximum), p.topicAliases)
	b = append(b, propWildcardAvailable, 1, propSubscriptionIDs, 0, propSharedSubscription, 0)
	if p.assignedID != "" {
		b = appendText(append(b, propAssignedClientID), p.assignedID)
	}
	if p.serverKeepAlive != 0 {
		b = binary.BigEndian.AppendUint16(append(b, propServerKeepAlive), p.serverKeepAlive)
	}
	if p.withExpiry {
		b = binary.BigEndian.AppendUint32(append(b, propSessionExpiry), p.sessionExpiry)
	}
	return b
}

// publishSize is the number of bytes that appendPublish will add, and the sizes of its body and properties.
func publishSize(version byte, p *publishOut) (whole, body, props int) {
	body = 2 + len(p.topic) + len(p.payload)
	if p.qos > 0 {
		body += 2
	}
	if version == version5 {
		props = len(p.pass)
		if p.expiry > 0 {
			props += 5
		}
		if p.correlation != nil {
			props += 3 + len(p.correlation)
		}
		body += varintSize(props) + props
	}
	return 1 + varintSize(body) + body, body, props
}

func appendPublish(b []byte, version byte, p *publishOut) []byte {
	_, body, props := publishSize(version, p)
	flags := p.qos << 1
	if p.dup {
		flags |= 8
	}
	if p.retain {
		flags |= 1
	}
	b = append(b, typePublish<<4|flags)
	b = appendVarint(b, uint32(body))
	b = appendText(b, p.topic)
	if p.qos > 0 {
		b = binary.BigEndian.AppendUint16(b, p.id)
	}
	if version == version5 {
		b = appendVarint(b, uint32(props))
		if p.expiry > 0 {
			b = binary.BigEndian.AppendUint32(append(b, propMessageExpiry), p.expiry)
		}
		if p.correlation != nil {
			b = binary.BigEndian.AppendUint16(append(b, propCorrelationData), uint16(len(p.correlation)))
			b = append(b, p.correlation...)
		}
		b = append(b, p.pass...)
	}
	return append(b, p.payload...)
}

func appendPuback(b []byte, version byte, id uint16, reason Reason) []byte {
	if version < version5 || reason == Success {
		return append(b, typePuback<<4, 2, byte(id>>8), byte(id))
	}
	return append(b, typePuback<<4, 3, byte(id>>8), byte(id), byte(reason))
}

// appendSuback answers a SUBSCRIBE: one code a filter, the granted QoS or a refusal.
func appendSuback(b []byte, version byte, id uint16, codes []Reason) []byte {
	b = ackHeader(b, typeSuback, version, id, len(codes))
	for _, code := range codes {
		if version < version5 && code >= Unspecified {
			code = Unspecified
		}
		b = append(b, byte(code))
	}
	return b
}

func appendUnsuback(b []byte, version byte, id uint16, codes []Reason) []byte {
	if version < version5 {
		return append(b, typeUnsuback<<4, 2, byte(id>>8), byte(id))
	}
	b = ackHeader(b, typeUnsuback, version, id, len(codes))
	for _, code := range codes {
		b = append(b, byte(code))
	}
	return b
}

func ackHeader(b []byte, packet byte, version byte, id uint16, codes int) []byte {
	n := 2 + codes
	if version == version5 {
		n++
	}
	b = appendVarint(append(b, packet<<4), uint32(n))
	b = append(b, byte(id>>8), byte(id))
	if version == version5 {
		b = append(b, 0)
	}
	return b
}

func appendPingresp(b []byte) []byte { return append(b, typePingresp<<4, 0) }

// appendDisconnect ends an MQTT 5 connection; MQTT 3.1.1 servers say nothing.
func appendDisconnect(b []byte, reason Reason) []byte {
	return append(b, typeDisconnect<<4, 1, byte(reason))
}
