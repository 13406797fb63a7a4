package attack

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/test/testserver"
)

// Whose certificate is revoked, or may not publish to the topic any more, says nothing by its last
// will either, at once or later; that of any other device is published (R-BRK-24).
func TestWillOfTheRevoked(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	s.Policy("all", testserver.WidePolicy)
	s.Policy("narrowed", testserver.WidePolicy)
	watch := joinPlain(t, s, mqtt.Connect{ClientID: "watch", CleanStart: true})
	watch.subscribe("will/+", "mark")
	wills := func(thing string, id *testserver.Identity) (now, later *client) {
		t.Helper()
		with := func(kind string, delay uint32) *client {
			message := mqtt.Publish{Topic: "will/" + kind, Payload: []byte(thing), QoS: 1}
			return join(t, s, id, mqtt.Connect{
				ClientID:      thing + "-" + kind,
				SessionExpiry: 3600,
				Will:          &mqtt.Will{Message: message, Delay: delay},
			})
		}
		return with("now", 0), with("later", 1)
	}
	identify := func(thing, policy string) *testserver.Identity {
		t.Helper()
		s.Thing(thing)
		id := s.Identify(thing, policy)
		return &id
	}
	revoked, lost := identify("revoked", "all"), identify("lost", "all")
	narrowed := identify("narrowed", "narrowed")
	now, later := wills("revoked", revoked)
	setStatus(t, s, *revoked, types.CertificateStatusRevoked)
	now.wantClosed(mqtt.AdministrativeAction)
	later.wantClosed(mqtt.AdministrativeAction)

	now, later = wills("narrowed", narrowed)
	must[*iot.CreatePolicyVersionOutput](t)(s.Control().CreatePolicyVersion(t.Context(),
		&iot.CreatePolicyVersionInput{
			PolicyName:   aws.String("narrowed"),
			SetAsDefault: true,
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
			 {"Effect":"Allow","Action":"*","Resource":"*"},
			 {"Effect":"Deny","Action":"iot:Publish","Resource":"*/will/*"}]}`),
		}))
	now.nc.Close()
	later.nc.Close()

	now, later = wills("lost", lost)
	now.nc.Close()
	if got := watch.wantPublish("will/now"); got != "lost" {
		t.Errorf("the will of %s", got)
	}
	later.nc.Close()
	if got := watch.wantPublish("will/later"); got != "lost" {
		t.Errorf("the delayed will of %s", got)
	}
	time.Sleep(1500 * time.Millisecond) // as long as the delay of all others
	joinPlain(t, s, mqtt.Connect{ClientID: "mark", CleanStart: true}).publish(1, "mark", "")
	watch.wantPublish("mark")
}
