package rules

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// Lifecycle events are rendered when something happens, stored with the commit, and published after
// it, in order (docs/spec/24). The rules work out from the executions of a commit which events it
// must have made, and follow each event until it is published.

// eventLog is what the rules know of lifecycle events.
type eventLog struct {
	enabled bool // events of jobs and of executions are published, from the beginning
	// open says by job id what a job does between the events that begin and end it: "cancel" or
	// "delete".
	open map[string]string
	// payloads are those of all events, by eventId.
	payloads map[string][]byte
}

func newEventLog() eventLog {
	return eventLog{open: map[string]string{}, payloads: map[string][]byte{}}
}

// EnableEvents says that an operator switched on the lifecycle events, before there is any job.
func (ch *Checker) EnableEvents() { ch.events.enabled = true }

// endEvents are the events of executions that end, by their status.
var endEvents = map[job.ExecutionStatus]string{
	job.ExecutionSucceeded: "succeeded",
	job.ExecutionFailed:    "failed",
	job.ExecutionRejected:  "rejected",
	job.ExecutionTimedOut:  "timed_out",
	job.ExecutionCanceled:  "canceled",
	job.ExecutionRemoved:   "removed",
}

// expectEndEvent notes that an event must be made when an execution has ended.
func (c *commit) expectEndEvent(rec *jobRecord, x job.Execution) {
	if operation := endEvents[x.Status]; operation != "" {
		c.expectEvent(rec, operation, x)
	}
}

// expectEvent notes that an event must be made of what happened to an execution.
func (c *commit) expectEvent(rec *jobRecord, operation string, x job.Execution) {
	name, err := c.store.ThingName(x.Thing)
	c.ch.must("thing name", err)
	c.executionEvents[rec.id] = append(c.executionEvents[rec.id], operation+" "+name)
}

// checkEvents compares the events of a commit with what happened in it: one for each execution that
// ended or was deleted, in the order in which that happened (R-EVT-23, R-EVT-28), and those of the
// job around them (R-EVT-11).
func (c *commit) checkEvents(applied []store.Changes) {
	e := &eventCheck{
		c:          c,
		executions: map[string][]string{},
		jobs:       map[string][]string{},
		steering:   map[string][]string{},
	}
	for _, changes := range applied {
		for _, added := range changes.Outbox.Added {
			for _, event := range added.Events {
				e.read(event)
			}
		}
	}
	if !c.ch.events.enabled {
		return
	}
	for id, want := range c.executionEvents {
		if got := e.executions[id]; !slices.Equal(got, want) {
			c.fail("R-EVT-23, R-EVT-28", "%s: the events are %v, what happened is %v",
				id, got, want)
		}
		delete(e.executions, id)
	}
	for id, more := range e.executions {
		c.fail("R-EVT-24", "%s: the events are %v, nothing happened", id, more)
	}
	for key := range c.jobs {
		e.checkJob(c.ch.jobs[key], key)
		e.checkSteering(c.ch.jobs[key], key)
	}
}

// eventCheck is the events of one commit while they are checked.
type eventCheck struct {
	c *commit
	// executions and jobs are the events that were made of them, by job id, in order; steering are
	// those of what the server did by itself to a job that is steered.
	executions, jobs, steering map[string][]string
}

// eventPayload is what the rules read of any event.
type eventPayload struct {
	EventType, EventID, Operation, JobID, ThingArn string
}

// read checks topic and id of one event, and notes it.
func (e *eventCheck) read(event store.Event) {
	var p eventPayload
	log := &e.c.ch.events
	e.c.ch.must("event", json.Unmarshal(event.Payload, &p))
	start := map[string]string{"JOB": "$aws/events/job/", "JOB_EXECUTION": "$aws/events/jobExecution/"}[p.EventType]
	steers := steeringOperations[p.Operation]
	if steers {
		start = "drover/events/job/" // R-STR-70
	}
	if want := start + p.JobID + "/" + p.Operation; event.Topic != want {
		e.c.fail("docs/spec/24", "%s is published on %s", event.Payload, event.Topic)
	}
	if !log.enabled || log.payloads[p.EventID] != nil {
		e.c.fail("R-EVT-3, R-EVT-27", "%s is published: events are on %v",
			event.Payload, log.enabled)
	}
	log.payloads[p.EventID] = event.Payload
	for _, a := range e.c.ch.audiences {
		a.unpublished = append(a.unpublished, event)
	}
	if steers {
		e.steering[p.JobID] = append(e.steering[p.JobID], p.Operation)
		return
	}
	if p.EventType == "JOB" {
		e.readOfJob(p.JobID, p.Operation)
		return
	}
	_, thing, _ := strings.Cut(p.ThingArn, "/")
	e.executions[p.JobID] = append(e.executions[p.JobID], p.Operation+" "+thing)
	if p.Operation == "canceled" && log.open[p.JobID] != "cancel" && e.c.ch.call == nil {
		e.c.fail("R-EVT-11", "%s: an execution is canceled before the job: %s",
			p.JobID, event.Payload)
	}
}

// steeringOperations are the events of what the server does by itself (docs/spec/50, section 9).
var steeringOperations = map[string]bool{"observed": true, "paused": true, "wave_released": true, "silent": true}

// readOfJob follows the events of a job in pairs: cancellation_in_progress is ended by canceled,
// and deletion_in_progress by deleted. A deletion may begin while a cancellation is not ended; then
// canceled never comes.
func (e *eventCheck) readOfJob(id, operation string) {
	open := e.c.ch.events.open
	switch {
	case operation == "cancellation_in_progress":
		open[id] = "cancel"
	case operation == "deletion_in_progress" && open[id] != "delete":
		open[id] = "delete"
	case operation == "canceled" && open[id] == "cancel",
		operation == "deleted" && open[id] == "delete":
		delete(open, id)
	case operation == "completed" && open[id] == "":
	default:
		e.c.fail("R-EVT-11", "%s: %s is published while it does %q", id, operation, open[id])
	}
	e.jobs[id] = append(e.jobs[id], operation)
}

// checkJob checks that the move of a job to another status has its event, and that no event
// tells of a move that was not made.
func (e *eventCheck) checkJob(rec *jobRecord, key job.Key) {
	if rec == nil {
		return
	}
	j, err := e.c.store.Job(key)
	was, is, got := rec.stored, j.Status, e.jobs[rec.id]
	if err != nil {
		is = "gone"
	}
	isDeleted := is == "gone" || is == "DELETION_IN_PROGRESS"
	deletes := isDeleted && was.Status != "DELETION_IN_PROGRESS"
	forcedNow := j.ForceCanceled && !was.ForceCanceled
	wants := map[string]bool{
		"completed":                is == "COMPLETED" && was.Status != "COMPLETED",
		"cancellation_in_progress": is == "CANCELED" && (was.Status != "CANCELED" || forcedNow),
		"deletion_in_progress":     deletes && !e.c.purged(rec),
		"deleted":                  is == "gone" && !e.c.purged(rec),
	}
	for operation, want := range wants {
		if slices.Contains(got, operation) != want {
			e.c.fail("docs/spec/24 section 2", "%s went from %s to %s, the events are %v",
				rec.id, was.Status, is, got)
		}
	}
}

// checkSteering checks that whatever the commit has observed of a job has its event, and that a
// pause by the server has one (R-STR-70). More of both may have come and gone within the commit.
func (e *eventCheck) checkSteering(rec *jobRecord, key job.Key) {
	j, err := e.c.store.Job(key)
	if rec == nil || err != nil || j.Steered == nil {
		return
	}
	var fresh int
	for _, o := range j.Steered.Observed {
		if was := rec.stored.Steered; was == nil || !slices.Contains(was.Observed, o) {
			fresh++
		}
	}
	published := 0
	for _, operation := range e.steering[rec.id] {
		if operation == "observed" {
			published++
		}
	}
	reason, _, byServer := strings.Cut(j.Paused, ": ")
	byServer = byServer && slices.Contains([]string{"abort", "guard", "wave"}, reason)
	paused := byServer && j.Paused != rec.stored.Paused && (j.Status == "SCHEDULED" || j.Status == "IN_PROGRESS")
	if published < fresh || paused && !slices.Contains(e.steering[rec.id], "paused") {
		e.c.fail("R-STR-70", "%s: %d things were observed, paused by the server is %v, the events are %v",
			rec.id, fresh, paused, e.steering[rec.id])
	}
}

// Published checks one event that a node publishes: each in the order of the commits. After a crash
// it may publish events again, which must be the same (R-EVT-27).
func (ch *Checker) Published(node int, e store.Event) {
	log, a := &ch.events, ch.audiences[node]
	if len(a.unpublished) > 0 && bytes.Equal(a.unpublished[0].Payload, e.Payload) {
		a.unpublished = a.unpublished[1:]
		return
	}
	var p eventPayload
	ch.must("event", json.Unmarshal(e.Payload, &p))
	if !bytes.Equal(log.payloads[p.EventID], e.Payload) {
		ch.fail("R-EVT-27", "%s is published before its turn, or changed", e.Payload)
	}
}

// checkEventsDone checks, when the server has nothing to do, that everything that was begun was
// ended, and that all events were published by the nodes that are up.
func (ch *Checker) checkEventsDone(up []int) {
	for id, doing := range ch.events.open {
		ch.fail("R-EVT-11, R-JOB-28", "%s: the event that ends its %s is missing", id, doing)
	}
	for _, node := range up {
		if left := ch.audiences[node].unpublished; len(left) > 0 {
			ch.fail("R-EVT-27", "%d events are not published by node %d: %s",
				len(left), node, left[0].Payload)
		}
	}
}
