package rules

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// jobRecord is what the rules know of one job.
type jobRecord struct {
	id      string
	stored  job.Job  // as the store had it after the last commit
	windows []window // its maintenance windows

	executions map[job.ExecutionKey]job.Execution
	// lastNumber is the highest execution number that each thing had, those of deleted executions
	// included.
	lastNumber map[registry.ThingID]int64
	// retriesUsed is how many retries the present chain of attempts of each thing had.
	retriesUsed map[registry.ThingID]retryCount

	// started says that the rollout has begun. From then on the targets are known: rolloutTargets
	// in the order in which they are released, targetThings and targetGroups as the job names them.
	started        bool
	rolloutTargets []rolloutTarget
	targetThings   []registry.ThingID
	targetGroups   []registry.GroupID
	rollout        rollout

	// Of a continuous job: currentTargets are the things that are targets now. mustQueue are those
	// of them that entered later and are owed an execution, mayQueue those that may get one in
	// either way.
	currentTargets, mustQueue, mayQueue map[registry.ThingID]bool

	steered steered
	step    commitNotes
}

// commitNotes is what a commit has done to a job so far. It is empty between two commits.
type commitNotes struct {
	// criterionMet is the first abort criterion that was met, "" for none.
	criterionMet string
	// guardCancels says that the guard has fired and cancels the job.
	guardCancels bool
	// missingRetries are the executions that ended without the retry that was due.
	missingRetries []job.ExecutionKey
	// canceled are the executions that became CANCELED together with the job, as they were before.
	canceled []job.Execution
	// executionsDeleted says that executions were deleted, other than by a call about one of them.
	executionsDeleted bool
}

func newJobRecord(j job.Job) *jobRecord {
	rec := &jobRecord{
		id:          j.ID,
		stored:      j,
		executions:  map[job.ExecutionKey]job.Execution{},
		lastNumber:  map[registry.ThingID]int64{},
		retriesUsed: map[registry.ThingID]retryCount{},
		mustQueue:   map[registry.ThingID]bool{},
		mayQueue:    map[registry.ThingID]bool{},
		steered:     newSteered(j),
	}
	if j.Schedule != nil {
		rec.windows = readWindows(j.Schedule.Windows)
	}
	return rec
}

// continuous says whether things may become targets after the rollout has begun.
func (rec *jobRecord) continuous() bool { return rec.stored.TargetSelection == "CONTINUOUS" }

// pendingExecutions lists the executions that have not ended, in no order.
func (rec *jobRecord) pendingExecutions() (found []job.Execution) {
	for _, x := range rec.executions {
		if pending(x) {
			found = append(found, x)
		}
	}
	return found
}

// counts counts executions by status.
type counts map[job.ExecutionStatus]int64

// counts counts the executions of a job one by one. The server has counters instead, which must
// agree (R-JOB-45).
func (rec *jobRecord) counts() counts {
	n := counts{}
	for _, x := range rec.executions {
		n[x.Status]++
	}
	return n
}

func (n counts) pending() int64 { return n[job.ExecutionQueued] + n[job.ExecutionInProgress] }

// executed counts the executions that abort criteria are about: neither CANCELED nor REMOVED ones
// (R-ABT-4).
func (n counts) executed() int64 {
	return n[job.ExecutionSucceeded] + n[job.ExecutionFailed] +
		n[job.ExecutionRejected] + n[job.ExecutionTimedOut]
}

func pending(x job.Execution) bool {
	return x.Status == job.ExecutionQueued || x.Status == job.ExecutionInProgress
}

// active says whether a job with this status may still release executions.
func active(s job.Status) bool { return s == "SCHEDULED" || s == "IN_PROGRESS" }

// deadline is the earlier one of the two timers of an execution that is IN_PROGRESS; the zero time
// without a timer (R-TMO-6).
func deadline(x job.Execution) (at time.Time) {
	if x.Status != job.ExecutionInProgress {
		return time.Time{}
	}
	for _, timer := range []time.Time{x.Deadline, x.StepDeadline} {
		if !timer.IsZero() && (at.IsZero() || timer.Before(at)) {
			at = timer
		}
	}
	return at
}

// sorted returns executions in the order in which their thing sees them: those IN_PROGRESS first,
// then by the time when they were queued, then in the order of their creation (R-ORD-1, R-ORD-2).
func sorted(set map[job.ExecutionKey]job.Execution) []job.Execution {
	rank := func(x job.Execution) int {
		if x.Status == job.ExecutionInProgress {
			return 0
		}
		return 1
	}
	return slices.SortedFunc(maps.Values(set), func(a, b job.Execution) int {
		return cmp.Or(
			rank(a)-rank(b),
			a.QueuedAt.Compare(b.QueuedAt),
			cmp.Compare(a.Sequence, b.Sequence),
		)
	})
}

// sortKeys sorts by job, thing and number.
func sortKeys(keys []job.ExecutionKey) {
	slices.SortFunc(keys, func(a, b job.ExecutionKey) int {
		return cmp.Or(
			cmp.Compare(a.Job, b.Job),
			cmp.Compare(a.Thing, b.Thing),
			cmp.Compare(a.Number, b.Number),
		)
	})
}
