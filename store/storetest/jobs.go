package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// fullJob has every member set.
func fullJob(key int64, id string) job.Job {
	j := newJob(key, id)
	j.Definition = job.Definition{
		Targets: []job.Target{groupTarget("1"), {Kind: registry.KindThing, Name: "2", ARN: "arn:2"}}, TargetSelection: job.Continuous, Description: `a "job" <&> ümlaut`, Namespace: "ns",
		PresignedURL: &job.PresignedURLConfig{RoleARN: "role", ExpiresInSec: 60},
		Rollout:      &job.RolloutConfig{MaximumPerMinute: 50, Exponential: &job.Exponential{BasePerMinute: 5, IncrementTenths: 15, NotifiedThings: 10}},
		Abort:        &job.AbortConfig{Criteria: []job.AbortCriterion{{FailureType: job.FailureAll, ThresholdHundredths: 2050, MinExecuted: 3}}},
		Timeout:      &job.TimeoutConfig{InProgressMinutes: 7},
		Retry:        &job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: job.FailureFailed, Retries: 2}}},
		NeedsRole:    true, HasArtifacts: true, CreatedAt: at(1), Sources: []job.Source{{Target: 1, Thing: 3}, {Group: 4}}, NewestMembership: 99,
		TargetGroups: []registry.GroupID{4}, DocumentSource: "s3://b/k", TemplateARN: "arn:3", Parameters: map[string]string{"a": "b"}, PackageVersions: []string{"arn:4"},
		Schedule: &job.ScheduleConfig{StartTime: "start", EndTime: "end", EndBehavior: job.CancelAtEnd, StartAt: at(6), EndAt: at(7),
			Windows: []job.Window{{StartTime: "cron", Minutes: 9}}},
	}
	j.State = job.State{
		Status: job.Canceled, ForceCanceled: true, ReasonCode: "code", Comment: "comment", UpdatedAt: at(2), CompletedAt: at(3),
		Counts: job.Counts{1, 2, 3, 4, 5, 6, 7, 8}, Sweep: job.SweepPending, Due: at(4), WindowEdge: at(8), RolloutEnded: true, LateJoinersWaiting: true,
		NotifyCursor: &job.ExecutionCursor{Thing: 4, Number: 2}, Backfill: &job.RolloutCursor{Source: 1, After: "b"},
		Progress: job.Progress{NextTick: at(5), Quota: 3, Ticked: true, Step: 2, Notified: 7, NotifiedBase: 1,
			SucceededBase: 2, Cursor: job.RolloutCursor{Source: 1, After: "thing"}},
	}
	return j
}

// template has every member set.
func template(id string) job.Template {
	t := fullJob(1, "").ToTemplate(`{"do":"it"}`)
	t.ID, t.CreatedAt, t.DocumentSource = id, at(3), "s3://b/t"
	return t
}

func move(list ...job.Job) (c store.Changes) {
	c.Job.States = list
	return c
}

func deleteJobs(keys ...job.Key) (c store.Changes) {
	c.Job.DeletedJobs = keys
	return c
}

func jobID(j job.Job) string { return j.ID }

func listed(w world, q store.JobQuery) []string {
	w.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	return collect(read(w, func(r store.Reader) ([]job.Job, error) { return r.Jobs(q) }), jobID)
}

var jobs = []promise{
	{"a job comes back whole, by key and by id", func(w world) {
		want := fullJob(7, "full")
		w.apply(createJobs(want))
		same(w, "by key", read(w, func(r store.Reader) (job.Job, error) { return r.Job(7) }), want)
		same(w, "by id", read(w, func(r store.Reader) (job.Job, error) { return r.JobByID("full") }), want)
	}},
	{"jobs that are read ahead are those that are read one by one", func(w world) {
		w.apply(createJobs(fullJob(7, "full"), newJob(8, "bare")))
		for _, key := range []job.Key{7, 8} {
			one := read(w, func(r store.Reader) (job.Job, error) { return r.Job(key) })
			ahead := read(w, func(r store.Reader) (job.Job, error) {
				if err := r.JobsAhead([]job.Key{8, 9, 7, 8}); err != nil {
					return job.Job{}, err
				}
				return r.Job(key)
			})
			same(w, "job", ahead, one)
		}
		absent(w, "key", func(r store.Reader) (job.Job, error) {
			if err := r.JobsAhead([]job.Key{7, 9}); err != nil {
				return job.Job{}, err
			}
			return r.Job(9)
		})
	}},
	{"a job without configurations comes back without them, zero times as zero", func(w world) {
		want := job.Job{Key: 1, ID: "bare"}
		w.apply(createJobs(want))
		same(w, "job", read(w, func(r store.Reader) (job.Job, error) { return r.Job(1) }), want)
	}},
	{"times are UTC in milliseconds", func(w world) {
		j := newJob(1, "j")
		j.CreatedAt = t0.Add(999 * time.Microsecond).In(time.FixedZone("east", 3600))
		j.Due = t0.Add(1999 * time.Microsecond)
		w.apply(createJobs(j))
		got := read(w, func(r store.Reader) (job.Job, error) { return r.Job(1) })
		if got.CreatedAt != t0 || got.Due != t0.Add(time.Millisecond) {
			w.Errorf("got created %v, due %v", got.CreatedAt, got.Due)
		}
	}},
	{"a job that does not exist is not found", func(w world) {
		absent(w, "key", func(r store.Reader) (job.Job, error) { return r.Job(1) })
		absent(w, "id", func(r store.Reader) (job.Job, error) { return r.JobByID("j") })
		absent(w, "document", func(r store.Reader) (string, error) { return r.Document(1) })
	}},
	{"job ids differ by case", func(w world) {
		w.apply(createJobs(newJob(1, "Job"), newJob(2, "job")))
		same(w, "job", read(w, func(r store.Reader) (job.Job, error) { return r.JobByID("job") }), newJob(2, "job"))
		same(w, "list", listed(w, store.JobQuery{}), []string{"Job", "job"})
	}},
	{"a document is kept byte for byte", func(w world) {
		for i, document := range []string{"", `{ "a" : 1 }` + "\r\n", strings.Repeat("ü", 16384), "control\x01byte"} {
			key := job.Key(i + 1)
			w.apply(store.Changes{Job: store.JobChanges{CreatedJobs: []store.CreatedJob{{Job: newJob(int64(key), fmt.Sprint(key)), Document: document}}}})
			same(w, "document", read(w, func(r store.Reader) (string, error) { return r.Document(key) }), document)
		}
	}},
	{"a taken job id or key is a conflict, a freed id is not", func(w world) {
		w.apply(createJobs(newJob(1, "j")))
		w.refused("id", createJobs(newJob(2, "j")))
		w.refused("key", createJobs(newJob(1, "other")))
		w.apply(deleteJobs(1))
		w.apply(createJobs(newJob(2, "j")))
	}},
	{"Defined rewrites the definition and Moved the state, each alone", func(w world) {
		first := newJob(1, "j")
		w.apply(createJobs(first))
		want := fullJob(1, "j")
		w.apply(store.Changes{Job: store.JobChanges{Definitions: []job.Job{want}}})
		half := first
		half.Definition = want.Definition
		same(w, "defined", read(w, func(r store.Reader) (job.Job, error) { return r.Job(1) }), half)
		w.apply(move(want))
		same(w, "moved", read(w, func(r store.Reader) (job.Job, error) { return r.Job(1) }), want)
		same(w, "by the old target", listed(w, store.JobQuery{Target: "thinggroup/j"}), nil)
		same(w, "by a new target", listed(w, store.JobQuery{Target: "thing/2"}), []string{"j"})
	}},
	{"changing or deleting a job that does not exist is a conflict", func(w world) {
		w.refused("defined", store.Changes{Job: store.JobChanges{Definitions: []job.Job{newJob(1, "j")}}})
		w.refused("moved", move(newJob(1, "j")))
		w.refused("deleted", deleteJobs(1))
	}},
	{"a job is deleted after its executions, never before", func(w world) {
		w.apply(createThings(thing(1, "a")), createJobs(newJob(1, "j")), queue(execution(1, 1, 1)))
		w.refused("with executions", deleteJobs(1))
		joiners, numbers := []store.LateJoiner{{Job: 1, Thing: 1}}, []store.UsedNumber{{Job: 1, Thing: 1}}
		w.apply(store.Changes{Job: store.JobChanges{LateJoinersAdded: joiners}}, drop(execution(1, 1, 1)))
		w.refused("with a late joiner and a used number", deleteJobs(1))
		w.refused("with a used number", store.Changes{Job: store.JobChanges{LateJoinersDone: joiners, DeletedJobs: []job.Key{1}}})
		w.refused("with a late joiner", store.Changes{Job: store.JobChanges{ForgottenNumbers: numbers, DeletedJobs: []job.Key{1}}})
		w.apply(store.Changes{Job: store.JobChanges{
			LateJoinersDone: joiners, ForgottenNumbers: numbers, DeletedJobs: []job.Key{1},
		}})
		absent(w, "job", func(r store.Reader) (job.Job, error) { return r.Job(1) })
		absent(w, "document", func(r store.Reader) (string, error) { return r.Document(1) })
		same(w, "by target", listed(w, store.JobQuery{Target: "thinggroup/j"}), nil)
	}},
	{"jobs are listed newest first, then by id, and paged strictly after the cursor", func(w world) {
		var want []string
		var list []job.Job
		for i := range 10 {
			j := newJob(int64(i+1), fmt.Sprintf("j%d", i))
			j.CreatedAt = at(-i / 4) // four at a time
			j.Targets = []job.Target{groupTarget("a")}
			list, want = append(list, j), append(want, j.ID)
		}
		w.apply(createJobs(list...))
		for _, q := range []store.JobQuery{{}, {Status: job.InProgress}, {Target: "thinggroup/a"}} {
			for limit := 1; limit <= 11; limit++ {
				got := pages(w, limit, func(r store.Reader, after *job.Job, limit int) ([]job.Job, error) {
					if q.Limit = limit; after != nil {
						q.After = &store.JobCursor{CreatedAt: after.CreatedAt, ID: after.ID}
					}
					return r.Jobs(q)
				})
				same(w, fmt.Sprintf("%+v: pages of %d", q, limit), collect(got, jobID), want)
				q.After = nil
			}
		}
	}},
	{"jobs are listed by status or by target", func(w world) {
		a, b, c := newJob(1, "a"), newJob(2, "b"), newJob(3, "c")
		a.Status, a.Namespace = job.Completed, "x"
		b.TargetSelection, b.Targets = job.Continuous, []job.Target{groupTarget("a"), groupTarget("b")}
		c.Targets, c.Status = []job.Target{groupTarget("a"), groupTarget("g:1")}, job.Completed
		w.apply(createJobs(a, b, c))
		for _, row := range []struct {
			q    store.JobQuery
			want []string
		}{
			{store.JobQuery{}, []string{"a", "b", "c"}},
			{store.JobQuery{Status: job.Completed}, []string{"a", "c"}},
			{store.JobQuery{Status: job.Canceled}, nil},
			{store.JobQuery{Target: "thinggroup/g:1"}, []string{"c"}},
			{store.JobQuery{Target: "arn:g:1"}, nil},
			{store.JobQuery{Target: "thinggroup/a"}, []string{"a", "b", "c"}},
			{store.JobQuery{Target: "thinggroup/A"}, nil},
		} {
			same(w, fmt.Sprintf("%+v", row.q), listed(w, row.q), row.want)
		}
	}},
	{"jobs are counted by status, as it is now", func(w world) {
		a, b := newJob(1, "a"), newJob(2, "b")
		w.apply(createJobs(a, b))
		b.Status = job.Completed
		w.apply(move(b))
		for status, want := range map[job.Status]int{job.InProgress: 1, job.Completed: 1, job.Scheduled: 0} {
			same(w, string(status), read(w, func(r store.Reader) (int, error) { return r.JobCount(status) }), want)
		}
	}},
	{"due jobs come earliest first, ties by key, not after now", func(w world) {
		due := []int{3, 1, 1, 0, 5}
		var list []job.Job
		for i, seconds := range due {
			j := newJob(int64(i+1), fmt.Sprint(i+1))
			if seconds > 0 {
				j.Due = at(seconds)
			}
			list = append(list, j)
		}
		w.apply(createJobs(list...))
		dueAt := func(now, limit int) []string {
			return collect(read(w, func(r store.Reader) ([]job.Job, error) { return r.DueJobs(store.DueCursor{}, at(now), limit) }), jobID)
		}
		same(w, "now 0", dueAt(0, 9), nil)
		same(w, "now 1", dueAt(1, 9), []string{"2", "3"})
		same(w, "now 5", dueAt(5, 9), []string{"2", "3", "1", "5"})
		same(w, "limit", dueAt(5, 3), []string{"2", "3", "1"})
		same(w, "limit 0", dueAt(5, 0), nil)
		for i, after := range []store.DueCursor{{Due: at(1)}, {Due: at(1), Job: 2}, {Due: at(1), Job: 9}, {Due: at(5), Job: 5}} {
			got := read(w, func(r store.Reader) ([]job.Job, error) { return r.DueJobs(after, at(9), 9) })
			same(w, fmt.Sprint("after ", after), collect(got, jobID), []string{"2", "3", "1", "5"}[[]int{0, 1, 2, 4}[i]:])
		}
		list[1].Due = time.Time{}
		w.apply(move(list[1]))
		same(w, "after a move", dueAt(1, 9), []string{"3"})
	}},
	{"NextDue is the earliest of jobs and executions, zero without any", func(w world) {
		next := func() time.Time { return read(w, store.Reader.NextDue) }
		same(w, "empty", next(), time.Time{})
		j := newJob(1, "j")
		w.apply(createThings(thing(1, "a")), createJobs(j), queue(execution(1, 1, 1)))
		same(w, "nothing waits", next(), time.Time{})
		running := becomes(execution(1, 1, 1), job.ExecutionInProgress)
		running.Deadline = at(10)
		w.apply(report(running))
		same(w, "an execution", next(), at(10))
		j.Due = at(5)
		w.apply(move(j))
		same(w, "a job", next(), at(5))
		j.Due = at(20)
		w.apply(move(j))
		same(w, "a later job", next(), at(10))
		w.apply(report(becomes(running, job.ExecutionSucceeded)))
		same(w, "the execution ended", next(), at(20))
	}},
	{"active continuous jobs of a group are listed by key, strictly after one", func(w world) {
		var list []job.Job
		for key := int64(1); key <= 5; key++ {
			j := newJob(key, fmt.Sprint("j", key))
			j.TargetSelection, j.TargetGroups = job.Continuous, []registry.GroupID{7, registry.GroupID(key)}
			list = append(list, j)
		}
		list[1].TargetSelection, list[2].Status, list[3].Status = job.Snapshot, job.Completed, job.Scheduled
		w.apply(createJobs(list...))
		want := []store.ContinuousJob{{Key: 1, Active: true}, {Key: 4, Active: true}, {Key: 5, Active: true}}
		for limit := 1; limit <= 5; limit++ {
			got := pages(w, limit, func(r store.Reader, after *store.ContinuousJob, limit int) ([]store.ContinuousJob, error) {
				if after == nil {
					after = &store.ContinuousJob{}
				}
				return r.ContinuousJobs(7, after.Key, limit)
			})
			same(w, fmt.Sprint("pages of ", limit), got, want)
		}
	}},
	{"membership work comes back whole, by number; saving rewrites it, and removing twice is no change", func(w world) {
		work := func(number int64) job.MembershipWork {
			return job.MembershipWork{
				Number: number, Thing: 5, Before: []registry.GroupID{1, 2}, Deleted: true, Left: true,
				Queued: job.QueueCursor{QueuedAt: at(3), Sequence: 4}, PendingDone: true, Job: 6,
			}
		}
		save := func(list ...job.MembershipWork) (c store.Changes) { c.Job.MembershipWork = list; return c }
		done := func(numbers ...int64) (c store.Changes) { c.Job.MembershipWorkDone = numbers; return c }
		read := func(limit int) []job.MembershipWork {
			return read(w, func(r store.Reader) ([]job.MembershipWork, error) { return r.MembershipWork(limit) })
		}
		w.apply(save(work(2), work(1), work(3)))
		same(w, "all", read(9), []job.MembershipWork{work(1), work(2), work(3)})
		same(w, "two", read(2), []job.MembershipWork{work(1), work(2)})
		w.apply(save(job.MembershipWork{Number: 2, Thing: 7}), done(1), done(1))
		same(w, "after", read(9), []job.MembershipWork{{Number: 2, Thing: 7}, work(3)})
	}},
	{"many jobs and a deleted one leave the others", func(w world) {
		w.apply(createThings(thing(1, "a")), createJobs(newJob(1, "a"), newJob(2, "b")), queue(execution(1, 1, 1), execution(2, 1, 1)))
		last := drop(execution(1, 1, 1))
		last.Job.EndingJobs, last.Job.DeletedJobs = []job.Key{1}, []job.Key{1}
		w.apply(last)
		same(w, "of the other", read(w, func(r store.Reader) (job.Execution, error) { return r.Latest(2, registry.ThingID(1)) }), execution(2, 1, 1))
	}},
}
