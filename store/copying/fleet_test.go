package copying_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/store"
)

// fleetRows makes a fleet of %[1]d things, jobs in every status, and an execution of each thing, in
// every status.
const fleetRows = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %[1]d)
INSERT INTO thing SELECT i, 'pump-' || i, 'uuid-' || i, '', '{"site":"' || i %% 9 || '"}', 1, i, 0 FROM n;
INSERT INTO membership SELECT 1, name, id, id FROM thing;
INSERT INTO job SELECT id, 'job-' || id, id, CASE id %% 5 WHEN 0 THEN 'SCHEDULED' WHEN 1 THEN 'IN_PROGRESS'
	WHEN 2 THEN 'COMPLETED' WHEN 3 THEN 'CANCELED' ELSE 'DELETION_IN_PROGRESS' END,
	0, 'SNAPSHOT', '', '{}', NULL, 0 FROM thing WHERE id <= 100;
INSERT INTO execution SELECT 1 + id %% 100, id, 1, id %% 8, 1, 0, 0, 0, 0, id, NULL, id, id, NULL, NULL, NULL,
	'{"step":"download"}', NULL, 0, NULL, id %% 3, CASE WHEN id %% 8 = 2 THEN id %% 2 ELSE 0 END FROM thing;
INSERT INTO job_thing SELECT 1 + id %% 100, name, id FROM thing;
INSERT INTO thing_hold SELECT id, 'under repair', id, NULLIF(id %% 20, 0) FROM thing WHERE id %% 10 = 0;
INSERT INTO waiting_retry SELECT 1, id FROM thing WHERE id %% 10 = 1;
INSERT INTO confirmation SELECT id, 1, 1, id, id + 900000 FROM thing WHERE id %% 10 = 2;
INSERT INTO session (client, seq, value) SELECT name, 0, CAST(uuid AS BLOB) FROM thing;`

// A fleet comes there and back with the same digests: 1,000 things, and with DROVER_EXHAUSTIVE=1
// 100,000.
func TestFleet(t *testing.T) { // R-NODE-14
	t.Parallel()
	things := 1000
	if os.Getenv("DROVER_EXHAUSTIVE") != "" {
		things = 100_000
	}
	file, database := newPlaces(t)
	back, _ := newPlaces(t)
	file.use(t, func(store.Store) {})
	file.exec(t, fmt.Sprintf(fleetRows, things))
	start := time.Now()
	want := file.mustCopy(t, database)
	there := time.Since(start)
	got := database.mustCopy(t, back)
	all := time.Since(start)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-there +back):\n%s", diff)
	}
	var rows int64
	for _, r := range want {
		rows += r.Rows
	}
	if rows < int64(5*things) {
		t.Errorf("only %d rows were copied", rows)
	}
	t.Logf("%d rows: there %v, back %v", rows, there, all-there)
}
