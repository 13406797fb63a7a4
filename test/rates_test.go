package test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
)

// What comes faster than the rate is refused in the form of each plane, by operation, and costs
// nothing (R-LIM-50, R-LIM-51, R-MQTT-45).
func TestRates(t *testing.T) {
	t.Parallel()
	s := serve(t, "--control-rate", "2", "--device-read-rate", "1", "--device-write-rate", "1")
	ctx, client := within(t, 20*time.Second), s.Control()
	refused, began := 0, time.Now()
	for range 10 {
		if _, err := client.DescribeEndpoint(ctx, &iot.DescribeEndpointInput{}); err != nil {
			wantError(t, err, "ThrottlingException")
			refused++
		}
	}
	if took := time.Since(began).Seconds(); 10-refused < 2 || float64(10-refused) > 2+2*took+1 {
		t.Errorf("%d of 10 calls in %.1f s were refused at 2 a second", refused, took)
	}
	must[*iot.CreateThingOutput](t)(client.CreateThing(ctx, &iot.CreateThingInput{ThingName: aws.String("pump-07")})) // another operation
	must[*iot.CreateJobOutput](t)(client.CreateJob(ctx, &iot.CreateJobInput{JobId: aws.String("j"), Targets: []string{s.ARN("thing", "pump-07")}, Document: aws.String("{}")}))
	in := newInbox(t)
	device := must[*v3](t)(connect3(t, s.MQTT, "pump-07", nil, in))
	for range 3 { // sent at once, before a second has passed
		device.publish("$aws/things/pump-07/jobs/get", `{"clientToken":"x"}`)
	}
	in.expect("/jobs/get/accepted")
	for range 2 {
		if m := in.expect("/jobs/get/rejected"); m.at("code") != "RequestThrottled" || m.at("clientToken") != "x" {
			t.Errorf("%s", m.Text)
		}
	}
	device.publish("$aws/things/pump-07/jobs/start-next", `{}`) // a write
	in.expect("/jobs/start-next/accepted")
	if status, exception, _ := s.send(call{method: "GET", path: "/things/pump-07/jobs", service: "iot-jobs-data"}); status != 429 || exception != "ThrottlingException" {
		t.Errorf("over HTTPS: %d %s", status, exception)
	}
}
