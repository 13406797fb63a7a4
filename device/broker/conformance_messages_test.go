package broker

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// allForwarded are all properties that go from the publisher to the subscribers, two of them with
// one name.
var allForwarded = slices.Concat(
	[]byte{mqtt.PropPayloadFormat, 1},
	[]byte{mqtt.PropUser}, mqtttest.Text("b"), mqtttest.Text("2"),
	[]byte{mqtt.PropResponseTopic}, mqtttest.Text("answers/1"),
	[]byte{mqtt.PropUser}, mqtttest.Text("a"), mqtttest.Text("1"),
	[]byte{mqtt.PropCorrelationData}, mqtttest.Text("\xFF\x00"),
	[]byte{mqtt.PropUser}, mqtttest.Text("b"), mqtttest.Text("1"),
	[]byte{mqtt.PropContentType}, mqtttest.Text("text/plain"),
)

// The properties of a message come unaltered and in their order, live, from the store and retained.
func TestPropertiesComeUnaltered(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{})
	check := func(how string, p mqtt.Publish) {
		t.Helper()
		if !bytes.Equal(p.Forwarded, allForwarded) {
			t.Errorf("%s: %x, want %x", how, p.Forwarded, allForwarded)
		}
	}
	c := rejoin(t, addr, mqtt.V5, "dev", false)
	c.subscribe(1, 1, "a")
	pub := join(t, addr, mqtt.V5, "pub")
	send := func() {
		pub.sendPublish(mqtt.Publish{Topic: "a", QoS: 1, ID: 1, Retain: true, Payload: []byte("x"), Forwarded: allForwarded})
		pub.wantPuback(1, mqtt.Success)
	}
	send()
	p := c.wantPublish("a", "x", 1)
	check("live", p)
	c.send(mqtt.AppendPuback(nil, mqtt.V5, p.ID, mqtt.Success))
	c.sync()
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	send()
	check("stored", rejoin(t, addr, mqtt.V5, "dev", true).wantPublish("a", "x", 1))
	late := join(t, addr, mqtt.V5, "late")
	late.subscribe(1, 0, "a")
	check("retained", late.wantPublish("a", "x", 0))
}

// The bytes of what a subscriber gets: the lower QoS, no packet identifier at QoS 0, and DUP 0
// whatever the publisher's was.
func TestDeliveredFlags(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		for _, row := range []struct{ published, granted, want byte }{{0, 0, 0}, {0, 1, 0}, {1, 0, 0}, {1, 1, 1}} {
			topic := fmt.Sprint("t", version, row.published, row.granted)
			c := join(t, addr, version, "")
			c.subscribe(1, row.granted, topic)
			c.sendPublish(mqtt.Publish{
				Topic: topic, Payload: []byte("x"), QoS: row.published, ID: uint16(row.published), Dup: row.published > 0,
			})
			got := c.read()
			switch {
			case row.published == 0:
			case got.Type == mqtt.TypePuback:
				got = c.read()
			default: // the delivery came first
				c.want(mqtt.TypePuback)
			}
			checkDelivered(t, version, got, topic, row.want)
		}
	}
}

func checkDelivered(t *testing.T, version mqtt.Version, got mqtt.Packet, topic string, qos byte) {
	t.Helper()
	body := mqtttest.Text(topic)
	if qos > 0 {
		body = append(body, 0, 1)
	}
	if version == mqtt.V5 {
		body = append(body, 0)
	}
	body = append(body, 'x')
	if got.Type != mqtt.TypePublish || got.Flags != qos<<1 || !bytes.Equal(got.Body, body) {
		t.Errorf("v%d %s: flags %d %q, want %d %q", version, topic, got.Flags, got.Body, qos<<1, body)
	}
}

// A packet identifier can be used again after its PUBACK, and the server answers with the one it
// got.
func TestPacketIdentifierIsUsedAgain(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	c, pub := join(t, addr, mqtt.V5, "dev"), join(t, addr, mqtt.V311, "pub")
	c.subscribe(0xFFFE, 0, "a")
	for _, payload := range []string{"1", "2", "3"} {
		pub.publish(0xFFFF, 1, "a", payload)
		pub.wantPuback(0xFFFF, mqtt.Success)
		c.wantPublish("a", payload, 0)
	}
}

// A message that its client refuses is done with: it is not sent again, to nobody.
func TestRefusedByClient(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{})
	c := rejoin(t, addr, mqtt.V5, "dev", false)
	c.subscribe(1, 1, "a", "$share/g/b")
	other := join(t, addr, mqtt.V5, "other")
	pub := join(t, addr, mqtt.V5, "pub")
	pub.publishNumbers("a", 1)
	pub.publishNumbers("b", 2)
	for _, topic := range []string{"a", "b"} {
		p, err := mqtt.DecodeDelivery(c.want(mqtt.TypePublish), mqtt.V5)
		if err != nil || p.Topic != topic {
			t.Fatalf("got %s %v", p.Topic, err)
		}
		c.send(mqtt.AppendPuback(nil, mqtt.V5, p.ID, mqtt.Unspecified))
	}
	other.subscribe(1, 1, "$share/g/b")
	c.sync()
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	rejoin(t, addr, mqtt.V5, "dev", true).sync()
	other.sync()
}

// A message without RETAIN leaves the retained one alone; one with RETAIN at QoS 0 replaces it; and
// a subscription for a second time gets it again.
func TestRetainedIsLeftAlone(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	pub := join(t, addr, mqtt.V311, "pub")
	c := join(t, addr, mqtt.V311, "dev")
	publish := func(payload string, retain bool) {
		pub.sendPublish(mqtt.Publish{Topic: "a", Payload: []byte(payload), Retain: retain})
		pub.sync()
	}
	want := func(payload string) {
		t.Helper()
		c.send(mqtttest.Subscribe(mqtt.V311, 1, 1, "a"))
		c.wantSuback(1)
		if p := c.wantPublish("a", payload, 0); !p.Retain {
			t.Error("RETAIN 0")
		}
	}
	publish("1", true)
	want("1")
	publish("live", false)
	if p := c.wantPublish("a", "live", 0); p.Retain {
		t.Error("RETAIN 1 on live delivery")
	}
	want("1")
	publish("2", true)
	c.wantPublish("a", "2", 0)
	want("2")
	publish("", true)
	c.wantPublish("a", "", 0)
	c.subscribe(2, 1, "a")
	c.sync()
}

// A SUBSCRIBE of a filter that is there replaces the subscription and loses no message; one with
// several filters has one SUBACK with their codes in their order.
func TestSubscribeAgain(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		refused := byte(0x80)
		if version == mqtt.V5 {
			refused = 0x8F
		}
		c := join(t, addr, version, "dev")
		packet := mqtttest.Subscribe(version, 0x1234, 1, "a", "a#", "b")
		packet[len(packet)-1] = 0 // the QoS of the last
		c.send(packet)
		body := c.want(mqtt.TypeSuback).Body
		if codes := body[len(body)-3:]; body[0] != 0x12 || body[1] != 0x34 || !bytes.Equal(codes, []byte{1, refused, 0}) {
			t.Errorf("v%d: SUBACK %x", version, body)
		}
		pub := join(t, addr, version, "pub")
		for n := 1; n <= 20; n++ {
			c.send(mqtttest.Subscribe(version, uint16(n), byte(n%2), "a"))
			pub.publish(uint16(n), 1, "a", fmt.Sprint(n))
		}
		next := 1
		for got := 0; got < 40; got++ {
			switch packet := c.read(); packet.Type {
			case mqtt.TypeSuback:
			case mqtt.TypePublish:
				p, err := mqtt.DecodeDelivery(packet, version)
				if err != nil || string(p.Payload) != fmt.Sprint(next) {
					t.Fatalf("v%d: got %s %v, want %d", version, p.Payload, err, next)
				}
				next++
			default:
				t.Fatalf("packet type %d", packet.Type)
			}
		}
	}
}

// What is sent at QoS 1 is completed after an UNSUBSCRIBE, which has its UNSUBACK also where nothing
// was subscribed to; filters are compared character by character.
func TestUnsubscribeCompletes(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{})
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		c := rejoin(t, addr, version, fmt.Sprint("dev", version), false)
		c.subscribe(1, 1, "a/+")
		pub := join(t, addr, mqtt.V5, "pub")
		pub.publishNumbers("a/1", 1)
		c.wantPublish("a/1", "1", 1)
		for id, filters := range [][]string{{"a/#", "a/1", "A/+"}, {"a/+", "a/+", "b"}} {
			c.send(mqtttest.Unsubscribe(version, uint16(id+7), filters...))
			body := c.want(mqtt.TypeUnsuback).Body
			if int(body[1]) != id+7 || version == mqtt.V5 && len(body) != 3+len(filters) {
				t.Errorf("v%d: UNSUBACK %x", version, body)
			}
			pub.publishNumbers("a/1", 2)
			if id == 0 {
				c.wantPublish("a/1", "2", 1)
			}
		}
		c.sync() // nothing came after the second
		c.nc.Close()
		b.waitDisconnected(t, fmt.Sprint("dev", version))
		c = rejoin(t, addr, version, fmt.Sprint("dev", version), true)
		for _, payload := range []string{"1", "2"} {
			if p := c.wantPublish("a/1", payload, 1); !p.Dup {
				t.Errorf("v%d: %s is not sent again", version, payload)
			}
		}
	}
}

// Messages of one publisher and QoS come in their order, also those that are sent again, with their
// packet identifiers.
func TestOrder(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{})
	c := rejoin(t, addr, mqtt.V311, "dev", false)
	c.subscribe(1, 1, "a/#")
	pub := join(t, addr, mqtt.V5, "pub")
	ids := make([]uint16, 31)
	for n := 1; n <= 30; n++ {
		pub.publish(uint16(n), 1, fmt.Sprint("a/", n%3), fmt.Sprint(n))
	}
	for n := 1; n <= 30; n++ {
		pub.wantPuback(uint16(n), mqtt.Success)
		ids[n] = c.wantPublish(fmt.Sprint("a/", n%3), fmt.Sprint(n), 1).ID
	}
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	c = rejoin(t, addr, mqtt.V311, "dev", true)
	for n := 1; n <= 30; n++ {
		if p := c.wantPublish(fmt.Sprint("a/", n%3), fmt.Sprint(n), 1); p.ID != ids[n] || !p.Dup {
			t.Errorf("%d is sent again with packet identifier %d DUP %v, before %d", n, p.ID, p.Dup, ids[n])
		}
	}
}

// A message has the expiry that is left, whether it has waited for its client or was retained.
func TestExpiryThatIsLeft(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{})
	c := rejoin(t, addr, mqtt.V5, "dev", false)
	c.subscribe(1, 1, "a")
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	m := &message{
		Message: Message{Topic: "a", Payload: []byte("x"), QoS: 1},
		retain:  true,
		expires: time.Now().Add(30 * time.Second), // it was published a while ago
	}
	b.retain(m, "")
	b.route(m)
	c = rejoin(t, addr, mqtt.V5, "dev", true)
	if p := c.wantPublish("a", "x", 1); p.Expiry < 25 || p.Expiry > 30 {
		t.Errorf("after waiting it expires in %d s", p.Expiry)
	}
	c.subscribe(2, 1, "a")
	if p := c.wantPublish("a", "x", 1); p.Expiry < 25 || p.Expiry > 30 {
		t.Errorf("retained, it expires in %d s", p.Expiry)
	}
}
