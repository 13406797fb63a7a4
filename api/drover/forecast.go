package drover

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

type ForecastRequest struct {
	// A job that would be created: the request of CreateJob, with its jobId.
	Create *iot.CreateJobRequest `json:"create"`
	// A change of a job: the request of UpdateJob, with its jobId.
	Update *iot.UpdateJobRequest `json:"update"`
	// A job as it goes on.
	JobID *iot.JobID `json:"jobId"`
	// What is assumed of the devices; the rest is learned from executions that have ended.
	Assume *ForecastAssumptions `json:"assume"`
	// From which random numbers the forecast is made; the same ones give the same answer.
	Seed *ForecastSeed `json:"seed"`
}

// From which random numbers a forecast is made.
type ForecastSeed int64

func (ForecastSeed) Constraint() schema.Constraint { return schema.Range(1, 1<<53-1) }

// Forecasts what will become of a job that would be created or changed, or that goes on: one of
// create, update and jobId is given. Nothing is changed, stored or sent. What CreateJob or UpdateJob
// would refuse is refused with the same error (R-FCT-1).
var Forecast = schema.Op[ForecastRequest, ForecastResponse]{
	Name: "Forecast", Route: "POST /_drover/forecast",
	Role:   schema.Viewer,
	Errors: jobErrors(api.ResourceAlreadyExists, api.LimitExceeded),
}

// What a forecast assumes of devices (R-FCT-2).
type ForecastAssumptions struct {
	// From when an execution is queued until its device starts it, as long as the device sees it.
	Started *ForecastDelay `json:"started"`
	// From the start until the execution has succeeded.
	Ended *ForecastDelay `json:"ended"`
	// From the start until it has failed, or was rejected; as long as a success unless given.
	Failed *ForecastDelay `json:"failed"`
	// How many attempts of a hundred end FAILED or REJECTED, or never end by themselves.
	FailedPercentage   *Percentage `json:"failedPercentage"`
	RejectedPercentage *Percentage `json:"rejectedPercentage"`
	TimedOutPercentage *Percentage `json:"timedOutPercentage"`
	// How many things of a hundred never answer.
	SilentPercentage *Percentage `json:"silentPercentage"`
}

// A share in percent.
type Percentage schema.Decimal

func (Percentage) Constraint() schema.Constraint { return schema.Number("0", "100", 2) }

// How long something takes: half of the devices need no longer than the median, nine of ten no
// longer than p90.
type ForecastDelay struct {
	MedianSeconds DelaySeconds `json:"medianSeconds"`
	P90Seconds    DelaySeconds `json:"p90Seconds"`
}

// A delay of devices, up to a year.
type DelaySeconds int64

func (DelaySeconds) Constraint() schema.Constraint { return schema.Range(0, 31536000) }

// What will become of a job.
type ForecastResponse struct {
	// Of how many simulations it is made, and from which random numbers.
	Runs int32        `json:"runs"`
	Seed ForecastSeed `json:"seed"`
	// When it was made: the time of the first point of the curve.
	At schema.Timestamp `json:"at"`
	// Things that are targets, those that had their turn among them.
	Targets int64 `json:"targets"`
	// Things that it does not reach, or not as it seems.
	LeftOut []ForecastLeftOut `json:"leftOut" required:"true"`
	Assumed ForecastAssumed   `json:"assumed"`
	// A point each minute while the job is young or has just changed, then farther apart.
	Curve []ForecastPoint `json:"curve" required:"true"`
	// When the last thing has had its turn, and when everything has ended.
	Released ForecastMoment `json:"released"`
	Finish   ForecastMoment `json:"finish"`
	// How much devices download at the busiest time; absent when the document names no artifact of
	// this server.
	PeakBytesPerSecond *int64 `json:"peakBytesPerSecond"`
	// The waves of the rollout; absent without any.
	Waves []ForecastWave `json:"waves"`
	// Settings that nothing will reach.
	NeverReached []ForecastNeverReached `json:"neverReached" required:"true"`
	Stop         ForecastStop           `json:"stop"`
	// When the maintenance windows are open: since a week ago, as far as the job has seen them, up to
	// the end of the curve, and at least the next five; absent without windows.
	Windows []ForecastWindow `json:"windows"`
	// What to change (R-FCT-7).
	Warnings []ForecastWarning `json:"warnings" required:"true"`
}

// A time in which maintenance windows are open. Those that overlap or touch are one.
type ForecastWindow struct {
	Opens  schema.Timestamp `json:"opens"`
	Closes schema.Timestamp `json:"closes"`
}

// Things that a job does not reach, or not as it seems.
type ForecastLeftOut struct {
	Reason LeftOutReason `json:"reason"`
	Count  int64         `json:"count"`
	// Up to five of them.
	Examples []iot.ThingName `json:"examples" required:"true"`
}

// Why things are left out: they have left the targets or are gone; an operator holds them; they are
// targets in more than one way, and count once; their turn would come after the end time.
type LeftOutReason string

func (LeftOutReason) Constraint() schema.Constraint {
	return schema.Enum("NO_TARGET_ANY_MORE", "HELD", "COVERED", "BEYOND_END_TIME")
}

// What was assumed of the devices, and where that comes from.
type ForecastAssumed struct {
	Started  AssumedDelay `json:"started"`
	Ended    AssumedDelay `json:"ended"`
	Failed   AssumedDelay `json:"failed"`
	FailedOf AssumedShare `json:"failedPercentage"`
	Rejected AssumedShare `json:"rejectedPercentage"`
	TimedOut AssumedShare `json:"timedOutPercentage"`
	Silent   AssumedShare `json:"silentPercentage"`
}

// A delay that was assumed.
type AssumedDelay struct {
	MedianSeconds int64       `json:"medianSeconds"`
	P90Seconds    int64       `json:"p90Seconds"`
	From          AssumedFrom `json:"from"`
}

// A share that was assumed, in percent.
type AssumedShare struct {
	Percentage schema.Decimal `json:"percentage"`
	From       AssumedFrom    `json:"from"`
}

// Where an assumption comes from: the request; executions of this job that have ended, at least 30;
// those of earlier jobs with a target in common; or nothing is known.
type AssumedFrom string

func (AssumedFrom) Constraint() schema.Constraint {
	return schema.Enum("REQUEST", "JOB", "EARLIER_JOBS", "DEFAULT")
}

// What a job has come to at one time: things that had their turn, executions that are IN_PROGRESS,
// and things that had their turn and have nothing pending.
type ForecastPoint struct {
	At         schema.Timestamp `json:"at"`
	Released   ForecastBand     `json:"released"`
	InProgress ForecastBand     `json:"inProgress"`
	Ended      ForecastBand     `json:"ended"`
}

// A number: one time in ten it is less than p10, half of the times less than p50, nine times in ten
// less than p90.
type ForecastBand struct {
	P10 int64 `json:"p10"`
	P50 int64 `json:"p50"`
	P90 int64 `json:"p90"`
}

// A time: one time in ten it comes before p10, half of the times before p50, nine times in ten
// before p90. One that is absent never comes, so often.
type ForecastMoment struct {
	P10 *schema.Timestamp `json:"p10"`
	P50 *schema.Timestamp `json:"p50"`
	P90 *schema.Timestamp `json:"p90"`
	// Why it may never come, the most likely reason first.
	Never []ForecastNever `json:"never" required:"true"`
}

// Why something may never come, and how likely that is.
type ForecastNever struct {
	Reason     NeverReason    `json:"reason"`
	Percentage schema.Decimal `json:"percentage"`
}

// Why something may never come: an abort criterion stops the job; the guard does; it is paused now;
// the gate behind a wave stays closed, or waits for approval; some things never answer; no
// maintenance window opens any more; the end time comes before; it takes more than two years.
type NeverReason string

func (NeverReason) Constraint() schema.Constraint {
	return schema.Enum("ABORTED", "GUARD", "PAUSED", "GATE", "NO_ANSWER", "NO_WINDOW", "END_TIME",
		"TOO_LATE")
}

// What becomes of a wave: when it begins, when its gate opens or stops the job, and how many things
// it takes.
type ForecastWave struct {
	Number WaveNumber   `json:"number"`
	Takes  string       `json:"takes"`
	Things ForecastBand `json:"things"`
	// Absent for a wave that never begins, or whose gate is never judged.
	Begins *ForecastTimes `json:"begins"`
	Judged *ForecastTimes `json:"judged"`
}

// A time, as ForecastMoment has it.
type ForecastTimes struct {
	P10 *schema.Timestamp `json:"p10"`
	P50 *schema.Timestamp `json:"p50"`
	P90 *schema.Timestamp `json:"p90"`
}

// A setting that nothing will reach.
type ForecastNeverReached struct {
	Setting string `json:"setting"`
	Why     string `json:"why"`
}

// How likely it is that something stops the job (R-FCT-5).
type ForecastStop struct {
	// At the failure rates that are assumed.
	Assumed StopPercentages `json:"assumed"`
	// At failure rates half as large as those from which on the job is to be stopped; absent for a
	// job that has neither abort criteria nor a guard.
	HalfThreshold *StopPercentages `json:"halfThreshold"`
}

// How likely it is, in percent, that an abort criterion or the guard stops a job.
type StopPercentages struct {
	Abort schema.Decimal `json:"abort"`
	Guard schema.Decimal `json:"guard"`
}

// What to change.
type ForecastWarning struct {
	Code WarningCode `json:"code"`
	Text string      `json:"text"`
}

// What a forecast warns of.
type WarningCode string

func (WarningCode) Constraint() schema.Constraint {
	return schema.Enum("NO_TARGETS", "ABORT_STOPS_GOOD_RELEASE", "ABORT_NEVER_REACHED",
		"TIMEOUT_BELOW_USUAL_DURATION", "RAMP_NEVER_RISES", "WINDOW_TOO_SHORT", "ENDS_BEFORE_ROLLOUT",
		"RATE_ABOVE_TARGETS", "BUDGET_STARVES")
}
