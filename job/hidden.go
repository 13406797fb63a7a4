package job

import "github.com/drover-iot/drover/internal/fault"

// Devices do not see every pending execution. Between maintenance windows, while their job is
// paused and while their thing is held, what is QUEUED is hidden (R-SCH-17, R-STR-10, R-STR-14), and
// what a sweep has not reached yet must not be started any more.

// hides reports whether the job hides what is QUEUED: it waits for a window, or is paused.
func (s State) hides() bool { return s.Status == Scheduled || s.paused() }

// Hidden reports whether an execution is hidden from its device until a window opens, its job goes
// on or its thing is released. One that its job hid when a sweep began stays so until the sweep ends
// it.
func (s State) Hidden(x Execution) bool {
	return x.Status == ExecutionQueued &&
		(x.Held || s.hides() || s.Sweep != NoSweep && s.HiddenAtSweep)
}

// cannotStart is the fault of a report that an execution has begun which is hidden (R-SCH-17,
// R-STR-10, R-STR-14).
func (s State) cannotStart(x Execution) error {
	why := "its job waits for the next maintenance window"
	switch {
	case x.Held:
		why = "its thing is held by an operator"
	case s.paused():
		why = "its job is paused"
	}
	f := fault.New(fault.BadTransition, "the execution cannot start: %s", why)
	f.State = x
	return f
}

// hiddenFromAll reports whether all devices have been notified that what is QUEUED is hidden. While
// some have not, they are notified when the executions end.
func (s State) hiddenFromAll() bool { return s.hides() && s.NotifyCursor == nil }

// HiddenFromDevice reports whether a device does not see an execution.
func (s State) HiddenFromDevice(x Execution) bool { return s.Hidden(x) || s.EndingBySweep(x.Status) }

// EndingBySweep reports whether the sweep of the job is about to end an execution in this status,
// so that it must not be started any more (R-JOB-20, R-JOB-35).
func (s State) EndingBySweep(of ExecutionStatus) bool {
	switch s.Sweep {
	case SweepAll, SweepPending:
		return true
	case SweepQueued:
		return of == ExecutionQueued
	}
	return false
}
