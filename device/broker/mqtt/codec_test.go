package mqtt_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// forwarded is a content type and two user properties, in wire form.
var forwarded = slices.Concat(
	[]byte{mqtt.PropContentType}, mqtttest.Text("text/plain"),
	[]byte{mqtt.PropUser}, mqtttest.Text("k"), mqtttest.Text("v1"),
	[]byte{mqtt.PropUser}, mqtttest.Text("k"), mqtttest.Text("v2"),
)

// onePacket reads the only packet of b.
func onePacket(t testing.TB, b []byte) mqtt.Packet {
	t.Helper()
	var r mqtt.Reader
	r.Reset(bytes.NewReader(b), 1<<20)
	packet, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

// decode reads one MQTT 5 packet with the decoder that its type asks for.
func decode(b []byte) (decoded any, err error) {
	var r mqtt.Reader
	r.Reset(bytes.NewReader(b), 1<<18)
	defer r.Release()
	packet, err := r.Next()
	if err != nil {
		return nil, err
	}
	switch packet.Type {
	case mqtt.TypeConnect:
		return mqtt.DecodeConnect(packet)
	case mqtt.TypePublish:
		return mqtt.DecodePublish(packet, mqtt.V5)
	case mqtt.TypePuback:
		return mqtt.DecodePuback(packet, mqtt.V5)
	case mqtt.TypeSubscribe:
		return mqtt.DecodeSubscribe(packet, mqtt.V5)
	case mqtt.TypeUnsubscribe:
		return mqtt.DecodeUnsubscribe(packet, mqtt.V5)
	case mqtt.TypePingreq:
		return nil, mqtt.DecodePingreq(packet)
	case mqtt.TypeDisconnect:
		return mqtt.DecodeDisconnect(packet, mqtt.V5)
	}
	return nil, nil
}

func TestPublishRoundTrip(t *testing.T) {
	t.Parallel()
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		for _, size := range []int{0, 1, 100, 127, 128, 16383, 16384, 128 << 10} {
			in := mqtt.Publish{
				Dup:     true,
				Retain:  true,
				QoS:     1,
				ID:      9,
				Topic:   "a/b",
				Payload: bytes.Repeat([]byte("p"), size),
			}
			if version == mqtt.V5 {
				in.Expiry, in.Forwarded = 30, forwarded
			}
			b := mqtt.AppendPublish(nil, version, &in)
			if in.Size(version) != len(b) {
				t.Errorf("version %d size %d: Size is %d, encoded %d", version, size, in.Size(version), len(b))
			}
			out, err := mqtt.DecodePublish(onePacket(t, b), version)
			if diff := cmp.Diff(in, out); err != nil || diff != "" {
				t.Errorf("version %d size %d: %v, want → got:\n%s", version, size, err, diff)
			}
		}
	}
}

// A response carries the correlation data of its request and nothing else.
func TestCorrelation(t *testing.T) { // R-MQTT-36
	t.Parallel()
	correlation := append([]byte{mqtt.PropCorrelationData}, mqtttest.Text("c-1")...)
	in := mqtt.Publish{Topic: "a", Payload: []byte{}, Forwarded: append(slices.Clone(forwarded), correlation...)}
	request, err := mqtt.DecodePublish(onePacket(t, mqtt.AppendPublish(nil, mqtt.V5, &in)), mqtt.V5)
	in.Correlation = correlation
	if diff := cmp.Diff(in, request); err != nil || diff != "" {
		t.Errorf("request: %v, want → got:\n%s", err, diff)
	}
	b := mqtt.AppendPublish(nil, mqtt.V5, &mqtt.Publish{Topic: "b", Forwarded: request.Correlation})
	want := []byte{0x30, 10, 0, 1, 'b', 6, 0x09, 0, 3, 'c', '-', '1'}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Errorf("response, want → got:\n%s", diff)
	}
}

func TestConnectRoundTrip(t *testing.T) {
	t.Parallel()
	want := mqtt.Connect{
		Version:        mqtt.V5,
		CleanStart:     true,
		KeepAlive:      60,
		ClientID:       "dev",
		SessionExpiry:  10,
		ReceiveMaximum: 3,
		MaximumPacket:  500,
		EnhancedAuth:   true,
		Username:       "u?a=b",
		Password:       []byte("p"),
		Will: &mqtt.Will{
			Message: mqtt.Publish{
				Topic:     "w",
				Payload:   []byte("bye"),
				Expiry:    7,
				QoS:       1,
				Retain:    true,
				Forwarded: forwarded,
			},
			Delay: 4,
		},
	}
	got, err := mqtt.DecodeConnect(onePacket(t, mqtttest.Connect(&want, "")))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, want → got:\n%s", err, diff)
	}
}

func TestConnectFlags(t *testing.T) {
	t.Parallel()
	tail := []byte{0, 60, 0, 1, 'a'} // keep-alive and client id
	will := []byte{0, 1, 'w', 0, 0}
	text := []byte{0, 1, 'x'}
	for _, row := range []struct {
		name  string
		flags byte
		rest  []byte
		ok    bool
	}{
		{"clean session", 0x02, tail, true},
		{"reserved bit", 0x03, tail, false},
		{"will", 0x06, slices.Concat(tail, will), true},
		{"will at QoS 3", 0x1E, slices.Concat(tail, will), false},
		{"will QoS without will", 0x0A, tail, false},
		{"will retain without will", 0x22, tail, false},
		{"username", 0x82, slices.Concat(tail, text), true},
		{"username and password", 0xC2, slices.Concat(tail, text, text), true},
		{"password alone", 0x42, slices.Concat(tail, text), false},
		{"bytes left over", 0x02, slices.Concat(tail, text), false},
		{"username missing", 0x82, tail, false},
	} {
		body := slices.Concat(mqtttest.Text("MQTT"), []byte{4, row.flags}, row.rest)
		_, err := mqtt.DecodeConnect(mqtt.Packet{Type: mqtt.TypeConnect, Body: body})
		if row.ok != (err == nil) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func TestUnsupportedVersion(t *testing.T) { // R-BRK-9
	t.Parallel()
	for _, row := range []struct {
		protocol string
		level    byte
		want     mqtt.Reason
		answer   mqtt.Version // 0: none is due
	}{
		{"MQTT", 0, mqtt.UnsupportedVersion, mqtt.V311},
		{"MQTT", 2, mqtt.UnsupportedVersion, mqtt.V311},
		{"MQTT", 3, mqtt.UnsupportedVersion, mqtt.V311},
		{"MQTT", 6, mqtt.UnsupportedVersion, mqtt.V5},
		{"MQTT", 0x7F, mqtt.UnsupportedVersion, mqtt.V5},
		{"MQTT", 0x80, mqtt.UnsupportedVersion, mqtt.V311},
		{"MQTT", 0x83, mqtt.UnsupportedVersion, mqtt.V311},
		{"MQTT", 0x85, mqtt.UnsupportedVersion, mqtt.V311},
		{"MQTT", 0xFF, mqtt.UnsupportedVersion, mqtt.V311},
		{"MQIsdp", 3, mqtt.UnsupportedVersion, mqtt.V311},
		{"MQIsdp", 4, mqtt.UnsupportedVersion, mqtt.V311},
		{"MQIsdp", 0x83, mqtt.UnsupportedVersion, mqtt.V311},
		{"HTTP", 4, mqtt.MalformedPacket, 0},
		{"HTTP", 0x84, mqtt.MalformedPacket, 0},
	} {
		body := append(mqtttest.Text(row.protocol), row.level)
		got, err := mqtt.DecodeConnect(mqtt.Packet{Type: mqtt.TypeConnect, Body: body})
		var e *mqtt.Error
		if !errors.As(err, &e) || e.Reason != row.want || row.answer != 0 && got.Version != row.answer {
			t.Errorf("%s level %#x: answered as version %d, %v", row.protocol, row.level, got.Version, err)
		}
	}
}

func TestBridge(t *testing.T) { // R-BRK-9
	t.Parallel()
	for _, bridge := range []bool{false, true} {
		want := mqtt.Connect{Version: mqtt.V311, Bridge: bridge, ClientID: "dev", KeepAlive: 60}
		got, err := mqtt.DecodeConnect(onePacket(t, mqtttest.Connect(&want, "")))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v, want → got:\n%s", err, diff)
		}
	}
}

func TestSubscribeOptions(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		version mqtt.Version
		options byte
		want    mqtt.Filter
		ok      bool
	}{
		{mqtt.V311, 0, mqtt.Filter{}, true},
		{mqtt.V311, 2, mqtt.Filter{QoS: 2}, true},
		{mqtt.V311, 3, mqtt.Filter{}, false},
		{mqtt.V311, 4, mqtt.Filter{}, false},
		{mqtt.V5, 0x05, mqtt.Filter{QoS: 1, NoLocal: true}, true},
		{mqtt.V5, 0x2C, mqtt.Filter{NoLocal: true, RetainAsPublished: true, RetainHandling: 2}, true},
		{mqtt.V5, 0x30, mqtt.Filter{}, false},
		{mqtt.V5, 0x40, mqtt.Filter{}, false},
	} {
		b := mqtttest.Subscribe(row.version, 7, row.options, "a/+", "b")
		got, err := mqtt.DecodeSubscribe(onePacket(t, b), row.version)
		if !row.ok {
			if err == nil {
				t.Errorf("version %d options 0x%02X: no error", row.version, row.options)
			}
			continue
		}
		first, second := row.want, row.want
		first.Topic, second.Topic = "a/+", "b"
		want := mqtt.Subscribe{ID: 7, Filters: []mqtt.Filter{first, second}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("version %d options 0x%02X: %v, want → got:\n%s", row.version, row.options, err, diff)
		}
	}
}

// What a server sends is compared byte by byte with the standard's form.
func TestAnswers(t *testing.T) {
	t.Parallel()
	failed := []mqtt.Reason{1, mqtt.NotAuthorized}
	for _, row := range []struct {
		name string
		got  []byte
		want []byte
	}{
		{"CONNACK 3.1.1", mqtt.AppendConnack(nil, mqtt.V311, &mqtt.Connack{SessionPresent: true}),
			[]byte{0x20, 2, 1, 0}},
		{"CONNACK 3.1.1 refused", mqtt.AppendConnack(nil, mqtt.V311, &mqtt.Connack{Reason: mqtt.NotAuthorized}),
			[]byte{0x20, 2, 0, 5}},
		{"CONNACK 5 refused", mqtt.AppendConnack(nil, mqtt.V5, &mqtt.Connack{Reason: mqtt.NotAuthorized}),
			[]byte{0x20, 3, 0, 0x87, 0}},
		{"PUBACK 3.1.1", mqtt.AppendPuback(nil, mqtt.V311, 0x102, mqtt.NotAuthorized), []byte{0x40, 2, 1, 2}},
		{"PUBACK 5", mqtt.AppendPuback(nil, mqtt.V5, 0x102, mqtt.Success), []byte{0x40, 2, 1, 2}},
		{"PUBACK 5 refused", mqtt.AppendPuback(nil, mqtt.V5, 0x102, mqtt.NotAuthorized),
			[]byte{0x40, 3, 1, 2, 0x87}},
		{"SUBACK 3.1.1", mqtt.AppendSuback(nil, mqtt.V311, 3, failed), []byte{0x90, 4, 0, 3, 1, 0x80}},
		{"SUBACK 5", mqtt.AppendSuback(nil, mqtt.V5, 3, failed), []byte{0x90, 5, 0, 3, 0, 1, 0x87}},
		{"UNSUBACK 3.1.1", mqtt.AppendUnsuback(nil, mqtt.V311, 3, failed), []byte{0xB0, 2, 0, 3}},
		{"UNSUBACK 5", mqtt.AppendUnsuback(nil, mqtt.V5, 3, failed), []byte{0xB0, 5, 0, 3, 0, 1, 0x87}},
		{"PINGRESP", mqtt.AppendPingresp(nil), []byte{0xD0, 0}},
		{"DISCONNECT", mqtt.AppendDisconnect(nil, mqtt.ServerShuttingDown), []byte{0xE0, 1, 0x8B}},
	} {
		if diff := cmp.Diff(row.want, row.got); diff != "" {
			t.Errorf("%s, want → got:\n%s", row.name, diff)
		}
	}
}

func TestInvalidPackets(t *testing.T) { // the strict parts of the codec
	t.Parallel()
	packet := mqtttest.Packet
	misplaced := []byte{0, 1, 'a', 5, mqtt.PropSessionExpiry, 0, 0, 0, 1}
	for _, row := range []struct {
		name   string
		packet []byte
		reason mqtt.Reason
	}{
		{"length too long", []byte{0x30, 0xFF, 0xFF, 0xFF, 0xFF, 1}, mqtt.MalformedPacket},
		{"length not shortest", []byte{0x30, 0x80, 0x00}, mqtt.MalformedPacket},
		{"over the maximum", []byte{0x30, 0xFF, 0xFF, 0x7F}, mqtt.PacketTooLarge},
		{"QoS 3", packet(0x36, []byte{0, 1, 'a', 0, 1, 0}), mqtt.MalformedPacket},
		{"DUP at QoS 0", packet(0x38, []byte{0, 1, 'a', 0}), mqtt.MalformedPacket},
		{"packet id 0", packet(0x32, []byte{0, 1, 'a', 0, 0, 0}), mqtt.ProtocolError},
		{"topic past the end", packet(0x30, []byte{0, 9, 'a'}), mqtt.MalformedPacket},
		{"topic not UTF-8", packet(0x30, []byte{0, 1, 0xFF, 0}), mqtt.MalformedPacket},
		{"topic with NUL", packet(0x30, []byte{0, 1, 0, 0}), mqtt.MalformedPacket},
		{"unknown property", packet(0x30, []byte{0, 1, 'a', 2, 0x7E, 1}), mqtt.MalformedPacket},
		{"property of a server", packet(0x30, []byte{0, 1, 'a', 2, mqtt.PropMaximumQoS, 1}), mqtt.MalformedPacket},
		{"misplaced property", packet(0x30, misplaced), mqtt.ProtocolError},
		{"repeated property", packet(0x30, []byte{0, 1, 'a', 4, 1, 1, 1, 1}), mqtt.ProtocolError},
		{"format 2", packet(0x30, []byte{0, 1, 'a', 2, 1, 2}), mqtt.ProtocolError},
		{"alias 0", packet(0x30, []byte{0, 1, 'a', 3, mqtt.PropTopicAlias, 0, 0}), mqtt.TopicAliasInvalid},
		{"cut property", packet(0x30, []byte{0, 1, 'a', 2, mqtt.PropTopicAlias, 0}), mqtt.MalformedPacket},
		{"SUBSCRIBE flags", packet(0x80, []byte{0, 1, 0, 0, 1, 'a', 0}), mqtt.MalformedPacket},
		{"no filter", packet(0x82, []byte{0, 1, 0}), mqtt.ProtocolError},
		{"reserved option", packet(0x82, []byte{0, 1, 0, 0, 1, 'a', 0x40}), mqtt.MalformedPacket},
		{"SUBSCRIBE id 0", packet(0x82, []byte{0, 0, 0, 0, 1, 'a', 0}), mqtt.ProtocolError},
		{"UNSUBSCRIBE empty", packet(0xA2, []byte{0, 1, 0}), mqtt.ProtocolError},
		{"PUBACK id 0", packet(0x40, []byte{0, 0}), mqtt.MalformedPacket},
		{"PINGREQ with a body", packet(0xC0, []byte{0}), mqtt.MalformedPacket},
		{"PINGREQ with flags", packet(0xC1, nil), mqtt.MalformedPacket},
		{"DISCONNECT trailing", packet(0xE0, []byte{0, 0, 1}), mqtt.MalformedPacket},
		{"CONNECT flags", packet(0x11, []byte{0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 1, 'a'}), mqtt.MalformedPacket},
		{"CONNECT property", packet(0x10, []byte{0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 0, 2, 0x7E, 1}), mqtt.MalformedPacket},
		{"PUBACK property", packet(0x40, []byte{0, 1, 0, 2, 0x7E, 1}), mqtt.MalformedPacket},
		{"SUBSCRIBE property", packet(0x82, []byte{0, 1, 2, 0x7E, 1}), mqtt.MalformedPacket},
		{"UNSUBSCRIBE property", packet(0xA2, []byte{0, 1, 2, 0x7E, 1}), mqtt.MalformedPacket},
		{"DISCONNECT property", packet(0xE0, []byte{0, 2, 0x7E, 1}), mqtt.MalformedPacket},
	} {
		_, err := decode(row.packet)
		var e *mqtt.Error
		if !errors.As(err, &e) || e.Reason != row.reason {
			t.Errorf("%s: got %v, want 0x%02X", row.name, err, byte(row.reason))
		}
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	whole := mqtt.AppendPublish(nil, mqtt.V5, &mqtt.Publish{Topic: "a", QoS: 1, ID: 1})
	got, err := mqtt.Decode(whole)
	want := mqtt.Packet{Type: mqtt.TypePublish, Flags: 2, Body: whole[2:]}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, want → got:\n%s", err, diff)
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "cut": whole[:5], "more": append(whole[:len(whole):len(whole)], 0), "length": {0x30, 0x80},
	} {
		if _, err := mqtt.Decode(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzPackets gives the reader and all decoders arbitrary bytes: they must not panic, and what a
// PUBLISH decodes to must encode to what decodes to the same.
func FuzzPackets(f *testing.F) {
	will := &mqtt.Will{Message: mqtt.Publish{Topic: "w", Forwarded: forwarded}, Delay: 1}
	f.Add(mqtttest.Connect(&mqtt.Connect{Version: 5, ClientID: "dev", SessionExpiry: 10, Will: will}, ""))
	f.Add(mqtttest.Connect(&mqtt.Connect{Version: 4, ClientID: "dev", CleanStart: true}, "?SDK"))
	f.Add(mqtt.AppendPublish(nil, 5, &mqtt.Publish{
		Topic:     "a/b",
		Payload:   []byte("x"),
		QoS:       1,
		ID:        1,
		Expiry:    3,
		Forwarded: forwarded,
	}))
	f.Add(mqtttest.Subscribe(5, 1, 1, "a/+", "b/#"))
	f.Add(mqtttest.Unsubscribe(5, 1, "a"))
	f.Add(mqtt.AppendPuback(nil, 5, 1, mqtt.NotAuthorized))
	f.Add(mqtt.AppendDisconnect(nil, 0x04))
	f.Fuzz(func(t *testing.T, b []byte) {
		if decoded, err := decode(b); err != nil {
			var e *mqtt.Error
			if errors.As(err, &e) && !e.Reason.Failed() {
				t.Fatalf("%+v: the error %v has the reason code of a success", decoded, err)
			}
		}
		for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
			fuzzPublish(t, b, version)
		}
	})
}

func fuzzPublish(t *testing.T, b []byte, version mqtt.Version) {
	if len(b) == 0 {
		return
	}
	p, err := mqtt.DecodePublish(mqtt.Packet{Type: mqtt.TypePublish, Flags: b[0] & 0x0F, Body: b[1:]}, version)
	if err != nil || p.Alias != 0 {
		return
	}
	again := mqtt.AppendPublish(nil, version, &p)
	if p.Size(version) != len(again) {
		t.Fatalf("Size of %+v is %d, encoded %d", p, p.Size(version), len(again))
	}
	q, err := mqtt.DecodePublish(onePacket(t, again), version)
	if err != nil {
		t.Fatalf("encoded %x does not decode: %v", again, err)
	}
	if diff := cmp.Diff(p, q, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("encoded %x, want → got:\n%s", again, diff)
	}
}

// benchmarked is a report of a device.
var benchmarked = mqtt.Publish{
	Topic:   "$aws/things/pump-07/jobs/fw/update",
	Payload: []byte(`{"status":"IN_PROGRESS"}`),
	QoS:     1,
	ID:      1,
}

// BenchmarkPublish decodes a PUBLISH and encodes it again, as for one subscriber.
func BenchmarkPublish(b *testing.B) {
	for name, properties := range map[string][]byte{"plain": nil, "properties": forwarded} {
		b.Run(name, func(b *testing.B) {
			in := benchmarked
			in.Forwarded = properties
			packet := onePacket(b, mqtt.AppendPublish(nil, mqtt.V5, &in))
			var out []byte
			b.ReportAllocs()
			for b.Loop() {
				p, err := mqtt.DecodePublish(packet, mqtt.V5)
				if err != nil {
					b.Fatal(err)
				}
				out = mqtt.AppendPublish(out[:0], mqtt.V5, &p)
			}
		})
	}
}

// BenchmarkDecodePublish is the decoding alone.
func BenchmarkDecodePublish(b *testing.B) {
	packet := onePacket(b, mqtt.AppendPublish(nil, mqtt.V5, &benchmarked))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := mqtt.DecodePublish(packet, mqtt.V5); err != nil {
			b.Fatal(err)
		}
	}
}
