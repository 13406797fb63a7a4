package test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/test/testserver"
)

// A success is confirmed when its device comes back, or sends something later; one of which nothing
// is heard is silent. The job may have completed meanwhile (R-STR-40, R-STR-41).
func TestSuccessIsConfirmed(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 3)
	s.create("j", "g", func(in *iot.CreateJobInput) {
		in.Tags = []types.Tag{{Key: aws.String("drover:confirm"), Value: aws.String("15m")}}
	})
	in := newInbox(t)
	var devices [3]*v3
	for i := range devices {
		d, err := connect3(t, s.MQTT, thingName(i), nil, in)
		if err != nil {
			t.Fatal(err)
		}
		d.publish("$aws/things/"+thingName(i)+"/jobs/j/update", `{"status":"SUCCEEDED"}`)
		in.expect("/update/accepted")
		devices[i] = d
	}
	home := t.TempDir()
	c := commandLine{t: t, program: []string{testserver.Binary}, env: s.environment(home), dir: home}
	shows := func(figures string) {
		t.Helper()
		eventually(t, figures, func() bool {
			out, _, _ := c.run("jobs", "steering", "j")
			return strings.Contains(out, "COMPLETED") && strings.Contains(out, figures)
		})
	}
	shows("0, 3 are waited for, 0 silent")
	s.clock(`{"advance":"1s"}`) // a connection is new when it comes later than the report
	devices[0].close()
	if _, err := connect3(t, s.MQTT, thingName(0), nil, in); err != nil {
		t.Fatal(err)
	}
	shows("1, 2 are waited for, 0 silent")
	gone := newInbox(t)
	observer, err := connect3(t, s.MQTT, "observer", nil, gone)
	if err != nil {
		t.Fatal(err)
	}
	observer.subscribe("$aws/events/presence/disconnected/" + thingName(2))
	devices[2].close() // the server must have read that before half a minute is over
	gone.expect("/disconnected/" + thingName(2))
	s.clock(`{"advance":"30s"}`)
	devices[1].publish("anything", "x")
	shows("2, 1 are waited for, 0 silent")
	s.clock(`{"advance":"15m"}`)
	shows("2, 0 are waited for, 1 silent")
}
