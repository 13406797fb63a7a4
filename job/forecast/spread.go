package forecast

import (
	"math"
	"math/bits"
	"time"
)

// How a number of delays that begin in one step falls into the steps after it. For each step there is
// a table, made once for all simulations: the probability of each of the next steps, then of blocks
// of steps that get longer with the distance. A simulation draws from it with one draw for each row,
// and the few steps of a distant block share what it has when they come.

// nearSteps is how many steps from the first one have a row of their own in a table. Behind them a
// block is at most a quarter as long as it is away.
const nearSteps, blockShare = 8, 4

// block is 2^level steps, from step number<<level on.
type block struct {
	level  uint8
	number int32
}

// row is one row of a table: the odds that a delay ends in a block, if it has not ended before.
type row struct {
	block
	odds
	until float64 // the probability that it has ended by the end of the block
}

// table is where delays end. What is left after the last row ends later than anything here looks
// ahead or, for delays that a timeout cuts off, at the timeout.
type table struct {
	rows []row
	// guide finds rows: number i is the first row in which a delay may end of which a share of
	// i/guideSize is shorter.
	guide [guideSize]uint16
}

const guideSize = 64

// row draws the row of one delay that has not ended before a row; the number of rows for none.
func (t *table) row(d dice, from int) int {
	u := d.Float64()
	if from > 0 {
		before := t.rows[from-1].until
		u = before + u*(1-before)
	}
	at := max(int(t.guide[int(u*guideSize)]), from)
	for at < len(t.rows) && t.rows[at].until <= u {
		at++
	}
	return at
}

// seal ends the making of a table.
func (t *table) seal() {
	at := 0
	for i := range t.guide {
		for at < len(t.rows) && t.rows[at].until <= float64(i)/guideSize {
			at++
		}
		t.guide[i] = uint16(at)
	}
}

// negligible is the probability below which nothing is looked at any more.
const negligible = 1e-6

// spread makes tables of one delay.
type spread struct {
	grid  *grid
	delay Delay
	limit time.Duration // a timeout that cuts delays off; 0 for none
	// from is how old the delays are already: one of those is no shorter.
	from time.Duration

	sigma, logMedian float64
}

// newSpread prepares the tables of a delay on a grid.
func newSpread(g *grid, delay Delay, limit, from time.Duration) *spread {
	return &spread{
		grid:      g,
		delay:     delay,
		limit:     limit,
		from:      from,
		sigma:     delay.spread(),
		logMedian: math.Log(float64(delay.Median) / float64(time.Millisecond)),
	}
}

// within is Delay.within for milliseconds, without computing its logarithm again.
func (s *spread) within(x float64) float64 {
	if s.sigma == 0 || x <= 0 {
		return s.delay.within(time.Duration(x * float64(time.Millisecond)))
	}
	return normal((math.Log(x) - s.logMedian) / s.sigma)
}

// table makes the table of delays that begin in a step at these times, all of them equally often.
func (s *spread) table(step int, begins []float64) (t table) {
	defer t.seal()
	g := s.grid
	left, most := 1.0, 1.0
	if s.limit > 0 {
		most = s.cut(1)
	}
	done := 0.0
	for at := step; at < g.steps() && most-done > negligible; {
		b := blockAt(step, at)
		end := min((int(b.number)+1)<<b.level, g.steps())
		ended := min(s.ended(float64(g.at[end]), begins), most)
		p := 0.0
		if left > negligible/10 {
			p = (ended - done) / left
		}
		t.rows = append(t.rows, row{b, oddsOf(p), ended})
		done, left = ended, 1-ended
		at = end
	}
	if last := len(t.rows) - 1; last >= 0 && s.limit == 0 && left < 10*negligible {
		t.rows[last].odds, t.rows[last].until = oddsOf(1), 1
	}
	return t
}

// ended is the share of delays that have ended by a time.
func (s *spread) ended(by float64, begins []float64) (share float64) {
	for _, from := range begins {
		share += s.cut(s.within(by - from))
	}
	return share / float64(max(len(begins), 1))
}

// cut is a probability among the delays that are older than from.
func (s *spread) cut(p float64) float64 {
	if s.limit > 0 {
		p = min(p, s.within(float64(s.limit.Milliseconds())))
	}
	if s.from > 0 {
		young := s.within(float64(s.from.Milliseconds()))
		p = max(0, p-young) / max(1-young, negligible)
	}
	return p
}

// blockAt is the block of a table of a step that begins at a later step.
func blockAt(step, at int) block {
	away := at - step
	if away < nearSteps {
		return block{number: int32(at)}
	}
	level := bits.Len(uint(away/blockShare)) - 1
	if aligned := bits.TrailingZeros(uint(at)); aligned < level {
		level = aligned
	}
	return block{level: uint8(level), number: int32(at >> level)}
}

// beginnings are when delays have ended that begin at these times, as far as that is in the step
// between two times: where a second delay begins that follows the first.
func (s *spread) beginnings(from, to int64, begins []float64) []float64 {
	within := s.within(float64(to - from))
	if len(begins) > 1 || within < negligible {
		return points(from, to, fewPoints)
	}
	all := make([]float64, fewPoints)
	for i := range all {
		share := (float64(i) + 0.5) / fewPoints * within
		all[i] = begins[0] + float64(s.delay.At(share))/float64(time.Millisecond)
	}
	return all
}

// fewPoints is how many times stand for all times in a step.
const fewPoints = 6

// points are times in an interval, spread evenly.
func points(from, to int64, n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = float64(from) + (float64(i)+0.5)*float64(to-from)/float64(n)
	}
	return all
}

// tickPoints are the times of so many ticks, a few of them when they are many.
func tickPoints(first int64, n int) []float64 {
	if n > fewPoints {
		return points(first, first+int64(n-1)*minute, fewPoints)
	}
	all := make([]float64, n)
	for i := range all {
		all[i] = float64(first + int64(i)*minute)
	}
	return all
}

// normal is the standard normal distribution, to about seven digits (Abramowitz and Stegun 26.2.17):
// a forecast asks for it some hundred thousand times.
func normal(z float64) float64 {
	if z < 0 {
		return 1 - normal(-z)
	}
	t := 1 / (1 + 0.2316419*z)
	tail := t * (0.319381530 + t*(-0.356563782+t*(1.781477937+t*(-1.821255978+t*1.330274429))))
	return 1 - tail*math.Exp(-z*z/2)/math.Sqrt(2*math.Pi)
}
