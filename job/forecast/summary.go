package forecast

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"
)

// One answer is made of all simulations.

// Forecast is what will become of a job.
type Forecast struct {
	Seed uint64
	Runs int
	// Targets is how many things are targets or were, as far as the rollout knows of them: those it
	// has reached and those that are left.
	Targets int64
	Curve   []Point
	// Released is when the last thing has had its turn, Finished when everything has ended.
	Released, Finished Moment
	Waves              []Wave
	// PeakBytesPerSecond is how much all devices download at the busiest time, half of the
	// simulations have less; 0 when it is not known how much one downloads.
	PeakBytesPerSecond int64
	// Missed is how many things have no turn, in half of the simulations no more.
	Missed       int64
	Stop         Stops
	NeverReached []NeverReached
	Warnings     []Warning

	topRate        int  // the largest rate of a tick, in half of the simulations
	starved, risen bool // see result
}

// Point is the counts at one time.
type Point struct {
	At                          time.Time
	Released, InProgress, Ended Band
}

// Band is a number that simulations differ about: a tenth have less than P10, half less than P50,
// nine of ten less than P90.
type Band struct{ P10, P50, P90 int64 }

// Moment is a time that simulations differ about. A time is zero when fewer than a tenth, half or
// nine of ten of them ever come to it; Never says why they do not.
type Moment struct {
	P10, P50, P90 time.Time
	Never         []Never
}

// Never is a share of simulations that do not come to something, and why: one of the Never… codes.
type Never struct {
	Reason string
	Share  float64
}

// Wave is what a wave comes to. Began and Judged have no Never.
type Wave struct {
	Takes         string
	Things        Band
	Began, Judged Moment
}

// summary makes the answer of all simulations.
func (p *plan) summary(results []result) Forecast {
	f := Forecast{
		Seed:    p.in.Seed,
		Runs:    len(results),
		Targets: p.in.Job.Progress.Notified + p.in.Left,
		Curve:   p.curve(results),
	}
	f.Released = p.moment(results, func(r *result) int64 { return r.released })
	f.Finished = p.moment(results, func(r *result) int64 { return r.finished })
	f.Released.Never = never(results, func(r *result) bool { return r.released < 0 })
	f.Finished.Never = never(results, func(r *result) bool { return r.finished < 0 })
	f.Waves = p.waveTimes(results)
	f.Missed = bandOf(results, func(r *result) int64 { return r.missed }).P50
	f.topRate = int(bandOf(results, func(r *result) int64 { return int64(r.topRate) }).P50)
	f.risen = f.topRate > p.rates[0]
	f.starved = bandOf(results, func(r *result) int64 { return int64(oneIf(r.starved)) }).P50 > 0
	peak := bandOf(results, func(r *result) int64 { return int64(math.Ceil(r.peak)) })
	f.PeakBytesPerSecond = peak.P50 * p.in.Bytes / 60
	return f
}

// curve is the counts at the boundaries of steps, as far as anything changes. The boundaries are
// divided among the cores.
func (p *plan) curve(results []result) []Point {
	last := 0
	for i := range results {
		last = max(last, results[i].last)
	}
	points := make([]Point, last+1)
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wait.Go(func() {
			values := make([]int32, len(results))
			for at := w; at <= last; at += workers {
				points[at].At = p.grid.time(p.grid.at[at])
				for i, b := range []*Band{
					&points[at].Released, &points[at].InProgress, &points[at].Ended,
				} {
					for n := range results {
						values[n] = results[n].rows[3*min(at, results[n].last)+i]
					}
					*b = band(values)
				}
			}
		})
	}
	wait.Wait()
	return points
}

// band is the band of values, which it sorts.
func band[N int32 | int64](values []N) Band {
	slices.Sort(values)
	at := func(share float64) int64 { return int64(values[int(share*float64(len(values)-1)+0.5)]) }
	return Band{P10: at(0.1), P50: at(0.5), P90: at(0.9)}
}

// bandOf is the band of a value of all simulations.
func bandOf(results []result, value func(*result) int64) Band {
	values := make([]int64, len(results))
	for i := range results {
		values[i] = value(&results[i])
	}
	return band(values)
}

// moment is a time of all simulations, in milliseconds from the beginning, negative for never.
func (p *plan) moment(results []result, at func(*result) int64) (m Moment) {
	b := bandOf(results, func(r *result) int64 {
		if x := at(r); x >= 0 {
			return x
		}
		return math.MaxInt64
	})
	for _, q := range []struct {
		at int64
		to *time.Time
	}{{b.P10, &m.P10}, {b.P50, &m.P50}, {b.P90, &m.P90}} {
		if q.at != math.MaxInt64 {
			*q.to = p.grid.time(q.at)
		}
	}
	return m
}

// never is why simulations do not come to something, the most frequent reason first.
func never(results []result, is func(*result) bool) (all []Never) {
	for i := range results {
		if !is(&results[i]) {
			continue
		}
		reason := results[i].never
		at := slices.IndexFunc(all, func(n Never) bool { return n.Reason == reason })
		if at < 0 {
			all, at = append(all, Never{Reason: reason}), len(all)
		}
		all[at].Share++
	}
	for i := range all {
		all[i].Share /= float64(len(results))
	}
	slices.SortStableFunc(all, func(a, b Never) int { return cmp.Compare(b.Share, a.Share) })
	return all
}

// waveTimes is what the waves come to; nil without waves.
func (p *plan) waveTimes(results []result) (waves []Wave) {
	if p.in.Job.Steering == nil {
		return nil
	}
	for i, w := range p.in.Job.Steering.Waves {
		of := func(value func(waveResult) int64) func(*result) int64 {
			return func(r *result) int64 {
				if i >= len(r.waves) {
					return -1
				}
				return value(r.waves[i])
			}
		}
		things := bandOf(results, of(func(w waveResult) int64 { return w.took }))
		things = Band{max(0, things.P10), max(0, things.P50), max(0, things.P90)}
		waves = append(waves, Wave{
			Takes:  w.Takes(),
			Things: things,
			Began:  p.moment(results, of(func(w waveResult) int64 { return w.began })),
			Judged: p.moment(results, of(func(w waveResult) int64 { return w.judged })),
		})
	}
	return waves
}
