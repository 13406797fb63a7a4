package job

import (
	"slices"
	"time"
)

// GuardState is what a guard has counted, and the things that it has yet to count. A thing starts,
// waits in the bucket of its start until the whole bucket is as old as the settle time, and then
// counts as failed or not, as it is at that time. Buckets count in the order of their times. Within
// one it does not matter in which order: the evidence is looked at when all of it has counted,
// which is what comes of its failures counting last (R-STR-31).
//
// It is part of the state of the job, which is copied by value. So no method changes a state, also
// not behind its slices: each returns another.
type GuardState struct {
	// Since is when the guard was changed last, or the clock was set back: things that started then
	// or before do not count. Zero when all do.
	Since time.Time `json:"since,omitzero"`
	// Counted is how many things have counted, Failed how many of them as failed. The evidence
	// follows from these two (evidence.go).
	Counted int64 `json:"counted"`
	Failed  int64 `json:"failed"`
	// First is the number of the oldest bucket with a thing in it. Started has the number of things
	// in that bucket and in those that follow it without a gap, 31 at most. Failing has how many of
	// them would count as failed now.
	First   int64   `json:"first,omitzero"`
	Started []int64 `json:"started,omitempty"`
	Failing []int64 `json:"failing,omitempty"`
	// Fired is set when the evidence was enough for the first time.
	Fired *GuardFiring `json:"fired,omitzero"`
}

// GuardFiring is when a guard fired, and what it had counted then. It does not change any more.
type GuardFiring struct {
	At      time.Time `json:"at"`
	Counted int64     `json:"counted"`
	Failed  int64     `json:"failed"`
}

// newGuardState is the state of a guard that is given to a running job, or changed: it starts anew
// with the things that start after that (R-STR-33). The guard that a job is created with has the
// zero state.
func newGuardState(now time.Time) GuardState { return GuardState{Since: now} }

// guardView is how a guard sees an execution: when its thing started, and whether it would count as
// failed now. Zero for one that does not count.
type guardView struct {
	at     time.Time
	failed bool
}

// view is how the guard sees an execution. Only the first one of a thing counts, from when it
// started, or from when it ended if it never did. What was canceled or removed does not count
// (R-STR-30). silent says that it has reported success and was not heard of again.
func (g Guard) view(x Execution) guardView {
	at := x.StartedAt
	if at.IsZero() && x.Status.Terminal() {
		at = x.UpdatedAt
	}
	if x.Number != 1 || x.Status == ExecutionCanceled || x.Status == ExecutionRemoved {
		return guardView{}
	}
	return guardView{at: at, failed: g.fails(x)}
}

// advance counts the buckets whose time has come. A clock that was set back makes it count nothing.
func (s GuardState) advance(g Guard, now time.Time) GuardState {
	for len(s.Started) > 0 && !now.Before(g.bucketCounts(s.First)) {
		s.Counted += s.Started[0]
		s.Failed += s.Failing[0]
		if s.Fired == nil && g.isProven(s.Counted, s.Failed) {
			s.Fired = &GuardFiring{At: now, Counted: s.Counted, Failed: s.Failed}
		}
		s = s.withoutFirst()
	}
	return s
}

// due is when the oldest bucket counts, zero when there is none.
func (s GuardState) due(g Guard) time.Time {
	if len(s.Started) == 0 {
		return time.Time{}
	}
	return g.bucketCounts(s.First)
}

// changed is the state after an execution has changed from how the guard saw it before to how it
// sees it now: it started, it ended, it was canceled, deleted, or went silent. What the time has
// brought before that is counted first, so that a failure that comes when its thing has counted
// already changes nothing.
func (s GuardState) changed(g Guard, before, after guardView, now time.Time) GuardState {
	s = s.advance(g, now)
	switch was, is := s.includes(before), s.includes(after); {
	case !was && is:
		return s.with(g.bucketOf(after.at), after.failed)
	case was && !is:
		return s.adjust(g.bucketOf(before.at), -1, -oneIf(before.failed))
	case was && is:
		return s.adjust(g.bucketOf(before.at), 0, oneIf(after.failed)-oneIf(before.failed))
	}
	return s
}

// clockWentBack is the state after the clock was set back. What waits to be counted has a time that
// the clock had by mistake, and executions are about to be given others: none of them counts, so
// that none counts twice.
func (s GuardState) clockWentBack(now time.Time) GuardState {
	s.Since, s.First, s.Started, s.Failing = now, 0, nil, nil
	return s
}

// includes reports whether a thing that the guard sees so is one of those that count, or have
// counted.
func (s GuardState) includes(v guardView) bool {
	return !v.at.IsZero() && (s.Since.IsZero() || v.at.After(s.Since))
}

// with adds a thing that starts now. One that starts before the oldest bucket, while the clock is
// being set back, is put into that.
func (s GuardState) with(bucket int64, failed bool) GuardState {
	if len(s.Started) == 0 {
		s.First = bucket
	}
	at := max(0, bucket-s.First)
	grown := make([]int64, max(int64(len(s.Started)), at+1))
	failing := slices.Clone(grown)
	copy(grown, s.Started)
	copy(failing, s.Failing)
	s.Started, s.Failing = grown, failing
	s.Started[at]++
	s.Failing[at] += oneIf(failed)
	return s
}

// adjust adds to the numbers of the bucket. One that has counted, or is unknown since the clock was
// set back, is left alone; numbers stay between none and all of the bucket.
func (s GuardState) adjust(bucket, started, failing int64) GuardState {
	at := bucket - s.First
	if at < 0 || at >= int64(len(s.Started)) {
		return s
	}
	s.Started, s.Failing = slices.Clone(s.Started), slices.Clone(s.Failing)
	s.Started[at] = max(0, s.Started[at]+started)
	s.Failing[at] = min(max(0, s.Failing[at]+failing), s.Started[at])
	if s.Started[0] == 0 {
		return s.withoutFirst()
	}
	return s
}

// withoutFirst removes the first bucket, and those after it that are empty.
func (s GuardState) withoutFirst() GuardState {
	n := 1
	for n < len(s.Started) && s.Started[n] == 0 {
		n++
	}
	s.First += int64(n)
	s.Started, s.Failing = s.Started[n:], s.Failing[n:]
	if len(s.Started) == 0 {
		s.First, s.Started, s.Failing = 0, nil, nil
	}
	return s
}

// oneIf is 1 for true.
func oneIf(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
