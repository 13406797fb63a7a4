package job

// Devices do not see every pending execution. Between maintenance windows what is QUEUED is hidden
// (R-SCH-17), and what a sweep has not reached yet must not be started any more.

// HiddenByWindow reports whether an execution in this status is hidden from its device until a
// window opens. One that was hidden when a sweep began stays so until the sweep ends it.
func (s State) HiddenByWindow(of ExecutionStatus) bool {
	return of == ExecutionQueued && (s.Status == Scheduled || s.Sweep != NoSweep && s.HiddenAtSweep)
}

// hiddenFromAll reports whether all devices have been notified that a closed window hides what is
// QUEUED. While some have not, they are notified when the executions end.
func (s State) hiddenFromAll() bool { return s.Status == Scheduled && s.NotifyCursor == nil }

// HiddenFromDevice reports whether a device does not see an execution in this status.
func (s State) HiddenFromDevice(of ExecutionStatus) bool {
	return s.HiddenByWindow(of) || s.EndingBySweep(of)
}

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
