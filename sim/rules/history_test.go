package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// The things of every history. The first three are members of the group, the last one is not.
const a, b, c, d registry.ThingID = 1, 2, 3, 4

var thingNames = map[registry.ThingID]string{a: "a", b: "b", c: "c", d: "d"}

const group registry.GroupID = 1

// noon is when every history begins.
var noon = time.Date(2028, 3, 1, 12, 0, 0, 0, time.UTC)

// history is a server played by hand: a test says what happens, one commit after another, and the
// history fills in what a server that keeps the rules would write, such as counters and notices. It
// knows one job with the id j.
type history struct {
	t       *testing.T
	store   store.Store
	checker *Checker
	now     time.Time
	broken  string // the id of the rule that was reported, "" for none
	text    string // that was reported with it

	job           job.Job
	latest        map[registry.ThingID]job.Execution
	executions    map[job.ExecutionKey]job.Execution
	announcements int64
	events        bool // lifecycle events are enabled

	// spoil changes the next commit before it is stored and shown, show only what is shown of it.
	spoil, show func(*store.Changes)
	// held are things that are held.
	held map[registry.ThingID]bool
	// silent loses all notifications.
	silent bool
}

func newHistory(t *testing.T) *history {
	t.Helper()
	h := &history{
		t:          t,
		store:      memory.Open(),
		now:        noon,
		latest:     map[registry.ThingID]job.Execution{},
		executions: map[job.ExecutionKey]job.Execution{},
	}
	limits := Limits{Concurrent: 2, Retention: 24 * time.Hour}
	h.checker = New(limits, func(rule, text string) { h.broken, h.text = rule, text })
	made := store.RegistryChanges{CreatedGroups: []registry.Group{{ID: group, Name: "g"}}}
	for _, thing := range []registry.ThingID{a, b, c, d} {
		created := registry.Thing{ID: thing, Name: thingNames[thing]}
		made.CreatedThings = append(made.CreatedThings, created)
		if thing != d {
			made.AddedMemberships = append(made.AddedMemberships, h.membership(thing))
		}
	}
	h.write(store.Changes{Registry: made})
	return h
}

// membership is that of a thing in the group.
func (h *history) membership(thing registry.ThingID) registry.Membership {
	return registry.Membership{
		Group:  group,
		Member: registry.Member{Thing: thing, Name: thingNames[thing]},
		Joined: int64(thing),
	}
}

func (h *history) advance(by time.Duration) { h.now = h.now.Add(by) }

// read lets f see the present state.
func (h *history) read(f func(State)) {
	h.t.Helper()
	err := h.store.Read(h.t.Context(), func(r store.Reader) error {
		f(State{Store: r, Now: h.now})
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// write makes one commit: with the state of the job, and with the notices and events that follow
// from the changes.
func (h *history) write(changes store.Changes) {
	h.t.Helper()
	for _, list := range [][]job.Execution{
		changes.Job.CreatedExecutions, changes.Job.UpdatedExecutions, changes.Job.AmendedExecutions,
	} {
		for _, x := range list {
			h.executions[x.ExecutionKey] = x
		}
	}
	h.announce(&changes)
	for _, key := range changes.Job.DeletedExecutions {
		delete(h.executions, key)
	}
	if h.job.Key != 0 && len(changes.Job.CreatedJobs)+len(changes.Job.DeletedJobs) == 0 {
		h.job.Counts = job.Counts{}
		for _, x := range h.executions {
			h.job.Counts[x.Status]++
		}
		changes.Job.States = []job.Job{h.job}
	}
	if spoil := h.spoil; spoil != nil {
		h.spoil = nil
		spoil(&changes)
	}
	err := h.store.Write(h.t.Context(), func(tx store.Tx) error { return tx.Apply(changes) })
	if err != nil {
		h.t.Fatal(err)
	}
	if h.show != nil {
		h.show(&changes)
	}
	h.read(func(after State) { h.checker.Committed(after, []store.Changes{changes}) })
	for _, added := range changes.Outbox.Added {
		for _, n := range added.Notices {
			h.notify(n.Thing)
		}
	}
}

// announce adds the notices of all things with executions that are new, have ended, or are deleted
// while they are pending; and the events of those that have ended.
func (h *history) announce(changes *store.Changes) {
	made := store.Announcement{}
	notice := func(thing registry.ThingID) {
		both := store.Notice{Thing: thing, Notify: true, NotifyNext: true}
		made.Notices = append(made.Notices, both)
	}
	retried := map[registry.ThingID]bool{}
	for _, x := range changes.Job.CreatedExecutions {
		retried[x.Thing] = true
		notice(x.Thing)
	}
	for _, x := range changes.Job.UpdatedExecutions {
		if pending(x) {
			continue
		}
		if !retried[x.Thing] {
			notice(x.Thing)
		}
		if h.events {
			operation := strings.ToLower(x.Status.String())
			made.Events = append(made.Events, executionEvent(operation, x.Thing))
		}
	}
	for _, key := range changes.Job.DeletedExecutions {
		if pending(h.executions[key]) {
			notice(key.Thing)
		}
	}
	if len(made.Notices)+len(made.Events) > 0 {
		h.announcements++
		made.ID = h.announcements
		changes.Outbox.Added = append(changes.Outbox.Added, made)
	}
}

// notify sends the notifications of a thing that say what is true.
func (h *history) notify(thing registry.ThingID) {
	if h.silent {
		return
	}
	topic := "$aws/things/" + thingNames[thing] + "/jobs/"
	list, next := `{"jobs":{}}`, `{}`
	for _, x := range h.executions {
		hidden := x.Status == job.ExecutionQueued && (h.job.Paused != "" || h.held[thing])
		if x.Thing == thing && pending(x) && !hidden {
			shown := fmt.Sprintf(`{"jobId":"j","executionNumber":%d}`, x.Number)
			list, next = `{"jobs":{"any":[`+shown+`]}}`, `{"execution":`+shown+`}`
		}
	}
	h.checker.Notified(0, topic+"notify", []byte(list))
	h.checker.Notified(0, topic+"notify-next", []byte(next))
}

// create creates the job, with the group as its target.
func (h *history) create(edit func(*job.Job)) {
	h.job = job.Job{
		Key: 1,
		ID:  "j",
		Definition: job.Definition{
			Targets:         []job.Target{{ARN: "arn:aws:iot:us-east-1:000000000000:thinggroup/g"}},
			TargetSelection: "SNAPSHOT",
			CreatedAt:       h.now,
		},
		State: job.State{Status: "IN_PROGRESS", UpdatedAt: h.now},
	}
	if edit != nil {
		edit(&h.job)
	}
	h.write(store.Changes{Job: store.JobChanges{CreatedJobs: []store.CreatedJob{{Job: h.job}}}})
}

// created is a new execution of a thing.
func (h *history) created(thing registry.ThingID, attempt int) job.Execution {
	x := job.Execution{
		ExecutionKey: job.ExecutionKey{Job: 1, Thing: thing, Number: h.latest[thing].Number + 1},
		Version:      1,
		Attempt:      attempt,
		QueuedAt:     h.now,
		UpdatedAt:    h.now,
		Sequence:     int64(len(h.executions) + 1),
	}
	h.latest[thing] = x
	return x
}

// release lets the rollout create executions. It is finished when the three members have one.
func (h *history) release(things ...registry.ThingID) {
	var changes store.Changes
	for _, thing := range things {
		changes.Job.CreatedExecutions = append(changes.Job.CreatedExecutions, h.created(thing, 0))
	}
	h.job.Progress.Notified += int64(len(things))
	h.job.Progress.Finished = h.latest[a].Number*h.latest[b].Number*h.latest[c].Number > 0
	h.write(changes)
}

// updated is the latest execution of a thing with another status.
func (h *history) updated(thing registry.ThingID, status job.ExecutionStatus) job.Execution {
	x := h.latest[thing]
	if x.Status == job.ExecutionQueued && status == job.ExecutionInProgress {
		x.StartedAt = h.now
		if limit := h.job.Timeout; limit != nil {
			x.Deadline = h.now.Add(time.Duration(limit.InProgressMinutes) * time.Minute)
		}
	}
	x.Status, x.Version, x.UpdatedAt = status, x.Version+1, h.now
	if !pending(x) {
		x.Deadline, x.StepDeadline = time.Time{}, time.Time{}
	}
	h.latest[thing] = x
	return x
}

// update changes the status of one execution, and completes the job when it was the last one.
func (h *history) update(thing registry.ThingID, status job.ExecutionStatus) {
	changes := store.Changes{}
	changes.Job.UpdatedExecutions = []job.Execution{h.updated(thing, status)}
	h.completeIfDone()
	h.write(changes)
}

// updateAll changes the status of the executions of several things in one commit.
func (h *history) updateAll(status job.ExecutionStatus, things ...registry.ThingID) {
	changes := store.Changes{}
	for _, thing := range things {
		x := h.updated(thing, status)
		changes.Job.UpdatedExecutions = append(changes.Job.UpdatedExecutions, x)
	}
	h.completeIfDone()
	h.write(changes)
}

func (h *history) completeIfDone() {
	for _, x := range h.latest {
		if pending(x) {
			return
		}
	}
	if active(h.job.Status) && h.job.Progress.Finished && h.job.TargetSelection != "CONTINUOUS" {
		h.job.Status, h.job.CompletedAt, h.job.UpdatedAt = "COMPLETED", h.now, h.now
	}
}

// retry ends an execution and creates the next attempt.
func (h *history) retry(thing registry.ThingID, status job.ExecutionStatus) {
	changes := store.Changes{}
	changes.Job.UpdatedExecutions = []job.Execution{h.updated(thing, status)}
	next := h.created(thing, h.latest[thing].Attempt+1)
	changes.Job.CreatedExecutions = []job.Execution{next}
	h.write(changes)
}

// state gives the job another status and reason.
func (h *history) state(status job.Status, reason string) {
	h.cancelState(status, reason)
	h.write(store.Changes{})
}

func (h *history) cancelState(status job.Status, reason string) {
	h.job.Status, h.job.ReasonCode, h.job.CompletedAt = status, reason, time.Time{}
	if status == "COMPLETED" {
		h.job.CompletedAt = h.now
	}
}

// settled says that the server has nothing to do.
func (h *history) settled() {
	h.read(func(now State) { h.checker.Settled(now, 0) })
}

// ask lets thing a ask something; while it is answered, act happens.
func (h *history) ask(path, body string, act func(), reply, answer string) {
	topic := "$aws/things/a/jobs/" + path
	h.askAs(topic, body, act, topic+"/"+reply, answer)
}

func (h *history) askAs(topic, body string, act func(), reply, answer string) {
	h.send(Request{Topic: topic, Payload: []byte(body)}, act, reply, answer)
}

// send sends a message of a device and answers it; act is what it does.
func (h *history) send(r Request, act func(), reply, answer string) {
	var q Question
	h.read(func(now State) { q = h.checker.Asked(now, r) })
	if act != nil {
		act()
	}
	h.read(func(now State) { h.checker.Answered(now, q, reply, []byte(answer)) })
}

// call makes a call about one execution of thing a, with the error that is its answer.
func (h *history) call(call ExecutionCall, act func(), answer error) {
	call.Thing, call.JobID = "a", "j"
	h.read(func(now State) { h.checker.BeforeCall(now, call) })
	if act != nil {
		act()
	}
	h.read(func(now State) { h.checker.AfterCall(now, answer) })
}

// executionEvent is the lifecycle event of what happened to an execution.
func executionEvent(operation string, thing registry.ThingID) store.Event {
	return store.Event{
		Topic: "$aws/events/jobExecution/j/" + operation,
		Payload: fmt.Appendf(nil,
			`{"eventType":"JOB_EXECUTION","eventId":"%s-%d",`+
				`"operation":"%s","jobId":"j","thingArn":"arn:thing/%s"}`,
			operation, thing, operation, thingNames[thing]),
	}
}

// jobEvent is the lifecycle event of what happened to the job.
func jobEvent(operation string) store.Event {
	return store.Event{
		Topic: "$aws/events/job/j/" + operation,
		Payload: fmt.Appendf(nil,
			`{"eventType":"JOB","eventId":"job-%s","operation":"%s","jobId":"j"}`,
			operation, operation),
	}
}

// steeringEvent is the event of what the server did by itself to the job.
func steeringEvent(operation string) store.Event {
	return store.Event{
		Topic: "drover/events/job/j/" + operation,
		Payload: fmt.Appendf(nil,
			`{"eventType":"JOB","eventId":"steering-%s","operation":"%s","jobId":"j"}`,
			operation, operation),
	}
}

// withEvents adds events to the next commit.
func (h *history) withEvents(events ...store.Event) {
	h.spoil = func(changes *store.Changes) {
		h.announcements++
		added := store.Announcement{ID: h.announcements, Events: events}
		changes.Outbox.Added = append(changes.Outbox.Added, added)
	}
}
