package broker

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// pass is two user properties and a content type, in wire form.
var pass = append(appendText([]byte{propContentType}, "text/plain"),
	append(appendText(appendText([]byte{propUser}, "k"), "v1"), appendText(appendText([]byte{propUser}, "k"), "v2")...)...)

func TestPublishRoundTrip(t *testing.T) {
	t.Parallel()
	for _, version := range []byte{version311, version5} {
		for _, size := range []int{0, 1, 100, 127, 128, 16383, 16384, 128 << 10} {
			in := publishOut{topic: "a/b", payload: bytes.Repeat([]byte("p"), size), qos: 1, id: 9, dup: true, retain: true}
			if version == version5 {
				in.expiry, in.pass = 30, pass
			}
			b := appendPublish(nil, version, &in)
			if whole, _, _ := publishSize(version, &in); whole != len(b) {
				t.Errorf("publishSize %d, encoded %d", whole, len(b))
			}
			header, body := onePacket(t, b)
			out, err := decodePublish(header, body, version)
			if err != nil {
				t.Fatal(err)
			}
			same := string(out.topic) == in.topic && bytes.Equal(out.payload, in.payload) && out.qos == in.qos &&
				out.id == in.id && out.dup && out.retain && out.expiry == in.expiry && bytes.Equal(out.pass, in.pass)
			if !same {
				t.Errorf("version %d size %d: got %+v", version, size, out)
			}
		}
	}
}

func TestConnectRoundTrip(t *testing.T) {
	t.Parallel()
	will := &publishOut{topic: "w", payload: []byte("bye"), qos: 1, retain: true, pass: pass}
	b := encodeConnect(hello{version: 5, id: "dev", clean: true, keepAlive: 60, expiry: 10, receiveMax: 3,
		maxPacket: 500, username: "u", will: will, willDelay: 4})
	got, err := decodeConnect(onePacket(t, b))
	if err != nil {
		t.Fatal(err)
	}
	want := connectPacket{version: 5, cleanStart: true, keepAlive: 60, clientID: []byte("dev"), username: true,
		sessionExpiry: 10, receiveMaximum: 3, maximumPacket: 500,
		will: &willPacket{qos: 1, retain: true, topic: []byte("w"), payload: []byte("bye"), delay: 4,
			publishProperties: publishProperties{pass: pass}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestStoredRoundTrip(t *testing.T) {
	t.Parallel()
	m := &message{Message: Message{Topic: "a", Payload: []byte("x"), QoS: 1, Latest: true}, retain: true, pass: pass}
	e := entry{m: m, id: 5, qos: 1, dup: true, retain: true, stored: storedSent}
	got, err := parseStored(appendStored(nil, &e))
	if err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("got %+v %v, want %+v", got, err, e)
	}
}

func TestMalformedPackets(t *testing.T) { // the strict parts of the codec
	t.Parallel()
	for _, row := range []struct {
		name   string
		packet []byte
		reason Reason
	}{
		{"length too long", []byte{0x30, 0xFF, 0xFF, 0xFF, 0xFF, 1}, MalformedPacket},
		{"length not shortest", []byte{0x30, 0x80, 0x00}, MalformedPacket},
		{"over the maximum", []byte{0x30, 0xFF, 0xFF, 0x7F}, PacketTooLarge},
		{"QoS 3", packet(0x36, []byte{0, 1, 'a', 0, 1, 0}), MalformedPacket},
		{"DUP at QoS 0", packet(0x38, []byte{0, 1, 'a', 0}), MalformedPacket},
		{"packet id 0", packet(0x32, []byte{0, 1, 'a', 0, 0, 0}), ProtocolError},
		{"topic past the end", packet(0x30, []byte{0, 9, 'a'}), MalformedPacket},
		{"topic not UTF-8", packet(0x30, []byte{0, 1, 0xFF, 0}), MalformedPacket},
		{"topic with NUL", packet(0x30, []byte{0, 1, 0, 0}), MalformedPacket},
		{"unknown property", packet(0x30, []byte{0, 1, 'a', 2, 0x7E, 1}), MalformedPacket},
		{"misplaced property", packet(0x30, []byte{0, 1, 'a', 5, propSessionExpiry, 0, 0, 0, 1}), ProtocolError},
		{"repeated property", packet(0x30, []byte{0, 1, 'a', 4, 1, 1, 1, 1}), ProtocolError},
		{"format 2", packet(0x30, []byte{0, 1, 'a', 2, 1, 2}), ProtocolError},
		{"alias 0", packet(0x30, []byte{0, 1, 'a', 3, propTopicAlias, 0, 0}), TopicAliasInvalid},
		{"cut property", packet(0x30, []byte{0, 1, 'a', 2, propTopicAlias, 0}), MalformedPacket},
		{"SUBSCRIBE flags", packet(0x80, []byte{0, 1, 0, 0, 1, 'a', 0}), MalformedPacket},
		{"no filter", packet(0x82, []byte{0, 1, 0}), ProtocolError},
		{"reserved option", packet(0x82, []byte{0, 1, 0, 0, 1, 'a', 0x40}), MalformedPacket},
		{"SUBSCRIBE id 0", packet(0x82, []byte{0, 0, 0, 0, 1, 'a', 0}), ProtocolError},
		{"UNSUBSCRIBE empty", packet(0xA2, []byte{0, 1, 0}), ProtocolError},
		{"PUBACK id 0", packet(0x40, []byte{0, 0}), MalformedPacket},
		{"DISCONNECT trailing", packet(0xE0, []byte{0, 0, 1}), MalformedPacket},
	} {
		err := decodeAny(row.packet)
		var e *ending
		if !errors.As(err, &e) || e.reason != row.reason {
			t.Errorf("%s: got %v, want 0x%02X", row.name, err, byte(row.reason))
		}
	}
}

// decodeAny reads one MQTT 5 packet with the decoder that its type asks for.
func decodeAny(b []byte) error {
	r := packetReader{src: bytes.NewReader(b), max: 1 << 18}
	r.release()
	defer r.release()
	header, body, err := r.next()
	if err != nil {
		return err
	}
	switch header >> 4 {
	case typeConnect:
		_, err = decodeConnect(header, body)
	case typePublish:
		_, err = decodePublish(header, body, version5)
	case typePuback:
		_, err = decodePuback(header, body, version5)
	case typeSubscribe:
		_, err = decodeSubscribe(header, body, version5)
	case typeUnsubscribe:
		_, err = decodeUnsubscribe(header, body, version5)
	case typeDisconnect:
		_, err = decodeDisconnect(header, body, version5)
	}
	return err
}

func onePacket(t *testing.T, b []byte) (byte, []byte) {
	t.Helper()
	r := packetReader{src: bytes.NewReader(b), max: 1 << 20}
	r.release()
	header, body, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	return header, body
}

// TestReaderCuts reads the same stream in pieces of every kind.
func TestReaderCuts(t *testing.T) {
	t.Parallel()
	var stream []byte
	sizes := []int{0, 1, 400, 500, 505, 506, 507, 508, 512, 4080, 4096, 5000, 3, 100, 20000, 2}
	for _, n := range sizes {
		stream = appendPublish(stream, 4, &publishOut{topic: "t", payload: bytes.Repeat([]byte{'x'}, n)})
	}
	for name, src := range map[string]io.Reader{
		"whole": bytes.NewReader(stream), "bytes": iotest.OneByteReader(bytes.NewReader(stream)),
		"halves": iotest.HalfReader(bytes.NewReader(stream)), "with EOF": iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		r := packetReader{src: src, max: 1 << 20}
		r.release()
		for _, n := range sizes {
			header, body, err := r.next()
			if err != nil {
				t.Fatalf("%s: size %d: %v", name, n, err)
			}
			p, err := decodePublish(header, body, 4)
			if err != nil || string(p.payload) != strings.Repeat("x", n) {
				t.Fatalf("%s: size %d: %v, payload %d", name, n, err, len(p.payload))
			}
		}
		if _, _, err := r.next(); err != io.EOF {
			t.Errorf("%s: got %v, want EOF", name, err)
		}
		r.release()
	}
}

// FuzzPackets feeds the reader and all decoders: they must not panic, and what a PUBLISH decodes to must encode to
// what decodes to the same.
func FuzzPackets(f *testing.F) {
	f.Add(encodeConnect(hello{version: 5, id: "dev", expiry: 10, will: &publishOut{topic: "w", pass: pass}, willDelay: 1}))
	f.Add(encodeConnect(hello{version: 4, id: "dev", clean: true, username: "?SDK"}))
	f.Add(appendPublish(nil, 5, &publishOut{topic: "a/b", payload: []byte("x"), qos: 1, id: 1, expiry: 3, pass: pass}))
	f.Add(encodeSubscribe(5, 1, 1, "a/+", "b/#"))
	f.Add(encodeFilters(typeUnsubscribe<<4|2, 5, 1, nil, []string{"a"}, nil))
	f.Add(appendPuback(nil, 5, 1, NotAuthorized))
	f.Add(appendDisconnect(nil, 0x04))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = decodeAny(b)
		for _, version := range []byte{4, 5} {
			fuzzPublish(t, b, version)
		}
		parseStored(b)
	})
}

func fuzzPublish(t *testing.T, b []byte, version byte) {
	if len(b) == 0 {
		return
	}
	p, err := decodePublish(b[0], b[1:], version)
	if err != nil || p.alias != 0 {
		return
	}
	again := appendPublish(nil, version, &publishOut{topic: string(p.topic), payload: p.payload, qos: p.qos, id: p.id,
		dup: p.dup, retain: p.retain, expiry: p.expiry, pass: p.pass})
	header, body := onePacket(t, again)
	q, err := decodePublish(header, body, version)
	if err != nil {
		t.Fatalf("encoded %x does not decode: %v", again, err)
	}
	q.correlation, p.correlation = nil, nil
	if !reflect.DeepEqual(p, q) && !(bytes.Equal(p.pass, q.pass) && bytes.Equal(p.payload, q.payload)) {
		t.Fatalf("got %+v, want %+v", q, p)
	}
}

func BenchmarkDecodePublish(b *testing.B) {
	body := appendPublish(nil, 5, &publishOut{topic: "$aws/things/pump-07/jobs/fw/update",
		payload: []byte(`{"status":"IN_PROGRESS"}`), qos: 1, id: 1})[2:]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodePublish(0x32, body, 5); err != nil {
			b.Fatal(err)
		}
	}
}
