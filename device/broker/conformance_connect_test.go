package broker

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// A CONNECT has what its flags say and nothing else; one that has not ends the connection without
// an answer, and without a DISCONNECT in its place.
func TestConnectFieldsMustBeThere(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		var none []byte // the properties
		if version == mqtt.V5 {
			none = []byte{0}
		}
		text := mqtttest.Text
		will := slices.Concat(none, text("w"), text(""))
		for _, row := range []struct {
			name  string
			flags byte
			tail  []byte // after the client id
		}{
			{"will missing", 0x06, nil},
			{"will payload missing", 0x06, slices.Concat(none, text("w"))},
			{"will without its flag", 0x02, will},
			{"user name missing", 0x82, nil},
			{"user name without its flag", 0x02, text("u")},
			{"password missing", 0xC2, text("u")},
			{"password without its flag", 0x82, slices.Concat(text("u"), text("p"))},
			{"will QoS without a will", 0x0A, nil},
			{"will retain without a will", 0x22, nil},
			{"will at QoS 3", 0x1E, will},
			{"reserved flag", 0x03, nil},
		} {
			t.Run(fmt.Sprintf("%s v%d", row.name, version), func(t *testing.T) {
				t.Parallel()
				c := dial(t, addr, version)
				c.send(mqtttest.Packet(mqtt.TypeConnect<<4, slices.Concat(
					text("MQTT"), []byte{byte(version), row.flags, 0, 60}, none, text("dev"), row.tail)))
				if packet := c.read(); packet.Type != 0 {
					t.Errorf("answered with packet type %d %x", packet.Type, packet.Body)
				}
			})
		}
		c := dial(t, addr, version) // all of it is there
		c.send(mqtttest.Packet(mqtt.TypeConnect<<4, slices.Concat(
			text("MQTT"), []byte{byte(version), 0xC6, 0, 60}, none, text("all"), will, text("u"), text("p"))))
		c.wantConnack(0, false)
	}
}

// Client ids of 1 to 23 letters and digits are accepted, and those that the server assigns differ.
func TestClientIDs(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	for _, id := range []string{
		"0", "0123456789abcdefghijklm", "nopqrstuvwxyzABCDEFGHIJ", "KLMNOPQRSTUVWXYZ",
	} {
		join(t, addr, mqtt.V311, id)
		join(t, addr, mqtt.V5, id)
	}
	assigned := func() string {
		c := dial(t, addr, mqtt.V5)
		c.connect(mqtt.Connect{})
		body := c.want(mqtt.TypeConnack).Body
		at := slices.Index(body, mqtt.PropAssignedClientID)
		return string(body[at+3:])
	}
	if one, two := assigned(), assigned(); one == two || one == "" {
		t.Errorf("assigned %q and %q", one, two)
	}
}

// What comes after a CONNECT that is refused is not done, and the connection ends after the CONNACK,
// which has no session.
func TestNothingAfterRefusal(t *testing.T) {
	t.Parallel()
	r := &rights{no: map[string]Decision{"connect bad": ImplicitDeny}}
	_, addr := start(t, Config{Authenticate: r.authenticate})
	watch := join(t, addr, mqtt.V5, "watch")
	watch.subscribe(1, 0, "#")
	for version, code := range map[mqtt.Version]byte{mqtt.V311: 5, mqtt.V5: 0x87} {
		c := dial(t, addr, version)
		c.send(
			mqtttest.Connect(&mqtt.Connect{Version: version, ClientID: "bad", CleanStart: true}, ""),
			publishPacket(version, mqtt.Publish{Topic: "a"}), mqtttest.Subscribe(version, 1, 0, "a"))
		c.wantConnack(code, false)
		if packet := c.read(); packet.Type != 0 {
			t.Errorf("after the CONNACK came packet type %d", packet.Type)
		}
	}
	watch.sync()
}

// A client that is refused for what its packets are before its CONNECT was accepted gets no
// DISCONNECT.
func TestNoDisconnectBeforeConnack(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	for name, packet := range map[string][]byte{
		"PINGREQ":   {mqtt.TypePingreq << 4, 0},
		"PUBLISH":   publishPacket(5, mqtt.Publish{Topic: "a"}),
		"AUTH":      mqtttest.Packet(0xF0, nil),
		"property":  mqtttest.Packet(0x10, []byte{0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 0, 2, 0x7E, 1}),
		"too large": {0x10, 0xFF, 0xFF, 0x7F},
	} {
		c := dial(t, addr, mqtt.V5)
		c.send(packet)
		if got := c.read(); got.Type != 0 {
			t.Errorf("%s: answered with packet type %d %x", name, got.Type, got.Body)
		}
	}
}

// The properties of a will come as they were left, in their order.
func TestWillProperties(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	watch := join(t, addr, mqtt.V5, "watch")
	watch.subscribe(1, 0, "w")
	c := dial(t, addr, mqtt.V5)
	c.connect(mqtt.Connect{ClientID: "dev", Will: &mqtt.Will{Message: mqtt.Publish{Topic: "w", Forwarded: allForwarded}}})
	c.wantConnack(0, false)
	c.nc.Close()
	if p := watch.wantPublish("w", "", 0); string(p.Forwarded) != string(allForwarded) {
		t.Errorf("the will has %x, want %x", p.Forwarded, allForwarded)
	}
}

// With Clean Session a session ends with its connection. Retained messages are no part of it, and
// nothing is published for a client without a will.
func TestCleanSessionEnds(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{})
	watch := join(t, addr, mqtt.V311, "watch")
	watch.subscribe(1, 0, "#")
	c := join(t, addr, mqtt.V311, "dev")
	c.subscribe(1, 1, "a")
	c.sendPublish(mqtt.Publish{Topic: "kept", Payload: []byte("x"), Retain: true})
	c.sync()
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	join(t, addr, mqtt.V311, "other").publishNumbers("a", 1)
	c = rejoin(t, addr, mqtt.V311, "dev", false)
	c.sync()
	c.subscribe(2, 0, "kept")
	if p := c.wantPublish("kept", "x", 0); !p.Retain {
		t.Error("RETAIN 0")
	}
	watch.wantPublish("kept", "x", 0)
	watch.wantPublish("a", "1", 0)
	watch.sync()
}

// A session does not end while its client is connected, however short its expiry is.
func TestSessionLastsWhileConnected(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{})
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		c := join(t, addr, version, "dev")
		c.subscribe(1, 1, "a")
		b.expire(time.Now().Add(30 * 24 * time.Hour))
		c.publish(0, 0, "a", "x")
		c.wantPublish("a", "x", 0)
	}
}

// While a client sends anything its connection lasts, and not beyond one and a half times its own
// keep-alive.
func TestKeepAliveIsTheClients(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{KeepAliveMin: time.Second, KeepAliveMax: time.Minute})
	c := dial(t, addr, mqtt.V5)
	c.connect(mqtt.Connect{ClientID: "dev", KeepAlive: 1})
	if props := c.wantConnack(0, false); props[mqtt.PropServerKeepAlive] != 0 {
		t.Errorf("the server's keep-alive is %d s", props[mqtt.PropServerKeepAlive])
	}
	began := time.Now()
	c.wantClosed(mqtt.KeepAliveTimeout)
	if d := time.Since(began); d < 1400*time.Millisecond || d > 3*time.Second {
		t.Errorf("closed after %v", d)
	}
}
