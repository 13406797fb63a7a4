package broker

import (
	"fmt"
	"testing"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// subscribeAs subscribes at QoS 1 with a subscription identifier in wire form.
func (c *client) subscribeAs(id []byte, filters ...string) {
	c.t.Helper()
	properties := append([]byte{mqtt.PropSubscriptionID}, id...)
	if id == nil {
		properties = nil
	}
	c.send(mqtttest.SubscribeWith(properties, c.version, 1, 1, filters...))
	for _, code := range c.wantSuback(len(filters)) {
		if code != 1 {
			c.t.Fatalf("SUBACK 0x%02X for %v", code, filters)
		}
	}
}

// wantIDs expects a message with some subscription identifiers, each with its property identifier.
func (c *client) wantIDs(topic, payload, want string) {
	c.t.Helper()
	got := fmt.Sprintf("%x", c.wantPublish(topic, payload, 1).SubscriptionIDs)
	if got != want {
		c.t.Errorf("%s has the subscription identifiers %s, want %s", topic, got, want)
	}
}

// A message has the identifiers of all subscriptions that it is sent for, in its one copy; those
// are stored, and replaced by a later SUBSCRIBE (R-BRK-51).
func TestSubscriptionIdentifiers(t *testing.T) {
	t.Parallel()
	store := NewMemorySessions()
	first, addr := start(t, Config{Sessions: store})
	c := rejoin(t, addr, mqtt.V5, "dev", false)
	c.subscribeAs([]byte{0xFF, 0xFF, 0xFF, 0x7F}, "a/#", "b")
	c.subscribeAs([]byte{1}, "a/+")
	c.subscribeAs(nil, "a/1")
	c.subscribeAs([]byte{2}, "$share/g/a/1")
	sender := join(t, addr, mqtt.V311, "sender")
	sender.publishNumbers("a/2", 1)
	c.wantIDs("a/2", "1", "0bffffff7f0b01")
	sender.publishNumbers("b", 2)
	c.wantIDs("b", "2", "0bffffff7f")
	sender.publishNumbers("a/1", 3)
	c.wantIDs("a/1", "3", "0b02") // for the shared subscription
	c.wantIDs("a/1", "3", "0bffffff7f0b01")
	c.subscribeAs(nil, "a/+")
	sender.publishNumbers("a/2", 4)
	c.wantIDs("a/2", "4", "0bffffff7f")
	if err := first.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	_, addr = start(t, Config{Sessions: store})
	sender = join(t, addr, mqtt.V311, "sender")
	sender.publishNumbers("b", 5)
	c = rejoin(t, addr, mqtt.V5, "dev", true)
	for _, payload := range []string{"1", "2", "3", "3", "4"} { // not acknowledged before
		if p := c.want(mqtt.TypePublish); p.Body[len(p.Body)-1] != payload[0] {
			t.Errorf("got %q, want %s", p.Body, payload)
		}
	}
	c.wantIDs("b", "5", "0bffffff7f")
}

// A message of a shared subscription that has waited in the store has its identifier, and so have
// retained messages and what the jobs service answers (R-BRK-51).
func TestSubscriptionIdentifierOfOthers(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{Service: echo})
	c := rejoin(t, addr, mqtt.V5, "dev", false)
	c.subscribeAs([]byte{7}, "$share/g/jobs/#")
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	sender := join(t, addr, mqtt.V5, "sender")
	sender.publishNumbers("jobs/1", 1)
	sender.sendPublish(mqtt.Publish{Topic: "kept", Payload: []byte("x"), QoS: 1, ID: 2, Retain: true})
	sender.wantPuback(2, mqtt.Success)
	c = rejoin(t, addr, mqtt.V5, "dev", true)
	c.wantIDs("jobs/1", "1", "0b07")
	c.subscribeAs([]byte{8}, "kept")
	c.wantIDs("kept", "x", "0b08")
	c.subscribeAs([]byte{9}, accepted)
	c.publish(3, 1, get, "{}")
	c.wantPuback(3, mqtt.Success)
	c.wantIDs(accepted, "{}", "0b09")
	b.Publish(Message{Topic: accepted, Payload: []byte("n"), QoS: 1})
	c.wantIDs(accepted, "n", "0b09")
}
