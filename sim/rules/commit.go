package rules

import (
	"reflect"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A commit holds the changes of one or more requests and steps of due work, in the order in which
// they were decided. They are followed in this order, because the rules speak of the state just
// before each of them: when one commit ends three executions, the abort criteria apply after each
// one. What a commit is about as a whole, such as the counters of a job and the notices of a thing,
// is checked once, at its end.

// commit is one commit while it is checked.
type commit struct {
	ch    *Checker
	store store.Reader // the state after the commit
	now   time.Time

	// executions and jobs are all that the commit changes.
	executions map[job.ExecutionKey]bool
	jobs       map[job.Key]bool
	// changes counts the changed executions of each thing. before is what the thing saw before the
	// commit, and notices is what it is notified of after it.
	changes map[registry.ThingID]int
	before  map[registry.ThingID]view
	notices map[registry.ThingID]store.Notice
	// deletedThings are those deleted so far.
	deletedThings map[registry.ThingID]bool

	// executionEvents are the lifecycle events of executions that the commit must make, by job id,
	// in order.
	executionEvents map[string][]string
}

func newCommit(ch *Checker) *commit {
	return &commit{
		ch:              ch,
		store:           ch.state.Store,
		now:             ch.state.Now,
		executions:      map[job.ExecutionKey]bool{},
		jobs:            map[job.Key]bool{},
		changes:         map[registry.ThingID]int{},
		before:          map[registry.ThingID]view{},
		notices:         map[registry.ThingID]store.Notice{},
		deletedThings:   map[registry.ThingID]bool{},
		executionEvents: map[string][]string{},
	}
}

func (c *commit) fail(rule, format string, args ...any) { c.ch.fail(rule, format, args...) }

// survey notes what a change is about, before any change is followed.
func (c *commit) survey(changes store.Changes) {
	for _, key := range changes.Job.DeletedExecutions {
		c.surveyExecution(key)
	}
	for _, key := range changes.Job.SilentExecutions {
		c.executions[key], c.jobs[key.Job] = true, true
	}
	for _, h := range changes.Job.Holds {
		c.surveyThing(h.Thing)
	}
	for _, thing := range changes.Job.Released {
		c.surveyThing(thing)
	}
	for _, list := range [][]job.Execution{
		changes.Job.CreatedExecutions,
		changes.Job.UpdatedExecutions,
		changes.Job.AmendedExecutions,
	} {
		for _, x := range list {
			c.surveyExecution(x.ExecutionKey)
		}
	}
	for _, key := range changes.Job.DeletedJobs {
		c.jobs[key] = true
	}
	for _, list := range [][]job.Job{changes.Job.Definitions, changes.Job.States} {
		for _, j := range list {
			c.jobs[j.Key] = true
		}
	}
	for _, added := range changes.Outbox.Added {
		for _, n := range added.Notices {
			c.notices[n.Thing] = n
		}
	}
}

func (c *commit) surveyExecution(key job.ExecutionKey) {
	c.executions[key], c.jobs[key.Job] = true, true
	c.surveyThing(key.Thing)
}

// surveyThing notes what a thing sees before the commit changes it.
func (c *commit) surveyThing(thing registry.ThingID) {
	c.changes[thing]++
	if _, known := c.before[thing]; !known {
		c.before[thing] = c.ch.view(thing)
	}
}

// follow checks the parts of one change, each against the state before it, and remembers them.
func (c *commit) follow(changes store.Changes) {
	for _, thing := range changes.Registry.DeletedThings {
		c.deletedThings[thing] = true
	}
	c.holdsChanged(changes)
	for _, created := range changes.Job.CreatedJobs {
		c.jobCreated(created.Job)
	}
	for _, key := range changes.Job.DeletedExecutions {
		c.executionDeleted(key)
	}
	c.registryChanged(changes.Registry)
	for _, x := range changes.Job.UpdatedExecutions {
		c.executionUpdated(x, changes.Job.CreatedExecutions)
	}
	c.released(changes.Job.CreatedExecutions)
	for _, x := range changes.Job.CreatedExecutions {
		c.executionCreated(x)
	}
	for _, x := range changes.Job.AmendedExecutions {
		c.executionAmended(x)
	}
	for _, j := range changes.Job.Definitions {
		c.jobDefined(j)
	}
	c.confirmationsChanged(changes.Job)
}

// compareWithStore reads back all executions that the commit changed: the store holds what was
// applied.
func (c *commit) compareWithStore() {
	for key := range c.executions {
		stored, err := c.store.Execution(key)
		if err == nil {
			stored = c.ch.withoutHold(stored)
		}
		applied, exists := job.Execution{}, false
		if rec := c.ch.jobs[key.Job]; rec != nil {
			applied, exists = rec.executions[key]
		}
		if (err == nil) != exists || exists && !reflect.DeepEqual(stored, applied) {
			c.fail("R-CON-25", "the store holds %+v (%v), written was %+v", stored, err, applied)
		}
	}
}
