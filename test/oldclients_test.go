package test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iot"
)

// What clients that are not made any more do, and count on (docs/spec/34, section 2).
func TestOldClients(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.Thing("pump-07")
	s.fleet2("g", "pump-07")
	s.Policy("jobs", s.JobsPolicy())
	id, in := s.Identify("pump-07", "jobs"), newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTTS, "pump-07", s.TLS(&id), in))
	answer := func(request, payload, suffix string) message {
		t.Helper()
		d.publish(jobsOfPump+request, payload)
		return in.expect(suffix)
	}

	// R-CLI-23: nothing to do is no rejection, and a job that there is not is one.
	if m := answer("$next/get", `{"clientToken":"t"}`, "/$next/get/accepted"); len(names(m.Body)) != 2 ||
		m.at("clientToken") != "t" || m.at("timestamp") == nil { // R-CLI-17
		t.Errorf("nothing to do: %s", m.Text)
	}
	if m := answer("none/update", `{"status":"SUCCEEDED"}`, "/none/update/rejected"); m.at("code") != "ResourceNotFound" {
		t.Errorf("no such job: %s", m.Text)
	}

	// R-CLI-21: both filters in one SUBSCRIBE, and a message with id and document of the next job.
	d.await(d.client.SubscribeMultiple(map[string]byte{jobsOfPump + "$next/get/accepted": 0, jobsOfPump + "notify-next": 0}, nil))
	s.create("first", "g", nil)
	if m := in.expect("/notify-next"); m.at("execution.jobId") != "first" || m.at("execution.jobDocument.do") != "it" {
		t.Errorf("the next job: %s", m.Text)
	}

	// R-CLI-22: the numbers of start-next come back as texts.
	started := answer("start-next", `{"clientToken":"c","statusDetails":{"StartedBy":"ClientToken: x"}}`, "/start-next/accepted")
	payload := fmt.Sprintf(`{"status":"SUCCEEDED","statusDetails":{"HandledBy":"x"},"expectedVersion":"%v","executionNumber":"%v","clientToken":"c"}`,
		started.at("execution.versionNumber"), started.at("execution.executionNumber"))
	answer("first/update", payload, "/first/update/accepted")
	in.expect("/notify-next") // nothing is left

	// R-CLI-21: the next job is asked for without a token.
	s.create("second", "g", nil)
	in.expect("/notify-next")
	if m := answer("$next/get", `{}`, "/$next/get/accepted"); m.at("execution.jobId") != "second" || m.at("clientToken") != nil {
		t.Errorf("the next job, asked for: %s", m.Text)
	}

	// R-CLI-20: a job that was canceled or deleted meanwhile is told of by notify-next, and by what an
	// update is answered.
	answer("second/update", `{"status":"IN_PROGRESS"}`, "/second/update/accepted")
	job := "second"
	must[*iot.CancelJobOutput](t)(s.Control().CancelJob(t.Context(), &iot.CancelJobInput{JobId: &job, Force: true}))
	in.expect("/notify-next")
	if m := answer("second/update", `{"status":"IN_PROGRESS"}`, "/second/update/rejected"); m.at("code") != "InvalidStateTransition" {
		t.Errorf("canceled: %s", m.Text)
	}
	must[*iot.DeleteJobOutput](t)(s.Control().DeleteJob(t.Context(), &iot.DeleteJobInput{JobId: &job, Force: true}))
	eventually(t, "the job is deleted", func() bool {
		_, err := s.Control().DescribeJob(t.Context(), &iot.DescribeJobInput{JobId: &job})
		return err != nil
	})
	if m := answer("second/update", `{"status":"IN_PROGRESS"}`, "/second/update/rejected"); m.at("code") != "ResourceNotFound" {
		t.Errorf("deleted: %s", m.Text)
	}
}
