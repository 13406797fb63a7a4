package engine

import (
	"strconv"
	"strings"

	"github.com/cockroachdb/datadriven"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// arguments reads the words of a command: rollout=5/min, rollout=exp:50:x2:notified=1000,
// abort=FAILED:50:min=2, timeout=20, retry=FAILED:2+TIMED_OUT:1.
type arguments struct{ d *datadriven.TestData }

func (a arguments) first() string { return a.d.CmdArgs[0].Key }

func (a arguments) text(key string) string {
	for _, arg := range a.d.CmdArgs {
		if arg.Key == key && len(arg.Vals) > 0 {
			return arg.Vals[0]
		}
	}
	return ""
}

func (a arguments) int(key string) int {
	n, _ := strconv.Atoi(a.text(key))
	return n
}

func (a arguments) minutes(key string) *int64 {
	if !a.d.HasArg(key) {
		return nil
	}
	n := int64(a.int(key))
	return &n
}

func (s *scenario) definition(a arguments) job.Definition {
	u := a.update()
	d := job.Definition{TargetSelection: job.Snapshot, Rollout: u.Rollout, Abort: u.Abort, Timeout: u.Timeout, Retry: u.Retry, PresignedURL: u.PresignedURL}
	if a.d.HasArg("continuous") {
		d.TargetSelection = job.Continuous
	}
	d.Targets = s.targets(a)
	d.Schedule = a.schedule()
	return d
}

// targets reads targets=g1+t2: groups begin with g.
func (s *scenario) targets(a arguments) (targets []job.Target) {
	for _, target := range strings.Split(a.text("targets"), "+") {
		named := job.ThingTarget(registry.DefaultScope, target)
		if strings.HasPrefix(target, "g") {
			named = job.GroupTarget(registry.DefaultScope, target)
		}
		targets = append(targets, named)
	}
	return targets
}

// tags reads tags=paused:later+max-outstanding:5, without the prefix of the keys, the words of a
// value joined by underscores.
func (a arguments) tags() (tags []registry.Tag) {
	if !a.d.HasArg("tags") {
		return nil
	}
	for _, text := range strings.Split(a.text("tags"), "+") {
		name, value, _ := strings.Cut(text, ":")
		tags = append(tags, registry.Tag{Key: job.SteeringPrefix + name, Value: strings.ReplaceAll(value, "_", " ")})
	}
	return tags
}

// retries reads statuses=FAILED+REJECTED things=t1+t2.
func (a arguments) retries() (r jobs.RetryRequest) {
	for _, name := range strings.Split(a.text("statuses"), "+") {
		for status := range job.ExecutionStatus(16) {
			if status.String() == name {
				r.Statuses = append(r.Statuses, status)
				break
			}
		}
	}
	if a.d.HasArg("things") {
		r.Things = strings.Split(a.text("things"), "+")
	}
	return r
}

// keys are those of tags=paused+abort.
func (a arguments) keys() (keys []string) {
	for _, tag := range a.tags() {
		keys = append(keys, tag.Key)
	}
	return keys
}

// schedule reads start=2026-03-01T13:00, end=…, end-behavior=CANCEL and windows=0_2_*_*_?_*:60+…,
// the fields of a window joined by underscores.
func (a arguments) schedule() *job.ScheduleConfig {
	c := &job.ScheduleConfig{
		StartTime: a.text("start"), EndTime: a.text("end"), EndBehavior: job.EndBehavior(a.text("end-behavior")),
	}
	if a.d.HasArg("windows") {
		for _, text := range strings.Split(a.text("windows"), "+") {
			cron, minutes, _ := strings.Cut(text, ":")
			n, _ := strconv.Atoi(minutes)
			c.Windows = append(c.Windows, job.Window{StartTime: strings.ReplaceAll(cron, "_", " "), Minutes: n})
		}
	}
	if c.StartTime == "" && c.EndTime == "" && c.Windows == nil {
		return nil
	}
	return c
}

func (a arguments) update() (u job.Update) {
	if a.d.HasArg("description") {
		text := a.text("description")
		u.Description = &text
	}
	if a.d.HasArg("rollout") {
		u.Rollout = parseRollout(a.text("rollout"))
	}
	if a.d.HasArg("role") {
		u.PresignedURL = &job.PresignedURLConfig{RoleARN: a.text("role")}
	}
	if a.d.HasArg("timeout") {
		u.Timeout = &job.TimeoutConfig{InProgressMinutes: int64(a.int("timeout"))}
	}
	if a.d.HasArg("abort") {
		u.Abort = &job.AbortConfig{}
		for _, text := range strings.Split(a.text("abort"), "+") {
			part := strings.Split(text, ":")
			percent, _ := strconv.ParseFloat(part[1], 64)
			minimum, _ := strconv.Atoi(strings.TrimPrefix(part[2], "min="))
			u.Abort.Criteria = append(u.Abort.Criteria, job.AbortCriterion{
				FailureType: job.FailureType(part[0]), ThresholdHundredths: int64(percent*100 + 0.5), MinExecuted: int64(minimum),
			})
		}
	}
	if a.d.HasArg("retry") {
		u.Retry = &job.RetryConfig{}
		for _, text := range strings.Split(a.text("retry"), "+") {
			kind, n, _ := strings.Cut(text, ":")
			times, _ := strconv.Atoi(n)
			u.Retry.Criteria = append(u.Retry.Criteria, job.RetryCriterion{FailureType: job.FailureType(kind), Retries: times})
		}
	}
	return u
}

func parseRollout(text string) *job.RolloutConfig {
	c := &job.RolloutConfig{}
	for _, part := range strings.Split(text, ":") {
		key, value, _ := strings.Cut(part, "=")
		n, _ := strconv.Atoi(value)
		switch {
		case key == "exp":
			c.Exponential = &job.Exponential{}
		case strings.HasSuffix(key, "/min"):
			c.MaximumPerMinute, _ = strconv.Atoi(strings.TrimSuffix(key, "/min"))
		case key == "base":
			c.Exponential.BasePerMinute = n
		case key == "tenths":
			c.Exponential.IncrementTenths = n
		case key == "notified":
			c.Exponential.NotifiedThings = int64(n)
		case key == "succeeded":
			c.Exponential.SucceededThings = int64(n)
		}
	}
	return c
}
