package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	awsv1 "github.com/aws/aws-sdk-go/aws"
	credentialsv1 "github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/iotjobsdataplane"
	"github.com/google/go-cmp/cmp"
)

// ask sends a raw signed request that must be answered with 200, and returns the body.
func (s *server) ask(method, path, body string) map[string]any {
	s.t.Helper()
	return s.askFor("iot", method, path, body)
}

func (s *server) askFor(service, method, path, body string) map[string]any {
	s.t.Helper()
	status, exception, text := s.send(call{method: method, path: path, body: body, service: service})
	var answer map[string]any
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusOK || exception != "" {
		s.t.Fatalf("%s %s: %d %s %s, %v", method, path, status, exception, text, err)
	}
	return answer
}

// at reads a path like "job.jobProcessDetails.numberOfQueuedThings" of an answer.
func at(answer map[string]any, path string) any { return message{Body: answer}.at(path) }

// names lists the members of an object, sorted.
func names(object any) []string {
	members, _ := object.(map[string]any)
	return slices.Sorted(maps.Keys(members))
}

// The protocol, without an SDK in between: paths, planes, signing names, statuses, bodies of
// errors.
func TestWire(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 2)
	job := func(id, more string) string {
		return fmt.Sprintf(`{"targets":[%q],"document":"{}"%s}`, s.ARN("thing", "t0001"), more)
	}
	t.Run("R-WIRE-16 200 for creates, changes and deletes", func(t *testing.T) {
		for _, c := range []struct{ method, path, body string }{
			{"PUT", "/jobs/j1", job("j1", "")}, {"PATCH", "/jobs/j1", `{"description":"d"}`}, {"PUT", "/jobs/j1/cancel", ``}, {"DELETE", "/jobs/j1", ``},
			{"PUT", "/job-templates/t1", `{"description":"d","document":"{}"}`}, {"DELETE", "/job-templates/t1", ``},
			{"POST", "/things/x", ``}, {"DELETE", "/things/x", ``}, {"POST", "/thing-groups/x", ``}, {"DELETE", "/thing-groups/x", ``},
			{"PATCH", "/event-configurations", `{}`},
		} {
			s.ask(c.method, c.path, c.body) // is 200, or ends the test
		}
	})
	t.Run("R-WIRE-1 no version and no prefix in the path", func(t *testing.T) {
		for _, path := range []string{"/2015-05-28/jobs", "/iot/jobs", "/v1/jobs"} {
			if status, exception, text := s.send(call{method: "GET", path: path}); status != 404 || exception != "UnknownOperationException" {
				t.Errorf("%s: %d %s %s", path, status, exception, text)
			}
		}
	})
	t.Run("R-WIRE-2 one host and one signing name for all of the control plane", func(t *testing.T) {
		for path, member := range map[string]string{
			"/jobs": "jobs", "/things": "things", "/thing-groups": "thingGroups", "/event-configurations": "eventConfigurations", "/endpoint": "endpointAddress",
			"/managed-job-templates": "managedJobTemplates", "/policies": "policies", "/certificates": "certificates",
		} {
			if answer := s.ask("GET", path, ""); answer[member] == nil {
				t.Errorf("%s: %v has no %s", path, names(answer), member)
			}
		}
	})
	t.Run("R-WIRE-3 execute-api as the signing name", func(t *testing.T) {
		if answer := s.askFor("execute-api", "GET", "/jobs", ""); answer["jobs"] == nil {
			t.Errorf("%v", answer)
		}
	})
	t.Run("R-WIRE-5 the plane by the signing name", func(t *testing.T) {
		s.ask("PUT", "/jobs/k", job("k", ""))
		for service, want := range map[string][2]string{
			"iot": {"executionSummaries", "thingArn"}, "execute-api": {"executionSummaries", "thingArn"}, "iot-jobs-data": {"queuedJobs", "thingName"},
		} {
			list, one := s.askFor(service, "GET", "/things/t0001/jobs", ""), s.askFor(service, "GET", "/things/t0001/jobs/k", "")
			execution, _ := one["execution"].(map[string]any)
			if list[want[0]] == nil || execution[want[1]] == nil {
				t.Errorf("signed for %s: %v, %v; want %v", service, names(list), names(execution), want)
			}
		}
	})
	t.Run("R-WIRE-4, R-HTTP-39 the data plane where DescribeEndpoint says", func(t *testing.T) {
		host, _ := s.ask("GET", "/endpoint?endpointType=iot:Jobs", "")["endpointAddress"].(string)
		port := s.HTTPS[strings.LastIndex(s.HTTPS, ":"):]
		authority := must[[]byte](t)(os.ReadFile(s.CA))
		data := iotjobsdataplane.New(session.Must(session.NewSessionWithOptions(session.Options{CustomCABundle: bytes.NewReader(authority), Config: awsv1.Config{
			Region: &s.Region, Endpoint: awsv1.String("https://" + host + port), MaxRetries: awsv1.Int(0), HTTPClient: &http.Client{Transport: &http.Transport{}},
			Credentials: credentialsv1.NewStaticCredentials(s.AccessKeyID, s.SecretAccessKey, ""),
		}})))
		pending, err := data.GetPendingJobExecutions(&iotjobsdataplane.GetPendingJobExecutionsInput{ThingName: awsv1.String("t0001")})
		if err != nil || len(pending.QueuedJobs) != 1 || data.SigningName != "iot-jobs-data" {
			t.Errorf("at %s%s: %v, %v", host, port, pending, err)
		}
	})
	for _, tt := range []struct {
		name   string
		call   call
		want   string // the type
		status int
		more   map[string]any // members beside message
	}{
		{"R-ERR-2, R-ERR-3 not found", call{method: "GET", path: "/jobs/nope"}, "ResourceNotFoundException", 404, nil},
		{"R-ERR-2, R-ERR-3 invalid", call{method: "PUT", path: "/jobs/x", body: "{}"}, "InvalidRequestException", 400, nil},
		{"R-ERR-2, R-ERR-3 transition", call{method: "DELETE", path: "/jobs/k"}, "InvalidStateTransitionException", 409, nil},
		{"R-ERR-4 a used job id", call{method: "PUT", path: "/jobs/k", body: job("k", "")}, "ResourceAlreadyExistsException", 409,
			map[string]any{"resourceId": "k", "resourceArn": s.ARN("job", "k")}},
		{"R-ERR-4 a used template id", call{method: "PUT", path: "/job-templates/t2", body: `{"description":"d","document":"{}"}`}, "ConflictException", 409,
			map[string]any{"resourceId": "t2"}},
		{"R-ERR-8 a finer name in the message", call{method: "PUT", path: "/jobs/x", body: job("x", `,"document":"{\"a\":\"${aws:iot:nope}\"}"`)}, "InvalidRequestException", 400, nil},
		{"R-API-32 no update of a template", call{method: "PATCH", path: "/job-templates/t2", body: `{"description":"e"}`}, "UnknownOperationException", 404, nil},
		{"R-DOC-11 no link to a document", call{method: "PUT", path: "/jobs/x", body: fmt.Sprintf(`{"targets":[%q],"documentSource":"https://files.example/k"}`, s.ARN("thing", "t0001"))},
			"InvalidRequestException", 400, nil},
	} {
		if strings.Contains(tt.call.path, "t2") && tt.status == 409 {
			s.ask("PUT", "/job-templates/t2", tt.call.body)
		}
		status, exception, text := s.send(tt.call)
		var body map[string]any
		if err := json.Unmarshal([]byte(text), &body); err != nil || status != tt.status || exception != tt.want {
			t.Errorf("%s: %d %s %s, want %d %s", tt.name, status, exception, text, tt.status, tt.want)
		}
		said, _ := body["message"].(string)
		if said == "" || strings.HasPrefix(tt.name, "R-ERR-8") && !strings.HasPrefix(said, "InvalidJobDocument: ") {
			t.Errorf("%s: message %q", tt.name, said)
		}
		delete(body, "message")
		if tt.more == nil {
			tt.more = map[string]any{}
		}
		if diff := cmp.Diff(tt.more, body); diff != "" { // no code, no __type
			t.Errorf("%s: members beside message (-want +got):\n%s", tt.name, diff)
		}
	}
}

// What CreateJob answers, and what DescribeJob and GetJobDocument show, to the member.
func TestJobOnTheWire(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 3)
	s.fleet2("h", "t0003")
	start := s.clock(`{"advance":"0s"}`).Truncate(time.Second).Add(time.Minute + 123*time.Millisecond)
	s.clock(`{"set":"` + start.Format(time.RFC3339Nano) + `"}`)
	seconds := float64(start.UnixMilli()) / 1000
	const document = "{ \"from\" : \"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}\",\n\t\"n\": 1.50 }"
	quoted, _ := json.Marshal(document)
	body := fmt.Sprintf(`{"targets":[%q,%q,%q],"document":%s,"presignedUrlConfig":{"roleArn":"arn:aws:iam::123456789012:role/r"}%%s}`,
		s.ARN("thinggroup", "g"), s.ARN("thing", "t0003"), s.ARN("thinggroup", "g"), quoted)

	// R-API-4: the handle, with the description only when there is one.
	want := map[string]any{"jobArn": s.ARN("job", "j"), "jobId": "j"} // R-CON-1
	if diff := cmp.Diff(want, s.ask("PUT", "/jobs/j", fmt.Sprintf(body, ""))); diff != "" {
		t.Errorf("CreateJob (-want +got):\n%s", diff)
	}
	want = map[string]any{"jobArn": s.ARN("job", "k"), "jobId": "k", "description": "d"}
	const more = `,"description":"d","targetSelection":"CONTINUOUS","namespaceId":"ns","destinationPackageVersions":["arn:aws:iot:us-east-1:000000000000:package/p/version/1"]`
	if diff := cmp.Diff(want, s.ask("PUT", "/jobs/k", fmt.Sprintf(body, more))); diff != "" {
		t.Errorf("CreateJob (-want +got):\n%s", diff)
	}
	// R-API-5: at once. R-API-6: no document, no link. R-VAL-7, R-VAL-8, R-API-9, R-CON-18:
	// thousandths of seconds.
	counters := map[string]any{}
	for _, n := range []string{"Canceled", "Succeeded", "Failed", "Rejected", "Queued", "InProgress", "Removed", "TimedOut"} {
		counters["numberOf"+n+"Things"] = 0.0
	}
	counters["numberOfQueuedThings"] = 3.0
	want = map[string]any{"job": map[string]any{
		"jobArn": s.ARN("job", "j"), "jobId": "j", "targetSelection": "SNAPSHOT", "status": "IN_PROGRESS", "isConcurrent": false,
		"targets":            []any{s.ARN("thinggroup", "g"), s.ARN("thing", "t0003")},
		"presignedUrlConfig": map[string]any{"roleArn": "arn:aws:iam::123456789012:role/r"}, "jobExecutionsRolloutConfig": map[string]any{}, "timeoutConfig": map[string]any{},
		"createdAt": seconds, "lastUpdatedAt": seconds, "jobProcessDetails": counters,
	}}
	if diff := cmp.Diff(want, s.ask("GET", "/jobs/j", "")); diff != "" {
		t.Errorf("DescribeJob (-want +got):\n%s", diff)
	}
	shown := s.ask("GET", "/jobs/k", "")
	if at(shown, "job.namespaceId") != "ns" || at(shown, "job.targetSelection") != "CONTINUOUS" ||
		!cmp.Equal(at(shown, "job.destinationPackageVersions"), []any{"arn:aws:iot:us-east-1:000000000000:package/p/version/1"}) { // R-PKG-1, R-EVT-32
		t.Errorf("%v", shown)
	}
	// R-API-7, R-API-8, R-DOC-1: the text as given, white space and placeholders included, in both
	// views.
	for _, query := range []string{"", "?beforeSubstitution=true", "?beforeSubstitution=false"} {
		if got := s.ask("GET", "/jobs/j/job-document"+query, "")["document"]; got != document {
			t.Errorf("GetJobDocument%s: %q", query, got)
		}
		if diff := cmp.Diff(want, s.ask("GET", "/jobs/j"+query, "")); diff != "" {
			t.Errorf("DescribeJob%s (-want +got):\n%s", query, diff)
		}
	}
	// R-DOC-6: no operation changes document, targets or schedule.
	s.ask("PATCH", "/jobs/j", fmt.Sprintf(`{"document":"{}","targets":[%q],"targetSelection":"CONTINUOUS","schedulingConfig":{"endTime":"x"},"documentParameters":{"a":"b"}}`, s.ARN("thing", "t0001")))
	if got := s.ask("GET", "/jobs/j/job-document", "")["document"]; got != document {
		t.Errorf("after an update the document is %q", got)
	}
	if diff := cmp.Diff(want, s.ask("GET", "/jobs/j", "")); diff != "" { // R-UPD-7
		t.Errorf("an update without an updatable member (-want +got):\n%s", diff)
	}
	// R-API-9: what is associated comes after what was given; R-API-22: comment and lastUpdatedAt.
	s.clock(`{"advance":"1001ms"}`)
	s.ask("POST", "/jobs/k/targets", fmt.Sprintf(`{"targets":[%q,%q],"comment":"more"}`, s.ARN("thinggroup", "h"), s.ARN("thinggroup", "g")))
	shown = s.ask("GET", "/jobs/k", "")
	if !cmp.Equal(at(shown, "job.targets"), []any{s.ARN("thinggroup", "g"), s.ARN("thing", "t0003"), s.ARN("thinggroup", "h")}) ||
		at(shown, "job.comment") != "more" || at(shown, "job.lastUpdatedAt") != float64(start.UnixMilli()+1001)/1000 || at(shown, "job.createdAt") != seconds {
		t.Errorf("associated: %v", shown)
	}
	// R-API-16, R-API-18: what the wrong state answers. R-API-21: SCHEDULED takes no targets
	// either.
	soon := start.Add(time.Hour).Format("2006-01-02 15:04")
	s.ask("PUT", "/jobs/later", fmt.Sprintf(body, fmt.Sprintf(`,"targetSelection":"CONTINUOUS","schedulingConfig":{"startTime":%q}`, soon)))
	s.ask("PUT", "/jobs/j/cancel", `{"reasonCode":"R_1","comment":"c"}`)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		exception                string
	}{
		{"R-API-16 CancelJob", "PUT", "/jobs/j/cancel", "", 400, "InvalidRequestException"},
		{"R-API-18 DeleteJob", "DELETE", "/jobs/k", "", 409, "InvalidStateTransitionException"},
		{"R-API-21 AssociateTargetsWithJob", "POST", "/jobs/later/targets", fmt.Sprintf(`{"targets":[%q]}`, s.ARN("thinggroup", "h")), 400, "InvalidRequestException"},
		{"R-UPD-4 UpdateJob", "PATCH", "/jobs/j", `{"description":"x"}`, 400, "InvalidRequestException"},
	} {
		if status, exception, text := s.send(call{method: c.method, path: c.path, body: c.body}); status != c.status || exception != c.exception {
			t.Errorf("%s: %d %s %s, want %d %s", c.name, status, exception, text, c.status, c.exception)
		}
	}
	if shown = s.ask("GET", "/jobs/j", ""); at(shown, "job.reasonCode") != "R_1" || at(shown, "job.comment") != "c" || at(shown, "job.forceCanceled") != nil || at(shown, "job.completedAt") != nil {
		t.Errorf("R-JOB-17, R-JOB-24, R-JOB-25: cancelled: %v", shown)
	}
}

// What was answered can be read at once, by whichever call, and is what devices get (R-ID-4). A burst of
// requests is not throttled (R-ID-47).
func TestReadAfterWrite(t *testing.T) {
	t.Parallel()
	all := serve(t)
	all.fleet2("g")
	all.create("fw", "g", func(in *iot.CreateJobInput) { in.TargetSelection = types.TargetSelectionContinuous })
	t.Run("at once", func(t *testing.T) { // which waits for all of them
		for worker := range 8 {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				one := *all // with another test to fail
				s := &one
				s.t = t
				for i := range 8 {
					s.readAfterWrite(fmt.Sprintf("w%d-%d", worker, i))
				}
			})
		}
	})
}

// readAfterWrite makes a thing and changes it, and reads after each step.
func (s *server) readAfterWrite(name string) {
	s.t.Helper()
	want := func(what string, got, want any) {
		s.t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			s.t.Errorf("%s, %s, is not what was written (-want +got):\n%s", name, what, diff)
		}
	}
	thing := "/things/" + name
	made := s.ask("POST", thing, `{}`)
	want("the id", at(s.ask("GET", thing, ""), "thingId"), made["thingId"])
	s.ask("PATCH", thing, `{"attributePayload":{"attributes":{"serial":"`+name+`"}}}`)
	want("the attribute", at(s.ask("GET", thing, ""), "attributes.serial"), any(name))
	found, _ := s.ask("GET", "/things?attributeName=serial&attributeValue="+name, "")["things"].([]any)
	want("the list", len(found), 1)

	member := `{"thingName":"` + name + `","thingGroupName":"g"}`
	pending := func() int {
		queued, _ := s.askFor("iot-jobs-data", "GET", thing+"/jobs", "")["queuedJobs"].([]any)
		return len(queued)
	}
	s.ask("PUT", "/thing-groups/addThingToThingGroup", member)
	groups, _ := s.ask("GET", thing+"/thing-groups", "")["thingGroups"].([]any)
	want("the groups", len(groups), 1)
	want("the jobs of a member", pending(), 1)
	s.ask("PUT", "/thing-groups/removeThingFromThingGroup", member)
	want("the jobs of who has left", pending(), 0)

	s.ask("DELETE", thing, "")
	status, exception, _ := s.send(call{method: "GET", path: thing})
	want("the thing that was deleted", fmt.Sprint(status, " ", exception), "404 ResourceNotFoundException")
}

// fleet2 makes a group of things that exist.
func (s *server) fleet2(group string, things ...string) {
	s.t.Helper()
	ctx, client := within(s.t, time.Minute), s.Control()
	must[*iot.CreateThingGroupOutput](s.t)(client.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: &group}))
	for _, name := range things {
		must[*iot.AddThingToThingGroupOutput](s.t)(client.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{ThingName: aws.String(name), ThingGroupName: &group}))
	}
}

// The order of checks (R-ERR-9): rules over several members come before what the request names is
// looked up, that before its state, state before version, and limits last.
func TestCheckOrder(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual", "--max-snapshot-jobs", "1")
	s.fleet("g", 1)
	s.create("j", "g", nil)
	const badRollout = `"jobExecutionsRolloutConfig":{"maximumPerMinute":20,"exponentialRate":{"baseRatePerMinute":50,"incrementFactor":2,"rateIncreaseCriteria":{"numberOfNotifiedThings":1}}}`
	const badRetry = `"jobExecutionsRetryConfig":{"criteriaList":[{"failureType":"ALL","numberOfRetries":1},{"failureType":"FAILED","numberOfRetries":1}]}`
	nope, known := `"targets":["`+s.ARN("thing", "nope")+`"]`, `"targets":["`+s.ARN("thing", "t0001")+`"]`
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		names                    string // what the message must name
	}{
		{"member before rule", "PUT", "/jobs/x", `{` + known + `,"document":"{}","description":"",` + badRollout + `}`, 400, "description"},
		{"create: rule before target", "PUT", "/jobs/x", `{` + nope + `,"document":"{}",` + badRollout + `}`, 400, "baseRatePerMinute"},
		{"create: document before target", "PUT", "/jobs/x", `{` + nope + `,"document":"[]"}`, 400, "document"},
		{"create: schedule before target", "PUT", "/jobs/x", `{` + nope + `,"document":"{}","schedulingConfig":{"startTime":"x"}}`, 400, "startTime"},
		{"create: rule before template", "PUT", "/jobs/x", `{` + known + `,"jobTemplateArn":"` + s.ARN("jobtemplate", "nope") + `",` + badRollout + `}`, 400, "baseRatePerMinute"},
		{"create: document before template", "PUT", "/jobs/x", `{` + known + `,"document":"[]","jobTemplateArn":"` + s.ARN("jobtemplate", "nope") + `"}`, 400, "document"},
		{"create: target before used id", "PUT", "/jobs/j", `{` + nope + `,"document":"{}"}`, 404, "nope"},
		{"create: used id before limit", "PUT", "/jobs/j", `{` + known + `,"document":"{}"}`, 409, "j"},
		{"create: limit", "PUT", "/jobs/x", `{` + known + `,"document":"{}"}`, 410, "1 SNAPSHOT"},
		{"template: rule before job", "PUT", "/job-templates/x", `{"description":"d","jobArn":"` + s.ARN("job", "nope") + `",` + badRetry + `}`, 400, "failureType"},
		{"template: document before job", "PUT", "/job-templates/x", `{"description":"d","jobArn":"` + s.ARN("job", "nope") + `","document":"[]"}`, 400, "document"},
		{"template: window before job", "PUT", "/job-templates/x", `{"description":"d","jobArn":"` + s.ARN("job", "nope") + `","maintenanceWindows":[{"startTime":"x","durationInMinutes":1}]}`, 400, "maintenanceWindows"},
		{"update: rule before job", "PATCH", "/jobs/nope", `{` + badRollout + `}`, 400, "baseRatePerMinute"},
		{"update: retries before job", "PATCH", "/jobs/nope", `{` + badRetry + `}`, 400, "failureType"},
		{"update: job", "PATCH", "/jobs/nope", `{"description":"d"}`, 404, "nope"},
		{"associate: kind before job", "POST", "/jobs/nope/targets", `{` + known + `}`, 400, "targets[0]"},
		{"cancel execution: thing", "PUT", "/things/nope/jobs/j/cancel", `{"expectedVersion":9}`, 404, "nope"},
		{"cancel execution: version", "PUT", "/things/t0001/jobs/j/cancel", `{"expectedVersion":9}`, 409, "9"},
	} {
		status, _, text := s.send(call{method: tt.method, path: tt.path, body: tt.body})
		if status != tt.status || !strings.Contains(text, tt.names) {
			t.Errorf("%s: %d %s, want %d that names %s", tt.name, status, text, tt.status, tt.names)
		}
	}
}
