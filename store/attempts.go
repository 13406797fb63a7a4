package store

import (
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// AttemptReader reads the executions of a job for questions about all of them.
type AttemptReader interface {
	// FirstAttempts returns up to limit executions of the job that are no retries, by thing, then by
	// number, strictly after the thing and number given.
	FirstAttempts(key job.Key, after job.ExecutionCursor, limit int) ([]FirstAttempt, error)
	// GroupsOfFirstAttempts returns the groups that the things of first attempts are direct members
	// of, for those strictly after one and up to another, by thing, then by group.
	GroupsOfFirstAttempts(key job.Key, after, last job.ExecutionCursor) ([]ThingGroup, error)
	// FailedOfJob returns the details of up to limit executions of the job that are FAILED,
	// TIMED_OUT or REJECTED, by thing, then by number.
	FailedOfJob(key job.Key, limit int) ([]map[string]string, error)
	// ExecutionTimes returns up to limit executions of the job, by thing, then by number, strictly
	// after the thing and number given.
	ExecutionTimes(key job.Key, after job.ExecutionCursor, limit int) ([]ExecutionTimes, error)
}

// ExecutionTimes is when an execution came about and changed last.
type ExecutionTimes struct {
	job.ExecutionCursor
	Status              job.ExecutionStatus
	QueuedAt, UpdatedAt time.Time
}

// FirstAttempt is an execution that is no retry, with what its thing has in common with others.
type FirstAttempt struct {
	job.ExecutionCursor
	Status    job.ExecutionStatus
	QueuedAt  time.Time
	StartedAt time.Time // zero until it was IN_PROGRESS
	UpdatedAt time.Time
	Details   map[string]string
	// ThingType and Attributes are those that the thing has now; empty for one that was deleted.
	ThingType  string
	Attributes map[string]string
}

// ThingGroup is that a thing is a member of a group.
type ThingGroup struct {
	Thing registry.ThingID
	Group registry.GroupID
}

// Ended reports whether the attempt has ended by what its device did or left undone.
func (a FirstAttempt) Ended() bool {
	switch a.Status {
	case job.ExecutionSucceeded, job.ExecutionFailed, job.ExecutionRejected, job.ExecutionTimedOut:
		return true
	}
	return false
}
