package attack

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/test/testserver"
)

// Subscribers that never read hold up no publisher and no device, and what waits for them is bounded
// (R-BRK-36).
func TestSlowConsumers(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	b := newBystander(t, s, "pump-07")
	for i := range 50 {
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
	wantMemory(t, s)
}

// Ten thousand overlapping wildcard subscriptions, and as many connections that come and go with
// persistent sessions, cost a publisher and a device little.
func TestManySubscriptions(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	b := newBystander(t, s, "pump-07")
	for i := range 200 {
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
		t.Errorf("50 messages to 9,600 subscriptions took %v", took)
	}
	b.served(time.Second)
	started = time.Now()
	for i := range scale(500, 4000) {
		c := joinPlain(t, s, mqtt.Connect{ClientID: fmt.Sprint("sleeper-", i), SessionExpiry: 3600})
		c.nc.Close()
	}
	b.served(time.Second)
	t.Logf("connections that came and went: %v", time.Since(started))
	wantMemory(t, s)
}
