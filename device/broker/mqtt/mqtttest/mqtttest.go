// Package mqtttest encodes the packets that clients send, for the tests of the codec and of the
// broker. It can encode what the standard forbids.
//
// A CONNECT is given as the struct that the codec decodes it to, so that a test can compare the
// two. What is sent in wire form elsewhere, such as forwarded properties, is so here.
package mqtttest

import (
	"encoding/binary"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// Connect encodes a CONNECT. It has the flags of user name and password if they are not empty. A user
// name that is given beside the packet takes the place of that in it.
func Connect(p *mqtt.Connect, username string) []byte {
	body := Text("MQTT")
	level := byte(p.Version)
	if p.Bridge {
		level |= 0x80
	}
	body = append(body, level, connectFlags(p, username))
	body = binary.BigEndian.AppendUint16(body, p.KeepAlive)
	if p.Version == mqtt.V5 {
		body = appendData(body, connectProperties(p))
	}
	body = append(body, Text(p.ClientID)...)
	if w := p.Will; w != nil {
		if p.Version == mqtt.V5 {
			body = appendData(body, willProperties(w))
		}
		body = append(append(body, Text(w.Message.Topic)...), Text(string(w.Message.Payload))...)
	}
	if username == "" {
		username = p.Username
	}
	if username != "" {
		body = append(body, Text(username)...)
	}
	if len(p.Password) > 0 {
		body = append(body, Text(string(p.Password))...)
	}
	return Packet(mqtt.TypeConnect<<4, body)
}

// connectFlags are the bits between the version and the keep-alive. QoS 3 of a will is possible.
func connectFlags(p *mqtt.Connect, username string) (flags byte) {
	if p.CleanStart {
		flags |= 0x02
	}
	if w := p.Will; w != nil {
		flags |= 0x04 | w.Message.QoS<<3
		if w.Message.Retain {
			flags |= 0x20
		}
	}
	if username != "" || p.Username != "" {
		flags |= 0x80
	}
	if len(p.Password) > 0 {
		flags |= 0x40
	}
	return flags
}

// connectProperties are the properties of MQTT 5 that are set, in wire form.
func connectProperties(p *mqtt.Connect) (b []byte) {
	if p.SessionExpiry > 0 {
		b = binary.BigEndian.AppendUint32(append(b, mqtt.PropSessionExpiry), p.SessionExpiry)
	}
	if p.ReceiveMaximum > 0 {
		b = binary.BigEndian.AppendUint16(append(b, mqtt.PropReceiveMaximum), p.ReceiveMaximum)
	}
	if p.MaximumPacket > 0 {
		b = binary.BigEndian.AppendUint32(append(b, mqtt.PropMaximumPacket), p.MaximumPacket)
	}
	if p.TopicAliasMaximum > 0 {
		b = binary.BigEndian.AppendUint16(append(b, mqtt.PropTopicAliasMaximum), p.TopicAliasMaximum)
	}
	if p.EnhancedAuth {
		b = append(append(b, mqtt.PropAuthMethod), Text("SCRAM-SHA-1")...)
	}
	return b
}

// willProperties are the forwarded properties of a will, its expiry and its delay.
func willProperties(w *mqtt.Will) []byte {
	b := append([]byte(nil), w.Message.Forwarded...)
	if w.Message.Expiry > 0 {
		b = binary.BigEndian.AppendUint32(append(b, mqtt.PropMessageExpiry), w.Message.Expiry)
	}
	if w.Delay > 0 {
		b = binary.BigEndian.AppendUint32(append(b, mqtt.PropWillDelay), w.Delay)
	}
	return b
}

// Subscribe encodes a SUBSCRIBE with the same options, QoS among them, for all filters.
func Subscribe(version mqtt.Version, id uint16, options byte, filters ...string) []byte {
	return SubscribeWith(nil, version, id, options, filters...)
}

// SubscribeWith encodes a SUBSCRIBE with properties in wire form.
func SubscribeWith(
	properties []byte, version mqtt.Version, id uint16, options byte, filters ...string,
) []byte {
	body := filtersHeader(version, id, properties)
	for _, filter := range filters {
		body = append(append(body, Text(filter)...), options)
	}
	return Packet(mqtt.TypeSubscribe<<4|2, body)
}

// Unsubscribe encodes an UNSUBSCRIBE. Without filters it is one that the standard forbids.
func Unsubscribe(version mqtt.Version, id uint16, filters ...string) []byte {
	body := filtersHeader(version, id, nil)
	for _, filter := range filters {
		body = append(body, Text(filter)...)
	}
	return Packet(mqtt.TypeUnsubscribe<<4|2, body)
}

// filtersHeader is what SUBSCRIBE and UNSUBSCRIBE have before their filters.
func filtersHeader(version mqtt.Version, id uint16, properties []byte) []byte {
	body := binary.BigEndian.AppendUint16(nil, id)
	if version == mqtt.V5 {
		body = appendData(body, properties)
	}
	return body
}

// Packet puts the fixed header before a body. first is the type in the upper half and the flags in
// the lower.
func Packet(first byte, body []byte) []byte {
	return appendData([]byte{first}, body)
}

// Text encodes a string behind its length.
func Text(s string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...)
}

// appendData appends data behind its length as a variable byte integer.
func appendData(b, data []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(data))), data...)
}
