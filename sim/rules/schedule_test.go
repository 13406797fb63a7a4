package rules

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
)

// inWindow has a job with a maintenance window of an hour that opened at noon. It releases one
// thing a minute.
func inWindow(h *history) {
	h.create(func(j *job.Job) {
		j.Rollout = &job.RolloutConfig{MaximumPerMinute: 1}
		j.Schedule = &job.ScheduleConfig{
			Windows: []job.Window{{StartTime: "cron(0 12 * * ? *)", Minutes: 60}},
		}
	})
}

// endsAt one has a job that is cancelled an hour after noon.
func endsAtOne(h *history) {
	h.create(func(j *job.Job) {
		j.Schedule = &job.ScheduleConfig{EndAt: noon.Add(time.Hour), EndBehavior: "CANCEL"}
	})
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	almost := time.Hour - time.Millisecond
	run(t, []ruleCase{
		{
			rule:   "R-SCH-16, R-SCH-17",
			name:   "nothing is released when the window has closed",
			before: inWindow,
			keeps: func(h *history) {
				h.advance(almost)
				h.release(a)
			},
			breaks: func(h *history) {
				h.advance(time.Hour)
				h.release(a)
			},
		},
		{
			rule:   "R-SCH-22",
			name:   "nothing is released at the end time",
			before: endsAtOne,
			keeps: func(h *history) {
				h.advance(almost)
				h.release(a)
			},
			breaks: func(h *history) {
				h.advance(time.Hour)
				h.release(a)
			},
		},
		{
			rule: "R-SCH-10 to R-SCH-18",
			name: "SCHEDULED between windows",
			before: func(h *history) {
				inWindow(h)
				h.advance(time.Hour - 30*time.Second)
				h.release(a)
				h.update(a, job.ExecutionInProgress)
				h.advance(30 * time.Second)
			},
			keeps: func(h *history) {
				h.state("SCHEDULED", "")
				h.settled()
			},
			breaks: func(h *history) { h.settled() },
		},
		{
			rule: "R-SCH-24, R-SCH-25",
			name: "cancelled at the end time",
			before: func(h *history) {
				endsAtOne(h)
				h.release(a, b, c)
			},
			keeps: func(h *history) {
				h.advance(time.Hour)
				h.cancel("SCHEDULE_END_CANCEL")
			},
			breaks: func(h *history) {
				h.advance(almost)
				h.cancel("SCHEDULE_END_CANCEL")
			},
		},
		{
			rule: "R-SCH-23 to R-SCH-26",
			name: "and not left as it is",
			before: func(h *history) {
				endsAtOne(h)
				h.release(a, b, c)
				h.advance(time.Hour)
			},
			keeps: func(h *history) {
				h.cancel("SCHEDULE_END_CANCEL")
				h.settled()
			},
			breaks: func(h *history) { h.settled() },
		},
		{
			rule: "R-JOB-4",
			name: "cancelled for the limit when it should begin",
			before: func(h *history) {
				h.create(func(j *job.Job) {
					j.Schedule = &job.ScheduleConfig{StartAt: noon.Add(time.Hour)}
					j.Status = "SCHEDULED"
				})
			},
			keeps: func(h *history) {
				h.advance(time.Hour)
				h.state("CANCELED", "JOB_CONCURRENCY_LIMIT")
			},
			breaks: func(h *history) {
				h.advance(almost)
				h.state("CANCELED", "JOB_CONCURRENCY_LIMIT")
			},
		},
	})
}
