package migrate

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// A schedule is checked when a job is created: both times must be some time ahead. A start that has
// passed is left out, as the job has begun; what is too near cannot come.

// ahead is how far start and end of a job must be ahead when it is created, with a minute for the
// copy itself.
const ahead = 31 * time.Minute

// timeForms are the forms in which start and end of a job are written.
var timeForms = []string{
	"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02 15:04:05",
	time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02",
}

// readTime reads the start or the end of a job, which is in UTC unless it says otherwise.
func readTime(text string) (time.Time, bool) {
	for _, form := range timeForms {
		if t, err := time.Parse(form, text); err == nil {
			return t, true
		}
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Unix(int64(seconds), 0), true
	}
	return time.Time{}, false
}

// schedule is the schedule with which a job can be created now. When there is none, why says so.
func schedule(config *types.SchedulingConfig, now time.Time) (_ *types.SchedulingConfig, why string) {
	if config == nil {
		return nil, ""
	}
	out := *config
	if text := aws.ToString(config.StartTime); text != "" {
		start, ok := readTime(text)
		switch {
		case !ok:
			return nil, fmt.Sprintf("startTime: %q cannot be read", text)
		case !start.After(now):
			out.StartTime = nil
		case start.Before(now.Add(ahead)):
			return nil, fmt.Sprintf("startTime: %s is less than 30 minutes ahead: "+
				"try again when the job has started", text)
		}
	}
	if text := aws.ToString(config.EndTime); text != "" {
		end, ok := readTime(text)
		switch {
		case !ok:
			return nil, fmt.Sprintf("endTime: %q cannot be read", text)
		case end.Before(now.Add(ahead)):
			return nil, fmt.Sprintf("endTime: %s is not 30 minutes ahead", text)
		}
	}
	if out.StartTime == nil && out.EndTime == nil && len(out.MaintenanceWindows) == 0 {
		return nil, ""
	}
	return &out, ""
}

// startsLater reports whether the start of a job is still to come.
func startsLater(job *types.Job, now time.Time) bool {
	if job.Status != types.JobStatusScheduled || job.SchedulingConfig == nil {
		return false
	}
	start, ok := readTime(aws.ToString(job.SchedulingConfig.StartTime))
	return ok && start.After(now)
}
