package memory

import (
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// putJob stores a job and its index entries; the stored one, if any, must have been taken out
// before.
func (s *state) putJob(j job.Job) {
	j = cloneJob(j)
	s.jobs = s.jobs.put(id(j.Key), j)
	s.jobIDs = s.jobIDs.put(text(j.ID), id(j.Key))
	if !j.Due.IsZero() {
		s.dueJobs = s.dueJobs.put(jobDue(j), struct{}{})
	}
}

// takeJob takes a job and its index entries out, a conflict when it is not there.
func (s *state) takeJob(key job.Key) (job.Job, error) {
	j, ok := s.jobs.get(id(key))
	if !ok {
		return j, conflict("job", key)
	}
	s.jobs = s.jobs.remove(id(key))
	s.jobIDs = s.jobIDs.remove(text(j.ID))
	s.dueJobs = s.dueJobs.remove(jobDue(j))
	return j, nil
}

func jobDue(j job.Job) due { return due{at: j.Due, key: attempt{Job: j.Key}} }

func (s *state) createJob(c store.CreatedJob) error {
	if s.jobs.has(id(c.Job.Key)) || s.jobIDs.has(text(c.Job.ID)) {
		return conflict("job", c.Job.ID)
	}
	s.putJob(c.Job)
	s.documents = s.documents.put(id(c.Job.Key), c.Document)
	if c.Original != "" {
		s.originals = s.originals.put(id(c.Job.Key), c.Original)
	}
	return nil
}

func (s *state) updateDefinition(j job.Job) error {
	stored, err := s.takeJob(j.Key)
	if err != nil {
		return err
	}
	stored.Definition = j.Definition
	s.putJob(stored)
	return nil
}

func (s *state) updateState(j job.Job) error {
	stored, err := s.takeJob(j.Key)
	if err != nil {
		return err
	}
	stored.State = j.State
	s.putJob(stored)
	return nil
}

func (s *state) deleteJob(key job.Key) error {
	r := reader{state: s}
	executions, _ := r.SomeOfJob(key, 1)
	waiting, _ := r.LateJoiners(key, 1)
	retries, _ := r.WaitingRetries(key, 1)
	confirmations, _ := r.ConfirmationsOfJob(key, 1)
	used, _ := r.UsedNumbers(key, 1)
	if len(executions)+len(waiting)+len(retries)+len(confirmations)+len(used) > 0 {
		return conflict("what belongs to job", key)
	}
	if _, err := s.takeJob(key); err != nil {
		return err
	}
	s.documents, s.originals = s.documents.remove(id(key)), s.originals.remove(id(key))
	return nil
}

func (s *state) createTemplate(t job.Template) error {
	if s.templates.has(text(t.ID)) {
		return conflict("job template", t.ID)
	}
	s.templates = s.templates.put(text(t.ID), cloneTemplate(t))
	return nil
}

func (s *state) deleteTemplate(template string) error {
	if !s.templates.has(text(template)) {
		return conflict("job template", template)
	}
	s.templates = s.templates.remove(text(template))
	return nil
}

func (s *state) addLateJoiner(l store.LateJoiner) error {
	s.lateJoiners = s.lateJoiners.put(attempt{Job: l.Job, Thing: l.Thing}, struct{}{})
	return nil
}

func (s *state) removeLateJoiner(l store.LateJoiner) error {
	s.lateJoiners = s.lateJoiners.remove(attempt{Job: l.Job, Thing: l.Thing})
	return nil
}

func (s *state) putMembershipWork(w job.MembershipWork) error {
	s.membershipWork = s.membershipWork.put(id(w.Number), cloneMembershipWork(w))
	return nil
}

func (s *state) removeMembershipWork(number int64) error {
	s.membershipWork = s.membershipWork.remove(id(number))
	return nil
}

// putExecution stores an execution and its index entries. Whether its thing is held is stored with
// the thing.
func (s *state) putExecution(e job.Execution) {
	e = cloneExecution(e)
	e.Held = false
	key := attempt(e.ExecutionKey)
	s.executions = s.executions.put(key, e)
	s.ofThing = s.ofThing.put(ofThing{e.Thing, key}, struct{}{})
	if !e.Status.Terminal() {
		s.pending = s.pending.put(pendingKey(e), struct{}{})
	}
	if at := e.TimesOutAt(); !at.IsZero() {
		s.timers = s.timers.put(due{at, e.Sequence, key}, struct{}{})
	}
}

// takeExecution takes an execution and its index entries out, a conflict when it is not there.
func (s *state) takeExecution(key job.ExecutionKey) (job.Execution, error) {
	e, ok := s.executions.get(attempt(key))
	if !ok {
		return e, conflict("execution", key)
	}
	s.executions = s.executions.remove(attempt(key))
	s.ofThing = s.ofThing.remove(ofThing{e.Thing, attempt(key)})
	s.pending = s.pending.remove(pendingKey(e))
	s.timers = s.timers.remove(due{e.TimesOutAt(), e.Sequence, attempt(key)})
	return e, nil
}

// pendingKey is the place of an execution among those that its thing has to do: one in progress
// first, then in the order they were queued in.
func pendingKey(e job.Execution) pending {
	rank := queuedRank
	if e.Status == job.ExecutionInProgress {
		rank = 0
	}
	return pending{e.Thing, rank, e.QueuedAt, e.Sequence, attempt(e.ExecutionKey)}
}

func (s *state) createExecution(e job.Execution) error {
	taken := s.executions.has(attempt(e.ExecutionKey))
	if taken || !s.jobs.has(id(e.Job)) || !s.things.has(id(e.Thing)) {
		return conflict("execution", e.ExecutionKey)
	}
	e.Silent = false
	s.putExecution(e)
	return nil
}

func (s *state) updateExecution(e job.Execution) error { return s.rewriteExecution(e, e.Version-1) }

func (s *state) amendExecution(e job.Execution) error { return s.rewriteExecution(e, e.Version) }

// rewriteExecution replaces an execution that is stored at this version; any other is a conflict.
// What an execution was created with stays.
func (s *state) rewriteExecution(e job.Execution, version int64) error {
	stored, err := s.takeExecution(e.ExecutionKey)
	if err != nil {
		return err
	}
	if stored.Version != version {
		return conflict("execution", e.ExecutionKey)
	}
	e.Attempt, e.QueuedAt, e.Sequence = stored.Attempt, stored.QueuedAt, stored.Sequence
	e.Wave, e.Silent = stored.Wave, stored.Silent
	s.putExecution(e)
	return nil
}

func (s *state) silenceExecution(key job.ExecutionKey) error {
	stored, err := s.takeExecution(key)
	if err != nil {
		return err
	}
	stored.Silent = true
	s.putExecution(stored)
	return nil
}

// removeExecution deletes an execution. The number of the newest is remembered, because the next
// execution of the job on the thing must have a higher one, unless the job is ending.
func (s *state) removeExecution(key job.ExecutionKey, ending bool) error {
	if _, err := s.takeExecution(key); err != nil {
		return err
	}
	last, _ := reader{state: s}.LastNumber(key.Job, key.Thing)
	if key.Number > last && !ending {
		s.used = s.used.put(attempt{Job: key.Job, Thing: key.Thing}, key.Number)
	}
	s.forgetName(key.Thing)
	return nil
}

func (s *state) forgetNumber(n store.UsedNumber) error {
	s.used = s.used.remove(attempt{Job: n.Job, Thing: n.Thing})
	return nil
}
