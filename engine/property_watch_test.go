package engine

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// watch is a store that looks at every change on its way in, and at every commit.
type watch struct {
	store.Store
	w *world
	// hold keeps commits waiting while somebody has it.
	hold sync.Mutex

	mu       sync.Mutex
	jobs     map[job.Key]*modelJob
	all      map[job.ExecutionKey]job.Execution
	rollouts map[*job.RolloutConfig]bool // of updates under way
	aborts   map[*job.AbortConfig]bool
}

func newWatch(w *world, s store.Store) *watch {
	return &watch{
		Store: s, w: w, jobs: map[job.Key]*modelJob{}, all: map[job.ExecutionKey]job.Execution{},
		rollouts: map[*job.RolloutConfig]bool{}, aborts: map[*job.AbortConfig]bool{},
	}
}

// Write lets f write through a watched transaction.
func (m *watch) Write(ctx context.Context, f func(store.Tx) error) error {
	m.hold.Lock()
	defer m.hold.Unlock()
	return m.Store.Write(ctx, func(inner store.Tx) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		tx := &watchedTx{
			Tx: inner, watch: m, now: m.w.clock.Now(), before: m.pending(),
			told: map[registry.ThingID]store.Notice{}, changes: map[registry.ThingID]int{},
		}
		if err := f(tx); err != nil {
			m.w.failf("the commit failed: %v", err)
			return err
		}
		tx.committed()
		return nil
	})
}

// pending groups what has not ended by thing.
func (m *watch) pending() map[registry.ThingID][]job.Execution {
	found := map[registry.ThingID][]job.Execution{}
	for _, x := range m.all {
		if legal[x.Status.String()] != nil {
			found[x.Thing] = append(found[x.Thing], x)
		}
	}
	return found
}

// counts counts the executions of a job by status.
func (m *watch) counts(key job.Key) map[job.ExecutionStatus]int64 {
	n := map[job.ExecutionStatus]int64{}
	for _, x := range m.all {
		if x.Job == key {
			n[x.Status]++
		}
	}
	return n
}

// things returns every thing that ever had an execution.
func (m *watch) things() map[registry.ThingID]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[registry.ThingID]bool{}
	for _, j := range m.jobs {
		for thing := range j.had {
			found[thing] = true
		}
	}
	return found
}

// latest returns the latest execution of each job on a thing.
func (m *watch) latest(thing registry.ThingID) map[job.Key]job.Execution {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[job.Key]job.Execution{}
	for _, x := range m.all {
		if x.Thing == thing && x.Number > found[x.Job].Number {
			found[x.Job] = x
		}
	}
	return found
}

// watchedTx is one commit.
type watchedTx struct {
	store.Tx
	*watch
	now    time.Time
	before map[registry.ThingID][]job.Execution
	told   map[registry.ThingID]store.Notice
	ended  []job.Execution // CANCELED in this commit
	// changes counts the executions of each thing that this commit changed.
	changes map[registry.ThingID]int
}

// Apply checks the changes, each against the state before it.
func (tx *watchedTx) Apply(c store.Changes) error {
	tx.releases(c.Job.CreatedExecutions)
	if err := tx.Tx.Apply(c); err != nil {
		return err
	}
	for _, created := range c.Job.CreatedJobs {
		tx.created(created.Job)
	}
	for _, key := range c.Job.DeletedExecutions {
		delete(tx.all, key)
		tx.changes[key.Thing]++
	}
	for _, x := range c.Job.UpdatedExecutions {
		tx.reported(x, c)
		tx.changes[x.Thing]++
	}
	for _, x := range c.Job.CreatedExecutions {
		tx.queued(x)
		tx.changes[x.Thing]++
	}
	for _, x := range c.Job.RearmedStepTimers {
		was := tx.all[x.ExecutionKey]
		tx.all[x.ExecutionKey] = x
		if was.StepDeadline = x.StepDeadline; !reflect.DeepEqual(was, x) {
			tx.w.failf("%+v was rearmed to %+v", was, x)
		}
	}
	for _, j := range c.Job.Definitions {
		tx.defined(j)
	}
	for _, added := range c.Outbox.Added {
		for _, n := range added.Notices {
			tx.told[n.Thing] = n
		}
	}
	return nil
}

func (tx *watchedTx) created(j job.Job) {
	targets, err := freeze(tx.Tx, j.Targets)
	if err != nil {
		tx.w.failf("targets of %s: %v", j.ID, err)
	}
	tx.jobs[j.Key] = &modelJob{
		start: tx.now, arns: j.Targets, groups: tx.groups(), targets: targets, had: map[registry.ThingID]int64{}, status: job.InProgress,
		failed: map[registry.ThingID]int{}, timedOut: map[registry.ThingID]int{},
	}
}

// groups lists the groups that there are.
func (tx *watchedTx) groups() (ids []registry.GroupID) {
	groups, err := tx.Tx.Groups(store.GroupQuery{Limit: 10_000})
	if err != nil {
		tx.w.failf("groups: %v", err)
	}
	for _, g := range groups {
		ids = append(ids, g.ID)
	}
	return ids
}

// releases checks that the first executions of a job are those whose turn has come: as many as the rate of this tick
// allows, in rollout order, and never two ticks within a minute (R-ROLL-2 to R-ROLL-6, R-ROLL-12).
func (tx *watchedTx) releases(queued []job.Execution) {
	first := map[job.Key][]registry.ThingID{}
	for _, x := range queued {
		if x.Attempt == 0 {
			first[x.Job] = append(first[x.Job], x.Thing)
		}
	}
	for key, things := range first {
		j, stored := tx.jobs[key], tx.definition(key)
		if since := tx.now.Sub(j.start); since%time.Minute != 0 || !j.ramp.last.IsZero() && tx.now.Sub(j.ramp.last) < time.Minute {
			tx.w.failf("%s releases %s after its start, last at %s", stored.ID, since, j.ramp.last.Format(time.TimeOnly))
		}
		quota := j.ramp.tick(stored.Rollout, tx.counts(key)[job.ExecutionSucceeded], tx.now)
		want := j.waiting(tx.Tx)
		if want = want[:min(quota, len(want))]; !slices.Equal(things, want) {
			tx.w.failf("%s releases things %v at step %d, it should be %v", stored.ID, things, j.ramp.k, want)
		}
		j.ramp.notified += int64(len(things))
	}
}

func (tx *watchedTx) definition(key job.Key) job.Job {
	j, err := tx.Tx.Job(key)
	if err != nil {
		tx.w.failf("job %d: %v", key, err)
	}
	return j
}

// queued checks a new execution (R-EXE-1, R-CON-14), and that the job may still have one.
func (tx *watchedTx) queued(x job.Execution) {
	j := tx.jobs[x.Job]
	switch {
	case j == nil || j.status != job.InProgress:
		tx.w.failf("%+v is queued in a job that has ended (R-JOB-20)", x.ExecutionKey)
	case x.Number != j.had[x.Thing]+1 || x.Version != 1 || x.Status != job.ExecutionQueued || !x.StartedAt.IsZero() || len(x.Details) > 0:
		tx.w.failf("%+v is queued after number %d", x, j.had[x.Thing])
	case !x.QueuedAt.Equal(tx.now) || !x.UpdatedAt.Equal(tx.now):
		tx.w.failf("%+v is queued at %s", x, tx.now)
	default:
		j.had[x.Thing] = x.Number
	}
	tx.all[x.ExecutionKey] = x
}

// reported checks one change of an execution, and notes what must follow from it.
func (tx *watchedTx) reported(x job.Execution, c store.Changes) {
	was, j, stored := tx.all[x.ExecutionKey], tx.jobs[x.Job], tx.definition(x.Job)
	tx.all[x.ExecutionKey] = x
	if x.Version != was.Version+1 || !x.UpdatedAt.Equal(tx.now) || !slices.Contains(legal[was.Status.String()], x.Status.String()) {
		tx.w.failf("%+v became %+v at %s (R-EXE-5, R-EXE-7)", was, x, tx.now)
	}
	tx.timers(was, x, stored)
	switch x.Status {
	case job.ExecutionRemoved:
		if j.reaches(tx.Tx, x.Thing) || was.Status == job.ExecutionInProgress && !slices.Contains(c.Registry.DeletedThings, x.Thing) {
			tx.w.failf("%+v became %+v, and is still a target (R-EXE-20 to R-EXE-25)", was, x)
		}
	case job.ExecutionCanceled:
		tx.ended = append(tx.ended, was)
	case job.ExecutionSucceeded, job.ExecutionFailed, job.ExecutionRejected, job.ExecutionTimedOut:
		tx.retries(x, j, stored, c.Job.CreatedExecutions)
		j.met = j.met || j.status == job.InProgress && criteriaMet(stored.Abort, tx.counts(x.Job))
	}
}

// timers checks deadlines: set at the start, kept through progress, and over neither early nor late (chapter 21,
// section 4).
func (tx *watchedTx) timers(was, x job.Execution, stored job.Job) {
	switch {
	case x.Status == job.ExecutionTimedOut:
		if !deadline(was).Equal(tx.now) {
			tx.w.failf("%+v timed out at %s", was, tx.now)
		}
	case was.Status == job.ExecutionQueued && x.Status == job.ExecutionInProgress:
		want := time.Time{}
		if stored.Timeout != nil && stored.Timeout.InProgressMinutes > 0 {
			want = tx.now.Add(time.Duration(stored.Timeout.InProgressMinutes) * time.Minute)
		}
		if !x.Deadline.Equal(want) || !x.StartedAt.Equal(tx.now) {
			tx.w.failf("%+v started, its deadline should be %s (R-TMO-1)", x, want)
		}
	case x.Status == job.ExecutionInProgress:
		if !x.Deadline.Equal(was.Deadline) || !x.StartedAt.Equal(was.StartedAt) {
			tx.w.failf("%+v became %+v: progress moves no deadline (R-TMO-2)", was, x)
		}
	}
}

// deadline is the earlier of the two of an execution in progress; far away without one.
func deadline(x job.Execution) time.Time {
	at := time.Unix(1<<40, 0)
	for _, d := range []time.Time{x.Deadline, x.StepDeadline} {
		if x.Status == job.ExecutionInProgress && !d.IsZero() && d.Before(at) {
			at = d
		}
	}
	return at
}

// retries checks that an attempt which ended is retried when, and only when, its budget allows (R-RTY-1 to R-RTY-9).
func (tx *watchedTx) retries(x job.Execution, j *modelJob, stored job.Job, queued []job.Execution) {
	at := slices.IndexFunc(queued, func(q job.Execution) bool { return q.Job == x.Job && q.Thing == x.Thing })
	want := j.status == job.InProgress && !j.met && j.reaches(tx.Tx, x.Thing) &&
		retried(stored.Retry, x.Status, j.failed[x.Thing], j.timedOut[x.Thing])
	switch {
	case at < 0 && want:
		j.noRetry = append(j.noRetry, x.ExecutionKey)
	case at >= 0 && !want:
		tx.w.failf("%+v of %s is retried", x, stored.ID)
	case at >= 0:
		if queued[at].Attempt != x.Attempt+1 {
			tx.w.failf("%+v is retried as %+v", x, queued[at])
		}
		if x.Status == job.ExecutionFailed {
			j.failed[x.Thing]++
		} else {
			j.timedOut[x.Thing]++
		}
	}
}

// defined notes what an update of a job changes (R-UPD-11, R-UPD-13).
func (tx *watchedTx) defined(j job.Job) {
	m, counts := tx.jobs[j.Key], tx.counts(j.Key)
	if tx.rollouts[j.Rollout] {
		delete(tx.rollouts, j.Rollout)
		m.ramp.restart(counts[job.ExecutionSucceeded])
	}
	if tx.aborts[j.Abort] {
		delete(tx.aborts, j.Abort)
		m.met = m.met || criteriaMet(j.Abort, counts)
	}
}

// finished checks the end: after days without a request every rollout has finished.
func (m *watch) finished() {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.Read(m.w.t.Context(), func(r store.Reader) error {
		for key, model := range m.jobs {
			j, err := r.Job(key)
			if err != nil {
				m.w.failf("job %d: %v", key, err)
			}
			if j.Status == job.InProgress && (!j.Progress.Finished || len(model.waiting(r)) > 0) {
				m.w.failf("%s never finishes its rollout: %+v", j.ID, j.State)
			}
		}
		kept, err := everything(r, slices.Collect(maps.Keys(m.jobs)))
		if err != nil || !reflect.DeepEqual(kept, m.all) {
			m.w.failf("the store holds other executions than were written: %v", err)
		}
		return nil
	})
}

// everything reads the executions of jobs.
func everything(r store.Reader, keys []job.Key) (map[job.ExecutionKey]job.Execution, error) {
	all := map[job.ExecutionKey]job.Execution{}
	for _, key := range keys {
		found, err := r.SomeOfJob(key, 100_000)
		if err != nil {
			return nil, err
		}
		for _, x := range found {
			all[x.ExecutionKey] = x
		}
	}
	return all, nil
}
