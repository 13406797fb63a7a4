package test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/test/testserver"
)

// jobsOfPump is the prefix of the topics of a thing.
const jobsOfPump = "$aws/things/pump-07/jobs/"

// Every form of a subscription that real clients use gets the answer that it is for (R-MQTT-2). The
// client's id is not the thing's name: the policy decides (R-MQTT-6).
func TestSubscriptionForms(t *testing.T) { // R-MQTT-2, R-MQTT-6
	t.Parallel()
	s := serve(t)
	s.Thing("pump-07")
	s.fleet2("g", "pump-07")
	s.create("fw", "g", nil)
	s.Policy("wide", testserver.WidePolicy)
	id := s.Identify("", "wide")
	for i, row := range []struct{ filter, request, answer string }{
		{"get/accepted", "get", "get/accepted"},
		{"get/+", "get", "get/accepted"},
		{"get/#", "get", "get/accepted"},
		{"#", "get", "get/accepted"},
		{"+/get/+", "fw/get", "fw/get/accepted"},
		{"fw/get/+", "fw/get", "fw/get/accepted"},
		{"fw/get/rejected", "none/get", ""},
		{"none/get/rejected", "none/get", "none/get/rejected"},
		{"start-next/+", "start-next", "start-next/accepted"},
		{"fw/update/+", "fw/update", "fw/update/accepted"},
		{"+/update/accepted", "fw/update", "fw/update/accepted"},
		{"+/update/rejected", "none/update", "none/update/rejected"},
	} {
		in := newInbox(t)
		d := must[*v3](t)(connect3(t, s.MQTTS, "client-"+string(rune('a'+i)), s.TLS(&id), in))
		d.subscribe(jobsOfPump + row.filter)
		d.publish(jobsOfPump+row.request, `{"status":"IN_PROGRESS"}`)
		// A client gets the answers to its own requests without a subscription, too (R-MQTT-29).
		if m := in.next(); row.answer != "" && m.Topic != jobsOfPump+row.answer {
			t.Errorf("%s: %s on %s", row.filter, m.Text, m.Topic)
		}
		d.close()
	}
	in := newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTTS, "other", s.TLS(&id), in))
	d.publish("$aws/things/nobody/jobs/get", "")
	if m := in.expect("/get/rejected"); m.at("code") != "ResourceNotFound" {
		t.Errorf("a thing that is not registered: %s", m.Text)
	}
}

// What stands in payloads, and what does not.
func TestPayloads(t *testing.T) { // R-MQTT-11, R-MQTT-15, R-MQTT-17, R-MQTT-20, R-MQTT-23, R-CLI-11
	t.Parallel()
	s := serve(t)
	s.Thing("pump-07")
	s.fleet2("g", "pump-07")
	s.Policy("jobs", s.JobsPolicy())
	id, in := s.Identify("pump-07", "jobs"), newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTTS, "pump-07", s.TLS(&id), in))
	d.subscribe(jobsOfPump + "notify")
	d.subscribe(jobsOfPump + "notify-next")

	expect := func(suffix string, members ...string) message {
		t.Helper()
		m := in.expect(suffix)
		if got := names(m.Body); !slices.Equal(got, members) {
			t.Errorf("%s has the members %v, want %v: %s", m.Topic, got, members, m.Text)
		}
		at, _ := m.at("timestamp").(float64)
		if age := time.Now().Unix() - int64(at); age < 0 || age > 60 {
			t.Errorf("%s has the timestamp %v", m.Topic, at)
		}
		if strings.Contains(m.Text, "null") {
			t.Errorf("%s: %s", m.Topic, m.Text)
		}
		return m
	}
	// The PUBACK of each request has come when publish is back (R-MQTT-34).
	d.publish(jobsOfPump+"start-next", `{"clientToken":"a"}`)
	expect("/start-next/accepted", "clientToken", "timestamp")
	s.create("fw", "g", nil)
	expect("/notify", "jobs", "timestamp")
	queued := expect("/notify-next", "execution", "timestamp")
	mandatory := []string{"executionNumber", "jobDocument", "jobId", "lastUpdatedAt", "queuedAt",
		"status", "versionNumber"}
	if got := names(queued.at("execution")); !slices.Equal(got, mandatory) {
		t.Errorf("what is queued has the members %v, want %v", got, mandatory)
	}
	d.publish(jobsOfPump+"start-next", `{"statusDetails":{"step":"1"}}`)
	started := expect("/start-next/accepted", "execution", "timestamp")
	mandatory = append(mandatory, "startedAt", "statusDetails")
	slices.Sort(mandatory)
	if got := names(started.at("execution")); !slices.Equal(got, mandatory) {
		t.Errorf("what is started has the members %v, want %v", got, mandatory)
	}
	d.publish(jobsOfPump+"fw/update", `{"status":"IN_PROGRESS","statusDetails":{"self-test":"ok"}}`)
	expect("/fw/update/accepted", "timestamp")
	d.publish(jobsOfPump+"$next/get", "")
	described := expect("/$next/get/accepted", "execution", "timestamp")
	if described.at("execution.statusDetails.self-test") != "ok" { // R-MQTT-23
		t.Errorf("what was reported does not come back: %s", described.Text)
	}
	d.publish(jobsOfPump+"fw/update", `{"status":"QUEUED"}`)
	expect("/fw/update/rejected", "code", "executionState", "message", "timestamp")
}

// A request that the policy refuses ends the connection, and is not answered.
func TestRefusedRequest(t *testing.T) { // R-MQTT-27
	t.Parallel()
	s := serve(t)
	s.Thing("pump-07")
	s.Policy("jobs", s.JobsPolicy())
	id, in := s.Identify("pump-07", "jobs"), newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTTS, "pump-07", s.TLS(&id), in))
	token := d.client.Publish("$aws/things/pump-08/jobs/get", 1, false, "")
	token.WaitTimeout(10 * time.Second)
	eventually(t, "the connection ends", func() bool { return !d.client.IsConnectionOpen() })
	in.empty()
}
