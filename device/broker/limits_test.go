package broker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestClosedFor sends one packet that ends the connection.
func TestClosedFor(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{Service: echo})
	publish := func(version byte, p publishOut) []byte { return appendPublish(nil, version, &p) }
	nine := strings.Split("a b c d e f g h i", " ")
	qos0 := byte(0)
	for _, row := range []struct {
		name    string
		version byte
		packet  []byte
		reason  Reason
	}{
		{"R-BRK-10 QoS 2", 4, publish(4, publishOut{topic: "a", qos: 2, id: 1}), QoSNotSupported},
		{"R-BRK-10 QoS 2", 5, publish(5, publishOut{topic: "a", qos: 2, id: 1}), QoSNotSupported},
		{"R-BRK-20 9 filters", 4, encodeSubscribe(4, 1, 0, nine...), QuotaExceeded},
		{"R-BRK-20 9 filters", 5, encodeSubscribe(5, 1, 0, nine...), QuotaExceeded},
		{"R-BRK-20 129 KiB", 4, publish(4, publishOut{topic: "a", payload: make([]byte, 129<<10)}), PacketTooLarge},
		{"R-BRK-20 129 KiB", 5, publish(5, publishOut{topic: "a", payload: make([]byte, 129<<10)}), PacketTooLarge},
		{"R-BRK-20 packet length", 5, []byte{0x30, 0xFF, 0xFF, 0x7F}, PacketTooLarge},
		{"R-BRK-26 subscription id", 5, encodeFilters(0x82, 5, 1, []byte{propSubscriptionID, 1}, nine[:1], &qos0),
			SubscriptionIDNotAllowed},
		{"R-BRK-9 PUBREC", 5, packet(0x50, []byte{0, 1}), ProtocolError},
		{"R-BRK-9 PUBREL", 4, packet(0x62, []byte{0, 1}), ProtocolError},
		{"R-BRK-9 AUTH", 5, packet(0xF0, nil), ProtocolError},
		{"R-BRK-18 retain on $aws", 5, publish(5, publishOut{topic: get, qos: 1, id: 1, retain: true}), TopicNameInvalid},
		{"R-BRK-18 retain on $aws", 4, publish(4, publishOut{topic: get, retain: true}), TopicNameInvalid},
		{"R-BRK-18 reserved", 4, publish(4, publishOut{topic: "$aws/things/a/foo", qos: 1, id: 1}), TopicNameInvalid},
		{"R-BRK-18 reserved, QoS 0", 5, publish(5, publishOut{topic: "$SYS/x"}), TopicNameInvalid},
		{"R-MQTT-3 response topic", 4, publish(4, publishOut{topic: accepted}), TopicNameInvalid},
		{"R-BRK-20 8 slashes", 4, publish(4, publishOut{topic: "1/2/3/4/5/6/7/8/9"}), TopicNameInvalid},
		{"R-BRK-20 257 bytes", 5, publish(5, publishOut{topic: strings.Repeat("t", 257)}), TopicNameInvalid},
		{"wildcard in a topic", 5, publish(5, publishOut{topic: "a/+"}), TopicNameInvalid},
		{"R-BRK-28 alias 9", 5, publish(5, publishOut{topic: "a", pass: []byte{propTopicAlias, 0, 9}}), TopicAliasInvalid},
		{"R-BRK-28 unknown alias", 5, publish(5, publishOut{pass: []byte{propTopicAlias, 0, 1}}), ProtocolError},
		{"R-BRK-12 expiry raised from 0", 5, packet(0xE0, []byte{0, 5, propSessionExpiry, 0, 0, 0, 9}), ProtocolError},
		{"malformed", 5, packet(0x36, []byte{0, 1, 'a', 0, 1, 0}), MalformedPacket},
	} {
		t.Run(fmt.Sprintf("%s v%d", row.name, row.version), func(t *testing.T) {
			t.Parallel()
			c := join(t, addr, row.version, "")
			c.send(row.packet)
			c.wantClosed(row.reason)
		})
	}
}

func TestPublishRefusedV5(t *testing.T) { // R-BRK-17, R-BRK-18: QoS 1 keeps the connection
	t.Parallel()
	r := &rights{no: map[string]Decision{"publish no": ImplicitDeny, "retain kept": ExplicitDeny}}
	var lines logLines
	_, addr := start(t, Config{Service: echo, Authenticate: r.authenticate, Log: logTo(&lines)})
	c := join(t, addr, 5, "dev-7")
	for topic, want := range map[string]Reason{
		"no": NotAuthorized, "$aws/things/a/foo": TopicNameInvalid, "$aws/things/a/jobs/get/accepted": TopicNameInvalid,
		"a/+": TopicNameInvalid, "yes": Success,
	} {
		c.publish(2, 1, topic, "secret-payload")
		c.wantPuback(2, want)
	}
	kept := publishOut{topic: "kept", qos: 1, id: 3, retain: true, payload: []byte("x")}
	c.send(appendPublish(nil, 5, &kept))
	c.wantPuback(3, NotAuthorized)
	c.sync()
	log := lines.String() // R-BRK-37
	if !strings.Contains(log, "client=dev-7") || !strings.Contains(log, "topic=no") || strings.Contains(log, "secret") {
		t.Errorf("log: %s", log)
	}
	c.publish(0, 0, "no", "")
	c.wantClosed(NotAuthorized)

	old := join(t, addr, 4, "dev-8")
	old.publish(1, 1, "no", "")
	old.wantClosed(NotAuthorized)
}

func TestAuthorisation(t *testing.T) { // R-BRK-17
	t.Parallel()
	r := &rights{no: map[string]Decision{
		"connect bad": ImplicitDeny, "publish will/no": ImplicitDeny, "subscribe no": ImplicitDeny,
		"receive hidden": ImplicitDeny,
	}}
	b, addr := start(t, Config{Authenticate: r.authenticate})
	for version, code := range map[byte]byte{4: 5, 5: 0x87} {
		c := dial(t, addr, version)
		c.send(encodeConnect(hello{version: version, id: "bad", clean: true}))
		c.wantConnack(code, false)
		c = dial(t, addr, version)
		c.send(encodeConnect(hello{version: version, id: "ok", clean: true, will: &publishOut{topic: "will/no"}}))
		c.wantConnack(code, false)

		c = join(t, addr, version, fmt.Sprint("ok", version))
		want := byte(0x80)
		if version == version5 {
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

// Reading policies takes as long as the store takes: nobody else may wait for it.
func TestRefreshHoldsNobodyUp(t *testing.T) { // R-BRK-19, R-BRK-36
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
		b.expire(time.Now()) // takes the lock of the broker and those of all sessions
	}()
	select {
	case <-done:
	case <-time.After(patience):
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
		{"$share/g/a", 1, 0x80, 0x9E},
	} {
		for version, want := range map[byte]byte{4: row.v311, 5: row.v5} {
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
	for version, code := range map[byte]byte{4: 0x80, 5: 0x97} {
		c := join(t, addr, version, "")
		for i := range 50 {
			if got := c.subscribe(1, 1, fmt.Sprint("f", i)); got[0] != 1 {
				t.Fatalf("subscription %d: 0x%02X", i+1, got[0])
			}
		}
		if got := c.subscribe(1, 1, "f50", "f0"); got[0] != code || got[1] != 1 {
			t.Errorf("51st: 0x%02X, want 0x%02X; known filter: 0x%02X, want 1", got[0], code, got[1])
		}
		c.send(encodeFilters(typeUnsubscribe<<4|2, version, 9, nil, []string{"f0"}, nil))
		c.want(typeUnsuback)
		if got := c.subscribe(1, 1, "f50"); got[0] != 1 {
			t.Errorf("after UNSUBSCRIBE: 0x%02X", got[0])
		}
	}
}

func TestAcceptedAndDropped(t *testing.T) { // spec 32 section 5, T-54
	t.Parallel()
	_, addr := start(t, Config{Service: ServiceFunc(func(context.Context, *Peer, string, []byte) Reply {
		t.Error("the service was asked")
		return Reply{}
	})})
	c := join(t, addr, 4, "")
	c.subscribe(1, 1, "$aws/things/a/shadow/#", "#")
	for _, topic := range []string{"$aws/things/a/shadow/get", "$aws/things/a/streams/s/get", "$aws/rules/r/1/2/3/4/5/6"} {
		c.publish(2, 1, topic, "{}")
		c.wantPuback(2, Success)
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
		c.wantPuback(uint16(i+1), Success)
	}
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("60 messages at 50/s with a burst of 50 took %v", took)
	}
}

func TestFullJournal(t *testing.T) { // who publishes waits for the store, who asks the service does not
	t.Parallel()
	b, addr := start(t, Config{Service: echo})
	c, other := join(t, addr, 4, ""), join(t, addr, 4, "")
	weigh := func(bytes int) {
		b.journal.mu.Lock()
		defer b.journal.mu.Unlock()
		b.journal.bytes += bytes
		b.journal.room.Broadcast()
	}
	weigh(maxJournal + 1)
	c.publish(1, 1, "q", "x")
	c.nc.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, _, err := c.in.next(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the publish was answered: %v", err)
	}
	other.publish(1, 1, get, "{}")
	other.wantPuback(1, Success)
	weigh(-maxJournal - 1)
	c.wantPuback(1, Success)
}

func TestTopicAlias(t *testing.T) { // R-BRK-28
	t.Parallel()
	_, addr := start(t, Config{})
	c := join(t, addr, 5, "")
	c.subscribe(1, 0, "long/topic")
	alias := []byte{propTopicAlias, 0, 8}
	c.send(appendPublish(nil, 5, &publishOut{topic: "long/topic", payload: []byte("1"), pass: alias}))
	c.send(appendPublish(nil, 5, &publishOut{payload: []byte("2"), pass: alias}))
	c.wantPublish("long/topic", "1", 0)
	c.wantPublish("long/topic", "2", 0)

	refused := strings.Repeat("t", maxTopicBytes+1)
	c.send(appendPublish(nil, 5, &publishOut{topic: refused, qos: 1, id: 1, pass: alias}))
	c.wantPuback(1, TopicNameInvalid)
	c.send(appendPublish(nil, 5, &publishOut{pass: alias})) // it is not kept, and neither is the one before
	c.wantClosed(ProtocolError)
}

func TestMaxSessions(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{MaxSessions: 2})
	c := rejoin(t, addr, 4, "away", false)
	c.nc.Close()
	until(t, "the client to be away", func() bool { return b.away("away") })
	first := join(t, addr, 4, "first")
	for version, code := range map[byte]byte{4: 3, 5: 0x97} {
		c := dial(t, addr, version)
		c.send(encodeConnect(hello{version: version, id: "second", clean: true}))
		c.wantConnack(code, false)
	}
	rejoin(t, addr, 4, "away", true) // a known one is let in
	join(t, addr, 4, "first")
	first.wantClosed(SessionTakenOver)
}
