package app

import (
	"errors"
	"time"
)

// Whether requests and devices may be sent to this server: what /readyz answers, and what the list
// of nodes shows of each (R-NODE-9, R-NODE-13).

// signAge is how old the last sign of life of a node may be that counts as ready. A node gives one
// each second.
const signAge = 5 * time.Second

// unready says why no requests and devices should be sent to this server now; nil when they may
// (R-NODE-9). That the database can be written shows in the sign of life, which is a commit.
func (s *Server) unready() error {
	switch {
	case s.leaving.Load():
		return errors.New("the server is stopping")
	case !s.ready.Load():
		return errors.New("the server is starting")
	case s.database != nil && time.Since(s.engine.LastSign()) >= signAge:
		return errors.New("the server cannot write to its database")
	}
	return nil
}
