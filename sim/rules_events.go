package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// eventLog is what the rules know of lifecycle events (chapter 24).
type eventLog struct {
	on      bool              // both kinds are published, from the beginning
	doing   map[string]string // by job id: cancel or delete, between its opening and its closing event
	waiting []store.Event     // committed and not published yet, in order
	made    map[string][]byte // payloads by eventId
}

func newEventLog() eventLog { return eventLog{doing: map[string]string{}, made: map[string][]byte{}} }

// happened is what a commit did to executions that an event tells of, by job, in order.
type happened map[string][]string

// published checks the events of a commit against what it did: one for each execution that ended or was deleted, in the
// order in which that happened (R-EVT-23, R-EVT-28), and those of the job around them (R-EVT-11).
func (c *commit) published(applied []store.Changes) {
	told := happened{}
	for _, changes := range applied {
		for _, added := range changes.Outbox.Added {
			for _, e := range added.Events {
				c.event(e, told)
			}
		}
	}
	if !c.events.on {
		return
	}
	for id, want := range c.ends {
		if !slices.Equal(told[id], want) {
			c.fail("R-EVT-23, R-EVT-28", "%s: the events tell %v, what happened is %v", id, told[id], want)
		}
		delete(told, id)
	}
	for id, more := range told {
		c.fail("R-EVT-24", "%s: the events tell %v, nothing happened", id, more)
	}
	for key := range c.dirty {
		c.opened(c.jobs[key], key)
	}
}

// event reads one event.
func (c *commit) event(e store.Event, told happened) {
	var p struct {
		EventType, EventID, Operation, JobID, ThingArn, Status string
	}
	c.must("event", json.Unmarshal(e.Payload, &p))
	kind := map[string]string{"JOB": "job", "JOB_EXECUTION": "jobExecution"}[p.EventType]
	if want := "$aws/events/" + kind + "/" + p.JobID + "/" + p.Operation; e.Topic != want {
		c.fail("chapter 24", "%s is published on %s", e.Payload, e.Topic)
	}
	if !c.events.on || c.events.made[p.EventID] != nil {
		c.fail("R-EVT-3, R-EVT-27", "%s is published: events are on %v", e.Payload, c.events.on)
	}
	c.events.made[p.EventID] = e.Payload
	c.events.waiting = append(c.events.waiting, e)
	if p.EventType == "JOB" {
		c.aboutJob(p.JobID, p.Operation)
		return
	}
	_, thing, _ := strings.Cut(p.ThingArn, "/")
	told[p.JobID] = append(told[p.JobID], p.Operation+" "+thing)
	if doing := c.events.doing[p.JobID]; p.Operation == "canceled" && doing != "cancel" && c.single == nil {
		c.fail("R-EVT-11", "%s: an execution is canceled before the job: %s", p.JobID, e.Payload)
	}
}

// aboutJob follows the events of a job: those that open something, and those that close it.
func (c *commit) aboutJob(id, operation string) {
	doing := c.events.doing[id]
	switch {
	case operation == "cancellation_in_progress":
		c.events.doing[id] = "cancel"
	case operation == "deletion_in_progress" && doing != "delete":
		c.events.doing[id] = "delete"
	case operation == "canceled" && doing == "cancel", operation == "deleted" && doing == "delete":
		delete(c.events.doing, id)
	case operation == "completed" && doing == "":
	default:
		c.fail("R-EVT-11", "%s: %s is published while it does %q", id, operation, doing)
	}
	c.tellings[id] = append(c.tellings[id], operation)
}

// opened checks that the move of a job was told, and no move that was not made.
func (c *commit) opened(m *model, key job.Key) {
	if m == nil {
		return
	}
	j, err := c.Reader.Job(key)
	told := c.tellings[m.id]
	was, is := m.row.Status, j.Status
	if err != nil {
		is = "gone"
	}
	wants := map[string]bool{
		"completed":                is == "COMPLETED" && was != "COMPLETED",
		"cancellation_in_progress": is == "CANCELED" && (was != "CANCELED" || j.ForceCanceled && !m.row.ForceCanceled),
		"deletion_in_progress":     (is == "gone" || is == "DELETION_IN_PROGRESS") && was != "DELETION_IN_PROGRESS" && !m.purged(c),
		"deleted":                  is == "gone" && !m.purged(c),
	}
	for operation, want := range wants {
		if slices.Contains(told, operation) != want {
			c.fail("chapter 24 section 2", "%s went from %s to %s, told is %v", m.id, was, is, told)
		}
	}
}

// settled checks that everything that was opened was closed, and that all events were published.
func (l *eventLog) settled(r *rules) {
	for id, doing := range l.doing {
		r.fail("R-EVT-11, R-JOB-28", "%s: the event that ends its %s is missing", id, doing)
	}
	if len(l.waiting) > 0 {
		r.fail("R-EVT-27", "%d events are not published: %s", len(l.waiting), l.waiting[0].Payload)
	}
}

// publish is what the engine publishes events with: each in the order of commits, and again, the same, after a crash.
func (r *rules) publish(events []store.Event) {
	for _, e := range events {
		r.trace("event %s %s", e.Topic, e.Payload)
		if waiting := r.events.waiting; len(waiting) > 0 && bytes.Equal(waiting[0].Payload, e.Payload) {
			r.events.waiting = waiting[1:]
			continue
		}
		var p struct{ EventID string }
		r.must("event", json.Unmarshal(e.Payload, &p))
		if !bytes.Equal(r.events.made[p.EventID], e.Payload) {
			r.fail("R-EVT-27", "%s is published before its turn, or changed", e.Payload)
		}
	}
}

// tell notes that something happened to an execution that an event tells of.
func (c *commit) tell(m *model, operation string, x job.Execution) {
	name, err := c.ThingName(x.Thing)
	c.must("thing name", err)
	c.ends[m.id] = append(c.ends[m.id], fmt.Sprintf("%s %s", operation, name))
}
