package client_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/client"
)

// What an answer that is an error becomes (R-ERR-2 to R-ERR-4).
func TestError(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		rule   string
		answer answer
		want   client.Error
		text   string
	}{
		{
			"R-ERR-3", answer{404, "ResourceNotFoundException", `{"message":"no job j"}`},
			client.Error{Exception: api.ResourceNotFound, Message: "no job j"},
			"ListJobs: ResourceNotFoundException: no job j",
		},
		{
			"R-ERR-2 suffix", answer{409, "ns#ConflictException:http://x/", `{"Message":"m"}`},
			client.Error{Exception: api.Conflict, Message: "m"}, "ListJobs: ConflictException: m",
		},
		{
			"R-ERR-2 code", answer{400, "", `{"code":"InvalidRequestException","__type":"x"}`},
			client.Error{Exception: api.InvalidRequest}, "ListJobs: InvalidRequestException",
		},
		{
			"R-ERR-2 type", answer{400, "", `{"__type":"a.b#InvalidRequestException","message":"m"}`},
			client.Error{Exception: api.InvalidRequest, Message: "m"}, "ListJobs: InvalidRequestException: m",
		},
		{
			"R-ERR-4", answer{409, "ResourceAlreadyExistsException",
				`{"message":"m","resourceId":"j","resourceArn":"arn:j"}`},
			client.Error{Exception: api.ResourceAlreadyExists, Message: "m", ResourceID: "j", ResourceARN: "arn:j"},
			"ListJobs: ResourceAlreadyExistsException: m",
		},
		{
			"R-HTTP-28", answer{409, "VersionMismatchException",
				`{"message":"m","executionState":{"status":"QUEUED","versionNumber":3}}`},
			client.Error{Exception: api.VersionMismatch, Message: "m",
				State: &jobsdata.ExecutionState{Status: "QUEUED", VersionNumber: 3}},
			"ListJobs: VersionMismatchException: m",
		},
		{
			"not JSON", answer{403, "", "<html>"}, client.Error{Message: "<html>"}, "ListJobs: <html>",
		},
		{
			"a member of another type", answer{400, "ConflictException", `{"message":5,"resourceId":"r"}`},
			client.Error{Exception: api.Conflict, ResourceID: "r"}, "ListJobs: ConflictException",
		},
		{"nothing", answer{404, "", ""}, client.Error{}, "ListJobs: Not Found"},
	} {
		r := record(t, row.answer)
		_, err := client.Call(t.Context(), r.client(), iot.ListJobs, nil)
		got, ok := errors.AsType[*client.Error](err)
		if !ok {
			t.Errorf("%s: %v is no *client.Error", row.rule, err)
			continue
		}
		row.want.Status, row.want.RequestID = row.answer.status, "r-1"
		if diff := cmp.Diff(&row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.rule, diff)
		}
		if err.Error() != row.text {
			t.Errorf("%s: %q, want %q", row.rule, err, row.text)
		}
		if e := row.want.Exception; e != "" && !errors.Is(err, e) || errors.Is(err, api.Throttling) {
			t.Errorf("%s: errors.Is does not find %s alone", row.rule, e)
		}
	}
}

// An answer that cannot be read is an error.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	r := record(t, answer{200, "", "[]"})
	if _, err := client.Call(t.Context(), r.client(), iot.ListJobs, nil); err == nil || len(r.sent) != 1 {
		t.Errorf("%v after %d requests", err, len(r.sent))
	}
}
