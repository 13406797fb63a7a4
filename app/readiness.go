package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/drover-iot/drover/internal/disk"
)

// Whether requests and devices may be sent to this server: what /readyz answers, and what the list
// of nodes shows of each (R-NODE-9, R-NODE-13, R-OBS-8); and whether it should be started again
// (R-OBS-9).

const (
	// signAge is how old the last sign of life of a node may be that counts as ready. A node gives
	// one each second.
	signAge = 5 * time.Second
	// writtenAge is how old the last commit may be that shows that the store can be written. When it
	// is older, a probe is made, and waited for as long as probeWait.
	writtenAge = 5 * time.Second
	probeWait  = 2 * time.Second
	// defaultHangs is Server.hangs. Requests have been given up long before.
	defaultHangs = time.Minute
)

// unready says why no requests and devices should be sent to this server now; nil when they may.
func (s *Server) unready() error { return s.whyUnready(true) }

// whyUnready is unready. Without probe it writes nothing, and says of the store what is known.
func (s *Server) whyUnready(probe bool) error {
	var age time.Duration // a server that is alone gives no signs
	if s.database != nil {
		age = time.Since(s.engine.LastSign())
	}
	if err := whyUnready(s.leaving.Load(), s.ready.Load(), age); err != nil {
		return err
	}
	if err := s.checkSpace(); err != nil {
		return err
	}
	if time.Since(s.engine.Pulse().Written) < writtenAge {
		return nil
	}
	if !probe {
		return s.probing.last()
	}
	return s.probing.probe(s.engine.Probe)
}

// whyUnready decides what needs no look at the store. ready says that the server has started; age is
// that of its last sign of life, which is a commit: a fresh one shows that the database can be
// written.
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

// checkSpace says when the disk of the data folder is nearly full.
func (s *Server) checkSpace() error {
	free, _, ok := disk.Free(s.Data)
	if !ok || free >= uint64(s.MinFreeBytes) {
		return nil
	}
	return fmt.Errorf("the disk of the data folder has %d bytes free, less than the %d of --min-free-bytes",
		free, s.MinFreeBytes)
}

// Unhealthy says why the server should be started again; nil when it should not. A store that cannot
// be reached is no reason: the server goes on by itself when it is back.
func (s *Server) Unhealthy() error {
	if busy := s.engine.Pulse().Busy; busy >= s.hangs {
		return fmt.Errorf("the server has worked on one commit for %v", busy.Round(time.Second))
	}
	return nil
}

// probing makes probes of the store, one at a time, however many ask.
type probing struct {
	mu      sync.Mutex
	running chan struct{} // closed when the present probe is done; nil when there is none
	failed  error         // what the last one has found
}

// last is what the last probe has found.
func (p *probing) last() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// probe has a value written, and waits for that. A probe that takes longer goes on, for those who ask
// next.
func (p *probing) probe(write func(context.Context) error) error {
	p.mu.Lock()
	running := p.running
	if running == nil {
		running = make(chan struct{})
		p.running = running
		go p.run(write, running)
	}
	p.mu.Unlock()
	select {
	case <-running:
		return p.last()
	case <-time.After(probeWait):
		return p.late()
	}
}

// late notes that a probe has not come back.
func (p *probing) late() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		p.failed = fmt.Errorf("the store has not taken a write for %v", probeWait)
	}
	return p.failed
}

// run makes one probe.
func (p *probing) run(write func(context.Context) error, done chan struct{}) {
	err := write(context.Background()) // it ends with the engine at the latest
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = nil
	if err != nil {
		p.failed = errors.New("the store refuses to be written")
	}
	p.running = nil
	close(done)
}
