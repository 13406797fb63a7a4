package forecast

import (
	"runtime"
	"sync"
	"time"

	"github.com/drover-iot/drover/job"
)

// Input is what is known of a job, and what is assumed of its devices.
type Input struct {
	// Job is the job as it is at Now, or as it would be after the operation that is asked about.
	Job job.Job
	Now time.Time
	// Left is how many things the rollout has not reached: targets that have had no execution.
	Left int64
	// WaveThings is how many of those each wave of a group would take, by the place of the wave; a
	// thing that several of them would take is the first one's. Waves of a share have 0.
	WaveThings []int64
	// Held is how many of the things that are left are held by an operator, and do not start.
	Held int64
	// Pending is what has not ended yet.
	Pending []Pending
	Assume  Assumptions
	// Known says which of them are more than a guess: nobody is warned of what follows from a guess.
	Known Known
	// Bytes is how much a device downloads, 0 when that is not known.
	Bytes int64
	// Runs is how many simulations there are; 0 is the least number, 400 (R-FCT-5).
	Runs int
	Seed uint64
}

// Pending is executions that have not ended and are alike.
type Pending struct {
	Count int64
	// Started says that they are IN_PROGRESS, else they are QUEUED; Age is for how long.
	Started bool
	Age     time.Duration
	Used    job.RetriesUsed
	Wave    int // from 1 on; 0 without waves
	// Hidden says that their devices do not see them whatever the job does: their things are held.
	Hidden bool
}

// leastRuns is how many simulations a forecast has at least.
const leastRuns = 400

// Run makes a forecast.
func Run(in Input) Forecast {
	if in.Runs == 0 {
		in.Runs = leastRuns
	}
	p := newPlan(in)
	results := p.simulate(in.Runs)
	f := p.summary(results)
	f.Stop = p.stops(results)
	f.NeverReached = p.neverReached(f)
	f.Warnings = p.warnings(f)
	return f
}

// simulate makes so many simulations, on all cores. Each has its own dice, so that it does not
// matter which core makes it.
func (p *plan) simulate(runs int) []result {
	results := make([]result, runs)
	steps := p.grid.steps() + 1
	var counts []int32 // nobody looks at those of simulations that are decided early
	if p.decided == 0 {
		counts = make([]int32, 3*runs*steps)
	}
	var wait sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), runs)
	for w := range workers {
		wait.Go(func() {
			s := newSimulation(p)
			for i := w; i < runs; i += workers {
				if counts != nil {
					results[i].rows = counts[3*i*steps : 3*(i+1)*steps]
				}
				s.run(newDice(p.in.Seed, i), &results[i])
			}
		})
	}
	wait.Wait()
	return results
}
