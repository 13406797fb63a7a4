package forecast

import "github.com/drover-iot/drover/job"

// What the rollout creates in a step: at each tick as many executions as the ramp allows, as far as
// the present wave has things left and drover:max-outstanding leaves room.

// release does the ticks of this step.
func (s *simulation) release() {
	if s.left == 0 || !s.creates() {
		return
	}
	if s.step == 0 && s.ramp.quota > 0 { // what is left of the present tick
		s.create(0)
	}
	ticks := int64(s.grid.ticks[s.step])
	if ticks > 1 && s.releaseSteadily(ticks) {
		return
	}
	before := int64(0)
	for tick := range ticks {
		at := s.grid.at[s.step] + tick*minute
		s.judgeGates(at)
		if s.left == 0 || !s.creates() {
			return
		}
		s.tick()
		if s.turns() > 1 { // fillRoom uses what all ticks allow together
			s.ramp.quota += before
			before = s.ramp.quota
			continue
		}
		s.create(at)
	}
}

// turns is how often a place of drover:max-outstanding is taken in this step, 0 without the setting.
// As long as that is less than once, what has its turn follows from what has ended just before; in
// a longer step it is computed.
func (s *simulation) turns() float64 {
	if s.room == 0 {
		return 0
	}
	length := s.grid.at[s.step+1] - s.grid.at[s.step]
	return float64(length) / float64(max(s.cycle.Milliseconds(), 1))
}

// releaseSteadily does all ticks of a long step at once, if each is like the one before: the ramp
// has come to its end, no limit is in the way, and no wave ends meanwhile.
func (s *simulation) releaseSteadily(ticks int64) bool {
	rate := int64(s.rates[len(s.rates)-1])
	if s.room > 0 || s.ramp.step < len(s.rates)-1 {
		return false
	}
	n := ticks * rate
	if len(s.wave.of) > 0 {
		at := s.grid.at[s.step+1]
		if s.wave.atGate {
			return s.wave.of[s.wave.current()].Soak > 0 && s.gateDue() > at
		}
		if s.waveLeft() <= n {
			return false
		}
		s.wave.lastRelease = at - minute
	}
	n = min(n, s.left)
	s.ramp.ticked, s.ramp.quota = true, 0
	s.out.topRate = int(rate)
	s.queue(n)
	s.noteReleased(s.grid.at[s.step] + (n-1)/rate*minute)
	return true
}

// tick opens a tick: the ramp may go up a step, and there is a new quota.
func (s *simulation) tick() {
	r := &s.ramp
	succeeded := s.counts[job.ExecutionSucceeded] - r.succeededBase
	if r.ticked && s.in.Job.Rollout.Raises(r.step, s.notified-r.notifiedBase, succeeded) {
		r.step++
	}
	rate := s.rates[min(r.step, len(s.rates)-1)]
	r.ticked, r.quota = true, int64(rate)
	s.out.topRate = max(s.out.topRate, rate)
}

// create creates what the quota, the wave and the room allow. A wave that ends without a gate lets
// the next one use what is left of the quota.
func (s *simulation) create(at int64) {
	for s.ramp.quota > 0 && s.left > 0 && s.creates() && !s.wave.atGate {
		n := min(s.ramp.quota, s.waveLeft())
		if s.room > 0 {
			room := max(0, s.room-s.counts.Pending())
			if n > room {
				n, s.out.starved = room, true
			}
		}
		if n > 0 {
			s.ramp.quota -= n
			s.queue(n)
			s.noteReleased(at)
			s.wave.lastRelease = at
		}
		if s.waveLeft() > 0 || !s.endWave(at) {
			return
		}
	}
}

// queue creates executions.
func (s *simulation) queue(n int64) {
	if n <= 0 {
		return
	}
	s.left -= n
	s.notified += n
	s.counts[job.ExecutionQueued] += n
	st := &s.streams[s.wave.current()]
	s.wave.took(n)
	silent := s.of(n, s.silentOdds)
	if s.in.Held > 0 { // some of them are held: they do not start either
		silent += s.share(n-silent, float64(s.in.Held)/float64(max(s.in.Left, 1)))
	}
	st.silent += silent
	s.idle += silent
	st.fresh += n - silent
}

// crowded reports whether nothing is created any more, because what never ends takes all places.
func (s *simulation) crowded() bool { return s.room > 0 && s.idle >= s.room }

// noteReleased notes that the last thing had its turn.
func (s *simulation) noteReleased(at int64) {
	if s.left == 0 {
		s.out.released = at
	}
}

// fillRoom takes the places that have become free in this step, as far as the quota of the tick is
// not used up (R-STR-15). What has its turn so may end in the same step, and leave its place to
// another one.
func (s *simulation) fillRoom(all *ends) {
	if s.room == 0 || s.left == 0 || s.ramp.quota == 0 || !s.creates() {
		return
	}
	end := s.grid.at[s.step+1] - 1
	if turns := s.turns(); turns > 1 {
		before := s.notified
		s.create(end)
		s.takeOver()
		s.turnOver(turns, s.notified-before, all)
		s.ramp.quota = 0
		return
	}
	for range perCycle {
		if s.create(end); !s.startFresh(all) {
			return
		}
	}
}

// takeOver has what was created at the end of a long step as it is then: it has replaced what ended
// all through the step, so that a part of it is IN_PROGRESS. All of it ends in the next one.
func (s *simulation) takeOver() {
	st := &s.streams[s.wave.current()]
	n, next := st.fresh, block{number: int32(min(s.step+1, s.grid.steps()-1))}
	started := s.share(n, float64(s.in.Assume.Ended.mean())/float64(max(s.cycle, 1)))
	st.fresh = 0
	st.waits.add(next, n-started, s.grid.steps())
	s.counts[job.ExecutionQueued] -= started
	s.counts[job.ExecutionInProgress] += started
	hang := s.of(started, s.timeoutOdds)
	bad := s.of(started-hang, s.badOdds)
	st.good.add(next, started-hang-bad, s.grid.steps())
	st.bad.add(next, bad, s.grid.steps())
	s.timeOut(st, hang, s.tables.timesOut)
}

// startFresh starts what was created in the middle of this step, and ends what ends so soon. It
// reports whether there was anything.
func (s *simulation) startFresh(all *ends) bool {
	st := &s.streams[s.wave.current()]
	if st.fresh == 0 {
		return false
	}
	st.again, st.fresh = st.fresh, 0
	now, late := s.startQueued(st)
	st.silent += late
	s.idle += late
	s.start(st, now, &s.tables.later)
	all.add(s.endSome(st, false))
	return true
}

// turnOver lets the places be taken so many times in a long step, as far as the rate and the wave
// allow. Those that have had their turn so in the middle of the step have ended by its end, but for
// those that never answer; done is how many have had theirs in the usual way.
func (s *simulation) turnOver(turns float64, done int64, all *ends) {
	free := max(0, s.room-s.idle)
	n := min(int64(turns*float64(free))-done, s.ramp.quota, s.waveLeft(), s.left)
	if n <= 0 || s.wave.atGate {
		return
	}
	s.left -= n
	s.notified += n
	s.wave.took(n)
	silent := s.of(n, s.silentOdds)
	s.counts[job.ExecutionQueued] += silent
	s.idle += silent
	s.streams[s.wave.current()].silent += silent
	e := ends{failed: s.share(n-silent, s.in.Assume.FailureRate)}
	e.rejected = s.share(n-silent-e.failed, s.in.Assume.RejectionRate)
	e.succeeded = n - silent - e.failed - e.rejected
	e.addTo(&s.counts, 1)
	s.wave.ended(s.wave.current(), n-silent, e.succeeded)
	all.add(e)
	s.lastEnd = s.grid.at[s.step+1]
	s.noteReleased(s.lastEnd)
}
