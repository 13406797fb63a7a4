package trace

import (
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// Each packet in words (R-BRK-47).
func TestPackets(t *testing.T) {
	t.Parallel()
	publish := func(p mqtt.Publish) []byte { return mqtt.AppendPublish(nil, mqtt.V5, &p) }
	will := &mqtt.Will{Message: mqtt.Publish{Topic: "gone"}}
	for _, row := range []struct {
		packet        []byte
		text, payload string
	}{
		{mqtttest.Connect(&mqtt.Connect{Version: mqtt.V311, ClientID: "c", CleanStart: true, KeepAlive: 30}, "secret"),
			"CONNECT MQTT 3.1.1, keep-alive 30 s, a new session", ""},
		{mqtttest.Connect(&mqtt.Connect{Version: mqtt.V5, ClientID: "c", SessionExpiry: 60, Will: will}, ""),
			"CONNECT MQTT 5, keep-alive 0 s, its session for 60 s, will on gone", ""},
		{[]byte{0x10, 2, 0xab, 0xcd}, "CONNECT cannot be read: 0x81 CONNECT is malformed", ""},
		{[]byte{0x20, 3, 0, 0, 0}, "CONNACK accepted, with a new session", ""},
		{[]byte{0x20, 3, 1, 0, 0}, "CONNACK accepted, with the session of before", ""},
		{[]byte{0x20, 3, 0, 0x87, 0}, "CONNACK refused, 0x87", ""},
		{[]byte{0x20, 0}, "CONNACK", ""},
		{publish(mqtt.Publish{Topic: "a/b", Payload: []byte("hello")}), "PUBLISH a/b, QoS 0, 5 bytes", "hello"},
		{publish(mqtt.Publish{Topic: "a", QoS: 1, ID: 7, Dup: true, Retain: true}),
			"PUBLISH a, QoS 1, packet 7, again, retain, 0 bytes", ""},
		{publish(mqtt.Publish{Topic: "a", Payload: []byte{0xff, 1}}), "PUBLISH a, QoS 0, 2 bytes", "ff01"},
		{publish(mqtt.Publish{Topic: "a", Payload: []byte(
			`{"u":"https://h/o?X-Amz-Date=1&X-Amz-Security-Token=s3&X-Amz-Signature=ab12"}`)}),
			"PUBLISH a, QoS 0, 77 bytes",
			`{"u":"https://h/o?X-Amz-Date=1&X-Amz-Security-Token=…&X-Amz-Signature=…"}`},
		{publish(mqtt.Publish{Topic: "$aws/certificates/create/json/accepted", Payload: []byte(`{"privateKey":"x"}`)}),
			"PUBLISH $aws/certificates/create/json/accepted, QoS 0, 18 bytes", ""},
		{publish(mqtt.Publish{Topic: "$aws/provisioning-templates/t/provision/json", Payload: []byte("{}")}),
			"PUBLISH $aws/provisioning-templates/t/provision/json, QoS 0, 2 bytes", ""},
		{[]byte{0x40, 2, 0, 7}, "PUBACK packet 7", ""},
		{[]byte{0x40, 4, 1, 0, 0x87, 0}, "PUBACK packet 256, 0x87", ""},
		{mqtttest.Subscribe(mqtt.V5, 2, 1, "a/#", "b"), "SUBSCRIBE packet 2: a/# at QoS 1, b at QoS 1", ""},
		{[]byte{0x90, 5, 0, 2, 0, 1, 0x8f}, "SUBACK packet 2, 0x01, 0x8F", ""},
		{mqtttest.Unsubscribe(mqtt.V5, 3, "a/#"), "UNSUBSCRIBE packet 3: a/#", ""},
		{[]byte{0xb0, 4, 0, 3, 0, 0}, "UNSUBACK packet 3, 0x00", ""},
		{[]byte{0xc0, 0}, "PINGREQ", ""},
		{[]byte{0xd0, 0}, "PINGRESP", ""},
		{[]byte{0xe0, 0}, "DISCONNECT", ""},
		{[]byte{0xe0, 1, 0x8e}, "DISCONNECT 0x8E", ""},
		{[]byte{0xf0, 0}, "packet type 15", ""},
		{[]byte{0x30, 1, 9}, "PUBLISH cannot be read: 0x81 PUBLISH is malformed: 09", ""},
	} {
		p, err := mqtt.Decode(row.packet)
		if err != nil {
			t.Fatal(err)
		}
		got := Of(broker.Trace{Kind: broker.TraceReceived, Version: mqtt.V5, Packet: p})
		if got.Text != row.text || got.Payload != row.payload {
			t.Errorf("%x: %q and %q, want %q and %q", row.packet, got.Text, got.Payload, row.text, row.payload)
		}
	}
}

// Large payloads are cut, between characters (R-BRK-47).
func TestLargePayloads(t *testing.T) {
	t.Parallel()
	for before := range 4 {
		text := strings.Repeat("x", before) + strings.Repeat("€", 2000)
		got := payload([]byte(text))
		whole, cut := strings.CutSuffix(got, "…")
		if !cut || len(whole) > maxPayload || len(whole) < maxPayload-3 || !strings.HasPrefix(text, whole) {
			t.Errorf("%d: %d bytes, cut %v", before, len(whole), cut)
		}
	}
	if got := payload(make([]byte, 5000)); len(got) > maxPayload+len("…") {
		t.Errorf("%d bytes", len(got))
	}
}

// What is no packet, in words (R-BRK-47).
func TestOthers(t *testing.T) {
	t.Parallel()
	at := time.Unix(1e9, 0)
	for _, row := range []struct {
		trace broker.Trace
		text  string
	}{
		{broker.Trace{Kind: broker.TraceRefused, Detail: "not allowed to publish", Topic: "a", Reason: 0x87},
			"not allowed to publish: a (0x87)"},
		{broker.Trace{Kind: broker.TraceRefused, Detail: "a second CONNECT", Reason: 0x82}, "a second CONNECT (0x82)"},
		{broker.Trace{Kind: broker.TraceWithheld, Detail: "it has expired", Topic: "a"}, "it has expired: a"},
		{broker.Trace{Kind: broker.TraceClosed, Detail: "CONNECTION_LOST"}, "the connection ended: CONNECTION_LOST"},
	} {
		row.trace.At, row.trace.ClientID, row.trace.Why = at, "c", "why"
		got := Of(row.trace)
		if got.Text != row.text || got.Why != "why" || got.ClientID != "c" || !got.At.Equal(at) ||
			got.Kind != row.trace.Kind {
			t.Errorf("%+v, want %q", got, row.text)
		}
	}
}
