package memory

import (
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

func (s *state) putWaitingRetry(w store.WaitingRetry) error {
	s.waitingRetries = s.waitingRetries.put(attempt{Job: w.Job, Thing: w.Thing}, struct{}{})
	return nil
}

func (s *state) removeWaitingRetry(w store.WaitingRetry) error {
	s.waitingRetries = s.waitingRetries.remove(attempt{Job: w.Job, Thing: w.Thing})
	return nil
}

// hold stores a hold and its index entry.
func (s *state) hold(h job.Hold) error {
	if !s.things.has(id(h.Thing)) {
		return conflict("thing", h.Thing)
	}
	h.Since, h.Until = ms(h.Since), ms(h.Until)
	s.unhold(h.Thing)
	s.holds = s.holds.put(id(h.Thing), h)
	if !h.Until.IsZero() {
		s.dueHolds = s.dueHolds.put(holdDue(h), struct{}{})
	}
	return nil
}

func (s *state) release(thing registry.ThingID) error {
	s.unhold(thing)
	return nil
}

// unhold takes the hold of a thing and its index entry out, if there is one.
func (s *state) unhold(thing registry.ThingID) {
	if stored, held := s.holds.get(id(thing)); held {
		s.holds = s.holds.remove(id(thing))
		s.dueHolds = s.dueHolds.remove(holdDue(stored))
	}
}

func holdDue(h job.Hold) due { return due{at: h.Until, key: attempt{Thing: h.Thing}} }

// putConfirmation stores a confirmation and its index entry.
func (s *state) putConfirmation(c job.Confirmation) error {
	c.ReportedAt, c.Until = ms(c.ReportedAt), ms(c.Until)
	key := confirmed{Thing: c.Thing, Job: c.Job}
	s.takeConfirmation(key)
	s.confirmations = s.confirmations.put(key, c)
	s.silentAt = s.silentAt.put(silentDue(c), struct{}{})
	return nil
}

func (s *state) removeConfirmation(at store.ConfirmationCursor) error {
	s.takeConfirmation(confirmed(at))
	return nil
}

// takeConfirmation takes a confirmation and its index entry out, if there is one.
func (s *state) takeConfirmation(key confirmed) {
	if stored, there := s.confirmations.get(key); there {
		s.confirmations = s.confirmations.remove(key)
		s.silentAt = s.silentAt.remove(silentDue(stored))
	}
}

func silentDue(c job.Confirmation) due {
	return due{at: c.Until, key: attempt{Job: c.Job, Thing: c.Thing}}
}
