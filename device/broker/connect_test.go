package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

func TestConnect(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{Service: echo})
	long := strings.Repeat("x", 128)
	const agent = "?SDK=Python&Version=1.4.9"
	will := func(topic string, qos byte) *mqtt.Will {
		return &mqtt.Will{Message: mqtt.Publish{Topic: topic, QoS: qos}}
	}
	for _, row := range []struct {
		name     string
		connect  mqtt.Connect
		username string
		code     byte // CONNACK; 255: closed without
	}{
		{"R-BRK-9 3.1.1", mqtt.Connect{Version: 4, ClientID: "a", CleanStart: true}, "", 0},
		{"R-BRK-9 5", mqtt.Connect{Version: 5, ClientID: "b", CleanStart: true}, "", 0},
		{"R-BRK-15 R-CLI-1 username", mqtt.Connect{Version: 4, ClientID: "c", CleanStart: true}, agent, 0},
		{"R-BRK-16 128 bytes", mqtt.Connect{Version: 4, ClientID: long, CleanStart: true}, "", 0},
		{"R-BRK-16 129 bytes", mqtt.Connect{Version: 4, ClientID: long + "x", CleanStart: true}, "", 2},
		{"R-BRK-16 129 bytes, 5", mqtt.Connect{Version: 5, ClientID: long + "x", CleanStart: true}, "", 0x85},
		{"R-BRK-16 dollar", mqtt.Connect{Version: 4, ClientID: "$a", CleanStart: true}, "", 2},
		{"R-BRK-16 dollar, 5", mqtt.Connect{Version: 5, ClientID: "$a", CleanStart: true}, "", 0x85},
		{"R-BRK-16 empty, clean", mqtt.Connect{Version: 4, CleanStart: true}, "", 0},
		{"R-BRK-16 empty, not clean", mqtt.Connect{Version: 4}, "", 2},
		{"R-BRK-16 empty, 5", mqtt.Connect{Version: 5}, "", 0},
		{"enhanced authentication", mqtt.Connect{Version: 5, ClientID: "f", EnhancedAuth: true}, "", 0x87},
		{"R-BRK-9 level 6", mqtt.Connect{Version: 6, ClientID: "d", CleanStart: true}, "", 0x84},
		{"R-BRK-9 level 2", mqtt.Connect{Version: 2, ClientID: "d", CleanStart: true}, "", 1},
		{"R-BRK-9 a bridge", mqtt.Connect{Version: 4, Bridge: true, ClientID: "d", CleanStart: true}, "", 0},
		{"R-BRK-10 will QoS 2", mqtt.Connect{Version: 5, ClientID: "e", Will: will("w", 2)}, "", 0x9B},
		{"R-BRK-24 will under $", mqtt.Connect{Version: 4, ClientID: "e", Will: will("$aws/x", 0), CleanStart: true}, "", 5},
		{"R-BRK-24 will under $, 5", mqtt.Connect{Version: 5, ClientID: "e", Will: will("$aws/x", 0)}, "", 0x90},
		{"NUL in the client id", mqtt.Connect{Version: 4, ClientID: "a\x00b", CleanStart: true}, "", 255},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, addr, row.connect.Version)
			c.send(mqtttest.Connect(&row.connect, row.username))
			if row.code == 255 {
				c.version = mqtt.V311
				c.wantClosed(mqtt.Success)
				return
			}
			props := c.wantConnack(row.code, false)
			needsID := row.connect.Version == mqtt.V5 && row.connect.ClientID == ""
			if needsID && props[mqtt.PropAssignedClientID] == 0 {
				t.Error("no Assigned Client Identifier")
			}
			if row.code == 0 {
				c.sync()
				return
			}
			c.version = mqtt.V311
			c.wantClosed(mqtt.Success)
		})
	}
}

// A version that is not supported is refused with the bytes of the version that its client
// understands.
func TestUnsupportedVersionOnTheWire(t *testing.T) { // R-BRK-9
	t.Parallel()
	_, addr := start(t, Config{})
	three, five := []byte{0x20, 2, 0, 1}, []byte{0x20, 3, 0, 0x84, 0}
	for _, row := range []struct {
		protocol string
		level    byte
		want     []byte
	}{
		{"MQTT", 0, three},
		{"MQTT", 2, three},
		{"MQTT", 3, three},
		{"MQTT", 6, five},
		{"MQTT", 0x7F, five},
		{"MQTT", 0x80, three},
		{"MQTT", 0x83, three},
		{"MQTT", 0x85, three},
		{"MQTT", 0x86, three},
		{"MQTT", 0xFF, three},
		{"MQIsdp", 3, three},
		{"MQIsdp", 0x83, three},
		{"HTTP", 4, nil},
		{"HTTP", 0x84, nil},
	} {
		c := dial(t, addr, 4)
		c.send(mqtttest.Packet(mqtt.TypeConnect<<4,
			append(mqtttest.Text(row.protocol), row.level, 2, 0, 60, 0, 1, 'a')))
		c.nc.SetReadDeadline(time.Now().Add(timeout))
		got, err := io.ReadAll(c.nc)
		if err != nil || !bytes.Equal(got, row.want) {
			t.Errorf("%s at level %#x: got % x, %v; want % x", row.protocol, row.level, got, err, row.want)
		}
	}
}

// What a bridge publishes does not come back to it, and what others publish comes with their RETAIN
// flag. Its subscriptions are so after it has come back, too.
func TestBridge(t *testing.T) { // R-BRK-9
	t.Parallel()
	b, addr := start(t, Config{})
	other := join(t, addr, 4, "other")
	other.subscribe(1, 1, "t")
	c := dial(t, addr, 4)
	c.connect(mqtt.Connect{Bridge: true, ClientID: "bridge"})
	c.wantConnack(0, false)
	c.subscribe(1, 1, "#")
	for range 2 {
		c.sendPublish(mqtt.Publish{Topic: "t", Payload: []byte("mine"), QoS: 1, ID: 1, Retain: true})
		c.wantPuback(1, mqtt.Success)
		if p := other.wantPublish("t", "mine", 1); p.Retain {
			t.Error("RETAIN 1 for a client that is no bridge")
		}
		other.sendPublish(mqtt.Publish{Topic: "t", Payload: []byte("yours"), Retain: true})
		other.wantPublish("t", "yours", 0)
		if p := c.wantPublish("t", "yours", 0); !p.Retain {
			t.Error("RETAIN 0 for the bridge")
		}
		c.nc.Close()
		b.waitDisconnected(t, "bridge")
		c = dial(t, addr, 4)
		c.connect(mqtt.Connect{Bridge: true, ClientID: "bridge"})
		c.wantConnack(0, true)
	}
}

func TestConnackProperties(t *testing.T) { // R-BRK-26, R-BRK-12, R-BRK-14
	t.Parallel()
	_, addr := start(t, Config{})
	base := map[byte]uint32{
		mqtt.PropReceiveMaximum:     100,
		mqtt.PropMaximumQoS:         1,
		mqtt.PropRetainAvailable:    1,
		mqtt.PropMaximumPacket:      149504,
		mqtt.PropTopicAliasMaximum:  8,
		mqtt.PropWildcardAvailable:  1,
		mqtt.PropSubscriptionIDs:    1,
		mqtt.PropSharedSubscription: 1,
	}
	for _, row := range []struct {
		name      string
		keepAlive uint16
		expiry    uint32
		more      map[byte]uint32
	}{
		{"as asked", 60, 3600, nil},
		{"keep-alive 29", 29, 0, map[byte]uint32{mqtt.PropServerKeepAlive: 30}},
		{"keep-alive 30", 30, 0, nil},
		{"keep-alive 1200", 1200, 0, nil},
		{"keep-alive 1201", 1201, 0, map[byte]uint32{mqtt.PropServerKeepAlive: 1200}},
		{"keep-alive 0", 0, 0, map[byte]uint32{mqtt.PropServerKeepAlive: 1200}},
		{"7 days", 60, 604800, nil},
		{"more than 7 days", 60, 604801, map[byte]uint32{mqtt.PropSessionExpiry: 604800}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, addr, 5)
			c.connect(mqtt.Connect{
				ClientID:      row.name,
				KeepAlive:     row.keepAlive,
				SessionExpiry: row.expiry,
			})
			got := c.wantConnack(0, false)
			want := map[byte]uint32{}
			for _, m := range []map[byte]uint32{base, row.more} {
				for k, v := range m {
					want[k] = v
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("properties %v, want %v", got, want)
			}
		})
	}
}

func TestFirstPacket(t *testing.T) { // R-BRK-15
	t.Parallel()
	_, addr := start(t, Config{ConnectTimeout: 50 * time.Millisecond})
	silent := dial(t, addr, 4)
	silent.wantClosed(mqtt.Success)
	early := dial(t, addr, 4)
	early.send([]byte{mqtt.TypePingreq << 4, 0})
	early.wantClosed(mqtt.Success)
}

func TestSecondConnect(t *testing.T) { // R-BRK-15
	t.Parallel()
	_, addr := start(t, Config{})
	for _, version := range []mqtt.Version{4, 5} {
		c := join(t, addr, version, fmt.Sprint("twice", version))
		c.connect(mqtt.Connect{ClientID: "twice", CleanStart: true})
		c.wantClosed(mqtt.ProtocolError)
	}
}

func TestPipelinedPackets(t *testing.T) { // R-BRK-15: packets after CONNECT, before CONNACK
	t.Parallel()
	_, addr := start(t, Config{Service: echo})
	c := dial(t, addr, 4)
	get := mqtt.Publish{Topic: "$aws/things/a/jobs/get", Payload: []byte("{}"), QoS: 1, ID: 7}
	packets := [][]byte{
		mqtttest.Connect(&mqtt.Connect{Version: 4, ClientID: "eager", CleanStart: true}, ""),
		mqtttest.Subscribe(4, 1, 1, "$aws/things/a/jobs/get/+"),
	}
	for range 40 { // more than one small read buffer
		packets = append(packets, mqtt.AppendPublish(nil, 4, &get))
	}
	c.send(packets...)
	c.wantConnack(0, false)
	c.wantSuback(1)
	for range 40 {
		c.wantPuback(7, mqtt.Success)
		p := c.wantPublish("$aws/things/a/jobs/get/accepted", "{}", 1)
		c.send(mqtt.AppendPuback(nil, 4, p.ID, mqtt.Success))
	}
}

func TestTakeover(t *testing.T) { // R-BRK-16
	t.Parallel()
	_, addr := start(t, Config{})
	watch := join(t, addr, 4, "watch")
	watch.subscribe(1, 1, "will/+")
	for _, version := range []mqtt.Version{4, 5} {
		id := fmt.Sprint("same", version)
		old := dial(t, addr, version)
		message := mqtt.Publish{Topic: "will/" + id, Payload: []byte("gone"), QoS: 1}
		old.connect(mqtt.Connect{ClientID: id, CleanStart: true, Will: &mqtt.Will{Message: message}})
		old.wantConnack(0, false)
		old.subscribe(1, 1, "mine")
		now := join(t, addr, version, id)
		old.wantClosed(mqtt.SessionTakenOver)
		watch.wantPublish("will/"+id, "gone", 1)
		now.publish(3, 1, "mine", "x") // the old subscription is gone
		now.wantPuback(3, mqtt.Success)
		now.sync()
	}
}

func TestKeepAlive(t *testing.T) { // R-BRK-14
	t.Parallel()
	_, addr := start(t, Config{KeepAliveMin: time.Millisecond, KeepAliveMax: 100 * time.Millisecond})
	began := time.Now()
	c := join(t, addr, 5, "quiet")
	c.wantClosed(mqtt.KeepAliveTimeout)
	if elapsed := time.Since(began); elapsed < 140*time.Millisecond {
		t.Errorf("closed after %v, want 1.5 × 100 ms", elapsed)
	}
}

func TestKeepAliveIsReset(t *testing.T) { // R-BRK-14: any packet resets the timer
	t.Parallel()
	_, addr := start(t, Config{KeepAliveMin: time.Millisecond, KeepAliveMax: 200 * time.Millisecond})
	c := join(t, addr, 5, "busy")
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 12 { // twice the limit of silence
		<-tick.C
		c.sync()
	}
	c.wantClosed(mqtt.KeepAliveTimeout)
}

func TestUnknownCertificate(t *testing.T) { // R-BRK-6, R-BRK-37
	t.Parallel()
	var lines logLines
	_, addr := start(t, Config{
		Log: logTo(&lines),
		Authenticate: func(context.Context, Link) (Principal, error) {
			return nil, errors.New("certificate not ACTIVE")
		},
	})
	c := dial(t, addr, 4)
	c.wantClosed(mqtt.Success)
	if !strings.Contains(lines.String(), "certificate not ACTIVE") {
		t.Errorf("log: %s", lines.String())
	}
}

func TestShutdown(t *testing.T) { // R-BRK-30
	t.Parallel()
	b, addr := start(t, Config{})
	c := join(t, addr, 5, "a")
	waiting := dial(t, addr, 5) // has not said CONNECT
	go b.Shutdown(t.Context())
	c.wantClosed(mqtt.ServerShuttingDown)
	waiting.wantClosed(mqtt.Success)
}

func TestDisconnect(t *testing.T) { // R-BRK-19
	t.Parallel()
	const revoked = "cert-1"
	certificates := make(chan string, 1)
	b, addr := start(t, Config{
		Authenticate: func(context.Context, Link) (Principal, error) {
			return &rights{id: <-certificates}, nil
		},
	})
	of := func(certificate string, version mqtt.Version) *client {
		certificates <- certificate
		return dial(t, addr, version)
	}
	three, five, other := of(revoked, 4), of(revoked, 5), of("cert-2", 4)
	for id, c := range map[string]*client{"three": three, "five": five, "other": other} {
		c.connect(mqtt.Connect{ClientID: id, CleanStart: true})
		c.wantConnack(0, false)
	}
	silent := of(revoked, 5) // has not sent its CONNECT
	until(t, "its connections", func() bool { return b.connectionsOf(revoked) == 3 })

	b.Disconnect(revoked)
	three.wantClosed(mqtt.AdministrativeAction)
	five.wantClosed(mqtt.AdministrativeAction)
	silent.wantClosed(mqtt.Success)
	other.sync()
	until(t, "their end", func() bool { return b.connectionsOf(revoked) == 0 })
}

func (b *Broker) connectionsOf(principal string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.principals.conns[principal])
}

// A oneConn is a listener of one connection.
type oneConn chan net.Conn

func (l oneConn) Accept() (net.Conn, error) {
	if nc, ok := <-l; ok {
		return nc, nil
	}
	return nil, net.ErrClosed
}

func (oneConn) Close() error   { return nil }
func (oneConn) Addr() net.Addr { return nil }

// A deadlineWatcher reports when the deadline of its connection is cleared.
type deadlineWatcher struct {
	net.Conn
	cleared func()
}

func (f deadlineWatcher) SetDeadline(t time.Time) error {
	if t.IsZero() {
		f.cleared()
	}
	return f.Conn.SetDeadline(t)
}

// A delivery sets a write deadline of its own as soon as there is a session.
func TestDeadlineIsClearedFirst(t *testing.T) {
	t.Parallel()
	b, _ := start(t, Config{})
	here, there := net.Pipe()
	joined := make(chan bool, 1)
	l := make(oneConn, 1)
	defer close(l)
	go b.Serve(t.Context(), l)
	l <- deadlineWatcher{there, func() { joined <- !b.isDisconnected("dev") }}
	c := &client{t: t, nc: here, version: 5}
	c.in.Reset(here, 1<<20)
	c.connect(mqtt.Connect{ClientID: "dev", CleanStart: true})
	if <-joined {
		t.Error("the deadline of CONNECT was cleared after the session was joined")
	}
	c.wantConnack(0, false)
	here.Close()
}
