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
	for tick := range ticks {
		at := s.grid.at[s.step] + tick*minute
		s.judgeGates(at)
		if s.left == 0 || !s.creates() {
			return
		}
		s.tick()
		s.create(at)
	}
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
// not used up (R-STR-15). In a step that is longer than a place is taken, each of them becomes free
// several times.
func (s *simulation) fillRoom(all *ends) {
	if s.room == 0 || s.left == 0 || s.ramp.quota == 0 || !s.creates() {
		return
	}
	length := s.grid.at[s.step+1] - s.grid.at[s.step]
	if turns := float64(length) / float64(max(s.cycle.Milliseconds(), 1)); turns > 1 {
		s.turnOver(turns - 1)
	}
	for range perCycle {
		st := &s.streams[s.wave.current()]
		if s.create(s.grid.at[s.step+1] - 1); st.fresh == 0 {
			return
		}
		st.again, st.fresh = st.fresh, 0
		now, late := s.startQueued(st)
		st.silent += late
		s.idle += late
		s.start(st, now, &s.tables.later)
		all.add(s.endSome(st, false))
	}
}

// turnOver lets the places be taken and become free so many times in a long step, as far as the
// rate allows: what has its turn so ends in the same step.
func (s *simulation) turnOver(turns float64) {
	free := max(0, s.room-s.idle)
	most := int64(s.grid.ticks[s.step]) * int64(s.rates[min(s.ramp.step, len(s.rates)-1)])
	n := min(int64(turns*float64(free)), max(0, most-free), s.waveLeft(), s.left)
	if n <= 0 || len(s.wave.of) > 0 {
		return
	}
	s.left -= n
	s.notified += n
	e := ends{failed: s.share(n, s.in.Assume.FailureRate)}
	e.rejected = s.share(n-e.failed, s.in.Assume.RejectionRate)
	e.succeeded = n - e.failed - e.rejected
	e.addTo(&s.counts, 1)
	silent := s.of(n, s.silentOdds)
	s.counts[job.ExecutionSucceeded] -= min(silent, s.counts[job.ExecutionSucceeded])
	s.counts[job.ExecutionQueued] += silent
	s.idle += silent
	s.streams[0].silent += silent
	s.lastEnd = s.grid.at[s.step+1]
	s.noteReleased(s.lastEnd)
}
