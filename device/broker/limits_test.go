package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// TestClosedFor sends one packet that ends the connection.
func TestClosedFor(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{Service: echo})
	publish := func(version mqtt.Version, p mqtt.Publish) []byte { return mqtt.AppendPublish(nil, version, &p) }
	nine := strings.Split("a b c d e f g h i", " ")
	for _, row := range []struct {
		name    string
		version mqtt.Version
		packet  []byte
		reason  mqtt.Reason
	}{
		{"R-BRK-10 QoS 2", 4, publish(4, mqtt.Publish{Topic: "a", QoS: 2, ID: 1}), mqtt.QoSNotSupported},
		{"R-BRK-10 QoS 2", 5, publish(5, mqtt.Publish{Topic: "a", QoS: 2, ID: 1}), mqtt.QoSNotSupported},
		{"R-BRK-20 9 filters", 4, mqtttest.Subscribe(4, 1, 0, nine...), mqtt.QuotaExceeded},
		{"R-BRK-20 9 filters", 5, mqtttest.Subscribe(5, 1, 0, nine...), mqtt.QuotaExceeded},
		{"R-BRK-20 129 KiB", 4, publish(4, mqtt.Publish{Topic: "a", Payload: make([]byte, 129<<10)}), mqtt.PacketTooLarge},
		{"R-BRK-20 129 KiB", 5, publish(5, mqtt.Publish{Topic: "a", Payload: make([]byte, 129<<10)}), mqtt.PacketTooLarge},
		{"R-BRK-20 packet length", 5, []byte{0x30, 0xFF, 0xFF, 0x7F}, mqtt.PacketTooLarge},
		{"R-BRK-51 subscription id 0", 5, mqtttest.SubscribeWith([]byte{mqtt.PropSubscriptionID, 0}, 5, 1, 0, "a"), mqtt.ProtocolError},
		{"R-BRK-51 two subscription ids", 5, mqtttest.SubscribeWith([]byte{mqtt.PropSubscriptionID, 1, mqtt.PropSubscriptionID, 2}, 5, 1, 0, "a"), mqtt.ProtocolError},
		{"R-BRK-51 long subscription id", 5, mqtttest.SubscribeWith([]byte{mqtt.PropSubscriptionID, 0x80, 0x80, 0x80, 0x80, 1}, 5, 1, 0, "a"), mqtt.MalformedPacket},
		{"R-BRK-51 subscription id in PUBLISH", 5, publish(5, mqtt.Publish{Topic: "a", SubscriptionIDs: []byte{mqtt.PropSubscriptionID, 1}}), mqtt.ProtocolError},
		{"R-BRK-9 PUBREC", 5, mqtttest.Packet(0x50, []byte{0, 1}), mqtt.ProtocolError},
		{"R-BRK-9 PUBREL", 4, mqtttest.Packet(0x62, []byte{0, 1}), mqtt.ProtocolError},
		{"R-BRK-9 AUTH", 5, mqtttest.Packet(0xF0, nil), mqtt.ProtocolError},
		{"R-BRK-18 retain on $aws", 5, publish(5, mqtt.Publish{Topic: get, QoS: 1, ID: 1, Retain: true}), mqtt.TopicNameInvalid},
		{"R-BRK-18 retain on $aws", 4, publish(4, mqtt.Publish{Topic: get, Retain: true}), mqtt.TopicNameInvalid},
		{"R-BRK-18 reserved", 4, publish(4, mqtt.Publish{Topic: "$aws/things/a/foo", QoS: 1, ID: 1}), mqtt.TopicNameInvalid},
		{"R-BRK-18 reserved, QoS 0", 5, publish(5, mqtt.Publish{Topic: "$SYS/x"}), mqtt.TopicNameInvalid},
		{"R-MQTT-3 response topic", 4, publish(4, mqtt.Publish{Topic: accepted}), mqtt.TopicNameInvalid},
		{"R-BRK-20 8 slashes", 4, publish(4, mqtt.Publish{Topic: "1/2/3/4/5/6/7/8/9"}), mqtt.TopicNameInvalid},
		{"R-BRK-20 257 bytes", 5, publish(5, mqtt.Publish{Topic: strings.Repeat("t", 257)}), mqtt.TopicNameInvalid},
		{"wildcard in a topic", 5, publish(5, mqtt.Publish{Topic: "a/+"}), mqtt.TopicNameInvalid},
		{"R-BRK-28 alias 9", 5, publish(5, mqtt.Publish{Topic: "a", Forwarded: []byte{mqtt.PropTopicAlias, 0, 9}}), mqtt.TopicAliasInvalid},
		{"R-BRK-28 unknown alias", 5, publish(5, mqtt.Publish{Forwarded: []byte{mqtt.PropTopicAlias, 0, 1}}), mqtt.ProtocolError},
		{"R-BRK-12 expiry raised from 0", 5, mqtttest.Packet(0xE0, []byte{0, 5, mqtt.PropSessionExpiry, 0, 0, 0, 9}), mqtt.ProtocolError},
		{"R-BRK-28 no topic and no alias", 5, publish(5, mqtt.Publish{}), mqtt.ProtocolError},
		{"packet type 0", 5, mqtttest.Packet(0x00, nil), mqtt.MalformedPacket},
		{"PINGREQ with a body", 5, mqtttest.Packet(0xC0, []byte{0}), mqtt.MalformedPacket},
		{"PUBACK id 0", 5, mqtttest.Packet(0x40, []byte{0, 0}), mqtt.MalformedPacket},
		{"SUBSCRIBE without filter", 5, mqtttest.Subscribe(5, 1, 0), mqtt.ProtocolError},
		{"UNSUBSCRIBE without filter", 5, mqtttest.Unsubscribe(5, 1), mqtt.ProtocolError},
		{"DISCONNECT with more", 5, mqtttest.Packet(0xE0, []byte{0, 0, 1}), mqtt.MalformedPacket},
		{"malformed", 5, mqtttest.Packet(0x36, []byte{0, 1, 'a', 0, 1, 0}), mqtt.MalformedPacket},
	} {
		t.Run(fmt.Sprintf("%s v%d", row.name, row.version), func(t *testing.T) {
			t.Parallel()
			c := join(t, addr, row.version, "")
			c.send(row.packet)
			c.wantClosed(row.reason)
		})
	}
}

func TestPublishRefusedV5(t *testing.T) { // R-BRK-17, R-BRK-18: QoS 1 leaves the connection open
	t.Parallel()
	r := &rights{no: map[string]Decision{"publish no": ImplicitDeny, "retain kept": ExplicitDeny}}
	var lines logLines
	_, addr := start(t, Config{Service: echo, Authenticate: r.authenticate, Log: logTo(&lines)})
	c := join(t, addr, 5, "dev-7")
	for topic, want := range map[string]mqtt.Reason{
		"no":                mqtt.NotAuthorized,
		"$aws/things/a/foo": mqtt.TopicNameInvalid,
		accepted:            mqtt.TopicNameInvalid,
		"a/+":               mqtt.TopicNameInvalid,
		"yes":               mqtt.Success,
	} {
		c.publish(2, 1, topic, "secret-payload")
		c.wantPuback(2, want)
	}
	kept := mqtt.Publish{Topic: "kept", QoS: 1, ID: 3, Retain: true, Payload: []byte("x")}
	c.send(mqtt.AppendPublish(nil, 5, &kept))
	c.wantPuback(3, mqtt.NotAuthorized)
	c.sync()
	log := lines.String() // R-BRK-37
	if !strings.Contains(log, "client=dev-7") || !strings.Contains(log, "topic=no") ||
		strings.Contains(log, "secret") {
		t.Errorf("log: %s", log)
	}
	c.publish(0, 0, "no", "")
	c.wantClosed(mqtt.NotAuthorized)

	old := join(t, addr, 4, "dev-8")
	old.publish(1, 1, "no", "")
	old.wantClosed(mqtt.NotAuthorized)
}

func TestAuthorisation(t *testing.T) { // R-BRK-17
	t.Parallel()
	r := &rights{no: map[string]Decision{
		"connect bad": ImplicitDeny, "connect later": Unknown, "publish will/no": ImplicitDeny, "subscribe no": ImplicitDeny,
		"receive hidden": ImplicitDeny,
	}}
	b, addr := start(t, Config{Authenticate: r.authenticate})
	will := &mqtt.Will{Message: mqtt.Publish{Topic: "will/no"}}
	for version, code := range map[mqtt.Version]byte{4: 5, 5: 0x87} {
		c := dial(t, addr, version)
		c.connect(mqtt.Connect{ClientID: "bad", CleanStart: true})
		c.wantConnack(code, false)
		c = dial(t, addr, version)
		c.connect(mqtt.Connect{ClientID: "ok", CleanStart: true, Will: will})
		c.wantConnack(code, false)
		c = dial(t, addr, version)
		c.connect(mqtt.Connect{ClientID: "later", CleanStart: true})
		c.wantConnack(map[mqtt.Version]byte{4: 3, 5: 0x88}[version], false)

		c = join(t, addr, version, fmt.Sprint("ok", version))
		want := byte(0x80)
		if version == mqtt.V5 {
			want = 0x87
		}
		if got := c.subscribe(1, 1, "no", "hidden", "seen"); got[0] != want || got[1] != 1 || got[2] != 1 {
			t.Errorf("v%d: SUBACK %x", version, got)
		}
		b.Publish(Message{Topic: "hidden", Payload: []byte("x"), QoS: 1})
		b.Publish(Message{Topic: "seen", Payload: []byte("x"), QoS: 1})
		c.wantPublish("seen", "x", 1)
	}
}

// Reading policies may be slow: nobody else waits for it.
func TestRefreshBlocksNobodyElse(t *testing.T) { // R-BRK-19, R-BRK-36
	t.Parallel()
	reading, release := make(chan struct{}, 1), make(chan struct{})
	slow := &rights{}
	b, addr := start(t, Config{Authenticate: slow.authenticate})
	c := join(t, addr, 5, "dev")
	c.subscribe(1, 1, "q")
	c.sync()
	slow.refresh = func() {
		select {
		case reading <- struct{}{}:
		default:
		}
		<-release
	}
	b.Publish(Message{Topic: "q", Payload: []byte("first"), QoS: 1})
	<-reading
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.Publish(Message{Topic: "q", Payload: []byte("second"), QoS: 1})
		b.expire(time.Now()) // locks the broker and all sessions
	}()
	select {
	case <-done:
	case <-time.After(timeout):
		t.Error("a publisher and the sweeper wait for the policies of somebody else")
	}
	close(release)
	c.wantPublish("q", "first", 1)
	c.wantPublish("q", "second", 1)
}

func TestSubscribeCodes(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	for _, row := range []struct {
		filter string
		qos    byte
		v311   byte
		v5     byte
	}{
		{"a", 0, 0, 0},
		{"a/b/#", 1, 1, 1},
		{"a", 2, 1, 1}, // R-BRK-10
		{"#", 1, 1, 1},
		{"a#", 1, 0x80, 0x8F},
		{"a/#/b", 1, 0x80, 0x8F},
		{"a+/b", 1, 0x80, 0x8F},
		{"", 1, 0x80, 0x8F},
		{"1/2/3/4/5/6/7/8", 1, 1, 1},
		{"1/2/3/4/5/6/7/8/9", 1, 0x80, 0x8F}, // R-BRK-20
		{strings.Repeat("f", 256), 1, 1, 1},
		{strings.Repeat("f", 257), 1, 0x80, 0x8F},
		{"$aws/things/a/jobs/#", 1, 1, 1}, // spec 32 section 5
		{"$aws/things/a/jobs/notify", 1, 1, 1},
		{"$aws/things/+/jobs/notify-next", 1, 1, 1},
		{"$aws/things/+/jobs/+/update/accepted", 1, 1, 1},
		{"$aws/things/a/#", 1, 1, 1},
		{"$aws/things/+/#", 1, 0x80, 0x8F},
		{"$aws/things/a/shadow/get/accepted", 1, 1, 1},
		{"$aws/things/a/tunnels/notify", 1, 1, 1},
		{"$aws/events/presence/#", 1, 1, 1},
		{"$aws/events/presence/connected/+", 1, 1, 1},
		{"$aws/events/job/a/completed", 1, 1, 1},
		{"$aws/rules/r/x", 1, 0x80, 0x8F},
		{"$aws/#", 1, 0x80, 0x8F},
		{"$aws/+/a/jobs/get", 1, 0x80, 0x8F},
		{"$SYS/#", 1, 0x80, 0x8F},
		{"$share/g/a", 1, 1, 1},
		{"$share/g", 1, 0x80, 0x8F},
		{"$share/g/$aws/things/a/jobs/notify", 1, 0x80, 0x8F},
	} {
		for version, want := range map[mqtt.Version]byte{4: row.v311, 5: row.v5} {
			t.Run(fmt.Sprintf("%.40s v%d", row.filter, version), func(t *testing.T) {
				t.Parallel()
				c := join(t, addr, version, "")
				if got := c.subscribe(1, row.qos, row.filter)[0]; got != want {
					t.Errorf("SUBACK 0x%02X, want 0x%02X", got, want)
				}
			})
		}
	}
}

func TestFiftySubscriptions(t *testing.T) { // R-BRK-20
	t.Parallel()
	_, addr := start(t, Config{})
	for version, code := range map[mqtt.Version]byte{4: 0x80, 5: 0x97} {
		c := join(t, addr, version, "")
		for i := range 50 {
			if got := c.subscribe(1, 1, fmt.Sprint("f", i)); got[0] != 1 {
				t.Fatalf("subscription %d: 0x%02X", i+1, got[0])
			}
		}
		if got := c.subscribe(1, 1, "f50", "f0"); got[0] != code || got[1] != 1 {
			t.Errorf("51st: 0x%02X, want 0x%02X; known filter: 0x%02X, want 1", got[0], code, got[1])
		}
		c.send(mqtttest.Unsubscribe(version, 9, "f0"))
		c.want(mqtt.TypeUnsuback)
		if got := c.subscribe(1, 1, "f50"); got[0] != 1 {
			t.Errorf("after UNSUBSCRIBE: 0x%02X", got[0])
		}
	}
}

func TestAcceptedAndDropped(t *testing.T) { // spec 32 section 5, T-54
	t.Parallel()
	_, addr := start(t, Config{Service: ServiceFunc(func(context.Context, *Peer, Request) Reply {
		t.Error("the service was asked")
		return Reply{}
	})})
	c := join(t, addr, 4, "")
	c.subscribe(1, 1, "$aws/things/a/shadow/#", "#")
	for _, topic := range []string{"$aws/things/a/shadow/get", "$aws/things/a/streams/s/get", "$aws/rules/r/1/2/3/4/5/6"} {
		c.publish(2, 1, topic, "{}")
		c.wantPuback(2, mqtt.Success)
	}
	c.publish(0, 0, "plain", "x")
	c.wantPublish("plain", "x", 0) // the only message
}

func TestInboundRate(t *testing.T) { // R-BRK-20: reading is delayed, nothing is lost
	t.Parallel()
	_, addr := start(t, Config{MessagesPerSecond: 50})
	c := join(t, addr, 4, "")
	began := time.Now()
	for i := range 60 {
		c.publish(uint16(i+1), 1, "a", "x")
	}
	for i := range 60 {
		c.wantPuback(uint16(i+1), mqtt.Success)
	}
	if elapsed := time.Since(began); elapsed < 150*time.Millisecond {
		t.Errorf("60 messages at 50/s with a burst of 50 took %v", elapsed)
	}
}

// Clients that publish to others wait for the store; requests to the service do not.
func TestFullJournal(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{Service: echo})
	c, other := join(t, addr, 4, ""), join(t, addr, 4, "")
	weigh := func(bytes int) {
		b.journal.mu.Lock()
		defer b.journal.mu.Unlock()
		b.journal.bytes += bytes
		b.journal.shrunk.Broadcast()
	}
	weigh(b.cfg.MaxPendingBytes + 1)
	c.publish(1, 1, "q", "x")
	c.nc.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := c.in.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the publish was answered: %v", err)
	}
	other.publish(1, 1, get, "{}")
	other.wantPuback(1, mqtt.Success)
	weigh(-b.cfg.MaxPendingBytes - 1)
	c.wantPuback(1, mqtt.Success)
}

// A client that does not read the replies to its requests is not read from, and gets them all when
// it reads again.
func TestRepliesNotRead(t *testing.T) { // R-BRK-36
	t.Parallel()
	b, _ := start(t, Config{Service: echo, BytesPerSecond: -1})
	here, there := net.Pipe() // has no buffer
	l := make(oneConn, 1)
	defer close(l)
	go b.Serve(t.Context(), l)
	l <- there
	c := &client{t: t, nc: here, version: mqtt.V311}
	c.in.Reset(here, 1<<20)
	c.connect(mqtt.Connect{ClientID: "dev", CleanStart: true})
	c.wantConnack(0, false)
	c.subscribe(1, 0, "q")
	b.Publish(Message{Topic: "q", Payload: []byte("x")})
	first := make([]byte, 1)
	if _, err := io.ReadFull(here, first); err != nil {
		t.Fatal(err)
	}
	c.in.Reset(io.MultiReader(bytes.NewReader(first), here), 1<<20) // the writer waits for the rest

	payload := func(i int) string { return fmt.Sprintf("%05d%s", i, strings.Repeat("x", 10<<10)) }
	sent := 0
	for err := error(nil); err == nil; {
		request := mqtt.Publish{Topic: get, Payload: []byte(payload(sent))}
		here.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err = here.Write(mqtt.AppendPublish(nil, c.version, &request)); err == nil {
			sent++
		}
		if sent > 20 {
			t.Fatal("requests are read though replies to them are not")
		}
	}
	here.SetWriteDeadline(time.Time{})
	c.wantPublish("q", "x", 0)
	for i := range sent {
		c.wantPublish(accepted, payload(i), 0)
	}
	c.sync()
}

func TestNoService(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	c := join(t, addr, 5, "")
	c.publish(1, 1, get, "{}")
	c.wantPuback(1, mqtt.Success)
	c.sync()
}

func TestTopicAlias(t *testing.T) { // R-BRK-28
	t.Parallel()
	_, addr := start(t, Config{})
	c := join(t, addr, 5, "")
	c.subscribe(1, 0, "long/topic")
	alias := []byte{mqtt.PropTopicAlias, 0, 8}
	c.sendPublish(mqtt.Publish{Topic: "long/topic", Payload: []byte("1"), Forwarded: alias})
	c.sendPublish(mqtt.Publish{Payload: []byte("2"), Forwarded: alias})
	c.wantPublish("long/topic", "1", 0)
	c.wantPublish("long/topic", "2", 0)

	refused := strings.Repeat("t", mqtt.MaxTopicBytes+1)
	c.sendPublish(mqtt.Publish{Topic: refused, QoS: 1, ID: 1, Forwarded: alias})
	c.wantPuback(1, mqtt.TopicNameInvalid)
	c.sendPublish(mqtt.Publish{Forwarded: alias}) // neither this one nor the one before is set
	c.wantClosed(mqtt.ProtocolError)
}

func TestMaxSessions(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{MaxSessions: 2})
	c := rejoin(t, addr, 4, "away", false)
	c.nc.Close()
	b.waitDisconnected(t, "away")
	first := join(t, addr, 4, "first")
	for version, code := range map[mqtt.Version]byte{4: 3, 5: 0x97} {
		c := dial(t, addr, version)
		c.connect(mqtt.Connect{ClientID: "second", CleanStart: true})
		c.wantConnack(code, false)
	}
	rejoin(t, addr, 4, "away", true) // a session that exists is no new one
	join(t, addr, 4, "first")
	first.wantClosed(mqtt.SessionTakenOver)
}
