package explain

// The reasons are a closed list. Scripts read the codes, people the sentences. Every code stands in
// the table of docs/spec/51 and has a case in a test that brings it about on a server.

// Verdict is the answer in one word.
type Verdict string

// The verdicts.
const (
	// Done says that nothing more is to come: the execution has ended and is not tried again, or
	// the job ends without one for the thing.
	Done Verdict = "DONE"
	// Running says that the device works on it; of a job, that it goes on by itself.
	Running Verdict = "RUNNING"
	// Waiting says that every reason goes away by itself, with time or by what devices do.
	Waiting Verdict = "WAITING"
	// Blocked says that one of the reasons stays until somebody acts.
	Blocked      Verdict = "BLOCKED"
	NotTargeted  Verdict = "NOT_TARGETED"
	UnknownThing Verdict = "UNKNOWN_THING"
)

// Code is a reason, for scripts.
type Code string

// The codes, with what they say in table.
const (
	ThingUnknown Code = "THING_UNKNOWN"

	NotATarget    Code = "NOT_A_TARGET"
	LeftTargets   Code = "LEFT_TARGETS"
	JoinedTooLate Code = "JOINED_TOO_LATE"

	NothingPending     Code = "NOTHING_PENDING"
	JobCompleted       Code = "JOB_COMPLETED"
	JobCanceled        Code = "JOB_CANCELED"
	JobBeingDeleted    Code = "JOB_BEING_DELETED"
	RolloutEnded       Code = "ROLLOUT_ENDED"
	ExecutionDeleted   Code = "EXECUTION_DELETED"
	ExecutionSucceeded Code = "EXECUTION_SUCCEEDED"
	ExecutionFailed    Code = "EXECUTION_FAILED"
	ExecutionTimedOut  Code = "EXECUTION_TIMED_OUT"
	ExecutionRejected  Code = "EXECUTION_REJECTED"
	ExecutionRemoved   Code = "EXECUTION_REMOVED"
	ExecutionCanceled  Code = "EXECUTION_CANCELED"
	ToBeConfirmed      Code = "TO_BE_CONFIRMED"
	NotConfirmed       Code = "NOT_CONFIRMED"

	DeviceWorks       Code = "DEVICE_WORKS"
	RolloutGoesOn     Code = "ROLLOUT_GOES_ON"
	ExecutionsPending Code = "EXECUTIONS_PENDING"

	StartTime          Code = "START_TIME"
	WindowClosed       Code = "WINDOW_CLOSED"
	JobPaused          Code = "JOB_PAUSED"
	PausedByAbort      Code = "PAUSED_BY_ABORT"
	PausedByGuard      Code = "PAUSED_BY_GUARD"
	WaveStopped        Code = "WAVE_STOPPED"
	WaveApproval       Code = "WAVE_APPROVAL"
	WaveGate           Code = "WAVE_GATE"
	WaveToCome         Code = "WAVE_TO_COME"
	MaxOutstanding     Code = "MAX_OUTSTANDING"
	RolloutTurn        Code = "ROLLOUT_TURN"
	TurnAfterAll       Code = "TURN_AFTER_ALL"
	LateJoiner         Code = "LATE_JOINER"
	BackgroundWork     Code = "BACKGROUND_WORK"
	RetryBacksOff      Code = "RETRY_BACKS_OFF"
	RetryWaits         Code = "RETRY_WAITS"
	RetryAskedFor      Code = "RETRY_ASKED_FOR"
	ThingHeld          Code = "THING_HELD"
	BehindAnother      Code = "BEHIND_ANOTHER"
	ContinuousJob      Code = "CONTINUOUS_JOB"
	NotConnected       Code = "NOT_CONNECTED"
	NotTheThing        Code = "NOT_THE_THING"
	OnAnotherNode      Code = "ON_ANOTHER_NODE"
	NoSubscription     Code = "NO_SUBSCRIPTION"
	NoticeStored       Code = "NOTICE_STORED"
	NoticeSent         Code = "NOTICE_SENT"
	NoticeAcknowledged Code = "NOTICE_ACKNOWLEDGED"
	DeviceToStart      Code = "DEVICE_TO_START"
	NoCertificate      Code = "NO_CERTIFICATE"
	CertificateUnfit   Code = "CERTIFICATE_UNFIT"
	PolicyRefuses      Code = "POLICY_REFUSES"
	NothingToWaitFor   Code = "NOTHING_TO_WAIT_FOR"
)

// Row is what a code means: the verdict that it leads to alone, and when it is given.
type Row struct {
	Code    Code
	Verdict Verdict
	When    string
}

// table is the closed list, in the order of docs/spec/51.
var table = []Row{
	{ThingUnknown, UnknownThing, "there is no thing of this name"},

	{NotATarget, NotTargeted, "the job names neither the thing nor a group that it is in"},
	{LeftTargets, NotTargeted, "it was a target, and is in no group of the job any more"},
	{JoinedTooLate, NotTargeted, "it joined a group of a snapshot job after the rollout had begun"},

	{NothingPending, Done, "no job was named, and none is pending or to come"},
	{JobCompleted, Done, "the job is COMPLETED"},
	{JobCanceled, Done, "the job is CANCELED"},
	{JobBeingDeleted, Done, "the job is being deleted"},
	{RolloutEnded, Done, "the end time has come, or no window opens any more: nothing is released"},
	{ExecutionDeleted, Done, "the execution was deleted, and a rollout creates no second one"},
	{ExecutionSucceeded, Done, "the last execution is SUCCEEDED"},
	{ExecutionFailed, Done, "the last execution is FAILED, and is not tried again"},
	{ExecutionTimedOut, Done, "the last execution is TIMED_OUT, and is not tried again"},
	{ExecutionRejected, Done, "the last execution is REJECTED"},
	{ExecutionRemoved, Done, "the last execution is REMOVED, and the thing is a target again"},
	{ExecutionCanceled, Done, "the last execution is CANCELED"},
	{ToBeConfirmed, Waiting, "the success waits to be confirmed (drover:confirm)"},
	{NotConfirmed, Done, "the success was not confirmed in time, and is silent"},

	{DeviceWorks, Running, "the execution is IN_PROGRESS"},
	{RolloutGoesOn, Running, "of a job: it releases executions, the next at the next tick"},
	{ExecutionsPending, Running, "of a job: executions have not ended"},

	{StartTime, Waiting, "the start time, or the first window after it, has not come"},
	{WindowClosed, Waiting, "the job waits for its next maintenance window"},
	{JobPaused, Blocked, "an operator has paused the job"},
	{PausedByAbort, Blocked, "an abort criterion has paused the job"},
	{PausedByGuard, Blocked, "the guard has paused the job"},
	{WaveStopped, Blocked, "the gate behind a wave was not passed"},
	{WaveApproval, Blocked, "a wave waits for approval"},
	{WaveGate, Waiting, "all of a wave is released, and its gate is not judged yet"},
	{WaveToCome, Waiting, "the thing belongs to a wave that has not begun"},
	{MaxOutstanding, Waiting, "as many executions are pending as drover:max-outstanding allows"},
	{RolloutTurn, Waiting, "the rollout has not come to the thing"},
	{TurnAfterAll, Waiting, "the thing had left and is back: its turn comes after all others"},
	{LateJoiner, Waiting, "it has joined a continuous job, which creates no execution now"},
	{BackgroundWork, Waiting, "work of the server that waits for processor time only"},
	{RetryBacksOff, Waiting, "the retry waits (drover:retry-backoff)"},
	{RetryWaits, Waiting, "the retry waits until the job goes on"},
	{RetryAskedFor, Waiting, "an operator has asked for a retry, and its turn has not come"},
	{ThingHeld, Blocked, "an operator holds the thing; WAITING with an end"},
	{BehindAnother, Waiting, "other executions of the thing come first"},
	{ContinuousJob, Waiting, "of a job: it goes on for things that enter its groups later"},
	{NotConnected, Waiting, "the client named like the thing is not connected"},
	{NotTheThing, Blocked, "that client does not stand for the thing: its certificate is not attached"},
	{OnAnotherNode, Waiting, "that client is connected to another node, which alone knows more"},
	{NoSubscription, Waiting, "nobody subscribes to the notices of the thing"},
	{NoticeStored, Waiting, "the notice waits in the session of the client"},
	{NoticeSent, Waiting, "the notice was sent, and not acknowledged"},
	{NoticeAcknowledged, Waiting, "the notice was acknowledged, and the device has not started"},
	{DeviceToStart, Waiting, "the device can see the execution, and has not started it"},
	{NoCertificate, Waiting, "no certificate is attached to the thing"},
	{CertificateUnfit, Blocked, "no attached certificate may connect"},
	{PolicyRefuses, Blocked, "policies refuse what the device must do"},
	{NothingToWaitFor, Blocked, "an active job, or a thing of one, waits for nothing: a defect"},
}

// Rows is every code there is.
func Rows() []Row { return append([]Row(nil), table...) }

// verdicts are the verdicts of codes by themselves.
var verdicts = func() map[Code]Verdict {
	all := map[Code]Verdict{}
	for _, row := range table {
		all[row.Code] = row.Verdict
	}
	return all
}()
