package iot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

// newRouter binds the operations that the tests call to handlers that do nothing.
func newRouter() *schema.Router {
	r := schema.NewRouter(&iot.Service)
	bind(r, iot.CreateJob)
	bind(r, iot.UpdateJob)
	bind(r, iot.CancelJob)
	bind(r, iot.CreateThing)
	bind(r, iot.CreateThingGroup)
	bind(r, iot.CancelJobExecution)
	bind(r, iot.ListJobs)
	bind(r, iot.CreateJobTemplate)
	bind(r, iot.DescribeManagedJobTemplate)
	bind(r, iot.AttachThingPrincipal)
	bind(r, iot.ListCertificates)
	bind(r, iot.ListAttachedPolicies)
	bind(r, iot.UpdateEventConfigurations)
	return r
}

func bind[In, Out any](r *schema.Router, op schema.Op[In, Out]) {
	schema.Handle(r, op, func(context.Context, *In) (*Out, error) { return new(Out), nil })
}

// send decodes a request, written as "METHOD path?query", and returns what is wrong with it.
func send(r *schema.Router, line, body string, header http.Header) (any, error) {
	method, target, _ := strings.Cut(line, " ")
	path, query, _ := strings.Cut(target, "?")
	m, err := r.Match(method, path)
	if err != nil {
		return nil, err
	}
	call, err := m.Decode(schema.Parts{RawQuery: query, Header: header, Body: []byte(body)}, schema.Decoding{})
	if err != nil {
		return nil, err
	}
	return call.In, nil
}

// job returns a CreateJob body with one more member.
func job(member string, args ...any) string {
	return fmt.Sprintf(`{"targets":["arn:aws:iot:us-east-1:000000000000:thing/t"],`+member+`}`, args...)
}

func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

func factor(n string) string {
	return job(`"jobExecutionsRolloutConfig":{"exponentialRate":{"baseRatePerMinute":5,"incrementFactor":%s,"rateIncreaseCriteria":{"numberOfNotifiedThings":1}}}`, n)
}

func base(n string) string {
	return job(`"jobExecutionsRolloutConfig":{"exponentialRate":{"baseRatePerMinute":%s,"incrementFactor":2,"rateIncreaseCriteria":{"numberOfNotifiedThings":1}}}`, n)
}

func minimum(n string) string {
	return job(`"abortConfig":{"criteriaList":[{"failureType":"ALL","action":"CANCEL","thresholdPercentage":1,"minNumberOfExecutedThings":%s}]}`, n)
}

func threshold(n string) string {
	return job(`"abortConfig":{"criteriaList":[{"failureType":"ALL","action":"CANCEL","thresholdPercentage":%s,"minNumberOfExecutedThings":1}]}`, n)
}

func targets(n int) string {
	return `{"targets":[` + strings.TrimSuffix(strings.Repeat(`"arn:x",`, n), ",") + `]}`
}

// The worked validation cases that one member decides; the others are the engine's. Rules about
// the members that CreateJob, CreateJobTemplate and UpdateJob share hold on all three alike
// (R-UPD-2).
func TestWorkedValidationCases(t *testing.T) {
	t.Parallel()
	type row struct {
		rule, body, says string // says "" means accepted
	}
	rows := []row{
		{"R-VAL-25", job(`"timeoutConfig":{"inProgressTimeoutInMinutes":1}`), ""},
		{"R-VAL-25", job(`"timeoutConfig":{"inProgressTimeoutInMinutes":10080}`), ""},
		{"R-VAL-25", job(`"timeoutConfig":{"inProgressTimeoutInMinutes":0}`), "timeoutConfig.inProgressTimeoutInMinutes: 0 is not in 1..10080"},
		{"R-VAL-25", job(`"timeoutConfig":{"inProgressTimeoutInMinutes":10081}`), "10081"},
		{"R-VAL-25", job(`"timeoutConfig":{"inProgressTimeoutInMinutes":-1}`), "-1"},
		{"R-VAL-12", job(`"presignedUrlConfig":{"expiresInSec":60}`), ""},
		{"R-VAL-12", job(`"presignedUrlConfig":{"expiresInSec":3600}`), ""},
		{"R-VAL-12", job(`"presignedUrlConfig":{"expiresInSec":59}`), "presignedUrlConfig.expiresInSec"},
		{"R-VAL-12", job(`"presignedUrlConfig":{"expiresInSec":3601}`), "presignedUrlConfig.expiresInSec"},
		{"R-VAL-13", job(`"presignedUrlConfig":{"roleArn":"arn:aws:iam::123456789012:role/service/x"}`), ""},
		{"R-VAL-13", job(`"presignedUrlConfig":{"roleArn":"arn:aws:iam::123456789012:user/x"}`), "presignedUrlConfig.roleArn"},
		{"R-VAL-15", job(`"jobExecutionsRolloutConfig":{"maximumPerMinute":1000}`), ""},
		{"R-VAL-15", job(`"jobExecutionsRolloutConfig":{"maximumPerMinute":1001}`), "1001 is not in 1..1000"},
		{"R-VAL-20", job(`"jobExecutionsRolloutConfig":{"exponentialRate":null}`), ""},
		{"R-VAL-21", job(`"abortConfig":{"criteriaList":[]}`), "abortConfig.criteriaList: 0 items"},
		{"R-VAL-21", job(`"abortConfig":{"criteriaList":[{"failureType":"ALL","action":"CANCEL"}]}`),
			"abortConfig.criteriaList[0].thresholdPercentage: required"},
		{"R-VAL-21", job(`"abortConfig":{}`), "abortConfig.criteriaList: required"},
		{"R-VAL-26", job(`"jobExecutionsRetryConfig":{"criteriaList":[{"failureType":"ALL","numberOfRetries":11}]}`), "11 is not in 0..10"},
		{"R-VAL-16", base("1"), ""},
		{"R-VAL-16", base("1000"), ""},
		{"R-VAL-16", base("0"), "baseRatePerMinute: 0 is not in 1..1000"},
		{"R-VAL-16", base("1001"), "baseRatePerMinute: 1001 is not in 1..1000"},
		{"R-VAL-23", minimum("1"), ""},
		{"R-VAL-23", minimum("0"), "minNumberOfExecutedThings: 0"},
		{"R-VAL-23", minimum("-1"), "minNumberOfExecutedThings: -1"},
		{"R-VAL-33", job(`"description":""`), "description: "},
		{"R-VAL-33", job(`"description":"a\nb"`), "description: "},
		{"R-VAL-33", job(`"description":%s`, quoted(strings.Repeat("é", 2028))), ""},
		{"R-VAL-33", job(`"description":%s`, quoted(strings.Repeat("é", 2029))), "length 2029 is not in ..2028"},
		{"R-VAL-5", targets(100), ""},
		{"R-VAL-5", targets(101), "targets: 101 items are not in 1..100"},
		{"R-VAL-5", targets(0), "targets: 0 items"},
		{"R-VAL-10", job(`"document":%s`, quoted(strings.Repeat("é", 16384))), ""},
		{"R-VAL-10", job(`"document":%s`, quoted(strings.Repeat("é", 16384)+"x")), "document: the value is refused: 32769 bytes are more than 32768"},
		{"R-VAL-32", job(`"tags":[{"Key":"fleet id_.:/=+-@","Value":""}]`), ""},
		{"R-VAL-32", job(`"tags":[{"Key":"a#b"}]`), "tags[0].Key"},
		{"R-VAL-32", job(`"tags":[{"Value":"x"}]`), "tags[0].Key: required"},
		{"R-VAL-36", job(`"namespaceId":%q`, strings.Repeat("n", 65)), "namespaceId: "},
		{"R-WIRE-8", job(`"targetSelection":true`), "targetSelection: expected a string, got a boolean"},
		{"R-WIRE-9", job(`"targetSelection":null,"other":{"deep":[null]}`), ""},
	}
	for _, n := range []string{"1.1", "5", "2.0", "1.50"} {
		rows = append(rows, row{"R-VAL-17", factor(n), ""})
	}
	for _, n := range []string{"1.0", "5.1", "1.55", "0", `"2"`} {
		rows = append(rows, row{"R-VAL-17", factor(n), "jobExecutionsRolloutConfig.exponentialRate.incrementFactor: "})
	}
	for _, n := range []string{"0", "100", "10.9", "10.99", "20.00"} {
		rows = append(rows, row{"R-VAL-22", threshold(n), ""})
	}
	for _, n := range []string{"-1", "100.01", "10.999"} {
		rows = append(rows, row{"R-VAL-22", threshold(n), "abortConfig.criteriaList[0].thresholdPercentage: "})
	}
	r := newRouter()
	for _, row := range rows {
		_, err := send(r, "PUT /jobs/j", row.body, nil)
		check(t, row.rule, row.body, err, row.says)
		if !shared.MatchString(row.body) {
			continue
		}
		_, err = send(r, "PATCH /jobs/j", row.body, nil)
		check(t, row.rule+" R-UPD-2", row.body, err, row.says)
		_, err = send(r, "PUT /job-templates/t", strings.Replace(row.body, "{", `{"description":"d",`, 1), nil)
		if !strings.Contains(row.body, `"description"`) { // which is there twice then: the last one counts
			check(t, row.rule+" template", row.body, err, row.says)
		}
	}
}

// shared finds the members that the three operations have in common.
var shared = regexp.MustCompile(`Config":|"description":`)

// What an update cannot take away: abort criteria (R-UPD-14) and the description (R-UPD-18); null
// leaves a member as it is (R-UPD-1).
func TestUpdateCannotRemove(t *testing.T) {
	t.Parallel()
	r := newRouter()
	for _, row := range []struct{ rule, body, says string }{
		{"R-UPD-14", `{"abortConfig":{}}`, "abortConfig.criteriaList: required"},
		{"R-UPD-14", `{"abortConfig":{"criteriaList":[]}}`, "abortConfig.criteriaList: 0 items"},
		{"R-UPD-14", `{"abortConfig":{"criteriaList":null}}`, "abortConfig.criteriaList: required"},
		{"R-UPD-18", `{"description":""}`, "description: "},
		{"R-UPD-18", `{"description":" "}`, ""},
		{"R-UPD-1", `{"abortConfig":null,"description":null,"timeoutConfig":null}`, ""},
	} {
		in, err := send(r, "PATCH /jobs/j", row.body, nil)
		check(t, row.rule, row.body, err, row.says)
		if u, ok := in.(*iot.UpdateJobRequest); row.rule == "R-UPD-1" && (!ok || u.AbortConfig != nil || u.Description != nil || u.TimeoutConfig != nil) {
			t.Errorf("%s: %s is read as %+v", row.rule, row.body, in)
		}
	}
}

func check(t *testing.T, rule, what string, err error, says string) {
	t.Helper()
	f := fault.Of(err)
	if says == "" && err != nil || says != "" && (f == nil || f.Code != fault.Invalid || !strings.Contains(f.Message, says)) {
		t.Errorf("%s: %s:\n got %v\nwant %q", rule, what[:min(len(what), 200)], err, says)
	}
}

func TestMembersOutsideTheBody(t *testing.T) {
	t.Parallel()
	r := newRouter()
	principal := http.Header{"X-Amzn-Principal": {"arn:aws:iot:us-east-1:000000000000:cert/x"}}
	for _, row := range []struct {
		rule, line, body string
		header           http.Header
		says             string
	}{
		{"R-ERR-11", "PUT /jobs/" + strings.Repeat("j", 65), targets(1), nil, "jobId: "},
		{"R-ERR-11", "PUT /jobs/a.b", targets(1), nil, `jobId: the value "a.b" is refused: must match [a-zA-Z0-9_-]+`},
		{"R-ERR-10", "PUT /jobs/a.b", `{"targets":[]}`, nil, "jobId: "},
		{"R-WIRE-7", "PUT /jobs/j", "", nil, "targets: required, but missing"},
		{"R-WIRE-21", "GET /jobs?maxResults=250", "", nil, ""},
		{"R-WIRE-21", "GET /jobs?maxResults=251", "", nil, "maxResults: 251 is not in 1..250"},
		{"R-WIRE-21", "GET /jobs?maxResults=0", "", nil, "maxResults: 0"},
		{"R-WIRE-9", "GET /jobs?surplus=1&status=CANCELED", "", nil, ""},
		{"R-ERR-11", "GET /jobs?status=DONE", "", nil, "status: "},
		{"R-WIRE-20", "GET /managed-job-templates/x?templateVersion=1.0", "", nil, ""},
		{"R-WIRE-20", "GET /managed-job-templates/x?templateVersion=1x0", "", nil, "templateVersion: "},
		{"R-VAL-34", "PUT /things/t:1/jobs/j/cancel?force=TRUE", `{"statusDetails":{"a:b":"c"},"expectedVersion":1}`, nil, ""},
		{"R-WIRE-11", "PUT /things/t/jobs/j/cancel?force=1", "", nil, "force: expected true or false"},
		{"R-VAL-34", "PUT /things/t/jobs/j/cancel", `{"statusDetails":{"a":""}}`, nil, `statusDetails["a"]: `},
		{"R-VAL-35", "PUT /job-templates/t", `{}`, nil, "description: required"},
		{"R-ID-20", "PUT /things/t/principals", "", principal, ""},
		{"R-ERR-11", "PUT /things/t/principals", "", nil, "principal: required"},
		{"R-ID-1", "POST /attached-policies/arn%3Aaws%3Aiot%3Ax%3A1%3Acert%2Fy", "", nil, ""},
		{"R-ERR-11", "PATCH /event-configurations", `{"eventConfigurations":{"NO":{"Enabled":true}}}`, nil, "eventConfigurations: a key: "},
	} {
		_, err := send(r, row.line, row.body, row.header)
		check(t, row.rule, row.line+" "+row.body, err, row.says)
	}
	in, err := send(r, "GET /certificates?isAscendingOrder=true", "", nil)
	if err != nil || in.(*iot.ListCertificatesRequest).AscendingOrder == nil {
		t.Errorf("isAscendingOrder is not read: %v", err)
	}
}

// Every operation and every member of a request has a doc comment that can be looked up: it is
// the help of the command line.
func TestDocs(t *testing.T) {
	t.Parallel()
	docs, err := iot.Docs()
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range iot.Service.All() {
		if docs.Operation(op.Name) == "" {
			t.Errorf("%s has no doc comment", op.Name)
		}
		for _, m := range op.Input.Members {
			if docs.Member(op.Input, m) == "" {
				t.Errorf("%s.%s has no doc comment", op.Name, m.Name)
			}
		}
	}
	create := iot.CreateJob.Describe().Input
	if text := docs.Member(create, create.Member("jobId")); !strings.Contains(text, "unique") {
		t.Errorf("jobId's text comes from its type: %q", text)
	}
	if text := docs.Member(create, create.Member("documentSource")); !strings.Contains(text, "R-VAL-2") {
		t.Errorf("documentSource has its own text: %q", text)
	}
}
