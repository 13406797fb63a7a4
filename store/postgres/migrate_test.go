package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/test/testpostgres"
)

// A database at the second version of the schema, which knew no holds, waves and retries that back
// off, is brought to the newest one by the server that opens it, and its executions are as before.
func TestSecondVersion(t *testing.T) {
	t.Parallel()
	url := testpostgres.Schema(t)
	old, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close(t.Context())
	const rows = `
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version (version) VALUES (2);
INSERT INTO thing VALUES (7, 'a', '', '', NULL, 1, 0, 0);
INSERT INTO execution VALUES (9, 7, 2, 1, 4, 0, 0, 0, 0, 1000, 2000, 3000, 5, 9000, NULL, 9000,
	NULL, NULL, 0);`
	script := strings.Join(append(migrations[:2:2], rows), ";\n")
	if _, err := old.Exec(t.Context(), script, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	want := []job.Execution{{
		ExecutionKey: job.ExecutionKey{Job: 9, Thing: 7, Number: 2},
		Status:       job.ExecutionInProgress,
		Version:      4,
		QueuedAt:     at(1),
		StartedAt:    at(2),
		UpdatedAt:    at(3),
		Sequence:     5,
		Deadline:     at(9),
	}}
	err = s.Write(t.Context(), func(tx store.Tx) error {
		got, err := tx.Pending(7, 9)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("before a hold (-want +got):\n%s", diff)
		}
		if err != nil {
			return err
		}
		err = tx.Apply(store.Changes{Job: store.JobChanges{Holds: []job.Hold{{Thing: 7, Reason: "r"}}}})
		if err != nil {
			return err
		}
		want[0].Held = true
		got, err = tx.Pending(7, 9)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("held (-want +got):\n%s", diff)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
