package sqlite

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A file at the second version of the schema: the jobs of its targets are listed newest first, of
// the names of deleted things those with executions stay, the pending executions of jobs with
// windows are found, jobs are counted, and of the jobs of a group those that are active are found.
func TestSecondVersion(t *testing.T) {
	t.Parallel()
	script := `INSERT INTO thing VALUES (1, 'a', '', '', NULL, 1, 0);
		INSERT INTO deleted_thing VALUES (2, 'gone'), (3, 'forgotten');`
	for key := 1; key <= 3; key++ {
		schedule := ""
		if key == 2 {
			schedule = `,"schedulingConfig":{"windows":[{"startTime":"0 2 * * ? *","minutes":60}]}`
		}
		script += fmt.Sprintf(`INSERT INTO job VALUES (%[1]d, 'j%[1]d', %[1]d, 'IN_PROGRESS', 0, 'SNAPSHOT', '',
				'{"targets":[{"kind":"thing","name":"a","arn":"a"}],"targetSelection":"SNAPSHOT","createdAt":"2026-03-01T12:00:00Z"%[2]s}');
			INSERT INTO job_document VALUES (%[1]d, '{}', NULL);
			INSERT INTO job_target VALUES ('thing/a', %[1]d);
			INSERT INTO continuous_target VALUES (7, %[1]d);
			INSERT INTO job_state VALUES (%[1]d, NULL, NULL,
				'{"status":"IN_PROGRESS","updatedAt":"2026-03-01T12:00:00Z","counts":[1,0,0,0,0,0,0,0]}');
			INSERT INTO execution VALUES (%[1]d, 1, 1, 0, 1, 0, 0, 0, 0, 0, NULL, 0, %[1]d, NULL, NULL, NULL, NULL, NULL);`,
			key, schedule)
	}
	script += `UPDATE job SET status = 'COMPLETED' WHERE key = 1;
		INSERT INTO execution VALUES (1, 2, 1, 2, 1, 0, 0, 0, 0, 0, NULL, 0, 9, NULL, NULL, NULL, NULL, NULL);`
	s := migrated(t, 2, script)
	err := s.Read(t.Context(), func(r store.Reader) error {
		var got []string
		jobs, err := r.Jobs(store.JobQuery{Target: "thing/a", Limit: 9})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			got = append(got, j.ID)
		}
		windowed, err := r.PendingWindowed(1, 9)
		for _, x := range windowed {
			got = append(got, fmt.Sprint("windowed ", x.Job))
		}
		if err != nil {
			return err
		}
		for _, thing := range []registry.ThingID{1, 2, 3} {
			if name, err := r.ThingName(thing); err == nil {
				got = append(got, name)
			}
		}
		continuous, err := r.ContinuousJobs(7, 0, 9)
		if err != nil {
			return err
		}
		var active []job.Key
		for _, one := range continuous {
			active = append(active, one.Key)
		}
		count, err := r.ActiveJobs(job.Snapshot)
		if err != nil {
			return err
		}
		got = append(got, fmt.Sprint("active ", active), fmt.Sprint("count ", count))
		want := []string{"j3", "j2", "j1", fmt.Sprint("windowed ", job.Key(2)), "a", "gone", "active [2 3]", "count 2"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A policy that was attached before the time of it was stored is attached since its certificate or
// its group was created; without either, since 1970 (R-ID-62).
func TestAttachmentTimes(t *testing.T) {
	t.Parallel()
	s := migrated(t, 10, `INSERT INTO certificate VALUES ('c', '', 'ACTIVE', '', 3000, 3000, 0, 0);
		INSERT INTO thing_group VALUES (1, 'g', 'uuid', 0, '', NULL, 1, 2000, '', '', '');
		INSERT INTO attachment VALUES ('p', 'cert', 'c'), ('p', 'thinggroup', 'g'), ('p', 'cert', 'gone'),
			('p', 'cert', 'g'), ('q', 'thinggroup', 'c');`)
	err := s.Read(t.Context(), func(r store.Reader) error {
		found, err := r.TargetsByTime(store.TargetQuery{Policy: "p", Ascending: true, Limit: 9})
		var got []string
		for _, a := range found {
			got = append(got, fmt.Sprint(a.Kind, " ", a.Key, " ", a.AttachedAt.UnixMilli()))
		}
		want := []string{"cert g 0", "cert gone 0", "thinggroup g 2000", "cert c 3000"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
