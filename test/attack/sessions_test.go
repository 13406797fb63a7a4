package attack

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/test/testserver"
)

// Subscribers that never read hold up no publisher and no device, and what waits for them is
// bounded (R-BRK-36).
func slowConsumers(t *testing.T, s *testserver.Server, b *bystander) {
	t.Helper()
	for i := range clients(s, 50) {
		slow := joinPlain(t, s, mqtt.Connect{ClientID: fmt.Sprint("slow-", i), CleanStart: true})
		slow.subscribe("flood/#")
	}
	var publishers sync.WaitGroup
	end := time.Now().Add(time.Duration(scale(3, 20)) * time.Second)
	for i := range 3 {
		c := joinPlain(t, s, mqtt.Connect{ClientID: fmt.Sprint("publisher-", i), CleanStart: true})
		publishers.Go(func() {
			payload := make([]byte, 10_000)
			for id := uint16(1); time.Now().Before(end); id++ {
				packet := mqtt.AppendPublish(nil, mqtt.V5, &mqtt.Publish{
					Topic: "flood/x", Payload: payload, QoS: 1, ID: id}) // 0 ends it
				if _, err := c.nc.Write(packet); err != nil {
					return
				}
				c.nc.SetReadDeadline(time.Now().Add(patience))
				if _, err := c.in.Next(); err != nil {
					t.Errorf("a publisher is not answered: %v", err)
					return
				}
			}
		})
	}
	for time.Now().Before(end) {
		b.served(2 * time.Second)
	}
	publishers.Wait()
}

// Ten thousand overlapping wildcard subscriptions, and as many connections that come and go with
// persistent sessions, cost a publisher and a device little.
func manySubscriptions(t *testing.T, s *testserver.Server, b *bystander) {
	t.Helper()
	for i := range clients(s, 200) {
		c := joinPlain(t, s, mqtt.Connect{ClientID: fmt.Sprint("many-", i), SessionExpiry: 60})
		for j := 0; j < 48; j += 8 {
			filters := make([]string, 8)
			for k := range filters {
				bits := j + k
				filters[k] = "f" // f/+/x/+/… : every way to put + for a level
				for level := range 6 {
					part := "/x"
					if bits>>level&1 == 1 {
						part = "/+"
					}
					filters[k] += part
				}
			}
			c.send(mqtttest.Subscribe(mqtt.V5, uint16(1+j), 0, filters...))
			c.want(mqtt.TypeSuback)
		}
		if i%2 == 0 {
			c.nc.Close()
		}
	}
	publisher := joinPlain(t, s, mqtt.Connect{ClientID: "publisher", CleanStart: true})
	started := time.Now()
	for id := range uint16(50) {
		if reason := publisher.publish(id+1, "f/x/x/x/x/x/x", "payload"); reason.Failed() {
			t.Fatalf("PUBACK 0x%02X", byte(reason))
		}
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("50 messages to overlapping subscriptions took %v", took)
	}
	b.served(time.Second)
	started = time.Now()
	for i := range scale(500, 4000) {
		c := joinPlain(t, s, mqtt.Connect{ClientID: fmt.Sprint("sleeper-", i), SessionExpiry: 3600})
		c.nc.Close()
	}
	b.served(time.Second)
	t.Logf("connections that came and went: %v", time.Since(started))
}

// Large messages to sessions that sleep are on disk, and refused when there are too many of them
// (R-BRK-13).
func messagesForSleepers(t *testing.T, s *testserver.Server, b *bystander) {
	t.Helper()
	for i := range scale(20, 100) {
		sleep(t, s, fmt.Sprint("flooded-", i), "news/"+fmt.Sprint(i), "news/all")
	}
	payload, stored := strings.Repeat("x", 100_000), 0
	for i := range scale(20, 100) {
		c := joinPlain(t, s, mqtt.Connect{ClientID: "publisher", CleanStart: true})
		for id, topic := range []string{"news/all", "news/0", "news/" + fmt.Sprint(i)} {
			if !c.publish(uint16(id+1), topic, payload).Failed() {
				stored++
			}
		}
		c.nc.Close()
		b.served(2 * time.Second)
	}
	if stored == 0 {
		t.Error("no message was accepted")
	}
}

// Clients that leave large wills behind, to be published in a week (R-BRK-20).
func delayedWills(t *testing.T, s *testserver.Server, b *bystander) {
	t.Helper()
	left := 0
	for i := range scale(300, 2000) {
		c := connect(t, dial(t, s.MQTT, nil), mqtt.Connect{
			ClientID:      fmt.Sprint("will-", i),
			SessionExpiry: 7 * 24 * 3600,
			Will: &mqtt.Will{
				Message: mqtt.Publish{Topic: "wills", Payload: make([]byte, 60_000)},
				Delay:   7 * 24 * 3600,
			},
		})
		if connack := c.want(mqtt.TypeConnack); mqtt.Reason(connack[1]) == mqtt.Success {
			left++
		}
		c.nc.Close()
	}
	b.served(2 * time.Second)
	if left == 0 {
		t.Error("no will was accepted")
	}

}

// Retained messages that are large, of clients without an id, which have no share (R-BRK-20).
func retainedFlood(t *testing.T, s *testserver.Server, b *bystander) {
	t.Helper()
	kept := 0
	for i := range scale(200, 1000) {
		c := joinPlain(t, s, mqtt.Connect{ClientID: "publisher", CleanStart: true})
		c.send(mqtt.AppendPublish(nil, c.version, &mqtt.Publish{
			Topic: fmt.Sprint("kept/", i), Payload: make([]byte, 120_000), QoS: 1, ID: 1, Retain: true}))
		if !c.wantPuback(1).Failed() {
			kept++
		}
		c.nc.Close()
	}
	if kept == 0 {
		t.Error("no message was retained")
	}
	b.served(2 * time.Second)
}

// Clients that are refused again and again, by reasons of their own (R-BRK-37).
func refusalFlood(t *testing.T, s *testserver.Server, b *bystander) {
	t.Helper()
	before := len(s.Output.String())
	c := joinPlain(t, s, mqtt.Connect{ClientID: "refused", CleanStart: true})
	for i := range scale(300, 2000) {
		c.send(mqtttest.Subscribe(c.version, 1, 1, fmt.Sprint("$SYS/", i)))
		c.want(mqtt.TypeSuback)
	}
	b.served(2 * time.Second)
	if written := len(s.Output.String()) - before; written > 100_000 {
		t.Errorf("%d bytes of log", written)
	}
}
