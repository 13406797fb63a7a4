package commit

import (
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Notices are notices of which no two are of one thing: a message says what there is now, so one of
// each kind says as much as several (R-MQTT-39). The zero value has none.
type Notices struct {
	list []store.Notice
	at   map[registry.ThingID]int // index into list
}

// Add adds a notice, which may be one more of a thing that has one.
func (s *Notices) Add(n store.Notice) {
	if at, known := s.at[n.Thing]; known {
		s.list[at].Notify = s.list[at].Notify || n.Notify
		s.list[at].NotifyNext = s.list[at].NotifyNext || n.NotifyNext
		return
	}
	if s.at == nil {
		s.at = map[registry.ThingID]int{}
	}
	s.at[n.Thing] = len(s.list)
	s.list = append(s.list, n)
}

// List returns the notices, things in the order in which the first of each came.
func (s *Notices) List() []store.Notice { return s.list }
