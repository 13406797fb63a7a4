package test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A sample agent of the vendor's puts a boolean into each final report, and its job must end by it.
// The update over MQTT has the payload that it sends for a document with one command. The same over
// HTTPS, with numbers (R-MQTT-47).
func TestScalarStatusDetails(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	in := newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTT, "t0001", nil, in))
	const topics = "$aws/things/t0001/jobs/"
	stored := func(jobID string, want map[string]any) {
		t.Helper()
		x := message{Body: s.ask("GET", "/things/t0001/jobs/"+jobID, "")}
		if diff := cmp.Diff(any(want), x.at("execution.statusDetails.detailsMap")); diff != "" {
			t.Errorf("R-MQTT-47: %s (-want +got):\n%s", jobID, diff)
		}
	}

	s.create("over-mqtt", "g", nil)
	d.publish(topics+"start-next", `{"statusDetails":{"try":1,"resumed":false}}`)
	in.expect("start-next/accepted")
	stored("over-mqtt", map[string]any{"try": "1", "resumed": "false"})
	d.publish(topics+"over-mqtt/update", `{"status":"SUCCEEDED","expectedVersion":2,`+
		`"statusDetails":{"command0":"root","didSucceed":true}}`)
	in.expect("over-mqtt/update/accepted")
	stored("over-mqtt", map[string]any{"command0": "root", "didSucceed": "true"})
	s.want("over-mqtt", "COMPLETED q0 p0 s1 f0 t0 c0")

	s.create("over-https", "g", nil)
	s.askFor("iot-jobs-data", "PUT", "/things/t0001/jobs/$next", `{"statusDetails":{"size":1e3}}`)
	stored("over-https", map[string]any{"size": "1e3"})
	s.askFor("iot-jobs-data", "POST", "/things/t0001/jobs/over-https",
		`{"status":"SUCCEEDED","statusDetails":{"progress":99.50,"didSucceed":true}}`)
	stored("over-https", map[string]any{"progress": "99.50", "didSucceed": "true"})
	s.want("over-https", "COMPLETED q0 p0 s1 f0 t0 c0")
}
