package memory

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// reader reads one state.
type reader struct {
	*state
	keys *keys
}

// page sorts what was found, skips what is not after the cursor and cuts to the limit.
func page[T any](found []T, compare func(a, b T) int, after *T, limit int) []T {
	slices.SortFunc(found, compare)
	if after != nil {
		found = slices.DeleteFunc(found, func(v T) bool { return compare(v, *after) <= 0 })
	}
	return found[:min(len(found), max(limit, 0))]
}

func (r reader) Job(key job.Key) (job.Job, error) {
	j, ok := r.jobs.get(id(key))
	if !ok {
		return job.Job{}, store.ErrNotFound
	}
	return cloneJob(j), nil
}

// JobsAhead does nothing: everything is near.
func (r reader) JobsAhead([]job.Key) error { return nil }

func (r reader) JobByID(name string) (job.Job, error) {
	key, ok := r.jobIDs.get(text(name))
	if !ok {
		return job.Job{}, store.ErrNotFound
	}
	return r.Job(job.Key(key))
}

func (r reader) Document(key job.Key) (string, error) {
	document, ok := r.documents.get(id(key))
	if !ok {
		return "", store.ErrNotFound
	}
	return document, nil
}

func (r reader) OriginalDocument(key job.Key) (string, error) {
	if original, ok := r.originals.get(id(key)); ok {
		return original, nil
	}
	return r.Document(key)
}

func (r reader) Template(name string) (job.Template, error) {
	t, ok := r.templates.get(text(name))
	if !ok {
		return t, store.ErrNotFound
	}
	return cloneTemplate(t), nil
}

func (r reader) Templates(cursor *store.JobCursor, limit int) ([]job.Template, error) {
	var found []job.Template
	for _, t := range r.templates.all() {
		t = cloneTemplate(t)
		t.Document = ""
		found = append(found, t)
	}
	var after *job.Template
	if cursor != nil {
		after = &job.Template{ID: cursor.ID, CreatedAt: ms(cursor.CreatedAt)}
	}
	newest := func(a, b job.Template) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
	}
	return page(found, newest, after, limit), nil
}

func (r reader) TemplateCount() (n int, err error) {
	for range r.templates.all() {
		n++
	}
	return n, nil
}

func (r reader) Jobs(q store.JobQuery) ([]job.Job, error) {
	var found []job.Job
	for _, j := range r.jobs.all() {
		isTarget := func(t job.Target) bool { return t.Resource() == q.Target }
		if (q.Status == "" || q.Status == j.Status) &&
			(q.Target == "" || slices.ContainsFunc(j.Targets, isTarget)) {
			found = append(found, cloneJob(j))
		}
	}
	var after *job.Job
	if q.After != nil {
		after = &job.Job{ID: q.After.ID}
		after.CreatedAt = ms(q.After.CreatedAt)
	}
	newest := func(a, b job.Job) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
	}
	return page(found, newest, after, q.Limit), nil
}

func (r reader) DueJobs(
	after store.DueCursor, now time.Time, limit int,
) (found []job.Job, err error) {
	from := due{at: ms(after.Due), key: attempt{Job: after.Job}}
	for at := range r.dueJobs.from(from) {
		if at.at.After(now) || len(found) >= limit {
			break
		}
		if at == from {
			continue
		}
		j, _ := r.jobs.get(id(at.key.Job))
		found = append(found, cloneJob(j))
	}
	return found, nil
}

func (r reader) JobCount(status job.Status) (n int, err error) {
	for _, j := range r.jobs.all() {
		if j.Status == status {
			n++
		}
	}
	return n, nil
}

func (r reader) ActiveJobs(selection job.TargetSelection) (n int, err error) {
	for _, j := range r.jobs.all() {
		if j.Status.Active() && j.TargetSelection == selection {
			n++
		}
	}
	return n, nil
}

func (r reader) ConcurrentJobs() (n int, err error) {
	for _, j := range r.jobs.all() {
		if j.Concurrent() {
			n++
		}
	}
	return n, nil
}

func (r reader) RolloutMemberships() (oldest, newest int64, ok bool, err error) {
	for _, j := range r.jobs.all() {
		number, counts := j.RolloutMembership()
		switch {
		case !counts:
		case !ok:
			oldest, newest, ok = number, number, true
		default:
			oldest, newest = min(oldest, number), max(newest, number)
		}
	}
	return oldest, newest, ok, nil
}

func (r reader) ContinuousJobs(
	group registry.GroupID, after job.Key, limit int,
) (found []store.ContinuousJob, err error) {
	for _, j := range r.jobs.from(id(after + 1)) {
		if len(found) >= limit {
			break
		}
		continuous := j.TargetSelection == job.Continuous && slices.Contains(j.TargetGroups, group)
		if continuous && j.Status.Active() {
			found = append(found, store.ContinuousJob{Key: j.Key, Active: true})
		}
	}
	return found, nil
}

func (r reader) MembershipWork(limit int) (found []job.MembershipWork, err error) {
	for _, w := range r.membershipWork.all() {
		if len(found) >= limit {
			break
		}
		found = append(found, cloneMembershipWork(w))
	}
	return found, nil
}

func (r reader) LateJoiners(key job.Key, limit int) (things []registry.ThingID, err error) {
	for at := range r.lateJoiners.from(attempt{Job: key}) {
		if at.Job != key || len(things) >= limit {
			break
		}
		things = append(things, at.Thing)
	}
	return things, nil
}

func (r reader) EndedJobs(before time.Time, limit int) ([]job.Job, error) {
	var found []job.Job
	for _, j := range r.jobs.all() {
		if (j.Status == job.Completed || j.Status == job.Canceled) && j.UpdatedAt.Before(before) {
			found = append(found, cloneJob(j))
		}
	}
	oldest := func(a, b job.Job) int {
		return cmp.Or(a.UpdatedAt.Compare(b.UpdatedAt), cmp.Compare(a.Key, b.Key))
	}
	return page(found, oldest, nil, limit), nil
}

func (r reader) NextDue() (earliest time.Time, err error) {
	for _, index := range []tree[due, struct{}]{r.dueJobs, r.timers, r.dueHolds, r.silentAt} {
		for at := range index.all() {
			if earliest.IsZero() || at.at.Before(earliest) {
				earliest = at.at
			}
			break
		}
	}
	return earliest, nil
}

func (r reader) Execution(key job.ExecutionKey) (job.Execution, error) {
	e, ok := r.executions.get(attempt(key))
	if !ok {
		return job.Execution{}, store.ErrNotFound
	}
	return r.shown(e), nil
}

// attempts yields the executions of a job on a thing by number, or of the whole job when thing is
// 0.
func (r reader) attempts(key job.Key, thing registry.ThingID) iter.Seq[job.Execution] {
	return func(yield func(job.Execution) bool) {
		for at, e := range r.executions.from(attempt{Job: key, Thing: thing}) {
			if at.Job != key || thing != 0 && at.Thing != thing || !yield(e) {
				return
			}
		}
	}
}

func (r reader) Latest(key job.Key, thing registry.ThingID) (job.Execution, error) {
	latest, err := job.Execution{}, store.ErrNotFound
	for e := range r.attempts(key, thing) {
		latest, err = r.shown(e), nil
	}
	return latest, err
}

func (r reader) LastNumber(key job.Key, thing registry.ThingID) (int64, error) {
	last, _ := r.used.get(attempt{Job: key, Thing: thing})
	for e := range r.attempts(key, thing) {
		last = max(last, e.Number)
	}
	return last, nil
}

func (r reader) UsedNumbers(key job.Key, limit int) (things []registry.ThingID, err error) {
	for at := range r.used.from(attempt{Job: key}) {
		if at.Job != key || len(things) >= limit {
			break
		}
		things = append(things, at.Thing)
	}
	return things, nil
}

func (r reader) Pending(thing registry.ThingID, limit int) (found []job.Execution, err error) {
	for at := range r.pending.from(pending{thing: thing}) {
		if at.thing != thing || len(found) >= limit {
			break
		}
		e, _ := r.executions.get(at.key)
		found = append(found, r.shown(e))
	}
	return found, nil
}

func (r reader) QueuedOfThing(
	thing registry.ThingID, after job.QueueCursor, limit int,
) (found []job.Execution, err error) {
	for at := range r.pending.from(pending{
		thing:    thing,
		rank:     queuedRank,
		queuedAt: ms(after.QueuedAt),
		sequence: after.Sequence + 1,
	}) {
		if at.thing != thing || len(found) >= limit {
			break
		}
		e, _ := r.executions.get(at.key)
		found = append(found, r.shown(e))
	}
	return found, nil
}

func (r reader) PendingWindowed(
	thing registry.ThingID, limit int,
) (found []job.Execution, err error) {
	for at := range r.pending.from(pending{thing: thing}) {
		if at.thing != thing || len(found) >= limit {
			break
		}
		e, _ := r.executions.get(at.key)
		if j, _ := r.jobs.get(id(e.Job)); j.Schedule.Windowed() {
			found = append(found, r.shown(e))
		}
	}
	return found, nil
}

func (r reader) PendingOfJob(
	key job.Key, status job.ExecutionStatus, after job.ExecutionCursor, limit int,
) (found []job.Execution, err error) {
	next := attempt{Job: key, Thing: after.Thing, Number: after.Number + 1}
	for at, e := range r.executions.from(next) {
		if at.Job != key || len(found) >= limit {
			break
		}
		if e.Status == status {
			found = append(found, r.shown(e))
		}
	}
	return found, nil
}

func (r reader) SomeOfJob(key job.Key, limit int) (found []job.Execution, err error) {
	for e := range r.attempts(key, 0) {
		if len(found) >= limit {
			break
		}
		found = append(found, r.shown(e))
	}
	return found, nil
}

func (r reader) FirstAttempts(
	key job.Key, after job.ExecutionCursor, limit int,
) (found []store.FirstAttempt, err error) {
	for e := range r.attempts(key, 0) {
		at := job.ExecutionCursor{Thing: e.Thing, Number: e.Number}
		if e.Attempt > 0 || !comesAfter(at, after) {
			continue
		}
		if len(found) >= limit {
			break
		}
		thing, _ := r.things.get(id(e.Thing))
		found = append(found, store.FirstAttempt{
			ExecutionCursor: at,
			Status:          e.Status,
			QueuedAt:        e.QueuedAt,
			StartedAt:       e.StartedAt,
			UpdatedAt:       e.UpdatedAt,
			Details:         e.Details,
			ThingType:       thing.Type,
			Attributes:      thing.Attributes,
		})
	}
	return found, nil
}

// comesAfter reports whether an execution of a job comes after another one.
func comesAfter(at, other job.ExecutionCursor) bool {
	return cmp.Or(cmp.Compare(at.Thing, other.Thing), cmp.Compare(at.Number, other.Number)) > 0
}

func (r reader) ExecutionTimes(
	key job.Key, after job.ExecutionCursor, limit int,
) (found []store.ExecutionTimes, err error) {
	for e := range r.attempts(key, 0) {
		at := job.ExecutionCursor{Thing: e.Thing, Number: e.Number}
		if len(found) >= limit {
			break
		}
		if comesAfter(at, after) {
			found = append(found, store.ExecutionTimes{
				ExecutionCursor: at,
				Status:          e.Status,
				QueuedAt:        e.QueuedAt,
				UpdatedAt:       e.UpdatedAt,
			})
		}
	}
	return found, nil
}

func (r reader) GroupsOfFirstAttempts(
	key job.Key, after, last job.ExecutionCursor,
) (found []store.ThingGroup, err error) {
	attempts, err := r.FirstAttempts(key, after, math.MaxInt)
	for _, a := range attempts {
		if a.Thing > last.Thing || a.Thing == last.Thing && a.Number > last.Number {
			break
		}
		memberships, _ := r.Memberships(a.Thing)
		for _, m := range memberships {
			found = append(found, store.ThingGroup{Thing: m.Thing, Group: m.Group})
		}
	}
	return found, err
}

func (r reader) FailedOfJob(key job.Key, limit int) (found []map[string]string, err error) {
	for e := range r.attempts(key, 0) {
		if e.Status < job.ExecutionFailed || e.Status > job.ExecutionRejected {
			continue
		}
		if len(found) >= limit {
			break
		}
		found = append(found, e.Details)
	}
	return found, nil
}

// named adds the names of an execution's job and thing.
func (r reader) named(e job.Execution) store.NamedExecution {
	j, _ := r.jobs.get(id(e.Job))
	name, _ := r.names.get(id(e.Thing))
	return store.NamedExecution{
		Execution: r.shown(e),
		JobID:     j.ID,
		Namespace: j.Namespace,
		ThingName: name,
	}
}

func (r reader) ExecutionsOfJob(q store.JobExecutionQuery) ([]store.NamedExecution, error) {
	var last *store.JobExecutionCursor
	if q.Things > 0 {
		if at, err := r.NthThing(q.Job, q.After, q.Things); err == nil {
			last = &at
		}
	}
	var found []store.NamedExecution
	for e := range r.attempts(q.Job, 0) {
		named := r.named(e)
		within := last == nil || byThingName(named, place(*last)) <= 0
		if within && (q.Status == nil || *q.Status == e.Status) {
			found = append(found, named)
		}
	}
	var after *store.NamedExecution
	if q.After != nil {
		after = new(place(*q.After))
	}
	return page(found, byThingName, after, q.Limit), nil
}

// place is an execution that stands at a cursor.
func place(c store.JobExecutionCursor) store.NamedExecution {
	at := store.NamedExecution{ThingName: c.ThingName}
	at.Thing, at.Number = c.Thing, c.Number
	return at
}

// NthThing counts the thing at the cursor, whose executions may not all have been listed.
func (r reader) NthThing(
	key job.Key, after *store.JobExecutionCursor, n int,
) (store.JobExecutionCursor, error) {
	places := map[store.JobExecutionCursor]bool{}
	for e := range r.attempts(key, 0) {
		name, _ := r.names.get(id(e.Thing))
		at := store.JobExecutionCursor{ThingName: name, Thing: e.Thing}
		if after == nil || byThing(at, *after) >= 0 {
			places[at] = true
		}
	}
	if n < 1 || len(places) < n {
		return store.JobExecutionCursor{}, store.ErrNotFound
	}
	return slices.SortedFunc(maps.Keys(places), byThing)[n-1], nil
}

// byThing orders the things of a job as its list shows them. Two that had one name, one after the
// other, are told apart by their keys.
func byThing(a, b store.JobExecutionCursor) int {
	return cmp.Or(cmp.Compare(a.ThingName, b.ThingName), cmp.Compare(a.Thing, b.Thing))
}

// byThingName orders the executions of a job: by thing, each thing's from the newest on.
func byThingName(a, b store.NamedExecution) int {
	return cmp.Or(
		cmp.Compare(a.ThingName, b.ThingName), cmp.Compare(a.Thing, b.Thing),
		cmp.Compare(b.Number, a.Number))
}

func (r reader) ExecutionsOfThing(q store.ThingExecutionQuery) ([]store.NamedExecution, error) {
	var found []store.NamedExecution
	for at := range r.ofThing.from(ofThing{thing: q.Thing}) {
		if at.thing != q.Thing {
			break
		}
		e, _ := r.executions.get(at.key)
		if q.Job == 0 || q.Job == e.Job {
			found = append(found, r.named(e))
		}
	}
	var after *store.NamedExecution
	if q.After != nil {
		after = &store.NamedExecution{JobID: q.After.JobID}
		after.QueuedAt, after.Number = ms(q.After.QueuedAt), q.After.Number
	}
	return page(found, byQueued, after, q.Limit), nil
}

// byQueued orders the executions of a thing, those queued last first.
func byQueued(a, b store.NamedExecution) int {
	return cmp.Or(
		b.QueuedAt.Compare(a.QueuedAt), cmp.Compare(a.JobID, b.JobID),
		cmp.Compare(b.Number, a.Number))
}

func (r reader) DueExecutions(now time.Time, limit int) (found []job.Execution, err error) {
	for at := range r.timers.all() {
		if at.at.After(now) || len(found) >= limit {
			break
		}
		e, _ := r.executions.get(at.key)
		found = append(found, r.shown(e))
	}
	return found, nil
}

func (r reader) Announcements(after int64, limit int) (found []store.Announcement, err error) {
	bytes := 0
	for _, a := range r.announcements.from(id(after + 1)) {
		if len(found) >= limit || bytes >= store.AnnouncementBytes {
			break
		}
		bytes += a.Size()
		found = append(found, cloneAnnouncement(a))
	}
	return found, nil
}

func (r reader) Setting(name string) ([]byte, error) {
	value, ok := r.settings.get(text(name))
	if !ok {
		return nil, store.ErrNotFound
	}
	return slices.Clone(value), nil
}

func (r reader) Sessions(f func(store.SessionEntry) error) error {
	for _, s := range r.sessions.all() {
		s.Body = nil
		if err := f(cloneSession(s)); err != nil {
			return err
		}
	}
	return nil
}

func (r reader) SessionMessages(
	client string, first, last uint64,
) (found []store.SessionEntry, err error) {
	for at, e := range r.sessions.from(entry{client, first}) {
		if at.client != client || at.seq > last {
			break
		}
		if shared, exists := r.bodies.get(id(e.Shared)); exists {
			e.Body = shared.body
		}
		found = append(found, cloneSession(e))
	}
	return found, nil
}
