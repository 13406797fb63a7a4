package forecast

import (
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
)

// What an operator should know before the job begins: settings that do something else than it
// seems, with what to change (R-FCT-7).

// Warning is one of them: a code, and a sentence that says what to change.
type Warning struct{ Code, Text string }

// The codes of warnings.
const (
	AbortStopsGoodRelease     = "ABORT_STOPS_GOOD_RELEASE"
	AbortNeverReached         = "ABORT_NEVER_REACHED"
	TimeoutBelowUsualDuration = "TIMEOUT_BELOW_USUAL_DURATION"
	RampNeverRises            = "RAMP_NEVER_RISES"
	WindowTooShort            = "WINDOW_TOO_SHORT"
	EndsBeforeRollout         = "ENDS_BEFORE_ROLLOUT"
	RateAboveTargets          = "RATE_ABOVE_TARGETS"
	BudgetStarves             = "BUDGET_STARVES"
	NoTargets                 = "NO_TARGETS"
)

// Warnings are all codes, in the order in which they are given.
var Warnings = []string{
	NoTargets, AbortStopsGoodRelease, AbortNeverReached, TimeoutBelowUsualDuration, RampNeverRises,
	WindowTooShort, EndsBeforeRollout, RateAboveTargets, BudgetStarves,
}

// NeverReached is a setting that nothing will reach, and why.
type NeverReached struct{ Setting, Why string }

// warnings are what the forecast warns of.
func (p *plan) warnings(f Forecast) (all []Warning) {
	texts := map[string]func(Forecast) string{
		NoTargets:                 p.noTargets,
		AbortStopsGoodRelease:     p.stopsGoodRelease,
		AbortNeverReached:         p.abortNeverReached,
		TimeoutBelowUsualDuration: p.timeoutTooShort,
		RampNeverRises:            p.rampNeverRises,
		WindowTooShort:            p.windowTooShort,
		EndsBeforeRollout:         p.endsBefore,
		RateAboveTargets:          p.rateAboveTargets,
		BudgetStarves:             p.budgetStarves,
	}
	for _, code := range Warnings {
		if text := texts[code](f); text != "" {
			all = append(all, Warning{code, text})
		}
		if code == NoTargets && len(all) > 0 {
			return all // nothing else means anything
		}
	}
	return all
}

// noTargets is about a job that reaches nothing.
func (p *plan) noTargets(f Forecast) string {
	if f.Targets > 0 || p.in.Job.Counts.Total() > 0 {
		return ""
	}
	return "no thing is a target now: name things or groups that have members"
}

// mayStop is the probability from which on it is worth a warning that a good release is stopped.
const mayStop = 0.05

// stopsGoodRelease is about criteria and guards that stop releases which fail half as often as they
// may: criteria are looked at after every report, and a few failures come together by chance.
func (p *plan) stopsGoodRelease(f Forecast) string {
	if !f.Stop.HasHalf {
		return ""
	}
	half := f.Stop.Half.Abort + f.Stop.Half.Guard
	if half <= mayStop {
		return ""
	}
	what := "abortConfig stops"
	fix := "raise minNumberOfExecutedThings or thresholdPercentage, or use the setting guard"
	if f.Stop.Half.Guard > f.Stop.Half.Abort {
		what, fix = "the guard stops", "lower alpha or raise its rate"
	}
	return fmt.Sprintf("%s %s of the releases that fail half as often as they may: %s",
		what, percent(half), fix)
}

// abortNeverReached is about criteria that cannot be met, whatever fails.
func (p *plan) abortNeverReached(Forecast) string {
	var places []string
	least := int64(0)
	for _, n := range p.deadCriteria() {
		places = append(places, fmt.Sprint(n+1))
		least = max(least, p.in.Job.Abort.Criteria[n].MinExecuted)
	}
	if len(places) == 0 {
		return ""
	}
	return fmt.Sprintf("abort criterion %s is never met, since no more than %d executions can end: "+
		"lower minNumberOfExecutedThings", strings.Join(places, " and "), p.mostEnded())
}

// mostEnded is how many executions of the job can end at the most, each of its retries counted.
func (p *plan) mostEnded() int64 {
	attempts := int64(1)
	for _, c := range p.classes {
		attempts = max(attempts, int64(c.used.Failed+c.used.TimedOut)+1)
	}
	c := p.in.Job.Counts
	return c.Executed() + (p.in.Left+c.Pending())*attempts
}

// deadCriteria are the places of criteria that need more ended executions than there can be.
func (p *plan) deadCriteria() (dead []int) {
	if p.in.Job.Abort == nil || p.in.Job.TargetSelection == job.Continuous {
		return nil
	}
	for i, c := range p.in.Job.Abort.Criteria {
		if c.MinExecuted > p.mostEnded() {
			dead = append(dead, i)
		}
	}
	return dead
}

// cutOff is the share of successes that a timeout cuts off from which on it is worth a warning.
const cutOff = 0.1

// timeoutTooShort is about a timeout that ends executions which would have succeeded.
func (p *plan) timeoutTooShort(Forecast) string {
	ended := p.in.Assume.Ended
	if p.timeout == 0 || !p.in.Known.Ended || 1-ended.within(p.timeout) < cutOff {
		return ""
	}
	return fmt.Sprintf("%s of the devices take longer than the timeout of %s and would end TIMED_OUT: "+
		"raise inProgressTimeoutInMinutes to %d or more", percent(1-ended.within(p.timeout)),
		length(p.timeout), int64(ended.At(0.99)/time.Minute)+1)
}

// rampNeverRises is about a ramp whose thresholds are not reached while things are left.
func (p *plan) rampNeverRises(f Forecast) string {
	c := p.in.Job.Rollout
	if c == nil || c.Exponential == nil || p.rises(f) {
		return ""
	}
	return fmt.Sprintf("the rate stays at %d a minute, since rateIncreaseCriteria are not reached before "+
		"all %d things had their turn: lower them, or raise baseRatePerMinute", p.rates[0], f.Targets)
}

// rises reports whether the ramp rises before the last thing had its turn, or has risen.
func (p *plan) rises(f Forecast) bool {
	e, left := p.in.Job.Rollout.Exponential, p.in.Left > 0
	byNumber := e.NotifiedThings > 0 &&
		e.NotifiedThings < f.Targets-p.in.Job.Progress.NotifiedBase
	return p.in.Job.Progress.Step > 0 || !left || byNumber || f.risen
}

// windowTooShort is about windows that have closed before most devices start: those are notified
// again when the next one opens, and take as long again.
func (p *plan) windowTooShort(f Forecast) string {
	c := p.in.Job.Schedule
	if !c.Windowed() || p.in.Left == 0 || !p.in.Known.Started {
		return ""
	}
	longest := time.Duration(0)
	for _, w := range c.Windows {
		longest = max(longest, time.Duration(w.Minutes)*time.Minute)
	}
	started := p.in.Assume.Started.within(longest)
	if started >= 0.5 {
		return ""
	}
	return fmt.Sprintf("only %s of the devices start within a window of %s: make the windows longer",
		percent(started), length(longest))
}

// endsBefore is about an end time that comes before the last thing had its turn.
func (p *plan) endsBefore(f Forecast) string {
	if p.grid.endAt < 0 || f.Missed == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d things had no turn when the job ends at %s: end it later, or raise the rate",
		f.Missed, f.Targets, p.in.Job.Schedule.EndAt.Format("2006-01-02 15:04"))
}

// rateAboveTargets is about a rate that was chosen and bounds nothing. The last minute of a rollout
// that has begun is no such case, however few are left for it.
func (p *plan) rateAboveTargets(f Forecast) string {
	c := p.in.Job.Rollout
	if c == nil || p.in.Job.Progress.Notified > 0 || int64(p.rates[0]) < p.in.Left || p.in.Left < 2 || len(p.in.Job.Targets) == 0 {
		return ""
	}
	return fmt.Sprintf("all %d things are released in the first minute, at a rate of %d a minute: "+
		"lower the rate, so that a bad release is noticed before all have it", p.in.Left, p.rates[0])
}

// budgetStarves is about a limit of pending executions that holds the rollout up more than its rate
// does, or that things which never answer use up.
func (p *plan) budgetStarves(f Forecast) string {
	if p.room == 0 || !f.starved {
		return ""
	}
	cycle := p.in.Assume.Started.Median + p.in.Assume.Ended.Median
	perMinute := float64(p.room) * float64(time.Minute) / float64(max(cycle, time.Second))
	if perMinute >= float64(p.rates[0])/2 && p.in.Assume.SilentRate == 0 {
		return ""
	}
	if p.in.Assume.SilentRate > 0 {
		return fmt.Sprintf("%s of the things never answer, and each takes one of the %d places of "+
			"drover:max-outstanding for good: raise it, or give the job a timeout", percent(p.in.Assume.SilentRate),
			p.room)
	}
	if !p.in.Known.Started || !p.in.Known.Ended {
		return ""
	}
	return fmt.Sprintf("drover:max-outstanding of %d lets about %.1f things a minute have their turn, not %d: "+
		"raise it, or lower the rate", p.room, perMinute, p.rates[0])
}

// neverReached are the settings that nothing will reach.
func (p *plan) neverReached(f Forecast) (all []NeverReached) {
	add := func(setting, format string, args ...any) {
		all = append(all, NeverReached{setting, fmt.Sprintf(format, args...)})
	}
	if p.rampNeverRises(f) != "" {
		add("exponentialRate.rateIncreaseCriteria", "all %d things had their turn before", f.Targets)
	} else if top := p.rates[len(p.rates)-1]; f.topRate > 0 && f.topRate < top {
		add("maximumPerMinute", "the ramp ends at %d a minute, below %d", f.topRate, top)
	}
	for _, i := range p.deadCriteria() {
		add(fmt.Sprintf("abortConfig.criteriaList[%d].minNumberOfExecutedThings", i),
			"%d is more than the %d executions that can end", p.in.Job.Abort.Criteria[i].MinExecuted, p.mostEnded())
	}
	if p.in.Left > 0 && p.in.Job.Schedule.Windowed() && p.grid.lastOpen >= 0 && f.Missed > 0 {
		add("schedulingConfig.maintenanceWindows", "none opens after %s",
			p.grid.time(p.grid.lastOpen).Format("2006-01-02 15:04"))
	}
	return all
}

// percent is a share as people read it: 0.034 is 3.4 %.
func percent(share float64) string {
	text := fmt.Sprintf("%.1f", share*100)
	return strings.TrimSuffix(text, ".0") + " %"
}

// length is a duration without parts that are zero: 1h0m0s is 1h.
func length(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
