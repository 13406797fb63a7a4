package attack

import (
	"encoding/binary"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/test/testserver"
)

// two is a server with two things, pump-07 and pump-08, each with a certificate and the policy of
// R-ID-35, and a certificate of pump-07 that is allowed everything.
type two struct {
	*testserver.Server
	a, b, wide testserver.Identity
}

func newTwo(t *testing.T) two {
	t.Helper()
	s := testserver.Serve(t)
	s.Policy("jobs", s.JobsPolicy())
	s.Policy("all", testserver.WidePolicy)
	s.Thing("pump-07")
	s.Thing("pump-08")
	return two{
		Server: s,
		a:      s.Identify("pump-07", "jobs"),
		b:      s.Identify("pump-08", "jobs"),
		wide:   s.Identify("pump-07", "all"),
	}
}

// reservedTopics are topics that no client may publish to, whatever its policy allows: those of the
// service, and those that are none.
var reservedTopics = []string{
	"$aws/things/pump-08/jobs/notify", "$aws/things/pump-07/jobs/notify-next",
	"$aws/things/pump-07/jobs/get/accepted", "$aws/things/pump-07/jobs/j/update/rejected",
	"$aws/things/pump-07/jobs/start-next/accepted", "$aws/things/pump-07/jobs/j/get/accepted",
	"$aws/events/job/j/completed", "$aws/events/jobExecution/j/succeeded",
	"$aws/events/presence/connected/pump-08", "$aws/events/thing/pump-07/created",
	"$aws/things/pump-07/jobs", "$aws/things//jobs/get", "$AWS/things/pump-07/jobs/get", "$aws",
	"$aws/", "$",
	"$SYS/broker/version", "$share/g/a", "$aws/certificates/create", "$aws/certificates/create/json/accepted",
	"$aws/things/+/jobs/get", "$aws/things/pump-07/jobs/#", "a/#", "a/+/b", "", "a\x00b",
	strings.Repeat("a", 257), "a/b/c/d/e/f/g/h/i", "\xff\xfe",
}

// foreignTopics are requests to the jobs service for another thing.
var foreignTopics = []string{
	"$aws/things/pump-08/jobs/get", "$aws/things/pump-08/jobs/start-next",
	"$aws/things/pump-08/jobs/j/get", "$aws/things/pump-08/jobs/j/update",
	"$aws/things/pump-08/jobs/$next/get", "$aws/things/pump-07/../pump-08/jobs/get",
	"$aws/things/PUMP-07/jobs/get", "$aws/things/pump-0/jobs/get", "$aws/things/pump-077/jobs/get",
	"fleet/commands", "$aws/things/pump-07/shadow/update",
}

// A device publishes to nothing but the requests of its own thing. One that may do everything still
// speaks for no service, and what it asks for reaches nobody else (R-BRK-17, R-BRK-18).
func TestTopicsOfOthers(t *testing.T) {
	t.Parallel()
	s := newTwo(t)
	victim := join(t, s.Server, &s.b, mqtt.Connect{ClientID: "pump-08", CleanStart: true})
	victim.subscribe("$aws/things/pump-08/jobs/#")
	for _, row := range []struct {
		name   string
		id     *testserver.Identity
		topics []string
	}{
		{"the policy of a device", &s.a, append(foreignTopics, reservedTopics...)},
		{"a policy that allows everything", &s.wide, reservedTopics},
	} {
		for _, topic := range row.topics {
			for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
				for qos := range byte(2) {
					if taken(t, s.Server, row.id, version, qos, topic) {
						t.Errorf("%s, MQTT %d, QoS %d: a message on %q is taken",
							row.name, version, qos, topic)
					}
				}
			}
		}
	}
	victim.sync() // nothing but the answer comes
}

// taken publishes on a new connection and reports whether the server accepts the message.
func taken(
	t *testing.T, s *testserver.Server, id *testserver.Identity, version mqtt.Version, qos byte,
	topic string,
) bool {
	t.Helper()
	c := join(t, s, id, mqtt.Connect{Version: version, ClientID: "pump-07", CleanStart: true})
	defer c.nc.Close()
	p := mqtt.Publish{Topic: topic, Payload: []byte("{}"), QoS: qos}
	if qos > 0 {
		p.ID = 7
	}
	c.send(mqtt.AppendPublish(nil, version, &p), []byte{mqtt.TypePingreq << 4, 0})
	for {
		switch packet := c.read(); packet.Type {
		case 0, mqtt.TypeDisconnect:
			return false
		case mqtt.TypePuback:
			return len(packet.Body) < 3 || !mqtt.Reason(packet.Body[2]).Failed()
		case mqtt.TypePingresp:
			return true
		}
	}
}

// A device subscribes to nothing but its own jobs, and one that may do everything to no filter that
// would give it all things, or what is reserved.
func TestFiltersOfOthers(t *testing.T) {
	t.Parallel()
	s := newTwo(t)
	reserved := []string{
		"$aws/#", "$aws/things/#", "$aws/things/+/#", "$aws/+/pump-08/#", "$SYS/#", "$SYS/+",
		"$share/g/$aws/things/pump-08/jobs/#", "$share/g/$aws/#", "$share//a", "$queue/a", "$+/#", "$#",
		"$aws/rules/r/#", "a/#/b", "a+/b", "a\x00", "", strings.Repeat("a", 257), "a/b/c/d/e/f/g/h/i",
	}
	foreign := []string{
		"#", "+/#", "+/+", "$share/g/a", "$share/g/#", "$aws/things/pump-08/jobs/#", "$aws/things/+/jobs/#",
		"$aws/things/pump-08/jobs/notify", "$aws/events/#", "$aws/events/job/#",
		"$aws/things/pump-07/../pump-08/jobs/notify", "$aws/things/pump-07/#", "$aws/things/pump-0+/jobs/notify",
	}
	for _, row := range []struct {
		name    string
		id      *testserver.Identity
		filters []string
	}{
		{"the policy of a device", &s.a, append(foreign, reserved...)},
		{"a policy that allows everything", &s.wide, reserved},
	} {
		for _, filter := range row.filters {
			for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
				c := join(t, s.Server, row.id,
					mqtt.Connect{Version: version, ClientID: "pump-07", CleanStart: true})
				c.send(mqtttest.Subscribe(version, 1, 1, filter))
				packet := c.read()
				code := byte(0x80)
				if packet.Type == mqtt.TypeSuback {
					code = packet.Body[len(packet.Body)-1]
				}
				if code < 0x80 {
					t.Errorf("%s, MQTT %d: a subscription to %q is granted", row.name, version, filter)
				}
				c.nc.Close()
			}
		}
	}
}

// A subscription to everything gets nothing that is reserved, and nobody else's answers.
func TestEverythingIsNotReserved(t *testing.T) {
	t.Parallel()
	s := newTwo(t)
	listener := join(t, s.Server, &s.wide, mqtt.Connect{ClientID: "listener", CleanStart: true})
	if codes := listener.subscribe("#", "+/+", "+/#"); codes[0] >= 0x80 {
		t.Fatalf("# is refused with %x", codes)
	}
	device := join(t, s.Server, &s.b, mqtt.Connect{ClientID: "pump-08", CleanStart: true})
	get := "$aws/things/pump-08/jobs/get"
	device.send(mqtt.AppendPublish(nil, mqtt.V5, &mqtt.Publish{Topic: get, Payload: []byte("{}")}))
	device.wantPublish(get + "/accepted")
	listener.sync() // the next packet is the answer to this, not a message
}

// Wills are messages like others, retained ones need a right, and topic aliases name only what this
// connection has named and may publish to (R-BRK-23, R-BRK-24, R-BRK-28).
func TestWillsAndAliases(t *testing.T) {
	t.Parallel()
	s := newTwo(t)
	for _, topic := range []string{
		"$aws/things/pump-08/jobs/notify", "$aws/events/job/j/completed", "$SYS/a", "a/#", "+", "",
		"fleet/commands",
	} {
		c := connect(t, dial(t, s.MQTTS, s.TLS(&s.a)), mqtt.Connect{
			ClientID:   "pump-07",
			CleanStart: true,
			Will:       &mqtt.Will{Message: mqtt.Publish{Topic: topic, Payload: []byte("x"), QoS: 1}},
		})
		if packet := c.read(); packet.Type == mqtt.TypeConnack && packet.Body[1] < 0x80 {
			t.Errorf("a will on %q is accepted", topic)
		}
	}
	const get = "$aws/things/pump-07/jobs/get"
	for name, aliases := range map[string][]mqtt.Publish{
		"an alias that is not set":   {{Forwarded: alias(3)}},
		"alias 0":                    {{Topic: get, Forwarded: alias(0)}},
		"alias 9":                    {{Topic: get, Forwarded: alias(9)}},
		"alias 65535":                {{Topic: get, Forwarded: alias(65535)}},
		"one that was denied before": {{Topic: "a", QoS: 1, ID: 1, Forwarded: alias(1)}, {Forwarded: alias(1)}},
	} {
		c := join(t, s.Server, &s.a, mqtt.Connect{ClientID: "pump-07", CleanStart: true})
		for _, p := range aliases {
			p.Payload = []byte("{}")
			c.send(mqtt.AppendPublish(nil, mqtt.V5, &p))
		}
		ended := false
		for !ended {
			packet := c.read()
			ended = packet.Type == 0 || packet.Type == mqtt.TypeDisconnect
			if packet.Type == mqtt.TypePublish {
				t.Errorf("%s: it is answered", name)
				break
			}
		}
	}
}

// alias is the property of a topic alias, in wire form.
func alias(n uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{mqtt.PropTopicAlias}, n)
}

// Over HTTPS a device reads and reports on its own thing only, however the path names another, and
// calls no operation of operators (R-HTTP-33).
func TestThingsOfOthersOverHTTPS(t *testing.T) {
	t.Parallel()
	s := newTwo(t)
	policy := strings.ReplaceAll(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
 "Action":"iotjobsdata:*","Resource":"arn:aws:iot:R:A:thing/pump-07"}]}`, "R:A", s.Region+":"+s.Account)
	s.Policy("own", policy)
	id := s.Identify("pump-07", "own")
	config := s.TLS(&id)
	if got := overHTTPS(t, s.Server, config, "GET", "/things/pump-07/jobs", ""); got.status != http.StatusOK {
		t.Fatalf("its own thing: %d %s", got.status, got.body)
	}
	for _, row := range []struct{ method, path, body string }{
		{"GET", "/things/pump-08/jobs", ""},
		{"GET", "/things/pump-08/jobs/$next", ""},
		{"PUT", "/things/pump-08/jobs/$next", "{}"},
		{"GET", "/things/pump-08/jobs/j", ""},
		{"POST", "/things/pump-08/jobs/j", `{"status":"SUCCEEDED"}`},
		{"GET", "/things/pump-07/../pump-08/jobs", ""},
		{"GET", "/things/pump%2D08/jobs", ""},
		{"GET", "/things/pump-07%2F..%2Fpump-08/jobs", ""},
		{"GET", "/things/%70ump-08/jobs", ""},
		{"GET", "//things/pump-08/jobs", ""},
		{"GET", "/things/pump-08/jobs?thingName=pump-07", ""},
		{"GET", "/things/pump-08/jobs/?thing=pump-07", ""},
		{"POST", "/things/pump-08/jobs/j", `{"status":"SUCCEEDED","thingName":"pump-07"}`},
		{"POST", "/things/new", "{}"},
		{"GET", "/things", ""},
		{"GET", "/jobs", ""},
		{"PUT", "/jobs/j", `{"targets":["x"],"document":"{}"}`},
		{"PUT", "/jobs/j/cancel", "{}"},
		{"GET", "/jobs/j", ""},
		{"POST", "/policies/p", `{"policyDocument":"{}"}`},
		{"PUT", "/certificates/" + s.b.CertificateID + "?newStatus=REVOKED", ""},
		{"POST", "/_drover/reset", "{}"},
		{"POST", "/_drover/clock", `{"advance":"1h"}`},
	} {
		got := overHTTPS(t, s.Server, config, row.method, row.path, row.body)
		if got.status < 400 || got.status >= 500 {
			t.Errorf("%s %s %s: status %d: %s", row.method, row.path, row.body, got.status, got.body)
		}
	}
	wantThings(t, s.Server, 2)
	if !letsIn(t, s.MQTTS, s.TLS(&s.b), "pump-08") {
		t.Error("the other device is not let in any more")
	}
}

// What an operator changes is in force for devices that are connected: a policy that is detached, a
// principal that is detached, a new default version (R-BRK-19).
func TestRightsAreWithdrawn(t *testing.T) {
	t.Parallel()
	for name, withdraw := range map[string]func(s two){
		"the policy is detached":        func(s two) { s.detachPolicy("jobs", s.a.ARN) },
		"the certificate is detached":   func(s two) { s.detachThing("pump-07", s.a.ARN) },
		"a version that denies":         func(s two) { s.newVersion("jobs", strings.ReplaceAll(s.JobsPolicy(), "Allow", "Deny")) },
		"a version that allows another": func(s two) { s.newVersion("jobs", strings.ReplaceAll(s.JobsPolicy(), "/jobs/*", "/other/*")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTwo(t)
			c := join(t, s.Server, &s.a, mqtt.Connect{ClientID: "pump-07", CleanStart: true})
			topic := "$aws/things/pump-07/jobs/get"
			if reason := c.publishAny(1, topic); reason.Failed() {
				t.Fatalf("before: 0x%02X", byte(reason))
			}
			withdraw(s)
			denied := false
			for id, end := uint16(2), time.Now().Add(5*time.Second); !denied && time.Now().Before(end); id++ {
				denied = c.publishAny(id, topic).Failed()
			}
			if !denied {
				t.Error("after 5 s the device may still publish")
			}
		})
	}
}

// publishAny publishes at QoS 1 and returns the reason in the PUBACK, or in the DISCONNECT that
// comes instead, whatever else comes before.
func (c *client) publishAny(id uint16, topic string) mqtt.Reason {
	c.t.Helper()
	packet := mqtt.AppendPublish(nil, c.version, &mqtt.Publish{
		Topic: topic, Payload: []byte("{}"), QoS: 1, ID: id})
	_, _ = c.nc.Write(packet) // when the server has closed the connection, that is read below
	for {
		switch packet := c.read(); packet.Type {
		case 0:
			c.t.Fatal("the connection has ended without a reason")
		case mqtt.TypeDisconnect:
			return mqtt.Reason(packet.Body[0])
		case mqtt.TypePuback:
			if len(packet.Body) > 2 {
				return mqtt.Reason(packet.Body[2])
			}
			return mqtt.Success
		}
	}
}

func (s two) detachPolicy(policy, arn string) {
	must[*iot.DetachPolicyOutput](s.T)(s.Control().DetachPolicy(s.T.Context(),
		&iot.DetachPolicyInput{PolicyName: &policy, Target: &arn}))
}

func (s two) detachThing(thing, arn string) {
	must[*iot.DetachThingPrincipalOutput](s.T)(s.Control().DetachThingPrincipal(s.T.Context(),
		&iot.DetachThingPrincipalInput{ThingName: &thing, Principal: &arn}))
}

func (s two) newVersion(policy, document string) {
	must[*iot.CreatePolicyVersionOutput](s.T)(s.Control().CreatePolicyVersion(s.T.Context(),
		&iot.CreatePolicyVersionInput{PolicyName: &policy, PolicyDocument: &document, SetAsDefault: true}))
}
