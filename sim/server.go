package sim

import (
	"context"
	"errors"
	"time"

	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/sim/rules"
	"github.com/drover-iot/drover/store"
)

// server is all nodes, each of them the real engine and its two planes, on a store that outlives
// them.
type server struct {
	ctx     context.Context // never ends: a run is given up between two steps only
	rand    *random
	time    *timeline
	log     *journal
	faults  *Faults
	fleet   *fleet
	network *network
	checker *rules.Checker
	nodes   []*node

	// These outlive a crash.
	store  *watch
	ids    *ids.Counting
	limits job.Limits
	// followAtOnce is engine.Config.FollowAtOnce.
	followAtOnce int
}

var (
	// errBroken is what a fault of the simulation makes fail. The server must do it again later.
	errBroken = errors.New("the simulated disk or network failed")
	// errCut ends an announcement in the middle: the server crashes then.
	errCut = errors.New("the simulated server stops while it announces")
)

func newServer(ctx context.Context, w *world, limits job.Limits, nodes int) *server {
	s := &server{
		ctx:     ctx,
		rand:    w.rand,
		time:    w.time,
		log:     w.log,
		faults:  w.faults,
		fleet:   w.fleet,
		checker: w.checker,
		store:   newWatch(w),
		ids:     &ids.Counting{},
		limits:  limits,

		followAtOnce: w.rand.between(1, 3),
	}
	for i := range nodes {
		s.nodes = append(s.nodes, &node{server: s, number: i})
	}
	return s
}

// drawNodes draws how many nodes there are.
func drawNodes(r *random) int { return r.pick(1, 1, 2, 3) }

// up are the nodes that answer.
func (s *server) up() (up []*node) {
	for _, n := range s.nodes {
		if n.up && !n.cutOff {
			up = append(up, n)
		}
	}
	return up
}

// any draws a node that answers; nil when none does.
func (s *server) any() *node {
	up := s.up()
	switch len(up) {
	case 0:
		return nil
	case 1:
		return up[0]
	}
	return up[s.rand.index(len(up))]
}

// drawLimits draws the limits that the server is configured to. Most runs have those of the
// service.
func drawLimits(r *random) (limits job.Limits) {
	if r.chance(0.2) {
		limits.Concurrent = r.between(1, 3)
	}
	if r.chance(0.1) {
		limits.ActiveSnapshot, limits.ActiveContinuous = r.between(2, 5), r.between(1, 3)
	}
	if r.chance(0.15) {
		limits.Retention = r.span(time.Hour, 60*time.Hour)
	}
	return limits
}

// nextDue is when the server wants to do something by itself; the zero time when it does not, or no
// node is up. It is in the past while something is overdue.
func (s *server) nextDue() time.Time {
	up := s.up()
	if len(up) == 0 {
		return time.Time{}
	}
	due, err := up[0].engine.NextDue(s.ctx)
	s.log.must("next due", err)
	return due
}

// work lets the nodes do everything that follows from what just happened: due work, then
// announcements. Nodes may crash in between. A node that was not woken does its part a second
// later. When nothing is left to do, the rules look at the result.
func (s *server) work() {
	up := s.up()
	for i, n := range up {
		woken := i == 0 || s.rand.chance(0.5) // one at the least, for what is due
		if !s.goesOn() || woken && !n.runDue() {
			return
		}
	}
	all := true
	for _, n := range s.up() {
		if len(up) > 1 && s.rand.chance(s.faults.Lag) {
			s.time.after(s.rand.upTo(time.Second), func() {})
			all = false
			continue
		}
		if !s.goesOn() || !n.announce() {
			return
		}
	}
	if up := s.up(); all && len(up) > 0 && s.goesOn() {
		var numbers []int
		for _, n := range up {
			numbers = append(numbers, n.number)
		}
		s.look(func(now rules.State) { s.checker.Settled(now, numbers...) })
	}
}

// goesOn says whether all rules have held so far.
func (s *server) goesOn() bool { return s.log.violation == nil }

// look shows the present state to the rules. It is called between two commits, never inside one:
// the state is then the one that all earlier answers were made from.
func (s *server) look(check func(rules.State)) {
	s.log.must("read", s.store.Store.Read(s.ctx, func(r store.Reader) error {
		check(rules.State{Store: r, Now: s.time.now()})
		return nil
	}))
}
