package attack

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/test/testserver"
)

// Whoever may connect with the client id of a device ends its connection and gets nothing else: its
// session, its subscriptions and what waits for it are there when it comes back, after a restart
// too, and with another certificate (R-BRK-16).
func TestClientIDOfAnother(t *testing.T) {
	t.Parallel()
	s := newTwo(t)
	foreign := s.Identify("", "all") // attached to nothing, and allowed everything
	notify := "$aws/things/pump-07/jobs/notify"
	lasting := mqtt.Connect{ClientID: "pump-07", SessionExpiry: 3600}
	as := func(id *testserver.Identity, p mqtt.Connect) (c *client, present bool) {
		t.Helper()
		c = connect(t, dial(t, s.MQTTS, s.TLS(id)), p)
		return c, c.wantConnack(mqtt.Success)
	}
	device, _ := as(&s.a, lasting)
	device.subscribe(notify)
	thief, present := as(&foreign, lasting)
	device.wantClosed(mqtt.SessionTakenOver)
	if present {
		t.Error("the certificate of nobody resumes the session of the thing")
	}
	must[*iot.CreateJobOutput](t)(s.Control().CreateJob(t.Context(), &iot.CreateJobInput{
		JobId:    aws.String("j"),
		Document: aws.String("{}"),
		Targets:  []string{s.ARN("thing", "pump-07")},
	}))
	thief.sync()
	for i := range 20 { // each kind of session once more
		p := lasting
		p.CleanStart = i%2 == 0
		p.SessionExpiry *= uint32(i / 2 % 2)
		c, _ := as(&foreign, p)
		c.sync() // nothing comes before the answer
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	s.Start()
	if c, _ := as(&foreign, lasting); c != nil {
		c.sync()
	}
	device, present = as(&s.wide, lasting) // another certificate of the thing
	if !present {
		t.Error("the device does not find its session")
	}
	if got := device.wantPublish(notify); !strings.Contains(got, `"j"`) {
		t.Errorf("notified of %s", got)
	}
}

// Only a client that stands for a thing makes it a connected one, whoever else uses its name as a
// client id; but the events tell of every connection, and whose it is (R-ID-61, R-BRK-33).
func TestPresenceOfAnother(t *testing.T) {
	t.Parallel()
	s := newTwo(t)
	foreign := s.Identify("", "all")
	connected := func() bool {
		out := must[*iot.SearchIndexOutput](t)(s.Control().SearchIndex(t.Context(),
			&iot.SearchIndexInput{QueryString: aws.String("connectivity.connected:true")}))
		return len(out.Things) > 0
	}
	watch := joinPlain(t, s.Server, mqtt.Connect{ClientID: "watch", CleanStart: true})
	const topic = "$aws/events/presence/connected/pump-07"
	watch.subscribe(topic)
	for _, row := range []struct {
		name string
		id   *testserver.Identity
		want bool
	}{
		{"a stranger", &foreign, false},
		{"the thing", &s.a, true},
		{"a stranger again", &foreign, false},
		{"another certificate of the thing", &s.wide, true},
	} {
		join(t, s.Server, row.id, mqtt.Connect{ClientID: "pump-07", CleanStart: true})
		if got := watch.wantPublish(topic); !strings.Contains(got, row.id.CertificateID) {
			t.Errorf("%s: the event does not name its certificate: %s", row.name, got)
		}
		eventually(t, patience, row.name, func() bool { return connected() == row.want })
	}
	time.Sleep(100 * time.Millisecond) // nothing comes later that would change it
	if !connected() {
		t.Error("the thing does not stay connected")
	}
}

// A certificate that is detached from a thing while it is connected loses the thing's session: it
// may come back for itself only (R-BRK-16, R-BRK-19).
func TestDetachedWhileConnected(t *testing.T) {
	t.Parallel()
	s := newTwo(t)
	lasting := mqtt.Connect{ClientID: "pump-07", SessionExpiry: 3600}
	device := join(t, s.Server, &s.wide, lasting)
	device.subscribe("q")
	s.detachThing("pump-07", s.wide.ARN)
	device.wantClosed(mqtt.AdministrativeAction)
	again := connect(t, dial(t, s.MQTTS, s.TLS(&s.wide)), lasting)
	if again.wantConnack(mqtt.Success) {
		t.Error("a certificate that was detached has the session of the thing")
	}
	joinPlain(t, s.Server, mqtt.Connect{ClientID: "other"}).publish(1, "q", "waits")
	again.sync()
	other := s.Identify("pump-07", "all")
	next := connect(t, dial(t, s.MQTTS, s.TLS(&other)), lasting)
	if !next.wantConnack(mqtt.Success) {
		t.Error("the thing's other certificate does not find the session")
	}
	if got := next.wantPublish("q"); got != "waits" {
		t.Errorf("got %q", got)
	}
}
