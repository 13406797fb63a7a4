package job

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/registry"
)

// Key is the immutable key of a job inside the store. A job id may be used again after its job is
// gone (R-CON-10); a key never is.
type Key int64

// Status is the status of a job as the API reports it.
type Status string

const (
	// Scheduled waits for its start time or for a maintenance window, and leaves by itself when the
	// time comes.
	Scheduled Status = "SCHEDULED"
	// InProgress is entered at creation or when the wait is over. The job rolls out, then waits for
	// its devices. It is left by completion, by CancelJob, by an abort criterion, by the close of a
	// window, at the end time, or by a forced DeleteJob.
	InProgress Status = "IN_PROGRESS"
	// Completed is entered when no execution will be created any more and all have ended
	// (R-JOB-11). Final.
	Completed Status = "COMPLETED"
	// Canceled is entered by CancelJob, an abort criterion or the end time (R-JOB-7). Final;
	// executions that are IN_PROGRESS may still end.
	Canceled Status = "CANCELED"
	// DeletionInProgress is entered by DeleteJob. The job is gone once its last execution is
	// (R-JOB-10).
	DeletionInProgress Status = "DELETION_IN_PROGRESS"
)

// Active reports whether the job may still create executions or be updated.
func (s Status) Active() bool { return s == Scheduled || s == InProgress }

// TargetSelection says whether a job ends (SNAPSHOT) or goes on for things that enter its groups
// later (CONTINUOUS).
type TargetSelection string

// The two kinds of target selection.
const (
	Snapshot   TargetSelection = "SNAPSHOT"
	Continuous TargetSelection = "CONTINUOUS"
)

// Job is one job: what it was asked to do and how far it is.
//
// Every exported method that changes a job leaves it recomputed: Status and Due are right for the
// time that it was given, and no caller has to call Recompute. That holds as long as nobody outside
// of this package assigns to members of State.
type Job struct {
	Key Key
	ID  string // 1..64 of [a-zA-Z0-9_-]
	Definition
	State
}

// Definition is what CreateJob and UpdateJob say, and what was found out about it when the rollout
// started. The document is stored apart (store.Reader.Document): it may have 32 KiB, and no
// decision but delivery needs it.
type Definition struct {
	// Targets are the things and groups as given, without repeats (R-VAL-7, R-API-9).
	Targets         []Target            `json:"targets"`
	TargetSelection TargetSelection     `json:"targetSelection"`
	Description     string              `json:"description,omitzero"`
	Namespace       string              `json:"namespaceId,omitzero"`
	PresignedURL    *PresignedURLConfig `json:"presignedUrlConfig,omitzero"`
	Rollout         *RolloutConfig      `json:"rolloutConfig,omitzero"`
	Abort           *AbortConfig        `json:"abortConfig,omitzero"`
	Timeout         *TimeoutConfig      `json:"timeoutConfig,omitzero"`
	Retry           *RetryConfig        `json:"retryConfig,omitzero"`
	Schedule        *ScheduleConfig     `json:"schedulingConfig,omitzero"`
	// DocumentSource is the link that the document was read from, as it was given (R-DOC-14). Empty
	// for a document given inline or by a template.
	DocumentSource string `json:"documentSource,omitzero"`
	// TemplateARN is the template that the job was made from, empty without one. Parameters is what
	// the request gave for the parameters of a managed one (R-TPL-7, R-PAR-6).
	TemplateARN string            `json:"jobTemplateArn,omitzero"`
	Parameters  map[string]string `json:"documentParameters,omitempty"`
	// PackageVersions are destinationPackageVersions: stored and shown, without effect (R-PKG-1,
	// R-PKG-4).
	PackageVersions []string `json:"destinationPackageVersions,omitempty"`
	// NeedsRole says that the document has S3 placeholders, so that presignedUrlConfig must always
	// have a role (R-UPD-17). HasArtifacts says that it has placeholders for the server's own store
	// of artifacts, which need none (R-ART-13).
	NeedsRole    bool `json:"needsRole,omitzero"`
	HasArtifacts bool `json:"hasArtifacts,omitzero"`
	// Steering is the settings of drover: tags, nil without any (R-STR-1).
	Steering  *Steering `json:"steering,omitzero"`
	CreatedAt time.Time `json:"createdAt"`
	// Sources are the things and groups that the targets named when the rollout started, in their
	// order (R-ROLL-12): at most one for each target, however many groups lie below it. Empty
	// before.
	Sources []Source `json:"sources,omitempty"`
	// NewestMembership is the newest membership that the rollout takes (R-JOB-52): of the members
	// of a group, those that joined with a number up to this one. Zero before the rollout has
	// started.
	NewestMembership int64 `json:"newestMembership,omitzero"`
	// TargetGroups are the groups among the targets. Through them things enter a continuous job
	// later, also through groups below them that did not exist when it started (R-JOB-55).
	TargetGroups []registry.GroupID `json:"targetGroups,omitempty"`
}

// Source is one place that a rollout takes things from: a single thing, or the members of one
// group and of all groups below it. One of Thing and Group is zero.
//
// The groups below are not listed. A group never gets another parent, one with children is not
// deleted, and whoever is in a group that was made later has joined later. So whoever walks the
// tree as it is now, and takes the memberships up to the frozen number, finds the things that a
// list made at the start would lead to (R-JOB-52). A job on a tree of ten thousand groups is as
// small as one on a tree of three (R-JOB-63).
type Source struct {
	Target int              `json:"target,omitzero"` // index into Targets
	Thing  registry.ThingID `json:"thing,omitzero"`
	Group  registry.GroupID `json:"group,omitzero"`
	// NewestMembership is the newest membership that the back-fill of this source takes, for a
	// group that was associated later (R-API-22). Zero for the sources of the rollout.
	NewestMembership int64 `json:"newestMembership,omitzero"`
}

// State is how far a job is. It is small, because it is written with every commit that touches the
// job.
type State struct {
	Status Status `json:"status"`
	// ForceCanceled says that the job was canceled with force, by an operator or at its end time.
	ForceCanceled bool `json:"forceCanceled,omitzero"`
	// ReasonCode and Comment say why the job was canceled; Comment may also come with an
	// association. Empty when nobody gave them.
	ReasonCode  string    `json:"reasonCode,omitzero"`
	Comment     string    `json:"comment,omitzero"`
	UpdatedAt   time.Time `json:"updatedAt"`            // lastUpdatedAt (R-JOB-18)
	CompletedAt time.Time `json:"completedAt,omitzero"` // zero unless COMPLETED (R-JOB-17)
	// Paused is why the job is paused, empty when it is not: the value of drover:paused (R-STR-10).
	Paused string `json:"paused,omitzero"`
	// PausedAt is since when it is paused. Zero when it is not, or was paused by a version that did
	// not record it.
	PausedAt time.Time `json:"pausedAt,omitzero"`
	// Steered is what the settings of drover: tags have come to, nil as long as that is nothing.
	Steered *Steered `json:"steered,omitzero"`
	// Counts is how many executions are in each status.
	Counts   Counts   `json:"counts"`
	Progress Progress `json:"rollout"`
	// Sweep is the background pass over the executions that a cancellation or deletion needs.
	// NoSweep when none runs.
	Sweep Sweep `json:"sweep,omitzero"`
	// WindowEdge is when a SCHEDULED job may go on, or when the window closes in which the job is
	// IN_PROGRESS. Zero for a job that waits for neither.
	WindowEdge time.Time `json:"windowEdge,omitzero"`
	// RolloutEnded says that nothing is released or retried any more although the job is active:
	// its end time came, or no window opens any more (R-SCH-22).
	RolloutEnded bool `json:"rolloutEnded,omitzero"`
	// NotifyCursor is the position of the background pass that notifies devices after a maintenance
	// window opened or closed. Nil when no pass is running.
	NotifyCursor *ExecutionCursor `json:"notifyCursor,omitzero"`
	// HiddenAtSweep says that devices did not see what was QUEUED when the sweep began: the job was
	// SCHEDULED, or its rollout had just ended and no device had been notified of that yet. They
	// are not notified either when the sweep ends those executions (R-MQTT-39).
	HiddenAtSweep bool `json:"hiddenAtSweep,omitzero"`
	// LateJoinersWaiting says that things may be waiting that entered while the job was SCHEDULED.
	// Set when a window opens, until all of them have their executions (R-JOB-56).
	LateJoinersWaiting bool `json:"lateJoinersWaiting,omitzero"`
	// Backfill is the position of the background pass that finds who gets an execution because of
	// groups that were associated with the job. Nil when no pass is running (R-JOB-42).
	Backfill *RolloutCursor `json:"backfill,omitzero"`
	// Due is when the job must be looked at again. Zero when it waits for nothing. Next says
	// what there is to do then.
	Due time.Time `json:"due,omitzero"`
}

// Sweep is the background pass over the executions of a job that is CANCELED or
// DELETION_IN_PROGRESS already.
type Sweep string

// The kinds of sweep.
const (
	NoSweep      Sweep = ""               // nothing is left to do
	SweepQueued  Sweep = "cancel-queued"  // cancel what is QUEUED (R-JOB-21)
	SweepPending Sweep = "cancel-pending" // and IN_PROGRESS, as forced (R-JOB-22, R-JOB-24)
	SweepAll     Sweep = "delete"         // delete every execution, then the job (R-JOB-34)
)

// InNamespace reports whether a request that names a namespace means this job: nil names none, and
// any other than the job's own names no job (R-UPD-5, R-EXE-48).
func (d Definition) InNamespace(namespace *string) bool {
	return namespace == nil || *namespace == d.Namespace
}

// ShowsExecutions reports whether requests about single executions find those of this job. They do
// not while it is being deleted (R-EXE-39).
func (s State) ShowsExecutions() bool { return s.Status != DeletionInProgress }

// Concurrent is isConcurrent: executions are being created for the targets, or are being canceled
// (R-JOB-40). Late joiners and retries do not make a job concurrent (R-JOB-41), nor does the
// removal of a job that ended long ago.
func (s State) Concurrent() bool {
	rollingOut := s.Status == InProgress && (!s.Progress.Finished || s.Backfill != nil)
	canceling := s.Status == Canceled && (s.Sweep == SweepQueued || s.Sweep == SweepPending)
	return rollingOut || canceling
}

// ProcessingTargets returns the targets whose rollout is not finished, nil when none is left
// (R-JOB-43). Of targets A, B and C, with the rollout in the middle of B, those are B and C.
func (j Job) ProcessingTargets() []Target {
	if !j.Status.Active() {
		return nil
	}
	var processing []Target
	late := len(j.Targets) // index of the first target that was associated later
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

// FirstAssociatedSource is the index of the first source that was associated later, the number of
// sources when none was. The rollout ends before it, and the back-fill begins at it.
func (d Definition) FirstAssociatedSource() int {
	associated := func(s Source) bool { return s.NewestMembership > 0 }
	if at := slices.IndexFunc(d.Sources, associated); at >= 0 {
		return at
	}
	return len(d.Sources)
}
