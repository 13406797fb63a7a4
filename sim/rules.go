package sim

import (
	"reflect"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// rules are all that the simulation holds against the server, and what they know: every execution as it was at the last
// commit.
type rules struct {
	*world
	jobs    map[job.Key]*model
	pending map[registry.ThingID]map[job.ExecutionKey]job.Execution
	// retold are the things that a window showed or hid something, since nothing was due last.
	retold   map[registry.ThingID]bool
	stirred  map[string]bool       // names of things to compare with what they were told
	update   *iot.UpdateJobRequest // that is being made
	single   *single               // the call about one execution that is being made
	deleting string                // the job that is being deleted
	events   eventLog
	quiet    int // how often nothing was due since the last commit
}

func newRules(w *world) *rules {
	return &rules{
		world: w, jobs: map[job.Key]*model{}, pending: map[registry.ThingID]map[job.ExecutionKey]job.Execution{},
		retold: map[registry.ThingID]bool{}, stirred: map[string]bool{}, events: newEventLog(),
	}
}

// commit is one commit while it is looked at.
type commit struct {
	*rules
	store.Reader // the state after it
	now          time.Time
	before       map[registry.ThingID]sight
	told         map[registry.ThingID]store.Notice
	changes      map[registry.ThingID]int // executions of each thing that changed
	gone         map[registry.ThingID]bool
	touched      map[job.ExecutionKey]bool
	dirty        map[job.Key]bool
	ends         happened            // what events tell of executions
	tellings     map[string][]string // what events tell of jobs, by job id
}

// committed looks at one commit: what it applied, in order, and what it left in the store.
func (r *rules) committed(applied []store.Changes) {
	if r.violation != nil {
		return
	}
	r.must("read", r.store.Store.Read(r.ctx, func(after store.Reader) error {
		c := &commit{
			rules: r, Reader: after, now: r.clock.Now(), before: map[registry.ThingID]sight{}, told: map[registry.ThingID]store.Notice{},
			changes: map[registry.ThingID]int{}, gone: map[registry.ThingID]bool{},
			touched: map[job.ExecutionKey]bool{}, dirty: map[job.Key]bool{}, ends: happened{}, tellings: map[string][]string{},
		}
		for _, changes := range applied {
			c.survey(changes)
		}
		for _, changes := range applied {
			c.take(changes)
		}
		c.published(applied)
		c.compare()
		for key := range c.dirty {
			c.job(key)
		}
		c.notices()
		return nil
	}))
	r.update, r.quiet = nil, -1
}

// survey notes what a change is about, before anything is taken from it.
func (c *commit) survey(changes store.Changes) {
	note := func(key job.ExecutionKey) {
		c.touched[key], c.dirty[key.Job] = true, true
		c.changes[key.Thing]++
		if _, known := c.before[key.Thing]; !known {
			c.before[key.Thing] = c.sight(key.Thing)
		}
	}
	for _, key := range changes.Job.DeletedExecutions {
		note(key)
	}
	for _, list := range [][]job.Execution{changes.Job.CreatedExecutions, changes.Job.UpdatedExecutions, changes.Job.RearmedStepTimers} {
		for _, x := range list {
			note(x.ExecutionKey)
		}
	}
	for _, key := range changes.Job.DeletedJobs {
		c.dirty[key] = true
	}
	for _, list := range [][]job.Job{changes.Job.Definitions, changes.Job.States} {
		for _, j := range list {
			c.dirty[j.Key] = true
		}
	}
	for _, added := range changes.Outbox.Added {
		for _, n := range added.Notices {
			c.told[n.Thing] = n
		}
	}
}

// take holds one change against the rules, each part against the state before it, and takes it over.
func (c *commit) take(changes store.Changes) {
	for _, thing := range changes.Registry.DeletedThings {
		c.gone[thing] = true
	}
	for _, created := range changes.Job.CreatedJobs {
		c.created(created.Job)
	}
	for _, key := range changes.Job.DeletedExecutions {
		c.dropped(key)
	}
	c.crossings(changes)
	for _, x := range changes.Job.UpdatedExecutions {
		c.reported(x, changes)
	}
	c.released(changes.Job.CreatedExecutions)
	for _, x := range changes.Job.CreatedExecutions {
		c.queued(x)
	}
	for _, x := range changes.Job.RearmedStepTimers {
		c.rearmed(x)
	}
	for _, j := range changes.Job.Definitions {
		c.defined(j)
	}
}

// put and remove keep the executions.
func (r *rules) put(x job.Execution) {
	m := r.jobs[x.Job]
	m.rows[x.ExecutionKey] = x
	of := r.pending[x.Thing]
	switch {
	case !pending(x):
		delete(of, x.ExecutionKey)
	case of == nil:
		r.pending[x.Thing] = map[job.ExecutionKey]job.Execution{x.ExecutionKey: x}
	default:
		of[x.ExecutionKey] = x
	}
}

func (r *rules) remove(key job.ExecutionKey) {
	if m := r.jobs[key.Job]; m != nil {
		delete(m.rows, key)
	}
	delete(r.pending[key.Thing], key)
}

// created takes a new job over. Without a schedule in the way its rollout begins (R-JOB-1, R-JOB-2).
func (c *commit) created(j job.Job) {
	m := &model{
		id: j.ID, row: j, rows: map[job.ExecutionKey]job.Execution{}, had: map[registry.ThingID]int64{},
		spent: map[registry.ThingID]spent{}, owed: map[registry.ThingID]bool{}, allowed: map[registry.ThingID]bool{},
	}
	if j.Schedule != nil {
		m.windows = readWindows(j.Schedule.Windows)
	}
	c.jobs[j.Key], c.dirty[j.Key] = m, true
	if m.row.Status = "IN_PROGRESS"; m.held(c.now) {
		m.row.Status = "SCHEDULED"
		return
	}
	c.begin(m)
}

// compare reads back what the commit was about: the store holds what the rules have seen written.
func (c *commit) compare() {
	for key := range c.touched {
		stored, err := c.Execution(key)
		kept, exists := job.Execution{}, false
		if m := c.jobs[key.Job]; m != nil {
			kept, exists = m.rows[key]
		}
		if (err == nil) != exists || exists && !reflect.DeepEqual(stored, kept) {
			c.fail("R-CON-25", "the store holds %+v (%v), written was %+v", stored, err, kept)
		}
	}
}

// everything compares all executions of all jobs, as after a restart.
func (r *rules) everything() {
	r.must("read", r.store.Store.Read(r.ctx, func(s store.Reader) error {
		jobs, err := s.Jobs(store.JobQuery{Limit: 100_000})
		if err != nil || len(jobs) != len(r.jobs) {
			r.fail("R-CON-25", "there are %d jobs, there should be %d: %v", len(jobs), len(r.jobs), err)
		}
		for key, m := range r.jobs {
			found, err := s.SomeOfJob(key, 1_000_000)
			if err != nil {
				return err
			}
			stored := map[job.ExecutionKey]job.Execution{}
			for _, x := range found {
				stored[x.ExecutionKey] = x
			}
			if !reflect.DeepEqual(stored, m.rows) {
				r.fail("R-CON-25", "%s has executions %+v, acknowledged were %+v", m.id, stored, m.rows)
			}
		}
		return nil
	}))
}
