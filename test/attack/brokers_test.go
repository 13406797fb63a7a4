package attack

import (
	"fmt"
	"testing"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/test/testserver"
)

// Faults of kinds that other brokers had, with the packets that show them. What is not here has a
// test of its own: half-sent CONNECTs in flood_test.go, stored messages that cannot be read in
// damage_test.go, names with a longer one behind them in topics_test.go.

// noLogs is a policy that allows everything but what is below logs.
const noLogs = `{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":["iot:Connect","iot:Publish","iot:RetainPublish"],"Resource":"*"},
 {"Effect":"Allow","Action":["iot:Subscribe","iot:Receive"],"Resource":"*"},
 {"Effect":"Deny","Action":"iot:Subscribe","Resource":"*topicfilter/logs/*"},
 {"Effect":"Deny","Action":"iot:Receive","Resource":"*topic/logs/*"}]}`

// A subscription that is denied gets nothing: no retained message, nothing live and nothing that is
// stored for the session. A wider one, which the policy does not deny, gets nothing of what is
// denied either (R-BRK-17, R-BRK-23).
func TestDeniedSubscription(t *testing.T) {
	t.Parallel()
	s := newTwo(t)
	s.Policy("no-logs", noLogs)
	curious := s.Identify("", "no-logs")
	source := join(t, s.Server, &s.wide, mqtt.Connect{ClientID: "pump-07", CleanStart: true})
	retain := func(topic string) {
		source.send(mqtt.AppendPublish(nil, mqtt.V5, &mqtt.Publish{
			Topic: topic, Payload: []byte("kept"), QoS: 1, ID: 9, Retain: true}))
		if reason := source.wantPuback(9); reason != mqtt.Success {
			t.Fatalf("PUBACK 0x%02X", byte(reason))
		}
	}
	retain("logs/a")
	retain("news")
	lasting := mqtt.Connect{ClientID: "curious", SessionExpiry: 3600}
	c := join(t, s.Server, &curious, lasting)
	denied := byte(mqtt.NotAuthorized)
	for filter, want := range map[string]byte{
		"logs/a": denied, "logs/#": denied, "logs/+": denied, "#": 1, "+/a": 1, "+/+": 1,
	} {
		if codes := c.subscribe(filter); codes[0] != want {
			t.Errorf("SUBACK for %s: 0x%02X, want 0x%02X", filter, codes[0], want)
		}
	}
	source.publish(1, "logs/a", "secret")
	c.sync()
	if got := c.subscribe("news"); got[0] != 1 || c.wantPublish("news") != "kept" {
		t.Errorf("news: 0x%02X", got[0])
	}
	c.nc.Close()
	source.publish(2, "logs/a", "secret")
	source.publish(3, "other", "for all")
	c = connect(t, dial(t, s.MQTTS, s.TLS(&curious)), lasting)
	if !c.wantConnack(mqtt.Success) {
		t.Error("the session is gone")
	}
	if got := c.wantPublish("other"); got != "for all" {
		t.Errorf("got %q", got)
	}
	c.sync()
}

// A packet identifier that comes twice in one burst is one message that is sent again, until it is
// acknowledged; afterwards it is another one. All are acknowledged (R-BRK-25).
func TestIdentifierTwice(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		topic := fmt.Sprint("burst/", version)
		reader := joinPlain(t, s, mqtt.Connect{ClientID: fmt.Sprint("reader", version), CleanStart: true})
		reader.subscribe(topic)
		c := joinPlain(t, s, mqtt.Connect{ClientID: fmt.Sprint("c", version), CleanStart: true, Version: version})
		var burst []byte
		for i := range 50 {
			burst = mqtt.AppendPublish(burst, version, &mqtt.Publish{
				Topic: topic, Payload: []byte("first"), QoS: 1, ID: 7, Dup: i > 0})
		}
		c.send(burst)
		for range 50 {
			c.wantPuback(7)
		}
		c.publish(7, topic, "second")
		got := ""
		for n := 0; got != "second"; n++ {
			if got = reader.wantPublish(topic); n > 50 {
				t.Fatalf("version %d: more messages than were sent", version)
			}
		}
	}
}

// Packets whose lengths do not add up end their own connection and nothing else: a remaining length
// that is less than the packet needs, one that goes on for ever, a topic or a property that goes
// beyond the end, and a SUBSCRIBE of nothing (R-BRK-29).
func TestLengths(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	bystander := joinPlain(t, s, mqtt.Connect{ClientID: "bystander", CleanStart: true})
	for name, packet := range map[string][]byte{
		"PUBLISH of nothing":                  {0x30, 0},
		"PUBLISH with half a length":          {0x30, 1, 0},
		"PUBLISH at QoS 1 without an id":      {0x32, 3, 0, 1, 'a'},
		"a topic beyond the packet":           {0x30, 3, 0, 9, 'a'},
		"a topic of 65,535 bytes in 4":        {0x30, 4, 0xff, 0xff, 'a', 'b'},
		"properties beyond the packet":        {0x30, 5, 0, 1, 'a', 200, 1},
		"a property beyond the properties":    {0x30, 7, 0, 1, 'a', 3, 0x26, 0, 9},
		"a length of five bytes":              {0x30, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"PUBACK of nothing":                   {0x40, 0},
		"PUBACK with half an id":              {0x40, 1, 0},
		"SUBSCRIBE of nothing":                {0x82, 3, 0, 1, 0},
		"SUBSCRIBE without an id":             {0x82, 0},
		"SUBSCRIBE of a filter without end":   {0x82, 6, 0, 1, 0, 0, 9, 'a'},
		"SUBSCRIBE of a filter, no options":   {0x82, 6, 0, 1, 0, 0, 1, 'a'},
		"UNSUBSCRIBE of nothing":              {0xa2, 3, 0, 1, 0},
		"PINGREQ with a body":                 {0xc0, 1, 0},
		"DISCONNECT with half its properties": {0xe0, 2, 0, 9},
		"256 MB that never come":              {0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 'a'},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := joinPlain(t, s, mqtt.Connect{ClientID: fmt.Sprintf("c-%x", packet), CleanStart: true})
			c.send(packet)
			switch p := c.read(); {
			case p.Type == 0:
			case p.Type != mqtt.TypeDisconnect || len(p.Body) == 0 || !mqtt.Reason(p.Body[0]).Failed():
				t.Errorf("packet type %d %x", p.Type, p.Body)
			case c.read().Type != 0:
				t.Error("the connection goes on")
			}
		})
	}
	t.Cleanup(bystander.sync)
	bystander.subscribe("a")
	bystander.send(mqtttest.Subscribe(mqtt.V5, 2, 1, "b"))
	bystander.want(mqtt.TypeSuback)
}
