package forecast

import "github.com/drover-iot/drover/job"

// What devices do in a step: those that have an execution start it after a while, and end it after
// another.

// ends is how many executions have ended in a step, by their status.
type ends struct{ succeeded, failed, rejected, timedOut int64 }

// add adds others.
func (e *ends) add(o ends) {
	e.succeeded, e.failed = e.succeeded+o.succeeded, e.failed+o.failed
	e.rejected, e.timedOut = e.rejected+o.rejected, e.timedOut+o.timedOut
}

// total is how many they are together.
func (e ends) total() int64 { return e.succeeded + e.failed + e.rejected + e.timedOut }

// work lets the devices of all streams do what they do in this step. Retries are in streams that
// come later, so that they are seen in the same step.
func (s *simulation) work() (all ends) {
	started := int64(0)
	for i := range s.streams {
		st := &s.streams[i]
		if !st.busy() {
			continue
		}
		st.again += st.waits.take(s.step, s.dice)
		if started += s.startSome(st); s.canceled {
			st.again = 0
		}
		all.add(s.endSome(st, true))
	}
	s.fillRoom(&all)
	s.notePeak(started)
	if n := float64(all.total()); n > 0 { // the last of n ends, on average
		from, to := s.grid.at[s.step], s.grid.at[s.step+1]
		s.lastEnd = from + int64(float64(to-from)*n/(n+1))
	}
	return all
}

// busy reports whether anything happens in the stream, now or later.
func (st *stream) busy() bool {
	return st.starts.total+st.good.total+st.bad.total+st.timesOut.total+st.waits.total+
		st.fresh+st.again+st.hidden > 0
}

// notePeak notes how many executions have started in this step, by the minute.
func (s *simulation) notePeak(started int64) {
	minutes := float64(s.grid.at[s.step+1]-s.grid.at[s.step]) / float64(minute)
	s.out.peak = max(s.out.peak, float64(started)/max(minutes, 1))
}

// startSome starts what is to start in this step. What is hidden does not start; its device is
// notified when it is seen again, and takes its time anew.
func (s *simulation) startSome(st *stream) (started int64) {
	steps := s.grid.steps()
	due := st.starts.take(s.step, s.dice)
	if s.hides(s.step) {
		st.hidden += due + st.again + st.fresh
		st.again, st.fresh = 0, 0
		return 0
	}
	now, late := s.startQueued(st)
	early, later := st.starts.spread(st.fresh, &s.tables.released, steps, s.dice)
	shown, latest := st.starts.spread(st.hidden, &s.tables.shown, steps, s.dice)
	early += shown
	late += later + latest
	st.fresh, st.hidden = 0, 0
	st.silent += late
	s.idle += late
	s.start(st, early, &s.tables.early)
	s.start(st, due+now, &s.tables.later)
	return early + due + now
}

// startQueued draws when those start that are queued in the middle of this step: how many of them
// still in it, and how many so late that it does not matter.
func (s *simulation) startQueued(st *stream) (now, late int64) {
	now, late = st.starts.spread(st.again, &s.tables.queued, s.grid.steps(), s.dice)
	st.again = 0
	return now, late
}

// start lets so many executions become IN_PROGRESS, and draws when and how they end.
func (s *simulation) start(st *stream, n int64, t *endTables) {
	if n == 0 {
		return
	}
	steps := s.grid.steps()
	s.counts[job.ExecutionQueued] -= n
	s.counts[job.ExecutionInProgress] += n
	hang := s.of(n, s.timeoutOdds)
	bad := s.of(n-hang, s.badOdds)
	good, late := st.good.spread(n-hang-bad, &t.good, steps, s.dice)
	worse, later := st.bad.spread(bad, &t.bad, steps, s.dice)
	st.goodNow += good
	st.badNow += worse
	s.timeOut(st, hang+late+later, s.tables.timesOut)
	if st.class.used == (job.RetriesUsed{}) {
		s.guardSees(n, bad, hang)
	}
}

// timeOut lets executions that do not end by themselves time out in a step, or stay IN_PROGRESS for
// good.
func (s *simulation) timeOut(st *stream, n int64, step int) {
	if s.timeout == 0 || step >= s.grid.steps() {
		s.idle += n
		return
	}
	st.timesOut.add(block{number: int32(step)}, n, s.grid.steps())
}

// endSome ends what ends in this step, and queues what is tried again. earlier says that what has
// started in earlier steps is among it.
func (s *simulation) endSome(st *stream, earlier bool) (e ends) {
	bad := st.badNow
	e.succeeded = st.goodNow
	st.goodNow, st.badNow = 0, 0
	if earlier {
		bad += st.bad.take(s.step, s.dice)
		e.succeeded += st.good.take(s.step, s.dice)
		e.timedOut = st.timesOut.take(s.step, s.dice)
	}
	e.failed = s.of(bad, s.failedOdds)
	e.rejected = bad - e.failed
	n := e.total()
	if n == 0 {
		return e
	}
	s.counts[job.ExecutionInProgress] -= n
	e.addTo(&s.counts, 1)
	s.wave.ended(st.wave, n, e.succeeded)
	if !s.canceled && !s.rolloutEnded {
		s.tryAgain(st, st.class.onFailed, e.failed)
		s.tryAgain(st, st.class.onTimely, e.timedOut)
	}
	return e
}

// tryAgain queues further attempts, which are of another class.
func (s *simulation) tryAgain(st *stream, class int, n int64) {
	if class < 0 || n == 0 {
		return
	}
	to := &s.streams[class*s.waves+st.wave]
	s.counts[job.ExecutionQueued] += n
	s.wave.created(st.wave, n)
	if to.class.longest == 0 {
		to.again += n
		return
	}
	// Those that wait are spread over the time of their waits in four parts.
	const parts = 4
	middle := (s.grid.at[s.step] + s.grid.at[s.step+1]) / 2
	for part := range int64(parts) {
		of := n / (parts - part)
		n -= of
		wait := to.class.shortest + (2*part+1)*(to.class.longest-to.class.shortest)/(2*parts)
		step := max(s.grid.step(middle+wait), s.step)
		if step == s.step || step >= s.grid.steps() {
			to.again += of
			continue
		}
		to.waits.add(block{number: int32(step)}, of, s.grid.steps())
	}
}
