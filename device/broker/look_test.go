package broker

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// next and all are the topics of notifications of the thing pump.
const next, all = "$aws/things/pump/jobs/notify-next", "$aws/things/pump/jobs/notify"

// notification is what a Look says of the last one, in words.
func (l Look) notification() string {
	switch n := l.Notification; {
	case n == nil:
		return "none"
	case n.Waits:
		return fmt.Sprintf("waits at QoS %d", n.QoS)
	case !n.Acknowledged.IsZero():
		return fmt.Sprintf("acknowledged, at QoS %d", n.QoS)
	case time.Since(n.Sent) < time.Minute:
		return fmt.Sprintf("sent at QoS %d", n.QoS)
	}
	return fmt.Sprintf("%+v", *l.Notification)
}

// Operators can see whether a client is there, who gets its notifications, and what became of the
// last one (R-EXP-2, R-EXP-8).
func TestLook(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{Service: echo})
	look := func(when string, connected bool, notification string) {
		t.Helper()
		l := b.Look("pump", next, all)
		if l.Connected != connected || l.AsThing != connected || l.notification() != notification {
			t.Errorf("%s: %+v, %s, want %v, %s", when, l, l.notification(), connected, notification)
		}
	}
	notify := func(topic string) {
		b.Publish(Message{Topic: topic, Payload: []byte("{}"), QoS: 1, Latest: true})
	}
	look("before it came", false, "none")
	pump := rejoin(t, addr, mqtt.V5, "pump", false)
	pump.subscribe(1, 1, next)
	look("before any", true, "none")
	notify(next)
	p := pump.wantPublish(next, "{}", 1)
	look("on its way", true, "sent at QoS 1")
	pump.send(mqtt.AppendPuback(nil, mqtt.V5, p.ID, mqtt.Success))
	pump.sync()
	look("acknowledged", true, "acknowledged, at QoS 1")
	b.Publish(Message{Topic: next, Payload: []byte("other"), QoS: 1})
	pump.wantPublish(next, "other", 1)
	look("after another message", true, "acknowledged, at QoS 1")
	pump.nc.Close()
	b.waitDisconnected(t, "pump")
	notify(next)
	look("away", false, "waits at QoS 1")
}

// Who gets the notifications is named once, the client itself first, and not more than some.
func TestReceivers(t *testing.T) { // R-EXP-2
	t.Parallel()
	b, addr := start(t, Config{Service: echo})
	for i := range maxReceivers + 2 {
		join(t, addr, mqtt.V5, fmt.Sprintf("watcher-%02d", i)).subscribe(1, 0, "$aws/things/+/jobs/notify", next)
	}
	join(t, addr, mqtt.V5, "pump").subscribe(1, 0, all)
	l := b.Look("pump", next, all)
	seen := map[string]bool{}
	for _, name := range l.Receivers {
		seen[name] = true
	}
	if len(l.Receivers) != maxReceivers || len(seen) != maxReceivers || l.Receivers[0] != "pump" {
		t.Errorf("receivers are %v", l.Receivers)
	}
	if diff := cmp.Diff([]string(nil), b.Look("valve", "$aws/things/valve/jobs/notify-next").Receivers); diff != "" {
		t.Errorf("nobody listens to it (-want +got):\n%s", diff)
	}
}

// A client that speaks for several things has one last notification, which is not taken for that of
// another thing; one at QoS 0 is not acknowledged.
func TestNotificationOfGateway(t *testing.T) { // R-EXP-2
	t.Parallel()
	b, addr := start(t, Config{Service: echo})
	gateway := join(t, addr, mqtt.V5, "pump")
	gateway.subscribe(1, 0, "$aws/things/+/jobs/notify-next")
	for _, topic := range []string{next, "$aws/things/valve/jobs/notify-next"} {
		b.Publish(Message{Topic: topic, Payload: []byte("{}"), QoS: 1, Latest: true})
		gateway.wantPublish(topic, "{}", 0)
		want := "sent at QoS 0"
		if topic != next {
			want = "none"
		}
		if got := b.Look("pump", next, all).notification(); got != want {
			t.Errorf("after %s: %s, want %s", topic, got, want)
		}
	}
}
