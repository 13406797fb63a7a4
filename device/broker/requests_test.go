package broker

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

const (
	get      = "$aws/things/a/jobs/get"
	accepted = get + "/accepted"
)

func TestReplyQoS(t *testing.T) { // R-MQTT-29, R-MQTT-30, R-MQTT-31
	t.Parallel()
	_, addr := start(t, Config{Service: echo})
	for _, row := range []struct {
		name    string
		qos1    []string
		qos0    []string
		want    byte
		request byte
	}{
		{name: "not subscribed", want: 0, request: 1},
		{name: "exact at QoS 1", qos1: []string{accepted}, want: 1},
		{name: "exact at QoS 0", qos0: []string{accepted}, want: 0, request: 1},
		{name: "wildcard at QoS 1, exact at 0", qos1: []string{get + "/+"}, qos0: []string{accepted}, want: 1},
		{name: "three matches", qos1: []string{accepted, get + "/+", "$aws/things/a/jobs/#"}, want: 1},
		{name: "other topic at QoS 1", qos1: []string{"$aws/things/a/jobs/notify"}, want: 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			other := join(t, addr, 4, "") // R-MQTT-29, R-MQTT-35, R-CLI-12: sees neither request nor answer
			other.subscribe(1, 1, "$aws/things/a/jobs/#", "mark/"+row.name)
			c := join(t, addr, 4, "")
			if len(row.qos1) > 0 {
				c.subscribe(1, 1, row.qos1...)
			}
			if len(row.qos0) > 0 {
				c.subscribe(2, 0, row.qos0...)
			}
			for i := range 2 {
				payload := fmt.Sprintf(`{"clientToken":"%d"}`, i)
				c.publish(7, row.request, get, payload)
				if row.request == 1 {
					c.wantPuback(7, mqtt.Success)
				}
				c.wantPublish(accepted, payload, row.want) // one copy: the next packet is the next answer
			}
			c.sync()
			c.publish(8, 0, "mark/"+row.name, "")
			other.wantPublish("mark/"+row.name, "", 0)
		})
	}
}

// The service is told by what it can recognise a request that is delivered again: the packet
// identifier, and whether the packet was sent before (R-HTTP-24). At QoS 0 there is neither.
func TestRequestIdentity(t *testing.T) {
	t.Parallel()
	requests := make(chan Request, 1)
	_, addr := start(t, Config{Service: ServiceFunc(func(_ context.Context, _ *Peer, r Request) Reply {
		requests <- Request{PacketID: r.PacketID, Redelivered: r.Redelivered}
		return Reply{}
	})})
	for _, version := range []mqtt.Version{4, 5} {
		c := join(t, addr, version, "")
		for _, row := range []struct {
			packet mqtt.Publish
			want   Request
		}{
			{mqtt.Publish{QoS: 1, ID: 7}, Request{PacketID: 7}},
			{mqtt.Publish{QoS: 1, ID: 7, Dup: true}, Request{PacketID: 7, Redelivered: true}},
			{mqtt.Publish{}, Request{}},
		} {
			row.packet.Topic = get
			c.sendPublish(row.packet)
			if diff := cmp.Diff(row.want, <-requests); diff != "" {
				t.Errorf("version %d, %+v, want → got:\n%s", version, row.packet, diff)
			}
		}
	}
}

func TestReplyDenied(t *testing.T) { // R-MQTT-33
	t.Parallel()
	for decision, answered := range map[Decision]bool{Allow: true, ImplicitDeny: true, ExplicitDeny: false} {
		r := &rights{no: map[string]Decision{"receive " + accepted: decision}}
		_, addr := start(t, Config{Service: echo, Authenticate: r.authenticate})
		c := join(t, addr, 4, "a")
		c.publish(1, 1, get, "{}")
		c.wantPuback(1, mqtt.Success)
		if answered {
			c.wantPublish(accepted, "{}", 0)
		}
		c.sync()
	}
}

func TestReplyCorrelation(t *testing.T) { // R-MQTT-36
	t.Parallel()
	_, addr := start(t, Config{Service: echo})
	c := join(t, addr, 5, "")
	correlation := append([]byte{mqtt.PropCorrelationData}, mqtttest.Text("c-1")...)
	props := slices.Concat([]byte{mqtt.PropResponseTopic}, mqtttest.Text("elsewhere"), correlation)
	c.sendPublish(mqtt.Publish{Topic: get, Payload: []byte("{}"), Forwarded: props})
	p := c.wantPublish(accepted, "{}", 0)
	if !bytes.Equal(p.Forwarded, correlation) {
		t.Errorf("properties %q, want %q", p.Forwarded, correlation)
	}
}

// A notification that a request causes comes after its reply, however long the service takes for
// that (R-MQTT-43, R-MQTT-37).
func TestReplyBeforeNotify(t *testing.T) {
	t.Parallel()
	var b *Broker
	notify := "$aws/things/a/jobs/notify"
	made := make(chan struct{})
	b, addr := start(t, Config{Service: ServiceFunc(func(_ context.Context, p *Peer, r Request) Reply {
		<-made
		b.Publish(Message{Topic: notify, Payload: r.Payload, QoS: 1, Latest: false})
		until(t, "all that may be written to be written", func() bool { return !b.writesTo(p.ClientID) })
		return Reply{Topic: r.Topic + "/accepted", Payload: bytes.Clone(r.Payload)}
	})})
	close(made)
	c := join(t, addr, 4, "")
	c.subscribe(1, 0, notify)
	for i := range 20 {
		c.publish(0, 0, get, fmt.Sprint(i))
		c.wantPublish(accepted, fmt.Sprint(i), 0)
		c.wantPublish(notify, fmt.Sprint(i), 0)
	}
}

// writesTo reports whether a goroutine writes to a connected client.
func (b *Broker) writesTo(client string) bool {
	b.mu.Lock()
	s := b.sessions[client]
	b.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn != nil && s.conn.out.writing
}

func TestReplyIsBoundToConnection(t *testing.T) { // R-MQTT-32, T-49
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	_, addr := start(t, Config{Service: ServiceFunc(func(_ context.Context, _ *Peer, r Request) Reply {
		close(entered)
		<-release
		return Reply{Topic: r.Topic + "/accepted", Payload: []byte("late")}
	})})
	first := rejoin(t, addr, 4, "dev", false)
	first.subscribe(1, 1, get+"/+", "mark")
	first.publish(2, 1, get, "{}")
	<-entered
	second := rejoin(t, addr, 4, "dev", true)
	close(release)
	first.wantClosed(mqtt.Success)
	second.publish(0, 0, "mark", "")
	second.wantPublish("mark", "", 0)
}

// What a connection has sent before another one resumes its session, and what was not handled by
// then, the client delivers again. It is not handled twice (R-HTTP-24).
func TestResumedSessionDeliversAgain(t *testing.T) {
	t.Parallel()
	type handled struct {
		id  uint16
		dup bool
	}
	entered, release, all := make(chan struct{}), make(chan struct{}), make(chan handled, 9)
	b, addr := start(t, Config{Service: ServiceFunc(func(_ context.Context, _ *Peer, r Request) Reply {
		if all <- (handled{r.PacketID, r.Redelivered}); r.PacketID == 1 && !r.Redelivered {
			close(entered)
			<-release
		}
		return Reply{}
	})})
	var packets [][]byte
	for id := range uint16(3) {
		p := mqtt.Publish{Topic: get, QoS: 1, ID: id + 1}
		packets = append(packets, mqtt.AppendPublish(nil, 4, &p))
	}
	first := rejoin(t, addr, 4, "dev", false)
	first.send(packets...)
	<-entered
	second := rejoin(t, addr, 4, "dev", true)
	close(release)
	for id := range uint16(3) {
		second.sendPublish(mqtt.Publish{Topic: get, QoS: 1, ID: id + 1, Dup: true})
		second.wantPuback(id+1, mqtt.Success)
	}
	if err := b.Shutdown(t.Context()); err != nil { // waits for the first connection too
		t.Error(err)
	}
	close(all)
	got := map[handled]int{}
	for h := range all {
		got[h]++
	}
	want := map[handled]int{{1, false}: 1, {1, true}: 1, {2, true}: 1, {3, true}: 1}
	if !maps.Equal(got, want) {
		t.Errorf("handled %v, want %v", got, want)
	}
}

func TestUnackedReplyIsForgotten(t *testing.T) { // R-MQTT-32
	t.Parallel()
	b, addr := start(t, Config{Service: echo})
	c := rejoin(t, addr, 4, "dev", false)
	c.subscribe(1, 1, get+"/+")
	c.publish(0, 0, get, "{}")
	c.wantPublish(accepted, "{}", 1) // not acknowledged
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	c = rejoin(t, addr, 4, "dev", true)
	c.publish(0, 0, get, "again")
	c.wantPublish(accepted, "again", 1)
}

// Replies count against the Receive Maximum too: QoS 0 then.
func TestReplyWithFullWindow(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{Service: echo})
	c := dial(t, addr, 5)
	c.connect(mqtt.Connect{ClientID: "small", ReceiveMaximum: 1})
	c.wantConnack(0, false)
	c.subscribe(1, 1, get+"/+")
	for _, qos := range []byte{1, 0} {
		c.publish(0, 0, get, "{}")
		c.wantPublish(accepted, "{}", qos)
	}
}

// A service is told whether the client would hear an answer: it subscribes to the topic, and its
// policies allow it to receive (R-ID-80).
func TestHears(t *testing.T) {
	t.Parallel()
	hears := ServiceFunc(func(_ context.Context, _ *Peer, r Request) Reply {
		return Reply{Topic: r.Topic + "/accepted", Payload: fmt.Append(nil, r.Hears(accepted))}
	})
	for _, row := range []struct {
		name     string
		receive  Decision
		filters  []string
		expected string
	}{
		{"not subscribed", Allow, nil, "false"},
		{"to another topic", Allow, []string{get + "/rejected"}, "false"},
		{"subscribed", Allow, []string{accepted}, "true"},
		{"with a wildcard", Allow, []string{get + "/+"}, "true"},
		{"not allowed to receive", ImplicitDeny, []string{accepted}, "false"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := &rights{no: map[string]Decision{"receive " + accepted: row.receive}}
			_, addr := start(t, Config{Service: hears, Authenticate: r.authenticate})
			c := join(t, addr, 4, "a")
			if row.filters != nil {
				c.subscribe(1, 0, row.filters...)
			}
			c.publish(1, 0, get, "{}")
			c.wantPublish(accepted, row.expected, 0)
		})
	}
}
