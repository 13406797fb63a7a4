package jobs

import (
	"fmt"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// Lifecycle events. Every change of a job or an execution passes the hooks here; package job says
// which event it is, if any. An event is rendered at once, by the time and the ids of its commit,
// and stored with it.

// EventRenderer makes the lifecycle events that are published. They are rendered when they happen
// and stored whole, because the job may be gone when they are published, and a repeat must carry
// the same event id (R-EVT-27).
type EventRenderer interface {
	Job(operation job.JobEvent, after job.Job, now time.Time) (store.Event, error)
	Execution(
		operation string, j job.Job, thing string, x job.Execution,
		now time.Time) (store.Event, error)
	Steering(e job.SteeringEvent, after job.Job, now time.Time) (store.Event, error)
}

// Publisher publishes the lifecycle events of what a commit changes, as far as their kind is
// switched on.
type Publisher struct{ Renderer EventRenderer }

// The kinds of lifecycle event that this server publishes. It keeps the switches of all other kinds
// too (R-EVT-3, R-EVT-6).
const (
	jobEvents       = "JOB"
	executionEvents = "JOB_EXECUTION"
)

// eventCache is the EventConfigurations as read in one commit.
type eventCache struct {
	EventConfigurations
	known bool
}

// publishes reports whether events of a kind are published.
func publishes(tx *commit.Tx, kind string) (bool, error) {
	cache := commit.Local[eventCache](tx)
	if !cache.known {
		c, err := readEventConfigurations(tx)
		if err != nil {
			return false, fmt.Errorf("event configurations: %w", err)
		}
		*cache = eventCache{c, true}
	}
	return cache.Enabled[kind], nil
}

// Applied makes the commit read the EventConfigurations again when a setting has changed. It is a
// hook of every commit.
func (p Publisher) Applied(tx *commit.Tx, c *store.Changes) {
	if len(c.Settings) > 0 {
		commit.Local[eventCache](tx).known = false
	}
}

// ExecutionChanged publishes the event of an execution that has ended or was deleted. It is a hook
// of every commit.
func (p Publisher) ExecutionChanged(
	tx *commit.Tx, before job.Execution, after *job.Execution,
) error {
	x, operation := before, job.ExecutionDeletedEvent
	if after != nil {
		x, operation = *after, after.Status.EndEvent()
	}
	if operation == "" {
		return nil
	}
	if on, err := publishes(tx, executionEvents); err != nil || !on {
		return err
	}
	j, err := tx.Job(x.Job)
	if err != nil || after == nil && !j.PublishesDeletion(x.Status) {
		return err
	}
	thing, err := tx.ThingName(x.Thing)
	if err != nil {
		return err
	}
	event, err := p.Renderer.Execution(operation, j, thing, x, tx.Now)
	tx.Publish(event)
	return err
}

// executionSilent publishes the event of an execution that was not confirmed in time (R-STR-41).
func (p Publisher) executionSilent(tx *commit.Tx, j job.Job, x job.Execution) error {
	if on, err := publishes(tx, executionEvents); err != nil || !on {
		return err
	}
	thing, err := tx.ThingName(x.Thing)
	if err != nil {
		return err
	}
	event, err := p.Renderer.Execution(job.ExecutionSilentEvent, j, thing, x, tx.Now)
	tx.Publish(event)
	return err
}

// JobChanged publishes the event of a job whose state has changed. It is a hook of every commit.
func (p Publisher) JobChanged(tx *commit.Tx, before, after *job.Job) error {
	if before == nil {
		before = new(job.Job)
	}
	var operation job.JobEvent
	if after != nil {
		operation = job.EventOf(*before, *after)
		if err := p.steered(tx, *before, *after); err != nil {
			return err
		}
	} else {
		operation, after = job.EventOfDeletion(*before), before
	}
	if operation == (job.JobEvent{}) {
		return nil
	}
	if on, err := publishes(tx, jobEvents); err != nil || !on {
		return err
	}
	event, err := p.Renderer.Job(operation, *after, tx.Now)
	tx.Publish(event)
	return err
}

// steered publishes what the server has done by itself to a job that is steered.
func (p Publisher) steered(tx *commit.Tx, before, after job.Job) error {
	happened := job.SteeringEventsOf(before, after)
	if happened == nil {
		return nil
	}
	if on, err := publishes(tx, jobEvents); err != nil || !on {
		return err
	}
	for _, e := range happened {
		event, err := p.Renderer.Steering(e, after, tx.Now)
		if err != nil {
			return err
		}
		tx.Publish(event)
	}
	return nil
}
