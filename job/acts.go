package job

import (
	"slices"
	"strings"
)

// Acts are what the server does to a job by itself, for the audit log (R-AUD-1). What an operator
// asks for is no act, and neither is what follows from reports of devices alone, such as that a job
// is COMPLETED.

// Act is the name of an act.
type Act string

// The acts.
const (
	ActAbort       Act = "AbortJob"         // an abort criterion was met: the job is CANCELED
	ActGuard       Act = "GuardJob"         // the guard fired: the job is CANCELED
	ActEnd         Act = "EndJob"           // its end time or last window passed
	ActLimit       Act = "CancelJobAtLimit" // it could not start: the job is CANCELED
	ActStart       Act = "StartJob"         // its start time or maintenance window came
	ActCloseWindow Act = "CloseWindow"      // its maintenance window closed: the job is SCHEDULED
	ActPause       Act = "PauseJob"         // a criterion, the guard or a gate paused it
	ActObserve     Act = "ObserveJob"       // a criterion was met or the guard fired: recorded only
	ActOpenGate    Act = "OpenGate"         // the gate behind a wave was judged and is open
)

// canceledBy are the acts that cancel a job, by the reason code that they leave.
var canceledBy = map[string]Act{
	ReasonAbort:         ActAbort,
	ReasonGuard:         ActGuard,
	ReasonScheduleEnd:   ActEnd,
	ReasonScheduleForce: ActEnd,
	ReasonConcurrency:   ActLimit,
}

// ActsOf are the acts by which a job has come from before to after, when no operator asked for the
// change.
func ActsOf(before, after Job) (acts []Act) {
	was, is := before.Status, after.Status
	switch {
	case is == Canceled && was.Active():
		if act, ok := canceledBy[after.ReasonCode]; ok {
			acts = append(acts, act)
		}
	case after.RolloutEnded && !before.RolloutEnded:
		acts = append(acts, ActEnd)
	case was == Scheduled && is == InProgress:
		acts = append(acts, ActStart)
	case was == InProgress && is == Scheduled:
		acts = append(acts, ActCloseWindow)
	}
	for _, o := range after.newObservations(before) {
		if o.Action != ActionPause {
			acts = append(acts, ActObserve)
		}
	}
	pauses := before.Paused == "" && is.Active() && slices.ContainsFunc(serverReasons,
		func(start string) bool { return strings.HasPrefix(after.Paused, start) })
	if pauses {
		acts = append(acts, ActPause)
	}
	for i := range min(after.wavesBegun(), len(after.waves())) {
		if after.waveAt(i).Judged && !before.waveAt(i).Judged && !pauses {
			acts = append(acts, ActOpenGate)
		}
	}
	return acts
}
