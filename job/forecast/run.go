package forecast

import (
	"github.com/drover-iot/drover/job"
)

// One simulation. It goes from step to step: the ticks of a step create executions, some of those
// that wait start, some of those that are IN_PROGRESS end, what has failed is tried again, and then
// abort criteria, guard and gates are asked whether the job goes on.

// Reasons for which a simulation has not finished the job.
const (
	NeverAborted  = "ABORTED"   // an abort criterion canceled or paused it
	NeverGuarded  = "GUARD"     // the guard did
	NeverPaused   = "PAUSED"    // it is paused now
	NeverGate     = "GATE"      // the gate behind a wave did not open, or waits for approval
	NeverAnswered = "NO_ANSWER" // some things never answer
	NeverOpens    = "NO_WINDOW" // its windows do not open any more
	NeverInTime   = "END_TIME"  // its end time comes before
	NeverSoon     = "TOO_LATE"  // it takes longer than a forecast looks ahead
)

// result is what one simulation has come to. Times are in milliseconds from the beginning, -1 for
// what has not happened.
type result struct {
	// rows has released, in progress and ended at each boundary of steps, up to last.
	rows []int32
	last int

	released int64 // when the last thing had its turn
	finished int64 // when everything had ended
	never    string
	stoppedBy
	waves []waveResult
	// peak is the largest number of executions that started in a minute, on average over a step.
	peak    float64
	missed  int64 // things that never had their turn
	topRate int   // the largest rate of a tick
	starved bool  // the rate was not used because too many executions were pending
}

// stoppedBy is what stopped the rollout, empty for nothing, and when.
type stoppedBy struct {
	by string
	at int64
}

// waveResult is when a wave began and when its gate was judged, and how many things it took.
type waveResult struct {
	began, judged int64
	took          int64
}

// simulation is the state of one simulation. It is used again for the next one.
type simulation struct {
	*plan
	dice
	out     *result
	step    int
	tables  *stepTables
	counts  job.Counts
	streams []stream

	left     int64 // things that have not had their turn
	notified int64
	ramp     rampState
	wave     waveState
	guard    guardCount

	canceled, paused, rolloutEnded bool
	observed                       uint32 // criteria that were met and do not count again
	idle                           int64  // pending executions that nothing will change any more
	lastEnd                        int64
}

// stream is the executions of one class and one wave.
type stream struct {
	class           class
	wave            int
	starts          wheel
	good, bad       wheel
	timesOut, waits wheel
	fresh           int64 // created by ticks of this step
	again           int64 // queued in the middle of this step
	hidden          int64 // they were to start while their devices did not see them
	goodNow, badNow int64 // end in this step, in which they have started
	silent          int64 // of those QUEUED, they never answer
}

// rampState is how far the ramp is: job.Progress on counts.
type rampState struct {
	step                        int
	ticked                      bool
	quota                       int64
	notifiedBase, succeededBase int64
}

// newSimulation returns a simulation that begin makes ready.
func newSimulation(p *plan) *simulation {
	s := &simulation{plan: p, streams: make([]stream, len(p.classes)*p.waves)}
	for i := range s.streams {
		s.streams[i].class, s.streams[i].wave = p.classes[i/p.waves], i%p.waves
	}
	return s
}

// run makes one simulation.
func (s *simulation) run(d dice, out *result) {
	s.begin(d, out)
	s.record(0)
	for i := range s.grid.steps() {
		s.step, s.tables = i, s.plan.tables.of(i)
		s.reachEndTime()
		s.release()
		ended := s.work()
		s.judge(ended)
		s.countGuard()
		s.judgeGates(s.grid.at[i+1])
		s.record(i + 1)
		if s.over() {
			break
		}
	}
	s.conclude()
}

// begin is the state from which every simulation of the plan goes on.
func (s *simulation) begin(d dice, out *result) {
	j := s.in.Job
	s.dice, s.out, s.step = d, out, 0
	out.released, out.finished, out.at = -1, -1, -1
	s.counts, s.left, s.notified = j.Counts, s.in.Left, j.Progress.Notified
	s.ramp = rampState{
		step:          j.Progress.Step,
		ticked:        j.Progress.Ticked,
		quota:         int64(j.Progress.Quota),
		notifiedBase:  j.Progress.NotifiedBase,
		succeededBase: j.Progress.SucceededBase,
	}
	if s.canceled = !j.Status.Active(); s.canceled { // by the update that is asked about
		out.by, out.at = canceledBy(j), 0
	}
	s.paused, s.rolloutEnded = j.Paused != "" && j.Status.Active(), j.RolloutEnded
	s.observed, s.idle, s.lastEnd = 0, 0, 0
	for i := range s.streams {
		s.streams[i].clear()
	}
	s.beginWaves()
	s.beginGuard()
	for i := range s.pending {
		s.beginPending(&s.pending[i])
	}
	if s.left == 0 {
		out.released = 0
	}
}

// canceledBy is what has canceled a job that a forecast begins with, empty for an operator.
func canceledBy(j job.Job) string {
	switch j.ReasonCode {
	case job.ReasonAbort:
		return NeverAborted
	case job.ReasonGuard:
		return NeverGuarded
	case job.ReasonScheduleEnd, job.ReasonScheduleForce:
		return NeverInTime
	}
	return ""
}

// clear forgets what the simulation before has left.
func (st *stream) clear() {
	for _, w := range []*wheel{&st.starts, &st.good, &st.bad, &st.timesOut, &st.waits} {
		w.clear()
	}
	st.fresh, st.again, st.hidden, st.goodNow, st.badNow, st.silent = 0, 0, 0, 0, 0, 0
}

// beginPending lets executions that have not ended go on.
func (s *simulation) beginPending(p *pendingPlan) {
	st, n := &s.streams[p.stream], p.Count
	switch {
	case p.Hidden:
		s.idle, st.silent = s.idle+n, st.silent+n
	case !p.Started && s.hides(0):
		silent := s.of(n, p.silent)
		s.idle, st.silent, st.hidden = s.idle+silent, st.silent+silent, st.hidden+n-silent
	case !p.Started:
		silent := s.of(n, p.silent)
		now, later := st.starts.spread(n-silent, &p.table, s.grid.steps(), s.dice)
		st.starts.add(block{}, now, s.grid.steps())
		s.idle, st.silent = s.idle+silent+later, st.silent+silent+later
	default:
		hang := s.of(n, p.silent)
		bad := s.of(n-hang, p.bad)
		now, late := st.good.spread(n-hang-bad, &p.ends.good, s.grid.steps(), s.dice)
		st.good.add(block{}, now, s.grid.steps())
		nowBad, lateBad := st.bad.spread(bad, &p.ends.bad, s.grid.steps(), s.dice)
		st.bad.add(block{}, nowBad, s.grid.steps())
		s.timeOut(st, hang+late+lateBad, p.due)
	}
}

// hides reports whether devices do not see what is QUEUED in a step.
func (s *simulation) hides(step int) bool {
	if s.rolloutEnded || s.canceled {
		return false
	}
	return s.paused || !s.grid.open[step]
}

// creates reports whether executions may be created in this step.
func (s *simulation) creates() bool {
	return !s.canceled && !s.paused && !s.rolloutEnded && s.grid.open[s.step]
}

// reachEndTime ends the rollout when the end time has come, or no window opens any more.
func (s *simulation) reachEndTime() {
	at, g := s.grid.at[s.step], s.grid
	if s.canceled || s.rolloutEnded || at != g.endAt && at != g.lastOpen {
		return
	}
	s.rolloutEnded = true
	if at != g.endAt {
		return
	}
	switch s.in.Job.Schedule.EndBehavior {
	case job.CancelAtEnd:
		s.cancel()
	case job.ForceCancel:
		s.cancel()
		s.counts[job.ExecutionCanceled] += s.counts[job.ExecutionInProgress]
		s.counts[job.ExecutionInProgress], s.idle = 0, 0
		for i := range s.streams {
			s.streams[i].clear()
		}
	}
}

// cancel ends the job: what is QUEUED is canceled.
func (s *simulation) cancel() {
	s.canceled = true
	s.counts[job.ExecutionCanceled] += s.counts[job.ExecutionQueued]
	s.counts[job.ExecutionQueued] = 0
	for i := range s.streams {
		st := &s.streams[i]
		s.idle -= st.silent
		st.starts.clear()
		st.waits.clear()
		st.fresh, st.again, st.hidden, st.silent = 0, 0, 0, 0
	}
}

// record notes the counts at a boundary of steps.
func (s *simulation) record(boundary int) {
	if s.out.rows == nil {
		return
	}
	row := s.out.rows[3*boundary:]
	row[0], row[1] = int32(s.notified), int32(s.counts[job.ExecutionInProgress])
	row[2] = int32(max(0, s.notified-s.counts.Pending()))
	s.out.last = boundary
}

// over reports whether nothing happens any more.
func (s *simulation) over() bool {
	if s.decided > 0 && (s.out.by != "" || s.counts.Executed() >= s.decided && s.guardIsDone()) {
		return true
	}
	pending := s.counts.Pending()
	if pending > s.idle && !s.hiddenForGood() {
		return false
	}
	if s.grid.endAt > s.grid.at[s.step] && !s.canceled && pending > 0 {
		return false // the end time may cancel them
	}
	return s.left == 0 || s.canceled || s.paused || s.rolloutEnded || s.waitsAtGate() || s.crowded()
}

// hiddenForGood reports whether devices never see again what is QUEUED, and nothing is IN_PROGRESS
// that will end.
func (s *simulation) hiddenForGood() bool {
	if !s.paused || s.canceled || s.rolloutEnded || s.grid.endAt > s.grid.at[s.step] {
		return false
	}
	for i := range s.streams {
		st := &s.streams[i]
		if st.good.total+st.bad.total+st.timesOut.total > 0 {
			return false
		}
	}
	return true
}

// conclude says how the job has come out.
func (s *simulation) conclude() {
	s.out.missed = s.left
	s.noteWaves()
	switch pending := s.counts.Pending(); {
	case s.out.by != "":
		s.out.never = s.out.by
	case s.in.Job.Paused != "":
		s.out.never = NeverPaused
	case s.left > 0 && s.rolloutEnded && s.grid.endAt >= 0 && s.grid.at[s.step] >= s.grid.endAt:
		s.out.never = NeverInTime
	case s.left > 0 && s.rolloutEnded:
		s.out.never = NeverOpens
	case s.left > 0 && s.waitsAtGate():
		s.out.never = NeverGate
	case s.left > 0 && s.crowded(), pending > 0 && pending <= s.idle:
		s.out.never = NeverAnswered
	case s.left > 0 || pending > 0:
		s.out.never = NeverSoon
	default:
		s.out.finished = max(s.lastEnd, s.out.released)
	}
}
