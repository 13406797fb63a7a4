package broker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// wantAliased expects a message whose packet has a topic, perhaps empty, and an alias, perhaps 0.
func (c *client) wantAliased(topic string, alias uint16) {
	c.t.Helper()
	p, err := mqtt.DecodeDelivery(c.want(mqtt.TypePublish), c.version)
	if err != nil || p.Topic != topic || p.Alias != alias {
		c.t.Fatalf("got %q alias %d %v, want %q alias %d", p.Topic, p.Alias, err, topic, alias)
	}
}

// A client of MQTT 5 that allows topic aliases gets one for a topic that comes again, and from then
// on the alias alone: for deliveries and replies alike, and no more than it allows (R-BRK-52).
func TestSentAliases(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{Service: echo})
	c := dial(t, addr, mqtt.V5)
	c.connect(mqtt.Connect{ClientID: "dev", CleanStart: true, TopicAliasMaximum: 2})
	c.wantConnack(0, false)
	c.subscribe(1, 0, "long/#", "abc")
	var log traced
	defer b.Trace("dev", log.see)()
	for _, row := range []struct {
		publish, topic string
		alias          uint16
	}{
		{"long/1", "long/1", 0}, {"long/1", "long/1", 1}, {"long/1", "", 1}, {"long/1", "", 1},
		{"abc", "abc", 0}, {"abc", "abc", 0}, // it is as short as an alias
		{get, accepted, 0}, {get, accepted, 2}, {get, "", 2},
		{"long/2", "long/2", 0}, {"long/2", "long/2", 0}, // there are no more
		{"long/1", "", 1},
	} {
		c.publish(0, 0, row.publish, "x")
		c.wantAliased(row.topic, row.alias)
	}
	lines := strings.Join(log.until(t, "SENT 3  x long/1"), "\n")
	if !strings.Contains(lines, "SENT 3  x "+accepted) {
		t.Errorf("a trace does not show the topic of an alias:\n%s", lines)
	}
	again := dial(t, addr, mqtt.V5) // another connection has aliases of its own
	again.connect(mqtt.Connect{ClientID: "dev", CleanStart: true, TopicAliasMaximum: 2})
	again.wantConnack(0, false)
	again.subscribe(1, 0, "long/#")
	again.publish(0, 0, "long/1", "x")
	again.wantAliased("long/1", 0)

	none := join(t, addr, mqtt.V5, "none")
	none.subscribe(1, 0, "long/3")
	for range 3 {
		none.publish(0, 0, "long/3", "x")
		none.wantAliased("long/3", 0)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sessions["none"].conn.out.aliases != nil {
		t.Error("a client that allows no aliases has a table")
	}
}

// No packet with an alias is larger than the client accepts, and the table of a client that gets
// many topics is bounded (R-BRK-52).
func TestSentAliasesLimits(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{MessagesPerSecond: -1})
	c := dial(t, addr, mqtt.V5)
	c.connect(mqtt.Connect{ClientID: "dev", CleanStart: true, TopicAliasMaximum: 65535, MaximumPacket: 64})
	c.wantConnack(0, false)
	c.subscribe(1, 0, "t/#")
	for size := 40; size < 55; size++ { // the packet has 8 bytes more, 11 with an alias
		for range 2 {
			c.publish(0, 0, fmt.Sprint("t/", size), strings.Repeat("x", size))
			if packet := c.want(mqtt.TypePublish); 2+len(packet.Body) > 64 {
				t.Errorf("a packet with a payload of %d bytes has %d", size, 2+len(packet.Body))
			}
		}
	}
	most := uint16(0)
	for i := range 200 {
		for range 2 {
			c.publish(0, 0, fmt.Sprint("t/many/", i), "x")
			p, err := mqtt.DecodeDelivery(c.want(mqtt.TypePublish), mqtt.V5)
			if err != nil {
				t.Fatal(err)
			}
			most = max(most, p.Alias)
		}
	}
	if most != maxSentAliases {
		t.Errorf("the largest alias is %d", most)
	}
}
