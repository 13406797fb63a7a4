package broker

import (
	"fmt"
	"slices"
	"testing"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// The tests in conformance_*_test.go show what no other test shows of the statements of the
// standard. docs/mqtt-conformance.md says which test shows which statement.

// badTexts are what no text of a packet may be: a lone surrogate, one in the middle, NUL, an
// overlong form, and a character that is cut off.
var badTexts = []string{"\xED\xA0\x80", "a\xED\xBF\xBFb", "a\x00", "\xC0\x80", "a\xE2\x82"}

// A packet with text that is not well-formed UTF-8, or has NUL, ends the connection, wherever the
// text is.
func TestTextOnTheWire(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	property := func(id byte, texts ...string) []byte {
		b := []byte{id}
		for _, text := range texts {
			b = append(b, mqtttest.Text(text)...)
		}
		return b
	}
	for i, bad := range badTexts {
		packets := map[string][]byte{
			"topic":         publishPacket(5, mqtt.Publish{Topic: bad}),
			"content type":  publishPacket(5, mqtt.Publish{Topic: "a", Forwarded: property(mqtt.PropContentType, bad)}),
			"response":      publishPacket(5, mqtt.Publish{Topic: "a", Forwarded: property(mqtt.PropResponseTopic, bad)}),
			"user property": publishPacket(5, mqtt.Publish{Topic: "a", Forwarded: property(mqtt.PropUser, "a", bad)}),
			"its name":      publishPacket(5, mqtt.Publish{Topic: "a", Forwarded: property(mqtt.PropUser, bad, "a")}),
			"filter":        mqtttest.Subscribe(5, 1, 0, "a", bad),
			"unsubscribe":   mqtttest.Unsubscribe(5, 1, "a", bad),
		}
		for name, packet := range packets {
			t.Run(fmt.Sprint(name, i), func(t *testing.T) {
				t.Parallel()
				c := join(t, addr, mqtt.V5, "")
				c.send(packet)
				c.wantClosed(mqtt.MalformedPacket)
			})
		}
		for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
			for name, connect := range map[string]mqtt.Connect{
				"client id":  {ClientID: bad, CleanStart: true},
				"will topic": {ClientID: "a", CleanStart: true, Will: &mqtt.Will{Message: mqtt.Publish{Topic: bad}}},
			} {
				t.Run(fmt.Sprint(name, i, version), func(t *testing.T) {
					t.Parallel()
					c := dial(t, addr, version)
					c.connect(connect)
					if packet := c.read(); packet.Type != 0 {
						t.Errorf("answered with packet type %d %x", packet.Type, packet.Body)
					}
				})
			}
			t.Run(fmt.Sprint("user name", i, version), func(t *testing.T) {
				t.Parallel()
				c := dial(t, addr, version)
				c.send(mqtttest.Connect(&mqtt.Connect{Version: version, ClientID: "a", CleanStart: true}, bad))
				if packet := c.read(); packet.Type != 0 {
					t.Errorf("answered with packet type %d %x", packet.Type, packet.Body)
				}
			})
		}
	}
}

// U+FEFF is a character like any other, and nothing is normalised: two ways to write Å are two
// topics.
func TestTextIsNotChanged(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	c := join(t, addr, mqtt.V311, "dev")
	c.subscribe(1, 0, "\uFEFFa", "\u00C5")
	for _, topic := range []string{"a", "\u0041\u030A", "\uFEFFa\uFEFF", "\u00E5", "\uFEFFa", "\u00C5"} {
		c.publish(0, 0, topic, "x")
	}
	c.wantPublish("\uFEFFa", "x", 0)
	c.wantPublish("\u00C5", "x", 0)
	c.sync()
}

// The flags of the fixed header are those that the standard has, or the connection ends; and so it
// ends with packets that only a server sends.
func TestReservedFlags(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	id, filter := []byte{0, 1}, []byte{0, 1, 'a'}
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		var none []byte // the properties
		if version == mqtt.V5 {
			none = []byte{0}
		}
		subscribe, unsubscribe := slices.Concat(id, none, filter, []byte{0}), slices.Concat(id, none, filter)
		for _, row := range []struct {
			name  string
			kind  byte
			flags []byte // the wrong ones
			body  []byte
		}{
			{"PUBACK", mqtt.TypePuback, []byte{1, 2, 8}, id},
			{"SUBSCRIBE", mqtt.TypeSubscribe, []byte{0, 1, 3, 10}, subscribe},
			{"UNSUBSCRIBE", mqtt.TypeUnsubscribe, []byte{0, 3, 6}, unsubscribe},
			{"PINGREQ", mqtt.TypePingreq, []byte{1, 2, 15}, nil},
			{"DISCONNECT", mqtt.TypeDisconnect, []byte{1, 2, 4}, nil},
		} {
			for _, flags := range row.flags {
				t.Run(fmt.Sprintf("%s %d v%d", row.name, flags, version), func(t *testing.T) {
					t.Parallel()
					c := join(t, addr, version, "")
					c.send(mqtttest.Packet(row.kind<<4|flags, row.body))
					c.wantClosed(mqtt.MalformedPacket)
				})
			}
		}
		for _, kind := range []byte{mqtt.TypeConnack, mqtt.TypeSuback, mqtt.TypeUnsuback, mqtt.TypePingresp} {
			c := join(t, addr, version, "")
			c.send(mqtttest.Packet(kind<<4, nil))
			c.wantClosed(mqtt.ProtocolError)
		}
	}
}

// A response topic is a topic name, in a PUBLISH and in a will.
func TestResponseTopicHasNoWildcard(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	for _, topic := range []string{"a/+", "#"} {
		response := append([]byte{mqtt.PropResponseTopic}, mqtttest.Text(topic)...)
		c := join(t, addr, mqtt.V5, "")
		c.send(publishPacket(5, mqtt.Publish{Topic: "a", Forwarded: response}))
		c.wantClosed(mqtt.ProtocolError)
		c = dial(t, addr, mqtt.V5)
		c.connect(mqtt.Connect{ClientID: "a", Will: &mqtt.Will{Message: mqtt.Publish{Topic: "w", Forwarded: response}}})
		if packet := c.read(); packet.Type != 0 {
			t.Errorf("a will with the response topic %s is answered with packet type %d", topic, packet.Type)
		}
	}
}

func publishPacket(version mqtt.Version, p mqtt.Publish) []byte {
	return mqtt.AppendPublish(nil, version, &p)
}
