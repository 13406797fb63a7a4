package broker

// subscribers are the sessions of one filter: a slice while they are few, a map beyond.
type subscribers struct {
	few  []hit
	many map[*session]granted
}

const manySubscribers = 16

func (s *subscribers) empty() bool { return len(s.few) == 0 && len(s.many) == 0 }

// put reports whether the session is new here.
func (s *subscribers) put(who *session, g granted) bool {
	if s.many != nil {
		_, had := s.many[who]
		s.many[who] = g
		return !had
	}
	for i := range s.few {
		if s.few[i].session == who {
			s.few[i].granted = g
			return false
		}
	}
	if len(s.few) < manySubscribers {
		s.few = append(s.few, hit{who, g})
		return true
	}
	s.many = make(map[*session]granted, 2*manySubscribers)
	for _, h := range s.few {
		s.many[h.session] = h.granted
	}
	s.few = nil
	s.many[who] = g
	return true
}

// drop reports whether the session was here.
func (s *subscribers) drop(who *session) bool {
	if s.many != nil {
		_, had := s.many[who]
		delete(s.many, who)
		return had
	}
	for i := range s.few {
		if s.few[i].session == who {
			last := len(s.few) - 1
			s.few[i] = s.few[last]
			s.few[last] = hit{}
			s.few = s.few[:last]
			return true
		}
	}
	return false
}

func (s *subscribers) appendTo(hits []hit) []hit {
	hits = append(hits, s.few...)
	for who, g := range s.many {
		hits = append(hits, hit{who, g})
	}
	return hits
}
