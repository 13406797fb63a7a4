package sqlite

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// oldGroups are the groups of a file at the first version of the schema: their keys, names and
// parents. In each are two things. The group with the key 5, c below root, was deleted.
var oldGroups = []struct {
	key    int
	name   string
	parent int
}{{1, "root", 0}, {2, "a", 1}, {3, "a1", 2}, {4, "b", 1}, {6, "d", 1}, {10, "x", 0}}

// oldSources are the sources of a job on root, on x and on a thing as the first version kept them:
// one for each group below a target.
const oldSources = `[{"group":1},{"group":2},{"group":3},{"group":4},{"group":5},{"group":6},
	{"target":1,"group":10},{"target":2,"thing":900}]`

// oldFile is a script that fills a file at the first version of the schema.
func oldFile() string {
	var s strings.Builder
	for _, g := range oldGroups {
		fmt.Fprintf(&s, `INSERT INTO thing_group VALUES (%d, '%s', 'uuid-%d', %d, '', NULL, 1, 0, '', '', '');`,
			g.key, g.name, g.key, g.parent)
		for n := 1; n <= 2; n++ {
			thing := g.key*10 + n
			fmt.Fprintf(&s, `INSERT INTO thing VALUES (%d, '%s-%d', '', '', NULL, 1, 0);`, thing, g.name, n)
			fmt.Fprintf(&s, `INSERT INTO membership VALUES (%d, '%s-%d', %d, %d);`, g.key, g.name, n, thing, thing)
		}
	}
	s.WriteString(`INSERT INTO thing VALUES (900, 'single', '', '', NULL, 1, 0);`)
	s.WriteString(`INSERT INTO counter VALUES (0, 1000), (1, 1000), (2, 1000), (3, 1000), (4, 1000), (5, 1000);`)
	return s.String()
}

// oldJob is a script that inserts a job as the first version of the schema kept it. state holds the
// members of its state that the rollout needs.
func oldJob(key int, sources, state string) string {
	return fmt.Sprintf(`INSERT INTO job VALUES (%[1]d, 'j%[1]d', 0, 'IN_PROGRESS', 1, 'SNAPSHOT', '',
			'{"targets":[{"kind":"thinggroup","name":"root","arn":"root"},{"kind":"thinggroup","name":"x","arn":"x"},
			{"kind":"thing","name":"single","arn":"single"}],"targetSelection":"SNAPSHOT","createdAt":"2026-03-01T12:00:00Z",
			"sources":%[2]s,"newestMembership":500,"targetGroups":[1,10]}');
		INSERT INTO job_document VALUES (%[1]d, '{}', NULL);
		INSERT INTO job_state VALUES (%[1]d, 1, NULL,
			'{"status":"IN_PROGRESS","updatedAt":"2026-03-01T12:00:00Z","counts":[0,0,0,0,0,0,0,0],%[3]s}');`,
		key, sources, state)
}

// A job in whose sources the first version of the schema listed every group below its targets keeps
// its targets only, and its rollout and its back-fill stand at the same place as before.
func TestSourcesWithoutDescendants(t *testing.T) {
	t.Parallel()
	path := func(groups ...registry.PathGroup) registry.GroupPath { return groups }
	a, a1, d := registry.PathGroup{Group: 2, Name: "a"}, registry.PathGroup{Group: 3, Name: "a1"}, registry.PathGroup{Group: 6, Name: "d"}
	rows := []struct {
		name, cursor string
		want         job.RolloutCursor
	}{
		{"at the beginning", `{}`, job.RolloutCursor{}},
		{"in the target", `{"after":"root-1"}`, job.RolloutCursor{After: "root-1"}},
		{"below it", `{"source":1,"after":"a-1"}`, job.RolloutCursor{Path: path(a), After: "a-1"}},
		{"two below it", `{"source":2,"after":"a1-2"}`, job.RolloutCursor{Path: path(a, a1), After: "a1-2"}},
		{"in a group that was deleted", `{"source":4,"after":"c-1"}`, job.RolloutCursor{Path: path(d)}},
		{"in another target", `{"source":6,"after":"x-1"}`, job.RolloutCursor{Source: 1, After: "x-1"}},
		{"at a thing", `{"source":7}`, job.RolloutCursor{Source: 2}},
		{"at the end", `{"source":8}`, job.RolloutCursor{Source: 3}},
	}
	script := oldFile()
	for i, row := range rows {
		script += oldJob(i+1, oldSources, fmt.Sprintf(`"rollout":{"cursor":%[1]s},"backfill":%[1]s`, row.cursor))
	}
	script += oldJob(90, `[{"group":1},{"target":2,"thing":900}]`, `"rollout":{"cursor":{"source":1,"after":"m"}}`)
	s := migrated(t, 1, script)
	read := func(key job.Key) (j job.Job) {
		err := s.Read(t.Context(), func(r store.Reader) (err error) { j, err = r.Job(key); return err })
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	sources := []job.Source{{Group: 1}, {Target: 1, Group: 10}, {Target: 2, Thing: 900}}
	for i, row := range rows {
		j := read(job.Key(i + 1))
		if diff := cmp.Diff(sources, j.Sources); diff != "" {
			t.Errorf("%s: sources (-want +got):\n%s", row.name, diff)
		}
		for _, got := range []job.RolloutCursor{j.Progress.Cursor, *j.Backfill} {
			if diff := cmp.Diff(row.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: cursor (-want +got):\n%s", row.name, diff)
			}
		}
	}
	untouched := read(90)
	if diff := cmp.Diff(job.RolloutCursor{Source: 1, After: "m"}, untouched.Progress.Cursor); diff != "" ||
		untouched.Backfill != nil || len(untouched.Sources) != 2 {
		t.Errorf("a job without such groups has changed: %+v", untouched)
	}
}

// Of the jobs of an older version those have the number of their rollout whose rollout goes on, and
// which are no continuous ones (job.RolloutMembership).
func TestRolloutsAfterMigration(t *testing.T) {
	t.Parallel()
	const going = `UPDATE job SET definition = json_set(definition, '$.newestMembership', %d) WHERE key = %d;`
	const finished = `"rollout":{"finished":true}`
	script := oldFile() +
		oldJob(1, oldSources, `"rollout":{}`) + fmt.Sprintf(going, 300, 1) +
		oldJob(2, oldSources, `"rollout":{}`) + fmt.Sprintf(going, 400, 2) +
		oldJob(3, oldSources, finished) + fmt.Sprintf(going, 200, 3) +
		oldJob(4, oldSources, `"rollout":{}`) + `UPDATE job SET selection = 'CONTINUOUS' WHERE key = 4;` +
		oldJob(5, oldSources, `"rollout":{}`) + `UPDATE job SET status = 'CANCELED' WHERE key = 5;` +
		oldJob(6, `[]`, `"rollout":{}`) + fmt.Sprintf(going, 100, 6)
	for version, want := range map[int][2]int64{1: {300, 400}} {
		s := migrated(t, version, script)
		err := s.Read(t.Context(), func(r store.Reader) error {
			oldest, newest, ok, err := r.RolloutMemberships()
			if got := [2]int64{oldest, newest}; got != want || !ok {
				t.Errorf("from version %d: %v, %v, want %v", version, got, ok, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A job that the first version of the schema left in the middle of its rollout goes on where it
// was: each thing gets one execution (R-ROLL-12, R-CON-25).
func TestRolloutGoesOnAfterMigration(t *testing.T) {
	t.Parallel()
	script := oldFile() + oldJob(1, oldSources, `"rollout":{"ticked":true,"quota":100,"notified":5,
		"nextTick":"2026-03-01T12:01:00Z","cursor":{"source":2,"after":"a1-1"}}`)
	released := []int{11, 12, 21, 22, 31} // the members of root and of a, and the first of a1
	for _, thing := range released {
		script += fmt.Sprintf(`INSERT INTO execution VALUES (1, %[1]d, 1, 0, 1, 0, 0, 0, 0, 0, NULL, 0, %[1]d, NULL, NULL, NULL, NULL, NULL);
			INSERT INTO job_thing SELECT 1, name, id FROM thing WHERE id = %[1]d;`, thing)
	}
	script += `UPDATE job_state SET state = json_set(state, '$.counts[0]', 5);`
	s := migrated(t, 1, script)
	e := engine.New(engine.Config{
		Store:   s,
		Clock:   clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)),
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     slog.New(slog.DiscardHandler),
		Stepped: true,
	})
	if err := e.RunDue(context.Background()); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := s.Read(t.Context(), func(r store.Reader) error {
		j, err := r.Job(1)
		if !j.Progress.Finished || j.Counts[job.ExecutionQueued] != 13 {
			t.Errorf("after the rollout: %+v", j.State)
		}
		if err != nil {
			return err
		}
		all, err := r.ExecutionsOfJob(store.JobExecutionQuery{Job: 1, Limit: 100})
		for _, x := range all {
			got = append(got, fmt.Sprint(x.ThingName, " ", x.Number))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a-1 1", "a-2 1", "a1-1 1", "a1-2 1", "b-1 1", "b-2 1", "d-1 1", "d-2 1",
		"root-1 1", "root-2 1", "single 1", "x-1 1", "x-2 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
}
