package client_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
)

// All goes through the pages as far as the loop goes, and repeats the filters with each token.
func TestAll(t *testing.T) {
	t.Parallel()
	page := func(items, token string) answer {
		return answer{200, "", `{"things":[` + items + `]` + token + `}`}
	}
	first, second := page(`"a","b"`, `,"nextToken":"t2"`), page(`"c"`, "")
	denied := answer{403, "AccessDeniedException", "{}"}
	for _, row := range []struct {
		name    string
		answers []answer
		stop    iot.ThingName // end the loop at this item
		got     []iot.ThingName
		tokens  []string // of the requests
		failed  error
	}{
		{"two pages", []answer{first, second}, "", []iot.ThingName{"a", "b", "c"}, []string{"", "t2"}, nil},
		{"one page", []answer{second}, "", []iot.ThingName{"c"}, []string{""}, nil},
		{"no items", []answer{page("", "")}, "", nil, []string{""}, nil},
		{"an empty page", []answer{page("", `,"nextToken":"t2"`), second}, "", []iot.ThingName{"c"}, []string{"", "t2"}, nil},
		{"an empty token", []answer{page(`"a"`, `,"nextToken":""`)}, "", []iot.ThingName{"a"}, []string{""}, nil},
		{"a loop that ends", []answer{first, second}, "a", []iot.ThingName{"a"}, []string{""}, nil},
		{"an error later", []answer{first, denied}, "", []iot.ThingName{"a", "b"}, []string{"", "t2"}, api.AccessDenied},
		{"an error at once", []answer{denied}, "", nil, []string{""}, api.AccessDenied},
	} {
		r := record(t, row.answers...)
		in := &iot.ListThingsInThingGroupRequest{ThingGroupName: "g", MaxResults: new(iot.MaxResults(2))}
		var got []iot.ThingName
		var failed error
		for name, err := range client.All(t.Context(), r.client(), iot.ListThingsInThingGroup, in) {
			if failed = err; err != nil {
				continue // All must end by itself
			}
			if got = append(got, name); name == row.stop {
				break
			}
		}
		if diff := cmp.Diff(row.got, got); diff != "" || !errors.Is(failed, row.failed) {
			t.Errorf("%s: %v (-want +got):\n%s", row.name, failed, diff)
		}
		var sent []string
		for _, token := range row.tokens {
			query := "?maxResults=2"
			if token != "" {
				query += "&nextToken=" + token
			}
			sent = append(sent, "GET /thing-groups/g/things"+query)
		}
		if diff := cmp.Diff(sent, r.sent); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", row.name, diff)
		}
		if in.NextToken != nil {
			t.Errorf("%s: the request was changed", row.name)
		}
	}
}

// A server that answers with the same token again does not hold the loop for ever. Older operations
// page by a marker.
func TestAllRepeats(t *testing.T) {
	t.Parallel()
	r := record(t, answer{200, "", `{"policies":[{"policyName":"p"}],"nextMarker":"m"}`})
	seen := 0
	var failed error
	for _, err := range client.All(t.Context(), r.client(), iot.ListPolicies, nil) {
		if failed = err; err == nil {
			seen++
		}
	}
	if failed == nil || seen != 2 {
		t.Errorf("%d items, %v", seen, failed)
	}
	if diff := cmp.Diff([]string{"GET /policies", "GET /policies?marker=m"}, r.sent); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}
