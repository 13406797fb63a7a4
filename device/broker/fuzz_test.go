package broker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// A recorded is a connection without a network: the broker reads what the client is to send and, when
// the client was answered something, the end. What the broker writes is kept.
type recorded struct {
	in       io.Reader
	answered chan struct{}
	closed   chan struct{}

	mu   sync.Mutex
	out  bytes.Buffer
	over bool
}

func newRecorded(sends ...[]byte) *recorded {
	return &recorded{
		in:       bytes.NewReader(bytes.Join(sends, nil)),
		answered: make(chan struct{}),
		closed:   make(chan struct{}),
	}
}

func (r *recorded) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if err != nil {
		select {
		case <-r.answered:
		case <-r.closed:
		}
	}
	return n, err
}

func (r *recorded) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return 0, net.ErrClosed
	}
	if r.out.Len() == 0 {
		close(r.answered)
	}
	return r.out.Write(p)
}

func (r *recorded) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over {
		r.over = true
		close(r.closed)
	}
	return nil
}

func (r *recorded) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (r *recorded) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (r *recorded) SetDeadline(time.Time) error      { return nil }
func (r *recorded) SetReadDeadline(time.Time) error  { return nil }
func (r *recorded) SetWriteDeadline(time.Time) error { return nil }

// answers waits until the broker has closed the connection and returns what it has written, which
// must be whole packets.
func (r *recorded) answers(t *testing.T) (packets []mqtt.Packet) {
	t.Helper()
	select {
	case <-r.closed:
	case <-time.After(timeout):
		t.Fatalf("after %v the connection is open", timeout)
	}
	var in mqtt.Reader
	in.Reset(bytes.NewReader(r.out.Bytes()), 1<<20)
	for {
		packet, err := in.Next()
		if errors.Is(err, io.EOF) {
			return packets
		}
		if err != nil {
			t.Fatalf("the broker has written %x: %v", r.out.Bytes(), err)
		}
		packet.Body = bytes.Clone(packet.Body)
		packets = append(packets, packet)
	}
}

// fuzzedRights are those of the client that sends what was drawn: it may not do everything, so that
// refusals are reached too.
func fuzzedRights() *rights {
	no := map[string]Decision{}
	for action := range actionNames {
		for _, topic := range []string{"no", "no/#", "no/a"} {
			no[actionNames[action]+" "+topic] = ExplicitDeny
		}
	}
	return &rights{id: "fuzzed", no: no}
}

// FuzzConnection has a client send arbitrary bytes after its CONNECT. The broker must close the
// connection, must have answered with packets that are whole, known and in order, must serve the
// next client as if nothing had happened, and must be able to stop (R-BRK-9, R-BRK-36).
func FuzzConnection(f *testing.F) {
	for _, v := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		publish := func(topic string, qos byte, retain bool) []byte {
			return mqtt.AppendPublish(nil, v, &mqtt.Publish{
				Topic:   topic,
				Payload: []byte("{}"),
				QoS:     qos,
				ID:      uint16(qos),
				Retain:  retain,
			})
		}
		subscribe := mqtttest.Subscribe(v, 1, 1, "a/+", "no/#", "$aws/things/x/jobs/#")
		for _, sends := range [][][]byte{
			{},
			{subscribe, publish("a/b", 1, false), mqtt.AppendPuback(nil, v, 1, mqtt.Success)},
			{publish("a/b", 0, true), subscribe, mqtttest.Unsubscribe(v, 2, "a/+")},
			{publish("$aws/things/x/jobs/get", 1, false), publish("no", 1, false)},
			{publish("$aws/things/x/shadow/update", 0, false), publish("$SYS/x", 1, false)},
			{[]byte{mqtt.TypePingreq << 4, 0}, mqtt.AppendDisconnect(nil, mqtt.Success)},
			{mqtttest.Connect(&mqtt.Connect{Version: v, ClientID: "again"}, "")},
			{subscribe, publish("a/b", 1, false), {0, 0}},
			{[]byte{mqtt.TypePublish << 4, 0xff, 0xff, 0xff, 0x7f}},
		} {
			f.Add(v == mqtt.V5, uint32(60), bytes.Join(sends, nil))
			f.Add(v == mqtt.V5, uint32(0), bytes.Join(sends, nil))
		}
	}
	f.Fuzz(func(t *testing.T, v5 bool, expiry uint32, sends []byte) {
		version := mqtt.V311
		if v5 {
			version = mqtt.V5
		}
		b, err := New(t.Context(), Config{
			Service:           echo,
			Authenticate:      fuzzedRights().authenticate,
			MessagesPerSecond: -1,
			BytesPerSecond:    -1,
		})
		if err != nil {
			t.Fatal(err)
		}
		hello := &mqtt.Connect{
			Version:       version,
			ClientID:      "fuzzed",
			CleanStart:    expiry == 0,
			SessionExpiry: expiry,
			Will:          &mqtt.Will{Message: mqtt.Publish{Topic: "a/will", Payload: []byte("gone")}},
		}
		// The second connection finds the session that the first has left, if it lasts.
		for range 2 {
			client := newRecorded(mqtttest.Connect(hello, ""), sends)
			b.Take(client)
			wantAnswers(t, client.answers(t), version)
			b.waitDisconnected(t, "fuzzed")
		}
		wantServed(t, b)
		ctx, done := context.WithTimeout(context.Background(), timeout)
		defer done()
		if err := b.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
	})
}

// wantAnswers checks what the broker has written to a client.
func wantAnswers(t *testing.T, packets []mqtt.Packet, version mqtt.Version) {
	t.Helper()
	if len(packets) == 0 || packets[0].Type != mqtt.TypeConnack || packets[0].Body[1] != 0 {
		t.Fatalf("the CONNECT was answered %+v", packets)
	}
	known := []byte{
		mqtt.TypePublish, mqtt.TypePuback, mqtt.TypeSuback, mqtt.TypeUnsuback, mqtt.TypePingresp,
	}
	for i, packet := range packets[1:] {
		if packet.Type == mqtt.TypePublish {
			if _, err := mqtt.DecodePublish(packet, version); err != nil {
				t.Fatalf("a PUBLISH %x: %v", packet.Body, err)
			}
		}
		last := i == len(packets)-2
		goodbye := packet.Type == mqtt.TypeDisconnect && version == mqtt.V5 && last
		if !goodbye && !slices.Contains(known, packet.Type) {
			t.Fatalf("packet %d of %d has type %d: %x", i+1, len(packets), packet.Type, packet.Body)
		}
	}
}

// wantServed has another client connect and ask for something.
func wantServed(t *testing.T, b *Broker) {
	t.Helper()
	const topic = "$aws/things/other/jobs/get"
	other := newRecorded(
		mqtttest.Connect(&mqtt.Connect{Version: mqtt.V5, ClientID: "other", CleanStart: true}, ""),
		mqtt.AppendPublish(nil, mqtt.V5, &mqtt.Publish{Topic: topic, Payload: []byte("{}")}),
		mqtt.AppendDisconnect(nil, mqtt.Success))
	b.Take(other)
	answers := other.answers(t)
	if len(answers) != 2 || answers[1].Type != mqtt.TypePublish {
		t.Fatalf("another client was answered %+v", answers)
	}
	p, err := mqtt.DecodePublish(answers[1], mqtt.V5)
	if err != nil || p.Topic != topic+"/accepted" || string(p.Payload) != "{}" {
		t.Fatalf("another client was answered %+v, %v", p, err)
	}
}
