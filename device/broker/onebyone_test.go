package broker

import (
	"testing"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// The device SDK for JavaScript in a browser gets a message only when it has acknowledged all that
// came before, at whatever QoS. Replies do not wait. Other clients get messages at once (R-CLI-27).
func TestOneByOne(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, username string
		version        mqtt.Version
		oneByOne       bool
	}{
		{
			name:     "in a browser",
			username: "?SDK=IoTDeviceSDK/JS&Platform=Browser&Metadata=(IoTSDKVersion=1.28.0)",
			version:  5,
			oneByOne: true,
		},
		{
			name:     "in a browser, behind what the application says",
			username: "me?x-amz-customauthorizer-name=a&SDK=IoTDeviceSDK/JS&Platform=Browser",
			version:  4,
			oneByOne: true,
		},
		{
			name:     "in Node.js",
			username: "?SDK=IoTDeviceSDK/JS&Platform=Linux&Metadata=(IoTSDKVersion=1.28.0)",
			version:  5,
		},
		{name: "another client in a browser", username: "?SDK=Other&Platform=Browser", version: 4},
		{name: "a client that says nothing", version: 5},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b, addr := start(t, Config{Service: echo})
			c := dial(t, addr, row.version)
			c.send(mqtttest.Connect(
				&mqtt.Connect{Version: row.version, ClientID: "c", CleanStart: true}, row.username))
			c.wantConnack(0, false)
			c.subscribe(1, 1, "one", accepted)
			c.subscribe(2, 0, "zero")
			ack := func(p mqtt.Publish) { c.send(mqtt.AppendPuback(nil, row.version, p.ID, mqtt.Success)) }

			b.Publish(Message{Topic: "one", Payload: []byte("a"), QoS: 1})
			a := c.wantPublish("one", "a", 1)
			b.Publish(Message{Topic: "one", Payload: []byte("b"), QoS: 1})
			b.Publish(Message{Topic: "zero", Payload: []byte("c")})
			if !row.oneByOne {
				c.wantPublish("one", "b", 1)
				c.wantPublish("zero", "c", 0)
				return
			}
			c.sync()
			c.publish(0, 0, get, "{}")
			reply := c.wantPublish(accepted, "{}", 1)
			ack(a)
			c.sync()
			ack(reply)
			second := c.wantPublish("one", "b", 1)
			c.sync()
			ack(second)
			c.wantPublish("zero", "c", 0)
		})
	}
}
