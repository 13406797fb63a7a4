package client_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/client"
)

// What is sent to list nodes, and how the answer is read (R-NODE-13).
func TestNodes(t *testing.T) {
	t.Parallel()
	r := record(t, answer{200, "", `{"now":"2030-01-02T15:04:05Z","nodes":[
 {"name":"a/1","version":"v1.2.0","since":"2030-01-01T00:00:00Z",
  "lastSign":"2030-01-02T15:04:04Z","connections":7,"ready":true},
 {"name":"b/2","heir":"a/1"}]}`})
	nodes, now, err := client.Nodes(t.Context(), r.client())
	if err != nil {
		t.Fatal(err)
	}
	want := []client.Node{
		{
			Name:        "a/1",
			Version:     "v1.2.0",
			Since:       time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
			LastSign:    time.Date(2030, 1, 2, 15, 4, 4, 0, time.UTC),
			Connections: 7,
			Ready:       true,
		},
		{Name: "b/2", Heir: "a/1"},
	}
	if diff := cmp.Diff(want, nodes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !now.Equal(time.Date(2030, 1, 2, 15, 4, 5, 0, time.UTC)) {
		t.Errorf("now is %v", now)
	}
	if diff := cmp.Diff([]string{"GET /_drover/nodes"}, r.sent); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.headers[0].Get("Authorization") == "" {
		t.Error("it is not signed")
	}
}
