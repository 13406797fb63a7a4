package job

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"
)

// Rollouts for the properties of the guard (R-STR-36) and the tables of docs/guard.md. In a plain
// run they are few; DROVER_GUARD=long, which `make guard` sets, asks for as many as the rule.

// guardRollout is a rollout of things that fail with a probability, beside a guard and beside an
// abort criterion.
type guardRollout struct {
	things    int
	perMinute int
	failing   float64 // the probability that a thing fails
	failAfter time.Duration
	endAfter  time.Duration // when a thing succeeds
	guard     Guard
	abort     AbortCriterion
}

// guardStop is when something stopped a rollout: how many things had started by then. It is 0 for a
// rollout that was not stopped.
type guardStop struct{ started, counted int }

// run goes through one rollout as a server would: things start within their minute, end, count.
func (r guardRollout) run(random *rand.Rand) (guard, abort guardStop) {
	things := r.draw(random)
	ends := make([]int, len(things))
	for i := range ends {
		ends[i] = i
	}
	slices.SortStableFunc(ends, func(a, b int) int {
		return r.end(things[a]).Compare(r.end(things[b]))
	})
	var state GuardState
	var counts Counts
	for starts := 0; len(ends) > 0 && (guard.started == 0 || abort.started == 0); {
		if starts < len(things) && !r.end(things[ends[0]]).Before(things[starts].at) {
			v := guardView{at: things[starts].at}
			state = state.changed(r.guard, guardView{}, v, v.at)
			starts++
		} else {
			v := things[ends[0]]
			before := guardView{at: v.at}
			state = state.changed(r.guard, before, v, r.end(v))
			status := ExecutionSucceeded
			if v.failed {
				status = ExecutionFailed
			}
			counts[status]++
			if _, met := r.abort.isMet(counts); met && abort.started == 0 {
				abort = guardStop{started: starts, counted: int(counts.Executed())}
			}
			ends = ends[1:]
		}
		if state.Fired != nil && guard.started == 0 {
			guard = guardStop{started: starts, counted: int(state.Fired.Counted)}
		}
	}
	if state = state.advance(r.guard, start.Add(1000*time.Hour)); guard.started == 0 &&
		state.Fired != nil {
		guard = guardStop{started: len(things), counted: int(state.Fired.Counted)}
	}
	return guard, abort
}

// draw are the things of a rollout in the order of their starts.
func (r guardRollout) draw(random *rand.Rand) []guardView {
	things := make([]guardView, r.things)
	for i := range things {
		tick := start.Add(time.Duration(i/r.perMinute) * time.Minute)
		things[i] = guardView{
			at:     tick.Add(time.Duration(random.Int64N(int64(time.Minute)))),
			failed: random.Float64() < r.failing,
		}
	}
	slices.SortFunc(things, func(a, b guardView) int { return a.at.Compare(b.at) })
	return things
}

// end is when a thing ends.
func (r guardRollout) end(thing guardView) time.Time {
	if thing.failed {
		return thing.at.Add(r.failAfter)
	}
	return thing.at.Add(r.endAfter)
}

// guardResult is what became of many rollouts.
type guardResult struct {
	runs, stopped  int
	median, slow95 guardStop // of the rollouts that were stopped
}

// resultOf sums up stops.
func resultOf(stops []guardStop) (r guardResult) {
	r.runs = len(stops)
	stops = slices.DeleteFunc(slices.Clone(stops), func(s guardStop) bool { return s.started == 0 })
	if r.stopped = len(stops); r.stopped == 0 {
		return r
	}
	at := func(q float64) (s guardStop) {
		i := min(r.stopped-1, int(q*float64(r.stopped)))
		slices.SortFunc(stops, func(a, b guardStop) int { return a.started - b.started })
		s.started = stops[i].started
		slices.SortFunc(stops, func(a, b guardStop) int { return a.counted - b.counted })
		s.counted = stops[i].counted
		return s
	}
	r.median, r.slow95 = at(0.5), at(0.95)
	return r
}

// runs is many rollouts with numbers from one seed.
func (r guardRollout) runs(n int, seed uint64) (guard, abort guardResult) {
	random := rand.New(rand.NewPCG(seed, 36))
	guards, aborts := make([]guardStop, n), make([]guardStop, n)
	for i := range n {
		guards[i], aborts[i] = r.run(random)
	}
	return resultOf(guards), resultOf(aborts)
}

// guardRunsLong reports whether as many runs are asked for as R-STR-36 says.
func guardRunsLong() bool { return os.Getenv("DROVER_GUARD") == "long" }

// A release that fails as often as it may is stopped with a probability of at most alpha, whether
// failures report a minute after the start and successes twenty, or the other way round; in 100,000
// runs for each of 16 cases, or in 300. The bound has room for chance of one in 30,000: four
// standard deviations (R-STR-36).
func TestGuardFalseStops(t *testing.T) {
	t.Parallel()
	runs := 300
	if guardRunsLong() {
		runs = 100_000
	}
	const early, late = time.Minute, 20 * time.Minute
	for i, text := range []string{"1pct alpha=1pct", "1pct", "5pct alpha=1pct", "5pct",
		"10pct alpha=1pct", "10pct", "30pct alpha=1pct", "30pct"} {
		for j, delays := range [][2]time.Duration{{early, late}, {late, early}} {
			t.Run(fmt.Sprintf("%s failing after %v", text, delays[0]), func(t *testing.T) {
				t.Parallel()
				g := guardOf(t, "FAILED "+text+" settle=30m")
				r := guardRollout{
					things:    400,
					perMinute: 20,
					failing:   g.rate(),
					failAfter: delays[0],
					endAfter:  delays[1],
					guard:     g,
				}
				result, _ := r.runs(runs, uint64(10*i+j))
				n, alpha := float64(runs), 1/g.Threshold()
				bound := n*alpha + 4*math.Sqrt(n*alpha*(1-alpha))
				if float64(result.stopped) > bound {
					t.Errorf("%d of %d runs were stopped, alpha is %v", result.stopped, runs, alpha)
				}
				fmt.Fprintf(t.Output(), "%d of %d stopped, alpha %v\n", result.stopped, runs, alpha)
			})
		}
	}
}

// firedBefore are the exact probabilities with which a guard fires before as many things have
// counted as each index says, when it is looked at after each of them. Those that have not fired
// are distributed over the numbers of failures below the least that fires.
func firedBefore(g Guard, failing float64, most int) []float64 {
	fired, left := make([]float64, most+1), make([]float64, most+2)
	left[0] = 1
	least := 0
	for n := 1; n < most; n++ {
		for least <= n && !g.isProven(int64(n), int64(least)) {
			least++
		}
		fired[n+1] = fired[n]
		for k := min(n, least); k >= 0; k-- {
			p := left[k] * (1 - failing)
			if k > 0 {
				p += left[k-1] * failing
			}
			if left[k] = p; k >= least {
				fired[n+1] += p
				left[k] = 0
			}
		}
	}
	return fired
}

// Bad releases are stopped soon, good ones with less than alpha, computed without chance (R-STR-36).
func TestGuardPower(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		guard   string
		failing float64
		before  int
		least   float64 // the probability to fire is between these
		most    float64
	}{
		{"FAILED 10pct", 0.2, 400, 0.95, 1},
		{"FAILED 10pct", 0.4, 60, 0.95, 1},
		{"FAILED 1pct", 0.02, 4000, 0.95, 1},
		{"FAILED 0.1pct", 0.005, 4000, 0.95, 1},
		{"FAILED 1pct", 0.01, 4000, 0, 0.05},
		{"FAILED 1pct alpha=1pct", 0.01, 4000, 0, 0.01},
		{"FAILED 5pct", 0.05, 4000, 0, 0.05},
		{"FAILED 10pct", 0.1, 4000, 0, 0.05},
		{"FAILED 10pct alpha=1pct", 0.1, 4000, 0, 0.01},
		{"FAILED 30pct", 0.3, 4000, 0, 0.05},
		{"FAILED 10pct alpha=50pct", 0.1, 4000, 0, 0.5},
		{"FAILED 10pct", 0.05, 4000, 0, 0.005},
	} {
		got := firedBefore(guardOf(t, tt.guard), tt.failing, tt.before)[tt.before]
		if got < tt.least || got > tt.most {
			t.Errorf("%s, %v fail: %.4f fire before %d have counted, want %v to %v", tt.guard,
				tt.failing, got, tt.before, tt.least, tt.most)
		}
	}
}

// The tables of docs/guard.md: a guard beside an abort criterion with the same share, in rollouts of
// 2,000 things at 20 a minute. What good releases suffer and how many things bad ones reach.
func TestGuardTable(t *testing.T) {
	t.Parallel()
	runs := 20
	if guardRunsLong() {
		runs = 10_000
	}
	for _, tt := range []struct {
		name      string
		guard     string
		failAfter time.Duration
		endAfter  time.Duration
		failing   []float64
	}{
		{"failures after 1 minute, successes after 20", "FAILED 10pct settle=5m",
			time.Minute, 20 * time.Minute, []float64{.01, .02, .05, .1, .15, .2, .3, .4, .8}},
		{"successes after 1 minute, failures after 20", "FAILED 10pct settle=25m",
			20 * time.Minute, time.Minute, []float64{.01, .02, .05, .1, .15, .2, .3, .4, .8}},
		{"failures after 1 minute, successes after 20", "FAILED 1pct settle=5m",
			time.Minute, 20 * time.Minute, []float64{.001, .005, .01, .02, .03, .05, .1}},
	} {
		g := guardOf(t, tt.guard)
		fmt.Fprintf(t.Output(), "%s, guard %s\n", tt.name, tt.guard)
		for i, failing := range tt.failing {
			r := guardRollout{
				things:    2000,
				perMinute: 20,
				failing:   failing,
				failAfter: tt.failAfter,
				endAfter:  tt.endAfter,
				guard:     g,
				abort:     AbortCriterion{FailureFailed, g.RateHundredths, 20},
			}
			guard, abort := r.runs(runs, uint64(100+i))
			fmt.Fprintf(t.Output(), "| %s %% | %s | %s | %d |\n",
				hundredths(int64(failing*10000+0.5)), abort, guard, guard.median.counted)
			good := failing <= g.rate()
			bad := failing >= 3*g.rate()
			if share := float64(guard.stopped) / float64(runs); good && share > 0.2 ||
				bad && share < 0.8 {
				t.Errorf("%s: of releases that fail %v, %v are stopped", tt.guard, failing, share)
			}
		}
	}
}

// String is two columns of a table: the share of rollouts that were stopped, and how many things had
// started by then: the median, and what 95 of 100 stay below.
func (r guardResult) String() string {
	if r.stopped == 0 {
		return "0 % |"
	}
	return fmt.Sprintf("%.1f %% | %d (%d)", 100*float64(r.stopped)/float64(r.runs),
		r.median.started, r.slow95.started)
}
