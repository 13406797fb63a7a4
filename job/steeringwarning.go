package job

// Settings may have nothing to act on: they are legal, and whoever sets or reads them is warned
// (R-STR-4).

// steeringWarnings are the ways in which a setting of an active job has nothing to act on, in the
// alphabetical order of the settings.
var steeringWarnings = []struct {
	setting string // its key without the prefix
	idle    func(Job) bool
	why     string
}{
	{
		settingAbort,
		func(j Job) bool { return j.Abort == nil || len(j.Abort.Criteria) == 0 },
		"the job has no abortConfig, so no criterion is ever met",
	},
	{
		settingGuard,
		func(j Job) bool {
			return j.Steering.Guard.FailureType == FailureSilent && j.Steering.Confirm == 0
		},
		"no success is waited for without the setting confirm, so none is ever SILENT",
	},
	{
		settingMaxOutstanding,
		func(j Job) bool { return j.Progress.Finished },
		"the rollout has finished, so nothing is left that it would bound",
	},
	{
		settingBackoff,
		func(j Job) bool { return j.Retry == nil || len(j.Retry.Criteria) == 0 },
		"the job has no jobExecutionsRetryConfig, so nothing is retried",
	},
	{
		settingWaves,
		func(j Job) bool { return j.Progress.Finished && j.wavesBegun() == 0 },
		"the rollout has finished, so no wave begins any more",
	},
}

// SteeringWarnings says which settings of the job have nothing to act on, and why: "abort: the job
// has no abortConfig, so no criterion is ever met". There are none for a job that has ended: it
// does nothing any more.
func (j Job) SteeringWarnings() (warnings []string) {
	if !j.Status.Active() {
		return nil
	}
	set := j.SteeringTags()
	for _, w := range steeringWarnings {
		if _, given := set[SteeringPrefix+w.setting]; given && w.idle(j) {
			warnings = append(warnings, w.setting+": "+w.why)
		}
	}
	return warnings
}
