package job

// Devices do not see every pending execution. Between maintenance windows what is QUEUED is hidden
// (R-SCH-17), and what a sweep has not reached yet must not be started any more.

// HiddenByWindow reports whether an execution in this status is hidden from its device until a
// window opens. One that was hidden when a sweep began stays so until the sweep ends it.
func (j Job) HiddenByWindow(s ExecutionStatus) bool {
	return s == ExecutionQueued && (j.Status == Scheduled || j.Sweep != NoSweep && j.HiddenAtSweep)
}

// HiddenFromDevice reports whether a device does not see an execution in this status.
func (j Job) HiddenFromDevice(s ExecutionStatus) bool {
	return j.HiddenByWindow(s) || j.EndingBySweep(s)
}

// EndingBySweep reports whether the sweep of the job is about to end an execution in this status,
// so that it must not be started any more (R-JOB-20, R-JOB-35).
func (j Job) EndingBySweep(s ExecutionStatus) bool {
	switch j.Sweep {
	case SweepAll, SweepPending:
		return true
	case SweepQueued:
		return s == ExecutionQueued
	}
	return false
}
