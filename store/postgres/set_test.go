package postgres

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/relational"
	"github.com/drover-iot/drover/test/testpostgres"
)

// A set in which one row is at another version is a conflict, and nothing of the write is stored
// (R-CON-22).
func TestSetWithAConflict(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), testpostgres.Schema(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	j := job.Job{Key: 1, ID: "j"}
	j.Status, j.CreatedAt = job.InProgress, at
	var fill, change store.Changes
	fill.Job.CreatedJobs = []store.CreatedJob{{Job: j, Document: "{}"}}
	for i := range 3 {
		id := registry.ThingID(i + 1)
		fill.Registry.CreatedThings = append(fill.Registry.CreatedThings,
			registry.Thing{ID: id, Name: fmt.Sprint("t", i), CreatedAt: at})
		x := job.Execution{
			ExecutionKey: job.ExecutionKey{Job: 1, Thing: id, Number: 1},
			Version:      1, QueuedAt: at, UpdatedAt: at, Sequence: int64(i),
		}
		fill.Job.CreatedExecutions = append(fill.Job.CreatedExecutions, x)
		x.Version += 1 + int64(i)/2 // the last one is one ahead
		change.Job.UpdatedExecutions = append(change.Job.UpdatedExecutions, x)
	}
	err = s.Write(t.Context(), func(tx store.Tx) error { return tx.Apply(fill) })
	if err != nil {
		t.Fatal(err)
	}
	err = s.Write(t.Context(), func(tx store.Tx) error { return tx.Apply(change) })
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("error %v, want a conflict", err)
	}
	err = s.Read(t.Context(), func(r store.Reader) error {
		x, err := r.Latest(1, 1)
		if x.Version != 1 {
			t.Errorf("version %d was stored", x.Version)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Changes are sent in sets, and none of them comes before an earlier one of the same row, nor before
// a change that has no set form.
func TestSetsKeepTheOrderOfARow(t *testing.T) {
	t.Parallel()
	insert, update := translated(relational.InsertExecution), translated(relational.UpdateExecution)
	names := map[string]string{insert: "insert", update: "update", "other": "other"}
	row := func(thing int64) []any {
		args := make([]any, 18)
		args[12], args[13], args[14] = int64(1), thing, int64(1)
		return args
	}
	for _, test := range []struct {
		name string
		sent []change
		want []string
	}{
		{
			name: "one set for each statement",
			sent: []change{
				{sql: insert, args: row(1)}, {sql: update, args: row(8)},
				{sql: insert, args: row(2)}, {sql: update, args: row(9)},
			},
			want: []string{"insert 2", "update 2"},
		},
		{
			name: "created and updated",
			sent: []change{
				{sql: update, args: row(1)}, {sql: insert, args: row(2)}, {sql: update, args: row(2)},
			},
			want: []string{"update 1", "insert 1", "update 1"},
		},
		{
			name: "updated twice",
			sent: []change{
				{sql: update, args: row(1)}, {sql: update, args: row(2)}, {sql: update, args: row(1)},
			},
			want: []string{"update 2", "update 1"},
		},
		{
			name: "another statement between",
			sent: []change{
				{sql: update, args: row(1)}, {sql: "other"}, {sql: update, args: row(2)},
			},
			want: []string{"update 1", "other 1", "update 1"},
		},
	} {
		c := &conn{}
		for _, w := range test.sent {
			c.add(w)
		}
		var got []string
		for _, w := range c.waiting {
			got = append(got, fmt.Sprintf("%s %d", names[w.sql], w.size()))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
