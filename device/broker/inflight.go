package broker

// The in-flight window of a session: the messages of QoS 1 that were sent and not acknowledged. Its
// size is limited by the Receive Maximum (outbound.window). What is in flight when the connection
// ends is sent again on the next, with the same packet identifier (R-BRK-25). All methods are
// called with session.mu held.

// newPacketID returns a packet identifier that is not in use.
func (s *session) newPacketID() uint16 {
	for {
		s.lastID++
		if s.lastID != 0 && !s.packetIDInUse(s.lastID) {
			return s.lastID
		}
	}
}

// packetIDInUse looks at the messages in flight and, after a session was resumed, at those that
// wait to be sent again. Those come first in the queue and have a packet identifier already.
func (s *session) packetIDInUse(id uint16) bool {
	for i := range s.inFlight {
		if s.inFlight[i].id == id {
			return true
		}
	}
	for i := range s.queue {
		if s.queue[i].id == 0 {
			break
		}
		if s.queue[i].id == id {
			return true
		}
	}
	return false
}

// acknowledge removes the message with a packet identifier. An identifier that is not in flight is
// ignored.
func (s *session) acknowledge(id uint16) {
	for i := range s.inFlight {
		if s.inFlight[i].id != id {
			continue
		}
		s.unstore(&s.inFlight[i])
		s.notificationAcknowledged(id)
		last := len(s.inFlight) - 1
		copy(s.inFlight[i:], s.inFlight[i+1:])
		s.inFlight[last] = entry{}
		if s.inFlight = s.inFlight[:last]; last == 0 && cap(s.inFlight) > 8 {
			s.inFlight = nil // an idle session does not need the memory of a busy one
		}
		return
	}
}

// prepareResume puts the session into the state in which it waits for its client. What is in flight
// goes back to the front of the queue, to be sent again. Messages of QoS 0 and replies are dropped
// (R-MQTT-32), and so are messages that a later one replaces. What is left is stored, as far as
// there is room.
func (s *session) prepareResume() {
	all := make([]entry, 0, len(s.inFlight)+len(s.queue))
	for _, e := range s.inFlight {
		if e.m != nil {
			e.dup = true
			all = append(all, e)
		}
	}
	s.queue = append(all, s.queue...)
	s.inFlight = nil
	latest := map[string]int{} // topic → index of its newest message
	for i := range s.queue {
		if topic := s.queue[i].latest(); topic != "" {
			latest[topic] = i
		}
	}
	i := -1
	s.filterQueue(func(e *entry) bool {
		i++
		topic := e.latest()
		return e.qos > 0 && (topic == "" || latest[topic] == i)
	})
	s.filterQueue(func(e *entry) bool {
		stays := e.stored != notStored || s.b.mayStore(e.m)
		if stays {
			s.store(e)
		}
		return stays
	})
}
