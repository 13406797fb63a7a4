package broker

// subscribers are the sessions that subscribe with one filter: in a slice while they are few, in a
// map beyond. A filter of a device has one, a filter that all devices share has a fleet.
type subscribers struct {
	few  []recipient
	many map[*session]granted // nil while few is in use
}

// maxFew is the largest number of subscribers in a slice.
const maxFew = 16

func (s *subscribers) empty() bool { return len(s.few) == 0 && len(s.many) == 0 }

// set adds a session, or changes what it was granted. It reports whether the session is new here.
func (s *subscribers) set(who *session, g granted) bool {
	if s.many != nil {
		_, existed := s.many[who]
		s.many[who] = g
		return !existed
	}
	for i := range s.few {
		if s.few[i].session == who {
			s.few[i].granted = g
			return false
		}
	}
	if len(s.few) < maxFew {
		s.few = append(s.few, recipient{who, g})
		return true
	}
	s.many = make(map[*session]granted, 2*maxFew)
	for _, r := range s.few {
		s.many[r.session] = r.granted
	}
	s.few = nil
	s.many[who] = g
	return true
}

// remove removes a session. It reports whether it was here.
func (s *subscribers) remove(who *session) bool {
	if s.many != nil {
		_, existed := s.many[who]
		delete(s.many, who)
		return existed
	}
	for i := range s.few {
		if s.few[i].session == who {
			last := len(s.few) - 1
			s.few[i] = s.few[last]
			s.few[last] = recipient{}
			s.few = s.few[:last]
			return true
		}
	}
	return false
}

// appendTo appends all sessions to a list.
func (s *subscribers) appendTo(list []recipient) []recipient {
	list = append(list, s.few...)
	for who, g := range s.many {
		list = append(list, recipient{who, g})
	}
	return list
}
