package test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iot"
)

// drover policy test says for each certificate of a thing what it may do, and by which statement;
// the exit status says whether each may (R-ID-65).
func TestPolicyTestCommand(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ctx, control, name := within(t, time.Minute), s.Control(), "pump-07"
	must[*iot.CreateThingOutput](t)(control.CreateThing(ctx, &iot.CreateThingInput{ThingName: &name}))
	c := s.line(t)
	_, problem, status := c.run("policy", "test", name, "connect", name)
	if status == 0 || !strings.Contains(problem, "no certificate is attached to pump-07") {
		t.Errorf("without a certificate: status %d, %s", status, problem)
	}
	s.Policy("jobs", strings.Replace(s.JobsPolicy(), `"Statement":[`,
		`"Statement":[{"Sid":"NoLogs","Effect":"Deny","Action":"iot:Publish","Resource":"*topic/logs"},`, 1))
	certificate := s.Identify(name, "jobs").CertificateID[:12]
	for _, row := range []struct{ words, want string }{
		{"connect pump-07", "ALLOWED ID…: statement 2 of policy jobs allows iot:Connect on ARN:client/pump-07"},
		{"connect lamp", "IMPLICIT_DENY ID…: no statement allows iot:Connect on ARN:client/lamp; policies in effect: jobs"},
		{"Publish logs", "EXPLICIT_DENY ID…: statement 1 of policy jobs (NoLogs) denies iot:Publish on ARN:topic/logs"},
		{"subscribe $aws/things/pump-07/jobs/notify",
			"ALLOWED ID…: statement 4 of policy jobs allows iot:Subscribe on ARN:topicfilter/$aws/things/pump-07/jobs/notify"},
		{"receive a --client-id other", "IMPLICIT_DENY ID…: no statement allows iot:Receive on ARN:topic/a; " +
			"policies in effect: jobs; without a value: iot:Connection.Thing.ThingName"},
	} {
		out, problem, status := c.run(append([]string{"policy", "test", name}, strings.Fields(row.words)...)...)
		want := strings.NewReplacer("ID…", certificate+"…", "ARN:", "arn:aws:iot:"+s.Region+":"+s.Account+":").Replace(row.want)
		if strings.TrimSpace(out) != want || problem != "" || (status == 0) != strings.HasPrefix(want, "ALLOWED") {
			t.Errorf("%s: status %d, %s%s, want %s", row.words, status, out, problem, want)
		}
	}
	_, problem, status = c.run("policy", "test", name, "dance", "a")
	if status == 0 || !strings.Contains(problem, `action: the value "DANCE" is refused`) {
		t.Errorf("dance: status %d, %s", status, problem)
	}
}
