package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

func latest(j job.Key, t registry.ThingID) func(store.Reader) (job.Execution, error) {
	return func(r store.Reader) (job.Execution, error) { return r.Latest(j, t) }
}

func lastNumber(w world, j job.Key, t registry.ThingID) int64 {
	w.Helper()
	return read(w, func(r store.Reader) (int64, error) { return r.LastNumber(j, t) })
}

// short names an execution as job/thing/number.
func short(e job.Execution) string { return fmt.Sprintf("%d/%d/%d", e.Job, e.Thing, e.Number) }

func shortNamed(e store.NamedExecution) string {
	return fmt.Sprintf("%s/%s/%d", e.JobID, e.ThingName, e.Number)
}

func shorts(w world, f func(store.Reader) ([]job.Execution, error)) []string {
	w.Helper()
	return collect(read(w, f), short)
}

func pendingOf(w world, t registry.ThingID, limit int) []string {
	w.Helper()
	return shorts(w, func(r store.Reader) ([]job.Execution, error) { return r.Pending(t, limit) })
}

// field makes two things and two jobs.
func (w world) field() {
	w.Helper()
	w.apply(createThings(thing(1, "a"), thing(2, "b")), createJobs(newJob(1, "j1"), newJob(2, "j2")))
}

func ofJob(w world, q store.JobExecutionQuery, limit int) []string {
	w.Helper()
	return collect(pages(w, limit, func(r store.Reader, after *store.NamedExecution, limit int) ([]store.NamedExecution, error) {
		q.Limit = limit
		if after != nil {
			q.After = &store.JobExecutionCursor{ThingName: after.ThingName, Thing: after.Thing, Number: after.Number}
		}
		return r.ExecutionsOfJob(q)
	}), shortNamed)
}

func ofThing(w world, q store.ThingExecutionQuery, limit int) []string {
	w.Helper()
	return collect(pages(w, limit, func(r store.Reader, after *store.NamedExecution, limit int) ([]store.NamedExecution, error) {
		q.Limit = limit
		if after != nil {
			q.After = &store.ThingExecutionCursor{QueuedAt: after.QueuedAt, JobID: after.JobID, Number: after.Number}
		}
		return r.ExecutionsOfThing(q)
	}), shortNamed)
}

var executions = []promise{
	{"an execution comes back whole", func(w world) {
		w.field()
		first := execution(1, 1, 1)
		first.Attempt, first.RetriesUsed = 2, job.RetriesUsed{Failed: 1, TimedOut: 1}
		w.apply(queue(first))
		same(w, "queued", read(w, latest(1, 1)), first)
		want := becomes(first, job.ExecutionInProgress)
		want.RetriesUsed, want.ForceCanceled = job.RetriesUsed{Failed: 2, TimedOut: 3}, true
		want.StartedAt, want.UpdatedAt, want.Deadline, want.StepDeadline = at(1), at(2), at(3), at(4)
		want.Details, want.Message = map[string]string{"step": `a "quoted" <&> ü`, "empty": ""}, "message"
		w.apply(report(want))
		same(w, "reported", read(w, latest(1, 1)), want)
		want.Version, want.Details, want.Message, want.Deadline = 3, nil, "", time.Time{}
		w.apply(report(want))
		same(w, "cleared", read(w, latest(1, 1)), want)
	}},
	{"times of executions are UTC in milliseconds, zero stays zero", func(w world) {
		w.field()
		e := execution(1, 1, 1)
		e.QueuedAt, e.UpdatedAt = t0.Add(999*time.Microsecond).In(time.FixedZone("west", -3600)), time.Time{}
		w.apply(queue(e))
		got := read(w, latest(1, 1))
		if got.QueuedAt != t0 || got.UpdatedAt != (time.Time{}) || !got.StartedAt.IsZero() {
			w.Errorf("got %+v", got)
		}
	}},
	{"large details come back", func(w world) {
		w.field()
		e := execution(1, 1, 1)
		e.Details = map[string]string{}
		for i := range 10 {
			e.Details[fmt.Sprintf("%0128d", i)] = strings.Repeat("ü", 1024)
		}
		w.apply(queue(e))
		same(w, "details", read(w, latest(1, 1)).Details, e.Details)
	}},
	{"a taken execution key is a conflict", func(w world) {
		w.field()
		w.apply(queue(execution(1, 1, 1)))
		w.refused("again", queue(execution(1, 1, 1)))
		w.apply(queue(execution(1, 1, 2), execution(1, 2, 1), execution(2, 1, 1)))
	}},
	{"an execution of a job or a thing that does not exist is a conflict", func(w world) {
		w.field()
		w.refused("job", queue(execution(3, 1, 1)))
		w.refused("thing", queue(execution(1, 3, 1)))
	}},
	{"what does not exist is not found", func(w world) {
		w.field()
		absent(w, "latest", latest(1, 1))
		absent(w, "execution", func(r store.Reader) (job.Execution, error) { return r.Execution(execution(1, 1, 1).ExecutionKey) })
		same(w, "last number", lastNumber(w, 1, 1), int64(0))
	}},
	{"a report needs the version before it (R-EXE-8)", func(w world) {
		w.field()
		w.apply(queue(execution(1, 1, 1)))
		one := becomes(execution(1, 1, 1), job.ExecutionInProgress)
		w.refused("of nothing", report(becomes(execution(1, 2, 1), job.ExecutionInProgress)))
		w.refused("one too far", report(becomes(one, job.ExecutionInProgress)))
		w.apply(report(one))
		w.refused("repeated", report(one))
		w.apply(report(becomes(one, job.ExecutionInProgress), becomes(becomes(one, job.ExecutionInProgress), job.ExecutionSucceeded)))
		same(w, "version", read(w, latest(1, 1)).Version, int64(4))
	}},
	{"a conflict in a list of reports leaves none of them", func(w world) {
		w.field()
		w.apply(queue(execution(1, 1, 1), execution(1, 2, 1)))
		w.refused("second", report(becomes(execution(1, 1, 1), job.ExecutionInProgress), becomes(becomes(execution(1, 2, 1), job.ExecutionInProgress), job.ExecutionFailed)))
		same(w, "first", read(w, latest(1, 1)), execution(1, 1, 1))
	}},
	{"Rearmed keeps the version and needs it (R-HTTP-14)", func(w world) {
		w.field()
		running := becomes(execution(1, 1, 1), job.ExecutionInProgress)
		w.apply(queue(execution(1, 1, 1)), report(running))
		running.StepDeadline = at(9)
		amend := func(e job.Execution) store.Changes {
			return store.Changes{Job: store.JobChanges{AmendedExecutions: []job.Execution{e}}}
		}
		w.apply(amend(running))
		same(w, "execution", read(w, latest(1, 1)), running)
		w.refused("older", amend(execution(1, 1, 1)))
		w.refused("newer", amend(becomes(running, job.ExecutionInProgress)))
		w.refused("of nothing", amend(execution(1, 2, 1)))
	}},
	{"a report leaves attempt, queuedAt and sequence as they were queued", func(w world) {
		w.field()
		w.apply(queue(execution(1, 1, 1)))
		changed := becomes(execution(1, 1, 1), job.ExecutionInProgress)
		want := changed
		changed.Attempt, changed.QueuedAt, changed.Sequence = 9, at(9), 9
		w.apply(report(changed))
		same(w, "execution", read(w, latest(1, 1)), want)
	}},
	{"the latest is the highest number of the pair (R-CON-11)", func(w world) {
		w.field()
		w.apply(queue(execution(1, 1, 1), execution(1, 1, 10), execution(1, 1, 9), execution(1, 2, 11), execution(2, 1, 12)))
		same(w, "latest", short(read(w, latest(1, 1))), "1/1/10")
		same(w, "last number", lastNumber(w, 1, 1), int64(10))
		w.apply(drop(execution(1, 1, 10)))
		same(w, "after a deletion (R-EXE-49)", short(read(w, latest(1, 1))), "1/1/9")
	}},
	{"a deleted number is never used again (R-CON-14)", func(w world) {
		w.field()
		w.apply(queue(execution(1, 1, 1), execution(1, 1, 2), execution(1, 1, 3)))
		w.apply(drop(execution(1, 1, 2)))
		same(w, "a middle one", lastNumber(w, 1, 1), int64(3))
		w.apply(drop(execution(1, 1, 3)))
		same(w, "the highest", lastNumber(w, 1, 1), int64(3))
		w.apply(drop(execution(1, 1, 1)))
		same(w, "all", lastNumber(w, 1, 1), int64(3))
		absent(w, "latest", latest(1, 1))
		same(w, "list", ofJob(w, store.JobExecutionQuery{Job: 1}, 5), nil)
		w.apply(queue(execution(1, 1, 4)))
		same(w, "the next", lastNumber(w, 1, 1), int64(4))
		same(w, "list", ofJob(w, store.JobExecutionQuery{Job: 1}, 5), []string{"j1/a/4"})
		same(w, "another thing", lastNumber(w, 1, 2), int64(0))
		same(w, "another job", lastNumber(w, 2, 1), int64(0))
	}},
	{"dropping several attempts at once keeps the highest number", func(w world) {
		w.field()
		w.apply(queue(execution(1, 1, 1), execution(1, 1, 2)))
		w.apply(drop(execution(1, 1, 2), execution(1, 1, 1)))
		same(w, "last number", lastNumber(w, 1, 1), int64(2))
	}},
	{"a job that is ending keeps no numbers, others of the same change do", func(w world) {
		w.field()
		ending := drop(execution(1, 1, 1), execution(2, 1, 1))
		ending.Job.EndingJobs = []job.Key{1}
		w.apply(queue(execution(1, 1, 1), execution(2, 1, 1)), ending)
		same(w, "last number", lastNumber(w, 1, 1), int64(0))
		same(w, "of the other job", lastNumber(w, 2, 1), int64(1))
	}},
	{"numbers that stay used are listed by thing, and forgotten one by one", func(w world) {
		w.field()
		w.apply(queue(execution(1, 1, 1), execution(1, 2, 1), execution(2, 1, 1)))
		w.apply(drop(execution(1, 2, 1), execution(1, 1, 1), execution(2, 1, 1)))
		used := func(limit int) []registry.ThingID {
			return read(w, func(r store.Reader) ([]registry.ThingID, error) { return r.UsedNumbers(1, limit) })
		}
		same(w, "all", used(9), []registry.ThingID{1, 2})
		same(w, "limit", used(1), []registry.ThingID{1})
		forget := store.Changes{Job: store.JobChanges{ForgottenNumbers: []store.UsedNumber{{Job: 1, Thing: 1}}}}
		w.apply(forget, forget)
		same(w, "one is left", used(9), []registry.ThingID{2})
		same(w, "last number", lastNumber(w, 1, 1), int64(0))
		same(w, "of the other job", lastNumber(w, 2, 1), int64(1))
	}},
	{"dropping what does not exist is a conflict", func(w world) {
		w.field()
		w.refused("drop", drop(execution(1, 1, 1)))
	}},
	{"pending executions: IN_PROGRESS first, then queuedAt, then sequence (R-ORD-1, R-ORD-2)", func(w world) {
		w.apply(createThings(thing(1, "a"), thing(2, "b")))
		var list []job.Execution
		for i := int64(1); i <= 6; i++ {
			w.apply(createJobs(newJob(i, fmt.Sprint(i))))
			e := execution(i, 1, 1)
			e.QueuedAt, e.Sequence = at(int(i)/3), 100-i // equal times go by sequence
			list = append(list, e)
		}
		w.apply(queue(list...), queue(execution(1, 2, 1)))
		w.apply(report(becomes(list[3], job.ExecutionInProgress), becomes(list[0], job.ExecutionSucceeded), becomes(list[5], job.ExecutionInProgress)))
		want := []string{"4/1/1", "6/1/1", "2/1/1", "5/1/1", "3/1/1"}
		for limit := range 7 {
			same(w, fmt.Sprint("limit ", limit), pendingOf(w, 1, limit), want[:min(limit, len(want))])
		}
		same(w, "another thing", pendingOf(w, 2, 9), []string{"1/2/1"})
		same(w, "no thing", pendingOf(w, 3, 9), nil)
	}},
	{"QUEUED executions of a thing: by queuedAt, then sequence, strictly after the cursor", func(w world) {
		w.field()
		w.apply(createJobs(newJob(3, "j3"), newJob(4, "j4")))
		list := []job.Execution{execution(1, 1, 1), execution(2, 1, 1), execution(3, 1, 1), execution(4, 1, 1), execution(4, 2, 1)}
		list[0].QueuedAt = at(5)
		w.apply(queue(list...))
		w.apply(report(becomes(list[2], job.ExecutionInProgress)))
		for limit := 1; limit <= 5; limit++ {
			got := pages(w, limit, func(r store.Reader, after *job.Execution, limit int) ([]job.Execution, error) {
				var cursor job.QueueCursor
				if after != nil {
					cursor = job.QueueCursor{QueuedAt: after.QueuedAt, Sequence: after.Sequence}
				}
				return r.QueuedOfThing(1, cursor, limit)
			})
			same(w, fmt.Sprint("pages of ", limit), collect(got, func(e job.Execution) int64 { return int64(e.Job) }), []int64{2, 4, 1})
		}
	}},
	{"pending executions of jobs with maintenance windows, in the same order", func(w world) {
		w.apply(createThings(thing(1, "a"), thing(2, "b")))
		w.apply(createJobs(windowed(newJob(1, "1")), newJob(2, "2"), windowed(newJob(3, "3")), windowed(newJob(4, "4"))))
		w.apply(queue(execution(1, 1, 1), execution(2, 1, 1), execution(3, 1, 1), execution(4, 1, 1), execution(1, 2, 1)))
		w.apply(report(becomes(execution(3, 1, 1), job.ExecutionInProgress), becomes(execution(4, 1, 1), job.ExecutionFailed)))
		of := func(limit int) []string {
			return shorts(w, func(r store.Reader) ([]job.Execution, error) { return r.PendingWindowed(1, limit) })
		}
		same(w, "all", of(9), []string{"3/1/1", "1/1/1"})
		same(w, "limit", of(1), []string{"3/1/1"})
		same(w, "limit 0", of(0), nil)
	}},
	{"pending executions of a job: by status, by thing", func(w world) {
		w.field()
		w.apply(createThings(thing(3, "0")))
		w.apply(queue(execution(1, 3, 1), execution(1, 1, 1), execution(1, 2, 1), execution(2, 1, 1)))
		w.apply(report(becomes(execution(1, 2, 1), job.ExecutionInProgress)))
		of := func(s job.ExecutionStatus, limit int) []string {
			return shorts(w, func(r store.Reader) ([]job.Execution, error) {
				return r.PendingOfJob(1, s, job.ExecutionCursor{}, limit)
			})
		}
		same(w, "after", shorts(w, func(r store.Reader) ([]job.Execution, error) {
			return r.PendingOfJob(1, job.ExecutionQueued, job.ExecutionCursor{Thing: 1, Number: 1}, 9)
		}), []string{"1/3/1"})
		same(w, "queued", of(job.ExecutionQueued, 9), []string{"1/1/1", "1/3/1"})
		same(w, "limit", of(job.ExecutionQueued, 1), []string{"1/1/1"})
		same(w, "limit 0", of(job.ExecutionQueued, 0), nil)
		same(w, "running", of(job.ExecutionInProgress, 9), []string{"1/2/1"})
		w.apply(report(becomes(becomes(execution(1, 2, 1), job.ExecutionInProgress), job.ExecutionFailed)))
		same(w, "ended", of(job.ExecutionInProgress, 9), nil)
	}},
	{"any executions of a job", func(w world) {
		w.field()
		w.apply(queue(execution(1, 1, 1), execution(1, 2, 1), execution(1, 2, 2), execution(2, 1, 1)))
		of := func(limit int) int {
			return len(shorts(w, func(r store.Reader) ([]job.Execution, error) { return r.SomeOfJob(1, limit) }))
		}
		same(w, "all", of(9), 3)
		same(w, "limit", of(2), 2)
		same(w, "limit 0", of(0), 0)
	}},
	{"first attempts of a job, with what their things have in common (R-FAIL-1)", func(w world) {
		typed := thing(2, "b")
		typed.Type, typed.Attributes = "pump", map[string]string{"color": "red"}
		w.apply(createThings(thing(1, "a"), typed), createJobs(newJob(1, "1"), newJob(2, "2")))
		w.apply(createGroups(group(1, "g")), join(1, 1, 1), join(1, 2, 2))
		retry := execution(1, 1, 2)
		retry.Attempt = 1
		w.apply(queue(execution(1, 1, 1), execution(1, 2, 1), execution(1, 2, 2), execution(2, 1, 1), retry))
		ended := becomes(execution(1, 2, 1), job.ExecutionFailed)
		ended.Details = map[string]string{"reason": "full"}
		w.apply(report(ended))
		of := func(after job.ExecutionCursor, limit int) (found []store.FirstAttempt) {
			w.view(func(r store.Reader) {
				var err error
				found, err = r.FirstAttempts(1, after, limit)
				same(w, "error", err, nil)
			})
			return found
		}
		first := func(x job.Execution, kind string, attributes map[string]string) store.FirstAttempt {
			return store.FirstAttempt{
				ExecutionCursor: job.ExecutionCursor{Thing: x.Thing, Number: x.Number},
				Status:          x.Status,
				QueuedAt:        x.QueuedAt,
				StartedAt:       x.StartedAt,
				UpdatedAt:       x.UpdatedAt,
				Details:         x.Details,
				ThingType:       kind,
				Attributes:      attributes,
			}
		}
		plain := first(execution(1, 1, 1), "", nil)
		failed := first(ended, "pump", typed.Attributes)
		again := first(execution(1, 2, 2), "pump", typed.Attributes)
		same(w, "all", of(job.ExecutionCursor{}, 9), []store.FirstAttempt{plain, failed, again})
		same(w, "limit", of(job.ExecutionCursor{}, 1), []store.FirstAttempt{plain})
		same(w, "after", of(job.ExecutionCursor{Thing: 2, Number: 1}, 9), []store.FirstAttempt{again})
		times := func(after job.ExecutionCursor, limit int) (found []store.ExecutionTimes) {
			w.view(func(r store.Reader) {
				var err error
				found, err = r.ExecutionTimes(1, after, limit)
				same(w, "error", err, nil)
			})
			return found
		}
		timesOf := func(x job.Execution) store.ExecutionTimes {
			return store.ExecutionTimes{
				ExecutionCursor: job.ExecutionCursor{Thing: x.Thing, Number: x.Number},
				Status:          x.Status,
				QueuedAt:        x.QueuedAt,
				UpdatedAt:       x.UpdatedAt,
			}
		}
		same(w, "times", times(job.ExecutionCursor{}, 9), []store.ExecutionTimes{
			timesOf(execution(1, 1, 1)), timesOf(retry), timesOf(ended), timesOf(execution(1, 2, 2)),
		})
		same(w, "times, limit", times(job.ExecutionCursor{}, 1),
			[]store.ExecutionTimes{timesOf(execution(1, 1, 1))})
		same(w, "times after", times(job.ExecutionCursor{Thing: 1, Number: 2}, 1),
			[]store.ExecutionTimes{timesOf(ended)})
		w.view(func(r store.Reader) {
			details, err := r.FailedOfJob(1, 9)
			same(w, "error", err, nil)
			same(w, "failed", details, []map[string]string{ended.Details})
			groups, err := r.GroupsOfFirstAttempts(1, job.ExecutionCursor{}, job.ExecutionCursor{Thing: 2, Number: 1})
			same(w, "error", err, nil)
			same(w, "groups", groups, []store.ThingGroup{{Thing: 1, Group: 1}, {Thing: 2, Group: 1}})
			groups, err = r.GroupsOfFirstAttempts(1, job.ExecutionCursor{Thing: 1, Number: 1}, job.ExecutionCursor{Thing: 2, Number: 1})
			same(w, "error", err, nil)
			same(w, "groups after the first", groups, []store.ThingGroup{{Thing: 2, Group: 1}})
		})
		w.apply(store.Changes{Registry: store.RegistryChanges{
			RemovedMemberships: join(1, 2, 2).Registry.AddedMemberships,
			DeletedThings:      []registry.ThingID{2},
		}})
		same(w, "deleted thing", of(job.ExecutionCursor{Thing: 1, Number: 2}, 1),
			[]store.FirstAttempt{first(ended, "", nil)})
	}},
	{"due executions: the earlier deadline, while IN_PROGRESS, ties by sequence", func(w world) {
		w.apply(createThings(thing(1, "a")))
		type row struct{ deadline, step, sequence int }
		var list []job.Execution
		for i, row := range []row{{9, 0, 1}, {0, 5, 9}, {5, 8, 8}, {7, 3, 3}, {0, 0, 4}} {
			w.apply(createJobs(newJob(int64(i+1), fmt.Sprint(i+1))))
			e := execution(int64(i+1), 1, 1)
			e.Sequence = int64(row.sequence)
			w.apply(queue(e))
			e = becomes(e, job.ExecutionInProgress)
			if row.deadline > 0 {
				e.Deadline = at(row.deadline)
			}
			if row.step > 0 {
				e.StepDeadline = at(row.step)
			}
			w.apply(report(e))
			list = append(list, e)
		}
		due := func(now, limit int) []string {
			return shorts(w, func(r store.Reader) ([]job.Execution, error) { return r.DueExecutions(at(now), limit) })
		}
		same(w, "before", due(2, 9), nil)
		same(w, "at", due(3, 9), []string{"4/1/1"})
		same(w, "all", due(9, 9), []string{"4/1/1", "3/1/1", "2/1/1", "1/1/1"})
		same(w, "limit", due(9, 2), []string{"4/1/1", "3/1/1"})
		w.apply(report(becomes(list[3], job.ExecutionTimedOut)))
		same(w, "ended", due(9, 9), []string{"3/1/1", "2/1/1", "1/1/1"})
	}},
	{"due executions: a report moves the step timer, sets it, drops it or leaves it (R-TMO-3 to R-TMO-5)", func(w world) {
		w.field()
		running := becomes(execution(1, 1, 1), job.ExecutionInProgress)
		running.StartedAt, running.UpdatedAt, running.StepDeadline = at(1), at(1), at(5)
		w.apply(queue(execution(1, 1, 1)), report(running))
		for i, step := range []int{8, 3, 3, 0, 4} {
			running = becomes(running, job.ExecutionInProgress)
			running.UpdatedAt, running.StepDeadline = at(2+i), time.Time{}
			if step > 0 {
				running.StepDeadline = at(step)
			}
			w.apply(report(running))
			for now := range 10 {
				var want []string
				if step > 0 && step <= now {
					want = []string{"1/1/1"}
				}
				due := shorts(w, func(r store.Reader) ([]job.Execution, error) { return r.DueExecutions(at(now), 9) })
				same(w, fmt.Sprintf("report %d, due at %d", i, now), due, want)
			}
		}
	}},
	{"executions of a job: by thing name, number descending, paged at any place (R-API-26)", func(w world) {
		w.apply(createThings(thing(1, "b"), thing(2, "B"), thing(3, "a:1"), thing(4, "a-1"), thing(5, "a_1")))
		w.apply(createJobs(newJob(1, "j1"), newJob(2, "j2")), queue(execution(2, 1, 1)))
		want := []string{"j1/B/1", "j1/a-1/3", "j1/a-1/2", "j1/a-1/1", "j1/a:1/2", "j1/a:1/1", "j1/a_1/1", "j1/b/1"}
		w.apply(queue(execution(1, 1, 1), execution(1, 2, 1), execution(1, 3, 2), execution(1, 3, 1),
			execution(1, 4, 1), execution(1, 4, 3), execution(1, 4, 2), execution(1, 5, 1)))
		for limit := 1; limit <= 9; limit++ {
			same(w, fmt.Sprint("pages of ", limit), ofJob(w, store.JobExecutionQuery{Job: 1}, limit), want)
		}
		w.apply(report(becomes(execution(1, 4, 2), job.ExecutionFailed), becomes(execution(1, 1, 1), job.ExecutionFailed)))
		failed := job.ExecutionFailed
		same(w, "by status", ofJob(w, store.JobExecutionQuery{Job: 1, Status: &failed}, 1), []string{"j1/a-1/2", "j1/b/1"})
		same(w, "no job", ofJob(w, store.JobExecutionQuery{Job: 9}, 1), nil)
		look := func(after *store.JobExecutionCursor, things int) []string {
			return collect(read(w, func(r store.Reader) ([]store.NamedExecution, error) {
				return r.ExecutionsOfJob(store.JobExecutionQuery{Job: 1, After: after, Things: things, Limit: 99})
			}), func(x store.NamedExecution) string { return fmt.Sprintf("%s/%s/%d", x.JobID, x.ThingName, x.Number) })
		}
		same(w, "of two things", look(nil, 2), want[:4])
		second := read(w, func(r store.Reader) (store.JobExecutionCursor, error) { return r.NthThing(1, nil, 2) })
		same(w, "the second thing", second, store.JobExecutionCursor{ThingName: "a-1", Thing: 4})
		same(w, "of it and one more", look(&second, 2), want[4:6])
		absent(w, "a sixth thing", func(r store.Reader) (store.JobExecutionCursor, error) { return r.NthThing(1, nil, 6) })
		absent(w, "a fifth after the first", func(r store.Reader) (store.JobExecutionCursor, error) { return r.NthThing(1, &second, 5) })
	}},
	{"executions of a thing: queuedAt descending, job id, number descending, paged at any place (R-API-27)", func(w world) {
		w.apply(createThings(thing(1, "a"), thing(2, "b")))
		spaced := newJob(3, "J")
		spaced.Namespace = "ns"
		w.apply(createJobs(newJob(1, "z"), newJob(2, "b"), spaced))
		when := func(e job.Execution, seconds int) job.Execution {
			e.QueuedAt = at(seconds)
			return e
		}
		w.apply(queue(when(execution(1, 1, 1), 5), when(execution(1, 1, 2), 5), when(execution(2, 1, 1), 5),
			when(execution(3, 1, 1), 5), when(execution(2, 1, 2), 7), when(execution(3, 1, 2), 1), execution(1, 2, 1)))
		want := []string{"b/a/2", "J/a/1", "b/a/1", "z/a/2", "z/a/1", "J/a/2"}
		for limit := 1; limit <= 7; limit++ {
			same(w, fmt.Sprint("pages of ", limit), ofThing(w, store.ThingExecutionQuery{Thing: 1}, limit), want)
		}
		for limit := 1; limit <= 3; limit++ {
			for key, want := range map[job.Key][]string{2: {"b/a/2", "b/a/1"}, 3: {"J/a/1", "J/a/2"}, 9: nil} {
				same(w, fmt.Sprint("of job ", key), ofThing(w, store.ThingExecutionQuery{Thing: 1, Job: key}, limit), want)
			}
		}
		named := read(w, func(r store.Reader) ([]store.NamedExecution, error) {
			return r.ExecutionsOfThing(store.ThingExecutionQuery{Thing: 1, Limit: 2})
		})
		same(w, "namespaces", collect(named, func(x store.NamedExecution) string { return x.Namespace }), []string{"", "ns"})
	}},
	{"executions of a deleted thing keep its name beside those of its successor (R-CON-12, R-EXE-24)", func(w world) {
		w.field()
		ended := becomes(execution(1, 1, 1), job.ExecutionSucceeded)
		w.apply(queue(execution(1, 1, 1), execution(1, 2, 1)), report(ended))
		w.apply(store.Changes{Registry: store.RegistryChanges{DeletedThings: []registry.ThingID{1}}})
		w.apply(createThings(thing(3, "a")), queue(execution(1, 3, 1)))
		want := []string{"j1/a/1", "j1/a/1", "j1/b/1"}
		for limit := 1; limit <= 4; limit++ {
			same(w, fmt.Sprint("pages of ", limit), ofJob(w, store.JobExecutionQuery{Job: 1}, limit), want)
		}
		same(w, "of the deleted", ofThing(w, store.ThingExecutionQuery{Thing: 1}, 1), []string{"j1/a/1"})
		same(w, "last number of the successor in another job", lastNumber(w, 2, 3), int64(0))
		w.apply(drop(ended))
		same(w, "dropped", ofJob(w, store.JobExecutionQuery{Job: 1}, 9), []string{"j1/a/1", "j1/b/1"})
		same(w, "number kept", lastNumber(w, 1, 1), int64(1))
		absent(w, "the name, which nothing shows any more", func(r store.Reader) (string, error) { return r.ThingName(1) })
		same(w, "name of the successor", read(w, func(r store.Reader) (string, error) { return r.ThingName(3) }), "a")
	}},
	{"lists are stable under inserts between pages", func(w world) {
		w.field()
		w.apply(queue(execution(1, 1, 1), execution(1, 2, 1)))
		first := read(w, func(r store.Reader) ([]store.NamedExecution, error) {
			return r.ExecutionsOfJob(store.JobExecutionQuery{Job: 1, Limit: 1})
		})[0]
		w.apply(createThings(thing(3, "0"), thing(4, "ab")), queue(execution(1, 3, 1), execution(1, 4, 1)))
		rest := read(w, func(r store.Reader) ([]store.NamedExecution, error) {
			after := store.JobExecutionCursor{ThingName: first.ThingName, Thing: first.Thing, Number: first.Number}
			return r.ExecutionsOfJob(store.JobExecutionQuery{Job: 1, Limit: 9, After: &after})
		})
		same(w, "rest", collect(rest, shortNamed), []string{"j1/ab/1", "j1/b/1"})
	}},
}
