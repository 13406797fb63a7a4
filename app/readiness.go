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

// unready says why no requests and devices should be sent to this server now; nil when they may.
func (s *Server) unready() error {
	var age time.Duration // a server that is alone gives no signs
	if s.database != nil {
		age = time.Since(s.engine.LastSign())
	}
	return whyUnready(s.leaving.Load(), s.ready.Load(), age)
}

// whyUnready decides it. ready says that the server has started; age is that of its last sign of
// life, which is a commit: a fresh one shows that the database can be written.
func whyUnready(leaving, ready bool, age time.Duration) error {
	switch {
	case leaving:
		return errors.New("the server is stopping")
	case !ready:
		return errors.New("the server is starting")
	case age >= signAge:
		return errors.New("the server cannot write to its database")
	}
	return nil
}
