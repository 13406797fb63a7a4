package client_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/schema"
)

// call makes a call whose result does not matter.
func call[In, Out any](op schema.Op[In, Out], in *In) func(context.Context, *client.Client) error {
	return func(ctx context.Context, c *client.Client) error {
		_, err := client.Call(ctx, c, op, in)
		return err
	}
}

// What is sent for a call, and what it is signed for: both planes have a DescribeJobExecution.
func TestRequest(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		call  func(context.Context, *client.Client) error
		sent  string
		scope string // of the signature
	}{
		{
			"control plane", call(iot.DescribeJobExecution, &iot.DescribeJobExecutionRequest{
				JobID: "j", ThingName: "t 1", ExecutionNumber: new(int64(2))}),
			"GET /things/t%201/jobs/j?executionNumber=2", "/us-east-1/iot/aws4_request",
		},
		{
			"device plane", call(jobsdata.DescribeJobExecution, &jobsdata.DescribeJobExecutionRequest{
				JobID: "$next", ThingName: "t"}),
			"GET /things/t/jobs/%24next", "/us-east-1/iot-jobs-data/aws4_request",
		},
		{
			"device plane with a body", call(jobsdata.StartNextPendingJobExecution,
				&jobsdata.StartNextPendingJobExecutionRequest{ThingName: "t"}),
			"PUT /things/t/jobs/$next {}", "/us-east-1/iot-jobs-data/aws4_request",
		},
		{
			"body", call(iot.UpdateJob, &iot.UpdateJobRequest{JobID: "j", Description: new(iot.Text("d"))}),
			`PATCH /jobs/j {"description":"d"}`, "/us-east-1/iot/aws4_request",
		},
		{"no request", call(iot.ListThings, nil), "GET /things", "/us-east-1/iot/aws4_request"},
	} {
		r := record(t, answer{200, "", "{}"})
		if err := row.call(t.Context(), r.client()); err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if diff := cmp.Diff([]string{row.sent}, r.sent); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
		if got := r.headers[0].Get("Authorization"); !strings.Contains(got, row.scope) {
			t.Errorf("%s is signed as %q, want %s", row.name, got, row.scope)
		}
	}
}

// The headers of a request: signed with a session token, for another region, or not at all.
func TestSigned(t *testing.T) {
	t.Parallel()
	token := client.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"}
	for _, row := range []struct {
		name          string
		credentials   client.Credentials
		region        string
		authorization string // a part of it; "" for none
		token         string
	}{
		{"a key", key, "", "Credential=AKID/", ""},
		{"another region", key, "eu-west-1", "/eu-west-1/iot/aws4_request", ""},
		{"a session token", token, "", "x-amz-date;x-amz-security-token", "token"},
		{"no credentials", client.Credentials{}, "", "", ""},
	} {
		r := record(t, answer{200, "", "{}"})
		c := client.New(r.URL+"/", row.credentials, client.Region(row.region))
		if _, err := client.Call(t.Context(), c, iot.ListJobs, nil); err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		got := r.headers[0]
		authorization := got.Get("Authorization")
		if !strings.Contains(authorization, row.authorization) || (authorization == "") != (row.authorization == "") {
			t.Errorf("%s: Authorization is %q", row.name, authorization)
		}
		if got.Get("X-Amz-Security-Token") != row.token || got.Get("Amz-Sdk-Request") != "attempt=1" {
			t.Errorf("%s: headers %v", row.name, got)
		}
	}
}

// What cannot be sent is an error at once, and nothing is sent.
func TestUnsendable(t *testing.T) {
	t.Parallel()
	foreign := schema.Op[iot.ListThingsRequest, iot.ListThingsResponse]{Name: "Foreign", Route: "GET /foreign"}
	for name, row := range map[string]struct {
		call     func(context.Context, *client.Client) error
		endpoint string // "" for the recorder's
		says     string
	}{
		"no path member": {call(iot.DescribeJob, &iot.DescribeJobRequest{}), "", "jobId is required"},
		"no operation":   {call(foreign, nil), "", "Foreign: no service has this operation"},
		"bad endpoint":   {call(iot.ListThings, nil), "http://\x7f", "ListThings: "},
	} {
		r := record(t, answer{200, "", "{}"})
		c := r.client()
		if row.endpoint != "" {
			c = client.New(row.endpoint, key, client.Wait(func(context.Context, duration) error {
				t.Errorf("%s: it is tried again", name)
				return nil
			}))
		}
		err := row.call(t.Context(), c)
		if err == nil || !strings.Contains(err.Error(), row.says) || len(r.sent) > 0 {
			t.Errorf("%s: %v, sent %q; want %s", name, err, r.sent, row.says)
		}
	}
}
