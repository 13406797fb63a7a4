package job

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/registry"
)

// Key is the immutable key of a job inside the store. A job id may be used again after its job is gone (R-CON-10); a
// key never is.
type Key int64

// Status is the status of a job as the API reports it.
type Status string

const (
	// Scheduled waits for its start time or for a maintenance window. The scheduler moves it.
	Scheduled Status = "SCHEDULED"
	// InProgress is entered at creation or at the scheduled start; it rolls out, then waits for its devices. It is
	// left by completion, by CancelJob, by an abort criterion, or by a forced DeleteJob.
	InProgress Status = "IN_PROGRESS"
	// Completed is entered when the rollout has finished and every execution has ended (R-JOB-11). Final.
	Completed Status = "COMPLETED"
	// Canceled is entered by CancelJob or an abort criterion (R-JOB-7). Final; executions in progress may still end.
	Canceled Status = "CANCELED"
	// DeletionInProgress is entered by DeleteJob; the job is gone once its last execution is (R-JOB-10).
	DeletionInProgress Status = "DELETION_IN_PROGRESS"
)

// Active reports whether the job may still release executions or be updated.
func (s Status) Active() bool { return s == Scheduled || s == InProgress }

// TargetSelection says whether a job ends (SNAPSHOT) or goes on for things that enter its groups later (CONTINUOUS).
type TargetSelection string

// The two kinds of target selection.
const (
	Snapshot   TargetSelection = "SNAPSHOT"
	Continuous TargetSelection = "CONTINUOUS"
)

// Job is one job: what it was asked to do and how far it is.
type Job struct {
	Key Key
	ID  string // 1..64 of [a-zA-Z0-9_-]
	Definition
	State
}

// Definition is what CreateJob and UpdateJob say. The document is kept apart (store.Reader.Document): it may be 32 KiB
// and no decision but delivery needs it.
type Definition struct {
	Targets         []Target            `json:"targets"` // ARNs as given, without repeats (R-VAL-7, R-API-9)
	TargetSelection TargetSelection     `json:"targetSelection"`
	Description     string              `json:"description,omitzero"`
	Namespace       string              `json:"namespaceId,omitzero"`
	PresignedURL    *PresignedURLConfig `json:"presignedUrlConfig,omitzero"`
	Rollout         *RolloutConfig      `json:"rolloutConfig,omitzero"`
	Abort           *AbortConfig        `json:"abortConfig,omitzero"`
	Timeout         *TimeoutConfig      `json:"timeoutConfig,omitzero"`
	Retry           *RetryConfig        `json:"retryConfig,omitzero"`
	Schedule        *ScheduleConfig     `json:"schedulingConfig,omitzero"`
	// TemplateARN is the template that the job was made from, Parameters what it gave to a managed one (R-TPL-7, R-PAR-6).
	TemplateARN string            `json:"jobTemplateArn,omitzero"`
	Parameters  map[string]string `json:"documentParameters,omitempty"`
	// PackageVersions are destinationPackageVersions: stored and shown, nothing else (R-PKG-1, R-PKG-4).
	PackageVersions []string `json:"destinationPackageVersions,omitempty"`
	// NeedsRole says that the document holds S3 placeholders, so that presignedUrlConfig must keep its role (R-UPD-17).
	NeedsRole bool      `json:"needsRole,omitzero"`
	CreatedAt time.Time `json:"createdAt"`
	// Sources are the things and groups that the targets named when the rollout started, in rollout order
	// (R-ROLL-12); NewestMembership is the newest membership that counts (R-JOB-52).
	Sources          []Source `json:"sources,omitempty"`
	NewestMembership int64    `json:"newestMembership,omitzero"`
	// TargetGroups are the groups among the targets. Through them things enter a continuous job later, also by descendants
	// that did not exist when it started (R-JOB-55).
	TargetGroups []registry.GroupID `json:"targetGroups,omitempty"`
}

// Source is one place that a rollout takes things from: a single thing, or the direct members of one group.
type Source struct {
	Target int              `json:"target,omitzero"` // index into Targets
	Thing  registry.ThingID `json:"thing,omitzero"`
	Group  registry.GroupID `json:"group,omitzero"`
	// NewestMembership is set for a group that was associated later: the newest membership that its back-fill takes (R-API-22).
	NewestMembership int64 `json:"newestMembership,omitzero"`
}

// State is how far a job is. It is small, because it is written with every commit that touches the job.
type State struct {
	Status        Status    `json:"status"`
	ForceCanceled bool      `json:"forceCanceled,omitzero"`
	ReasonCode    string    `json:"reasonCode,omitzero"`
	Comment       string    `json:"comment,omitzero"`
	UpdatedAt     time.Time `json:"updatedAt"`            // lastUpdatedAt, R-JOB-18
	CompletedAt   time.Time `json:"completedAt,omitzero"` // zero unless COMPLETED, R-JOB-17
	Counts        Counts    `json:"counts"`
	Progress      Progress  `json:"rollout"`
	Sweep         Sweep     `json:"sweep,omitzero"`
	// WindowEdge is when a SCHEDULED job may go on, or when the window closes in which it is IN_PROGRESS; zero without either.
	WindowEdge time.Time `json:"windowEdge,omitzero"`
	// RolloutEnded says that nothing is released or retried any more, though the job is active (R-SCH-22).
	RolloutEnded bool `json:"rolloutEnded,omitzero"`
	// NotifyCursor is where the walk stands that tells things of executions which a window showed or hid; nil when none runs.
	NotifyCursor *ExecutionCursor `json:"notifyCursor,omitzero"`
	// HiddenAtSweep says that the job was SCHEDULED when its sweep began: devices did not see what was QUEUED, and are not told
	// when it ends (R-MQTT-39).
	HiddenAtSweep bool `json:"hiddenAtSweep,omitzero"`
	// LateJoinersWaiting says that things may wait that entered while the job was SCHEDULED (R-JOB-56).
	LateJoinersWaiting bool `json:"lateJoinersWaiting,omitzero"`
	// Backfill is where the roll-out of groups stands that were associated later; nil when none runs (R-JOB-42).
	Backfill *RolloutCursor `json:"backfill,omitzero"`
	// Due is when the job wants to be settled again; zero when nothing waits for time to pass.
	Due time.Time `json:"due,omitzero"`
}

// Sweep is background work over the executions of a job that is already CANCELED or DELETION_IN_PROGRESS.
type Sweep string

const (
	// NoSweep means that nothing is left to do.
	NoSweep Sweep = ""
	// SweepQueued cancels what is QUEUED (R-JOB-21).
	SweepQueued Sweep = "cancel-queued"
	// SweepPending cancels what is QUEUED or IN_PROGRESS, marked forceCanceled (R-JOB-22, R-JOB-24).
	SweepPending Sweep = "cancel-pending"
	// SweepAll deletes every execution, then the job (R-JOB-34).
	SweepAll Sweep = "delete"
)

// Concurrent is isConcurrent: executions of the initial targets are being created, or are being cancelled (R-JOB-40).
func (j Job) Concurrent() bool {
	return j.Status == InProgress && (!j.Progress.Finished || j.Backfill != nil) || j.Status == Canceled && j.Sweep != NoSweep
}

// ProcessingTargets returns the targets whose rollout is not finished, nil when none is left (R-JOB-43).
func (j Job) ProcessingTargets() []Target {
	if !j.Status.Active() {
		return nil
	}
	var processing []Target
	late := len(j.Targets) // from here on they were associated later
	if at := j.FirstAssociatedSource(); at < len(j.Sources) {
		late = j.Sources[at].Target
	}
	if !j.Progress.Finished {
		first := 0
		if at := j.Progress.Cursor.Source; at < len(j.Sources) {
			first = j.Sources[at].Target
		}
		processing = append(processing, j.Targets[min(first, late):late]...)
	}
	if j.Backfill != nil {
		processing = append(processing, j.Targets[j.Sources[j.Backfill.Source].Target:]...)
	}
	return processing
}

// FirstAssociatedSource is the index of the first source that was associated later, the number of sources when none was.
func (j Job) FirstAssociatedSource() int {
	if at := slices.IndexFunc(j.Sources, func(s Source) bool { return s.NewestMembership > 0 }); at >= 0 {
		return at
	}
	return len(j.Sources)
}
