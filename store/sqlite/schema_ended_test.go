package sqlite

import (
	"fmt"
	"testing"
	"time"
)

// A file of the first version of the schema: jobs that ended under it are purged like the others (R-LIM-44), and those
// that roll out count as concurrent (R-LIM-47).
func TestMigrateEnded(t *testing.T) {
	t.Parallel()
	script := ""
	for key, state := range []string{
		`{"Status":"COMPLETED","UpdatedAt":"2026-01-02T03:04:05.678Z","Progress":{"Finished":true},"Sweep":""}`,
		`{"Status":"CANCELED","UpdatedAt":"2026-01-02T03:04:06Z","Progress":{"Finished":true},"Sweep":"cancel-queued"}`,
		`{"Status":"IN_PROGRESS","UpdatedAt":"2026-01-02T03:04:07Z","Progress":{"Finished":false},"Sweep":""}`,
		`{"Status":"IN_PROGRESS","UpdatedAt":"2026-01-02T03:04:08Z","Progress":{"Finished":true},"Sweep":""}`,
	} {
		script += fmt.Sprintf(`INSERT INTO job VALUES (%d, 'j%[1]d', 0, json_extract('%[2]s', '$.Status'), 'SNAPSHOT', '', '{}');
			INSERT INTO job_state VALUES (%[1]d, NULL, '%[2]s');`, key+1, state)
	}
	s := migrated(t, 1, script)
	r := reader{s.writer, &s.keys}
	completed := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	if ended, err := r.EndedJobs(completed, 9); err != nil || len(ended) != 0 {
		t.Errorf("ended before the first: %v, %v", ended, err)
	}
	if ended, err := r.EndedJobs(completed.Add(time.Millisecond), 9); err != nil || len(ended) != 1 || ended[0].ID != "j1" {
		t.Errorf("ended first: %v, %v", ended, err)
	}
	if ended, err := r.EndedJobs(completed.Add(time.Hour), 9); err != nil || len(ended) != 2 {
		t.Errorf("ended: %v, %v", ended, err)
	}
	if n, err := r.ConcurrentJobs(); err != nil || n != 2 {
		t.Errorf("%d concurrent jobs, %v, want 2", n, err)
	}
}
