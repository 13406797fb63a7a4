package broker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// traced collects what a trace shows, one line for each event.
type traced struct {
	mu    sync.Mutex
	lines []string
}

func (l *traced) see(t Trace) {
	line := string(t.Kind)
	switch t.Kind {
	case TraceReceived, TraceSent:
		line += fmt.Sprintf(" %d", t.Packet.Type)
		if p, err := mqtt.DecodeDelivery(t.Packet, t.Version); err == nil && t.Packet.Type == mqtt.TypePublish {
			line += " " + p.Topic + " " + string(p.Payload)
			if t.Topic != "" {
				line += " " + t.Topic
			}
		}
	default:
		line += strings.TrimRight(fmt.Sprintf(" %s %s %s", t.Detail, t.Topic, t.Why), " ")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

// until returns the lines once there is one with a prefix.
func (l *traced) until(t *testing.T, prefix string) []string {
	t.Helper()
	for deadline := time.Now().Add(timeout); ; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		lines := slices.Clone(l.lines)
		l.mu.Unlock()
		if slices.ContainsFunc(lines, func(s string) bool { return strings.HasPrefix(s, prefix) }) {
			return lines
		}
		if time.Now().After(deadline) {
			t.Fatalf("no line %s in\n%s", prefix, strings.Join(lines, "\n"))
		}
	}
}

// explained is an Authorizer that says why.
type explained struct{ anyThing }

func (explained) Decide(action Action, resource string) Decision {
	if strings.HasPrefix(resource, "no/") {
		return ImplicitDeny
	}
	return Allow
}

func (explained) Explain(action Action, resource string) string {
	return fmt.Sprintf("[%d on %s]", action, resource)
}

// explains is the principal of all clients.
type explains struct{ anyone }

func (explains) Bind(a Attributes) Authorizer { return explained{anyThing(a.ClientID)} }

// A trace shows what the client of a thing sends and gets, why something is refused and not
// delivered, and the end; nothing of other clients, and nothing once it is stopped (R-BRK-47).
func TestTrace(t *testing.T) {
	t.Parallel()
	cfg := Config{Service: echo}
	cfg.Authenticate = func(context.Context, Link) (Principal, error) { return explains{}, nil }
	b, addr := start(t, cfg)
	var seen, stopped traced
	stop := b.Trace("pump", seen.see)
	defer stop()
	b.Trace("pump", stopped.see)()
	other := join(t, addr, mqtt.V5, "lamp")
	other.subscribe(1, 0, "to/all")
	c := join(t, addr, mqtt.V5, "pump")
	c.subscribe(1, 1, "to/all")
	if codes := c.subscribe(2, 1, "no/filter"); codes[0] != byte(mqtt.NotAuthorized) {
		t.Errorf("SUBACK %x", codes)
	}
	c.sendPublish(mqtt.Publish{Topic: "no/topic", QoS: 1, ID: 3})
	c.wantPuback(3, mqtt.NotAuthorized)
	c.sendPublish(mqtt.Publish{Topic: "$aws/things/pump/jobs/get", Payload: []byte("{}")})
	c.wantPublish("$aws/things/pump/jobs/get/accepted", "{}", 0)
	b.Publish(Message{Topic: "to/all", Payload: []byte("x")})
	c.wantPublish("to/all", "x", 0)
	c.send(mqtttest.Packet(mqtt.TypeDisconnect<<4, nil))
	want := []string{
		"RECEIVED 1", "SENT 2", "RECEIVED 8", "SENT 9", "RECEIVED 8",
		"REFUSED not allowed to subscribe no/filter [3 on no/filter]", "SENT 9",
		"RECEIVED 3 no/topic ", "REFUSED not allowed to publish no/topic [1 on no/topic]", "SENT 4",
		"RECEIVED 3 $aws/things/pump/jobs/get {}", "SENT 3 $aws/things/pump/jobs/get/accepted {}",
		"SENT 3 to/all x", "RECEIVED 14", "CLOSED CLIENT_INITIATED_DISCONNECT",
	}
	if diff := cmp.Diff(want, seen.until(t, "CLOSED")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(stopped.lines) > 0 {
		t.Errorf("after stop: %q", stopped.lines)
	}
}

// What is refused before there is a session, what is withheld, and why the server ends a connection
// (R-BRK-47).
func TestTraceRefusals(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{})
	var seen traced
	defer b.Trace("pump", seen.see)()
	defer b.Trace(strings.Repeat("x", 200), seen.see)()
	c := dial(t, addr, mqtt.V5)
	c.connect(mqtt.Connect{ClientID: strings.Repeat("x", 200), CleanStart: true})
	c.wantConnack(byte(mqtt.InvalidClientID), false)
	c = dial(t, addr, mqtt.V5)
	c.connect(mqtt.Connect{ClientID: "pump", CleanStart: true, MaximumPacket: 50})
	c.wantConnack(0, false)
	c.subscribe(1, 0, "a")
	b.Publish(Message{Topic: "a", Payload: make([]byte, 100)})
	seen.until(t, "WITHHELD")
	c.sendPublish(mqtt.Publish{Topic: "a", QoS: 2, ID: 1})
	c.wantClosed(mqtt.QoSNotSupported)
	want := []string{
		"RECEIVED 1", "REFUSED the client id is not valid", "SENT 2",
		"RECEIVED 1", "SENT 2", "RECEIVED 8", "SENT 9",
		"WITHHELD it is larger than the client accepts a",
		"RECEIVED 3 a ", "REFUSED PUBLISH has QoS 2", "SENT 14", "CLOSED CLIENT_ERROR",
	}
	if diff := cmp.Diff(want, seen.until(t, "CLOSED")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// While nobody traces, a packet costs no memory (R-BRK-47).
func TestTraceOffIsFree(t *testing.T) { //nolint:paralleltest // allocations are counted
	b := &Broker{}
	c := &conn{b: b}
	c.out.c = c
	packet := mqtt.Packet{Type: mqtt.TypePublish, Body: []byte("x")}
	refused := closeWith(mqtt.NotAuthorized, "x")
	if n := testing.AllocsPerRun(100, func() {
		c.traceReceived(packet)
		c.traceSent(packet.Body)
		c.traceRefused(refused)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
