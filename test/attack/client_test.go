package attack

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/test/testserver"
)

// patience is how long a test waits for what must come soon.
const patience = 10 * time.Second

// A client speaks raw MQTT packets, also those that no library would send.
type client struct {
	t       testing.TB
	nc      net.Conn
	version mqtt.Version
	in      mqtt.Reader
}

// elsewhere is the address of clients that show who they are. Floods come from 127.0.0.1.
var elsewhere = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}

// dial opens a connection to a listener, such as s.MQTT or s.HTTPS, from elsewhere. config is nil
// without TLS.
func dial(t testing.TB, address string, config *tls.Config) net.Conn {
	t.Helper()
	nc, err := dialFrom(elsewhere, address, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return nc
}

// tryDial is dial from where floods come from. Failing is one of the outcomes that are attacked
// for.
func tryDial(address string, config *tls.Config) (net.Conn, error) {
	return dialFrom(nil, address, config)
}

// dialFrom opens a connection from an address, nil for 127.0.0.1.
func dialFrom(from *net.TCPAddr, address string, config *tls.Config) (net.Conn, error) {
	where, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: patience}
	if from != nil {
		dialer.LocalAddr = from
	}
	if config == nil {
		return dialer.Dial("tcp", where.Host)
	}
	return tls.DialWithDialer(dialer, "tcp", where.Host, config)
}

// connect sends a CONNECT on a connection. What comes back is still to be read.
func connect(t testing.TB, nc net.Conn, p mqtt.Connect) *client {
	t.Helper()
	if p.Version == 0 {
		p.Version = mqtt.V5
	}
	c := &client{t: t, nc: nc, version: p.Version}
	c.in.Reset(nc, 1<<20)
	c.send(mqtttest.Connect(&p, ""))
	return c
}

// join connects a device over mutual TLS and expects to be let in.
func join(t testing.TB, s *testserver.Server, id *testserver.Identity, p mqtt.Connect) *client {
	t.Helper()
	c := connect(t, dial(t, s.MQTTS, s.TLS(id)), p)
	c.wantConnack(mqtt.Success)
	return c
}

// joinPlain is join on the plain listener.
func joinPlain(t testing.TB, s *testserver.Server, p mqtt.Connect) *client {
	t.Helper()
	c := connect(t, dial(t, s.MQTT, nil), p)
	c.wantConnack(mqtt.Success)
	return c
}

func (c *client) send(packets ...[]byte) {
	c.t.Helper()
	if _, err := c.nc.Write(bytes.Join(packets, nil)); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// read returns the next packet; its type is 0 when the server has closed the connection.
func (c *client) read() mqtt.Packet {
	c.t.Helper()
	c.nc.SetReadDeadline(time.Now().Add(patience))
	packet, err := c.in.Next()
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.t.Fatalf("nothing came within %v", patience)
		}
		return mqtt.Packet{}
	}
	packet.Body = bytes.Clone(packet.Body)
	return packet
}

// want returns the body of the next packet, which must be of a type.
func (c *client) want(packetType byte) []byte {
	c.t.Helper()
	packet := c.read()
	if packet.Type != packetType {
		c.t.Fatalf("packet type %d %x, want type %d", packet.Type, packet.Body, packetType)
	}
	return packet.Body
}

// wantConnack expects a CONNACK with this reason, and returns whether a session is present.
func (c *client) wantConnack(reason mqtt.Reason) (present bool) {
	c.t.Helper()
	code := byte(reason)
	if c.version < mqtt.V5 && reason != mqtt.Success {
		code = reason.ConnackCode()
	}
	body := c.want(mqtt.TypeConnack)
	if body[1] != code {
		c.t.Fatalf("CONNACK with reason 0x%02X, want 0x%02X", body[1], code)
	}
	return body[0] == 1
}

// wantClosed expects the end of the connection; an MQTT 5 client gets the reason first.
func (c *client) wantClosed(reason mqtt.Reason) {
	c.t.Helper()
	packet := c.read()
	if c.version == mqtt.V5 && packet.Type == mqtt.TypeDisconnect {
		if got := mqtt.Reason(packet.Body[0]); got != reason {
			c.t.Fatalf("DISCONNECT with reason 0x%02X, want 0x%02X", byte(got), byte(reason))
		}
		packet = c.read()
	}
	if packet.Type != 0 {
		c.t.Fatalf("packet type %d %x, want the end of the connection", packet.Type, packet.Body)
	}
}

// subscribe subscribes at QoS 1 and returns the code of each filter.
func (c *client) subscribe(filters ...string) []byte {
	c.t.Helper()
	c.send(mqtttest.Subscribe(c.version, 1, 1, filters...))
	body := c.want(mqtt.TypeSuback)
	return body[len(body)-len(filters):]
}

// publish publishes at QoS 1 and returns the reason in the PUBACK.
func (c *client) publish(id uint16, topic, payload string) mqtt.Reason {
	c.t.Helper()
	c.send(mqtt.AppendPublish(nil, c.version, &mqtt.Publish{
		Topic: topic, Payload: []byte(payload), QoS: 1, ID: id}))
	return c.wantPuback(id)
}

// wantPuback expects the PUBACK of a message and returns its reason.
func (c *client) wantPuback(id uint16) mqtt.Reason {
	c.t.Helper()
	body := c.want(mqtt.TypePuback)
	if got := binary.BigEndian.Uint16(body); got != id {
		c.t.Fatalf("PUBACK for %d, want %d", got, id)
	}
	if len(body) > 2 {
		return mqtt.Reason(body[2])
	}
	return mqtt.Success
}

// wantPublish expects a message on a topic, acknowledges it and returns its payload.
func (c *client) wantPublish(topic string) string {
	c.t.Helper()
	packet := c.read()
	if packet.Type != mqtt.TypePublish {
		c.t.Fatalf("packet type %d %x, want a PUBLISH", packet.Type, packet.Body)
	}
	p, err := mqtt.DecodePublish(packet, c.version)
	if err != nil {
		c.t.Fatal(err)
	}
	if p.Topic != topic {
		c.t.Fatalf("a message on %s (%s), want one on %s", p.Topic, p.Payload, topic)
	}
	if p.QoS > 0 {
		c.send(mqtt.AppendPuback(nil, c.version, p.ID, mqtt.Success))
	}
	return string(p.Payload)
}

// sync waits until the server has handled all that was sent.
func (c *client) sync() {
	c.t.Helper()
	c.send([]byte{mqtt.TypePingreq << 4, 0})
	c.want(mqtt.TypePingresp)
}
