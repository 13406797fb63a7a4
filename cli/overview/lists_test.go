package overview

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/drover-iot/drover/client"
)

// fleet is a server with three jobs, of which the second is deleted while it is listed, and one
// thing with more executions than a page has.
func fleet(t *testing.T) *client.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/jobs":
			fmt.Fprint(w, `{"jobs":[{"jobId":"a"},{"jobId":"b"},{"jobId":"c"}]}`)
		case "/jobs/b":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"__type":"ResourceNotFoundException","code":"ResourceNotFoundException"}`)
		case "/indices/search":
			fmt.Fprint(w, `{"things":[{"thingName":"t"}]}`)
		case "/things/t/jobs":
			token := `,"nextToken":"more"`
			if r.URL.Query().Get("status") == "IN_PROGRESS" {
				token = ""
			}
			fmt.Fprintf(w, `{"executionSummaries":[{"jobId":"a"}]%s}`, token)
		default:
			fmt.Fprintf(w, `{"job":{"jobId":%q,"status":"COMPLETED"}}`, strings.TrimPrefix(r.URL.Path, "/jobs/"))
		}
	}))
	t.Cleanup(server.Close)
	return client.New(server.URL, client.Credentials{}, client.Attempts(1))
}

// A list ends at its limit, says whether there is more, and leaves out what is deleted meanwhile.
func TestLimit(t *testing.T) { // R-CMD-157
	t.Parallel()
	for limit, want := range map[int]string{1: "a true", 2: "a c false", 20: "a c false"} {
		jobs, more, err := Jobs(t.Context(), fleet(t), JobFilter{Limit: limit})
		var got []string
		for _, j := range jobs {
			got = append(got, j.JobID)
		}
		if text := fmt.Sprint(strings.Join(got, " "), " ", more); err != nil || text != want {
			t.Errorf("limit %d: %q, %v, want %q", limit, text, err, want)
		}
	}
}

// The executions of a thing are counted in one page of each status, and a plus says that there are
// more.
func TestPending(t *testing.T) { // R-CMD-157
	t.Parallel()
	things, more, err := Things(t.Context(), fleet(t), ThingFilter{Limit: 20, Jobs: true})
	if err != nil || more || len(things) != 1 || *things[0].Pending != 2 || !things[0].More {
		t.Fatalf("%+v, %v, %v", things, more, err)
	}
	if table := ThingTable(things, true, now).String(0, false); !strings.HasSuffix(table, " 2+\n") {
		t.Errorf("%s", table)
	}
}
