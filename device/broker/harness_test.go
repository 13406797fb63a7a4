package broker

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/internal/connlimit"
)

const timeout = 5 * time.Second

// start runs a broker on a loopback listener and returns it with its address.
func start(t testing.TB, cfg Config) (*Broker, string) {
	t.Helper()
	b, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	// As in a server, connections are counted, and take turns until their clients are known (R-LIM-60).
	limiter := connlimit.New(connlimit.Share(100_000, 0), slog.New(slog.DiscardHandler))
	go b.Serve(ctx, limiter.Listen(l))
	t.Cleanup(func() {
		cancel()
		stop, done := context.WithTimeout(context.Background(), timeout)
		defer done()
		if err := b.Shutdown(stop); err != nil {
			t.Error(err)
		}
	})
	return b, l.Addr().String()
}

// echo is a service that answers get requests on topic/accepted with their payload, and refuses
// …/accepted itself.
var echo = ServiceFunc(func(_ context.Context, _ *Peer, r Request) Reply {
	if strings.HasSuffix(r.Topic, "/accepted") {
		return Reply{Verdict: Refused}
	}
	return Reply{Topic: r.Topic + "/accepted", Payload: append([]byte(nil), r.Payload...)}
})

// A client speaks raw packets.
type client struct {
	t       testing.TB
	nc      net.Conn
	version mqtt.Version
	in      mqtt.Reader
}

func dial(t testing.TB, addr string, version mqtt.Version) *client {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	c := &client{t: t, nc: nc, version: version}
	c.in.Reset(nc, 1<<20)
	return c
}

// join connects with a clean session and expects success.
func join(t testing.TB, addr string, version mqtt.Version, id string) *client {
	t.Helper()
	c := dial(t, addr, version)
	c.connect(mqtt.Connect{ClientID: id, CleanStart: true})
	c.wantConnack(0, false)
	return c
}

// rejoin connects to a session that lasts.
func rejoin(t testing.TB, addr string, version mqtt.Version, id string, present bool) *client {
	t.Helper()
	c := dial(t, addr, version)
	c.connect(mqtt.Connect{ClientID: id, SessionExpiry: 3600})
	c.wantConnack(0, present)
	return c
}

func (c *client) send(packets ...[]byte) {
	c.t.Helper()
	var all []byte
	for _, p := range packets {
		all = append(all, p...)
	}
	if _, err := c.nc.Write(all); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// connect sends a CONNECT of the client's version.
func (c *client) connect(p mqtt.Connect) {
	c.t.Helper()
	p.Version = c.version
	c.send(mqtttest.Connect(&p, ""))
}

// sendPublish sends a PUBLISH with options that publish does not have.
func (c *client) sendPublish(p mqtt.Publish) {
	c.t.Helper()
	c.send(mqtt.AppendPublish(nil, c.version, &p))
}

// read returns the next packet; type 0 when the broker has closed.
func (c *client) read() mqtt.Packet {
	c.t.Helper()
	c.nc.SetReadDeadline(time.Now().Add(timeout))
	packet, err := c.in.Next()
	if err != nil {
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			c.t.Fatalf("nothing came in %v", timeout)
		}
		return mqtt.Packet{}
	}
	packet.Body = bytes.Clone(packet.Body)
	return packet
}

func (c *client) want(packetType byte) mqtt.Packet {
	c.t.Helper()
	packet := c.read()
	if packet.Type != packetType {
		c.t.Fatalf("got packet type %d %x, want type %d", packet.Type, packet.Body, packetType)
	}
	return packet
}

func (c *client) wantConnack(code byte, present bool) map[byte]uint32 {
	c.t.Helper()
	body := c.want(mqtt.TypeConnack).Body
	if body[1] != code || body[0] == 1 != present {
		c.t.Fatalf("CONNACK present=%d code=0x%02X, want present=%v code=0x%02X", body[0], body[1], present, code)
	}
	return connackProps(body, c.version)
}

// wantClosed expects the end of the connection; an MQTT 5 client gets the reason first.
func (c *client) wantClosed(reason mqtt.Reason) {
	c.t.Helper()
	packet := c.read()
	if c.version == mqtt.V5 && reason != mqtt.Success {
		want := []byte{byte(reason)}
		if packet.Type != mqtt.TypeDisconnect || !bytes.Equal(packet.Body, want) {
			c.t.Fatalf("got packet type %d %x, want DISCONNECT %x", packet.Type, packet.Body, want)
		}
		packet = c.read()
	}
	if packet.Type != 0 {
		c.t.Fatalf("got packet type %d %x, want the end", packet.Type, packet.Body)
	}
}

func (c *client) subscribe(id uint16, qos byte, filters ...string) []byte {
	c.t.Helper()
	c.send(mqtttest.Subscribe(c.version, id, qos, filters...))
	return c.wantSuback(len(filters))
}

func (c *client) wantSuback(n int) []byte {
	c.t.Helper()
	body := c.want(mqtt.TypeSuback).Body
	return body[len(body)-n:]
}

func (c *client) wantPublish(topic, payload string, qos byte) mqtt.Publish {
	c.t.Helper()
	p, err := mqtt.DecodeDelivery(c.want(mqtt.TypePublish), c.version)
	if err != nil {
		c.t.Fatal(err)
	}
	if p.Topic != topic || string(p.Payload) != payload || p.QoS != qos {
		c.t.Fatalf("got PUBLISH %s %q QoS %d, want %s %q QoS %d", p.Topic, p.Payload, p.QoS, topic, payload, qos)
	}
	return p
}

func (c *client) wantPuback(id uint16, reason mqtt.Reason) {
	c.t.Helper()
	body := c.want(mqtt.TypePuback).Body
	got := mqtt.Success
	if len(body) > 2 {
		got = mqtt.Reason(body[2])
	}
	if binary.BigEndian.Uint16(body) != id || got != reason {
		c.t.Fatalf("got PUBACK %x, want id %d reason 0x%02X", body, id, byte(reason))
	}
}

func (c *client) publish(id uint16, qos byte, topic, payload string) {
	c.t.Helper()
	c.sendPublish(mqtt.Publish{Topic: topic, Payload: []byte(payload), QoS: qos, ID: id})
}

// sync waits until the broker has handled all that was sent.
func (c *client) sync() {
	c.t.Helper()
	c.send([]byte{mqtt.TypePingreq << 4, 0})
	c.want(mqtt.TypePingresp)
}

// until waits for a condition that another goroutine brings about.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(timeout)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited %v for %s", timeout, what)
		}
	}
}

// waitDisconnected waits until the session of a client id has no connection, or has ended.
func (b *Broker) waitDisconnected(t testing.TB, id string) {
	t.Helper()
	until(t, "the client to be disconnected", func() bool { return b.isDisconnected(id) })
}

func (b *Broker) isDisconnected(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.sessions[id]
	return s == nil || !s.connected()
}

// connackProps returns the numbers among the CONNACK's properties, and the length of an assigned
// client id.
func connackProps(body []byte, version mqtt.Version) map[byte]uint32 {
	props := map[byte]uint32{}
	if version < mqtt.V5 {
		return props
	}
	for b := body[3:]; len(b) > 0; { // the properties are short: their length is one byte
		id, value := b[0], b[1:]
		size := 1
		switch id {
		case mqtt.PropReceiveMaximum, mqtt.PropTopicAliasMaximum, mqtt.PropServerKeepAlive:
			size = 2
			props[id] = uint32(binary.BigEndian.Uint16(value))
		case mqtt.PropMaximumPacket, mqtt.PropSessionExpiry:
			size = 4
			props[id] = binary.BigEndian.Uint32(value)
		case mqtt.PropAssignedClientID:
			size = 2 + int(binary.BigEndian.Uint16(value))
			props[id] = uint32(size - 2)
		default:
			props[id] = uint32(value[0])
		}
		b = value[size:]
	}
	return props
}

// logLines collects log output.
type logLines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// rights is a principal whose decisions are a table: "action resource" → decision; what is not
// there is allowed.
type rights struct {
	id string
	mu sync.Mutex
	no map[string]Decision

	refresh func()    // what Refresh does; nil: nothing
	until   time.Time // zero: no end
	over    bool      // the principal may not be connected any more
	thing   string    // the connection thing
}

var actionNames = map[Action]string{
	Connect: "connect", Publish: "publish", RetainPublish: "retain", Subscribe: "subscribe", Receive: "receive",
}

func (r *rights) ID() string                 { return r.id }
func (r *rights) Bind(Attributes) Authorizer { return r }
func (r *rights) Until() time.Time           { return r.until }
func (r *rights) Thing() string              { return r.thing }
func (r *rights) Refresh() bool {
	if r.refresh != nil {
		r.refresh()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.over
}
func (r *rights) Decide(a Action, resource string) Decision {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d, ok := r.no[actionNames[a]+" "+resource]; ok {
		return d
	}
	return Allow
}

// end is what a revocation or the end of a certificate does.
func (r *rights) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
}

func (r *rights) authenticate(context.Context, Link) (Principal, error) { return r, nil }
