package broker

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

const patience = 5 * time.Second

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
	go b.Serve(ctx, l)
	t.Cleanup(func() {
		cancel()
		stop, done := context.WithTimeout(context.Background(), patience)
		defer done()
		if err := b.Shutdown(stop); err != nil {
			t.Error(err)
		}
	})
	return b, l.Addr().String()
}

// echo is a service that answers get requests on topic/accepted with their payload, and refuses …/accepted itself.
var echo = ServiceFunc(func(_ context.Context, _ *Peer, topic string, payload []byte) Reply {
	if strings.HasSuffix(topic, "/accepted") {
		return Reply{Verdict: Refused}
	}
	return Reply{Topic: topic + "/accepted", Payload: append([]byte(nil), payload...)}
})

// A client speaks raw packets.
type client struct {
	t       testing.TB
	nc      net.Conn
	version byte
	in      packetReader
}

func dial(t testing.TB, addr string, version byte) *client {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	c := &client{t: t, nc: nc, version: version}
	c.in.src, c.in.max = nc, 1<<20
	c.in.release()
	return c
}

// join connects with a clean session and expects success.
func join(t testing.TB, addr string, version byte, id string) *client {
	t.Helper()
	c := dial(t, addr, version)
	c.send(encodeConnect(hello{version: version, id: id, clean: true}))
	c.wantConnack(0, false)
	return c
}

// rejoin connects to a session that lasts.
func rejoin(t testing.TB, addr string, version byte, id string, present bool) *client {
	t.Helper()
	c := dial(t, addr, version)
	c.send(encodeConnect(hello{version: version, id: id, expiry: 3600}))
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

// read returns the next packet; type 0 when the broker has closed.
func (c *client) read() (byte, []byte) {
	c.t.Helper()
	c.nc.SetReadDeadline(time.Now().Add(patience))
	header, body, err := c.in.next()
	if err != nil {
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			c.t.Fatalf("nothing came in %v", patience)
		}
		return 0, nil
	}
	return header, append([]byte(nil), body...)
}

func (c *client) want(packet byte) (byte, []byte) {
	c.t.Helper()
	header, body := c.read()
	if header>>4 != packet {
		c.t.Fatalf("got packet type %d %x, want type %d", header>>4, body, packet)
	}
	return header, body
}

func (c *client) wantConnack(code byte, present bool) map[byte]uint32 {
	c.t.Helper()
	_, body := c.want(typeConnack)
	if body[1] != code || body[0] == 1 != present {
		c.t.Fatalf("CONNACK present=%d code=0x%02X, want present=%v code=0x%02X", body[0], body[1], present, code)
	}
	return connackProps(body, c.version)
}

// wantClosed expects the end of the connection; MQTT 5 is told the reason first.
func (c *client) wantClosed(reason Reason) {
	c.t.Helper()
	header, body := c.read()
	if c.version == version5 && reason != Success {
		if header>>4 != typeDisconnect || len(body) == 0 || Reason(body[0]) != reason {
			c.t.Fatalf("got packet type %d %x, want DISCONNECT 0x%02X", header>>4, body, byte(reason))
		}
		header, body = c.read()
	}
	if header != 0 {
		c.t.Fatalf("got packet type %d %x, want the end", header>>4, body)
	}
}

func (c *client) subscribe(id uint16, qos byte, filters ...string) []byte {
	c.t.Helper()
	c.send(encodeSubscribe(c.version, id, qos, filters...))
	return c.wantSuback(len(filters))
}

func (c *client) wantSuback(n int) []byte {
	c.t.Helper()
	_, body := c.want(typeSuback)
	return body[len(body)-n:]
}

func (c *client) wantPublish(topic, payload string, qos byte) publishPacket {
	c.t.Helper()
	header, body := c.want(typePublish)
	p, err := decodePublish(header, body, c.version)
	if err != nil {
		c.t.Fatal(err)
	}
	if string(p.topic) != topic || string(p.payload) != payload || p.qos != qos {
		c.t.Fatalf("got PUBLISH %s %q QoS %d, want %s %q QoS %d", p.topic, p.payload, p.qos, topic, payload, qos)
	}
	return p
}

func (c *client) wantPuback(id uint16, reason Reason) {
	c.t.Helper()
	_, body := c.want(typePuback)
	got := Success
	if len(body) > 2 {
		got = Reason(body[2])
	}
	if binary.BigEndian.Uint16(body) != id || got != reason {
		c.t.Fatalf("got PUBACK %x, want id %d reason 0x%02X", body, id, byte(reason))
	}
}

func (c *client) publish(id uint16, qos byte, topic, payload string) {
	c.t.Helper()
	p := publishOut{topic: topic, payload: []byte(payload), qos: qos, id: id}
	c.send(appendPublish(nil, c.version, &p))
}

// sync waits until the broker has handled all that was sent.
func (c *client) sync() {
	c.t.Helper()
	c.send([]byte{typePingreq << 4, 0})
	c.want(typePingresp)
}

// until waits for a condition that another goroutine brings about.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

func (b *Broker) away(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.sessions[id]
	return s == nil || !s.connected()
}

// hello is a CONNECT.
type hello struct {
	version    byte
	id         string
	clean      bool
	keepAlive  uint16
	expiry     uint32
	receiveMax uint16
	maxPacket  uint32
	username   string
	will       *publishOut
	willDelay  uint32
}

func encodeConnect(h hello) []byte {
	var flags byte
	if h.clean {
		flags |= 2
	}
	if h.username != "" {
		flags |= 0x80
	}
	if h.will != nil {
		flags |= 4 | h.will.qos<<3
		if h.will.retain {
			flags |= 0x20
		}
	}
	body := appendText(nil, "MQTT")
	body = append(body, h.version, flags)
	body = binary.BigEndian.AppendUint16(body, h.keepAlive)
	if h.version == version5 {
		var props []byte
		if h.expiry > 0 {
			props = binary.BigEndian.AppendUint32(append(props, propSessionExpiry), h.expiry)
		}
		if h.receiveMax > 0 {
			props = binary.BigEndian.AppendUint16(append(props, propReceiveMaximum), h.receiveMax)
		}
		if h.maxPacket > 0 {
			props = binary.BigEndian.AppendUint32(append(props, propMaximumPacket), h.maxPacket)
		}
		body = append(appendVarint(body, uint32(len(props))), props...)
	}
	body = appendText(body, h.id)
	if w := h.will; w != nil {
		if h.version == version5 {
			props := append([]byte(nil), w.pass...)
			if h.willDelay > 0 {
				props = binary.BigEndian.AppendUint32(append(props, propWillDelay), h.willDelay)
			}
			body = append(appendVarint(body, uint32(len(props))), props...)
		}
		body = appendText(body, w.topic)
		body = appendText(body, string(w.payload))
	}
	if h.username != "" {
		body = appendText(body, h.username)
	}
	return packet(typeConnect<<4, body)
}

func packet(header byte, body []byte) []byte {
	return append(appendVarint([]byte{header}, uint32(len(body))), body...)
}

func encodeSubscribe(version byte, id uint16, options byte, filters ...string) []byte {
	return encodeFilters(typeSubscribe<<4|2, version, id, nil, filters, &options)
}

func encodeFilters(header, version byte, id uint16, props []byte, filters []string, options *byte) []byte {
	body := binary.BigEndian.AppendUint16(nil, id)
	if version == version5 {
		body = append(appendVarint(body, uint32(len(props))), props...)
	}
	for _, f := range filters {
		body = appendText(body, f)
		if options != nil {
			body = append(body, *options)
		}
	}
	return packet(header, body)
}

// connackProps returns the numbers among the CONNACK's properties, and the length of an assigned client id.
func connackProps(body []byte, version byte) map[byte]uint32 {
	props := map[byte]uint32{}
	if version < version5 {
		return props
	}
	c := cursor{b: body[2:]}
	c.varint()
	for len(c.b) > 0 {
		switch id := c.byte(); id {
		case propReceiveMaximum, propTopicAliasMaximum, propServerKeepAlive:
			props[id] = uint32(c.uint16())
		case propMaximumPacket, propSessionExpiry:
			props[id] = c.uint32()
		case propAssignedClientID:
			props[id] = uint32(len(c.text()))
		default:
			props[id] = uint32(c.byte())
		}
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

// rights is a principal whose decisions are a table: "action resource" → decision; what is not there is allowed.
type rights struct {
	id string
	mu sync.Mutex
	no map[string]Decision

	refresh func() // what Refresh does; nil: nothing
}

var actionNames = map[Action]string{
	Connect: "connect", Publish: "publish", RetainPublish: "retain", Subscribe: "subscribe", Receive: "receive",
}

func (r *rights) ID() string                 { return r.id }
func (r *rights) Bind(Attributes) Authorizer { return r }
func (r *rights) Refresh() {
	if r.refresh != nil {
		r.refresh()
	}
}
func (r *rights) Decide(a Action, resource string) Decision {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d, ok := r.no[actionNames[a]+" "+resource]; ok {
		return d
	}
	return Allow
}

func (r *rights) authenticate(context.Context, Link) (Principal, error) { return r, nil }
