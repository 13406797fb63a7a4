package sim

import (
	"cmp"
	"math/big"
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// ramp is how far a rollout is (chapter 22, section 1).
type ramp struct {
	next           time.Time // the next tick
	quota          int       // what the present tick may still create
	ticked         bool      // since the configuration was given
	k              int
	notified, base int64
	baseOK         int64
	batches        []batch // of the last minutes
}

// batch is what a rollout created at one time.
type batch struct {
	at    time.Time
	n     int
	limit int // maximumPerMinute then
}

// released checks the first executions of things: as many as the rate of the tick allows, in rollout order, and never two
// ticks within a minute (R-ROLL-2 to R-ROLL-6, R-ROLL-12).
func (c *commit) released(queued []job.Execution) {
	first := map[job.Key][]registry.ThingID{}
	for _, x := range queued {
		if x.Attempt == 0 {
			first[x.Job] = append(first[x.Job], x.Thing)
		}
	}
	for key, things := range first {
		m := c.jobs[key]
		if m == nil {
			continue
		}
		if m.row.Status == "SCHEDULED" {
			c.resume(m)
		}
		if !c.admitted(m, key, things) {
			c.batch(m, things)
		}
	}
}

func (c *commit) batch(m *model, things []registry.ThingID) {
	p := &m.ramp
	if !c.now.Before(p.next) {
		p.tick(m.row.Rollout, m.counts()[job.ExecutionSucceeded], c.now)
	}
	want := m.waiting(c.Reader)
	if len(things) > p.quota {
		c.fail("R-ROLL-3", "%s releases %d things, %d are left at step %d until %s", m.id, len(things), p.quota, p.k, p.next)
	}
	if !slices.Equal(things, want[:min(len(things), len(want))]) {
		c.fail("R-ROLL-12", "%s releases things %v, it should be %v", m.id, things, want)
	}
	p.quota -= len(things)
	p.notified += int64(len(things))
	p.batches = append(p.batches, batch{c.now, len(things), ceiling(m.row.Rollout)})
	c.perMinute(m)
}

// perMinute counts what was created within any minute (R-ROLL-2).
func (c *commit) perMinute(m *model) {
	p := &m.ramp
	p.batches = slices.DeleteFunc(p.batches, func(b batch) bool { return c.now.Sub(b.at) >= time.Minute })
	sum, limit := 0, 0
	for _, b := range p.batches {
		sum += b.n
		limit = max(limit, b.limit)
	}
	if sum > limit {
		c.fail("R-ROLL-2", "%s created %d executions within a minute, %d are allowed: %+v", m.id, sum, limit, p.batches)
	}
}

func ceiling(c *job.RolloutConfig) int {
	if c == nil {
		return 1000
	}
	return cmp.Or(c.MaximumPerMinute, 1000)
}

// tick opens the tick at now: the step rises by at most one (R-ROLL-5, R-ROLL-6). The next one is a whole minute away,
// however late this one is (R-ROLL-3, R-ROLL-18).
func (p *ramp) tick(c *job.RolloutConfig, succeeded int64, now time.Time) {
	if p.ticked && c != nil && c.Exponential != nil {
		n, s, next := p.notified-p.base, succeeded-p.baseOK, int64(p.k+1)
		e := c.Exponential
		if e.NotifiedThings > 0 && n >= e.NotifiedThings*next || e.SucceededThings > 0 && s >= e.SucceededThings*next {
			p.k++
		}
	}
	p.ticked, p.next, p.quota = true, now.Add(time.Minute), rate(c, p.k)
}

// restart counts anew from an update of the rollout configuration (R-ROLL-11).
func (p *ramp) restart(succeeded int64) {
	p.ticked, p.k, p.base, p.baseOK = false, 0, p.notified, succeeded
}

// rate is max(1, min(M, floor(B × f^k))) in fractions (R-ROLL-4).
func rate(c *job.RolloutConfig, k int) int {
	limit := ceiling(c)
	if c == nil || c.Exponential == nil {
		return limit
	}
	product := new(big.Rat).SetInt64(int64(c.Exponential.BasePerMinute))
	for range k {
		product.Mul(product, big.NewRat(int64(c.Exponential.IncrementTenths), 10))
	}
	floor := new(big.Int).Quo(product.Num(), product.Denom())
	if floor.Cmp(big.NewInt(int64(limit))) > 0 {
		return limit
	}
	return max(1, int(floor.Int64()))
}
