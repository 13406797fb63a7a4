package answers

import (
	"context"
	"sync"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/curve"
	"github.com/drover-iot/drover/store"
)

// The curve of a job is made from the times of its executions, of which there may be a million, so
// it is read page by page. Many consoles ask for it at the same time and again: each job is read
// once for all of them, and a large one is not read again for a while.

const (
	// timesPage is how many executions are read at a time: a read of some milliseconds.
	timesPage = 5000
	// reread is how many times as long as a reading took the next one is put off: of the time of one
	// processor, a job costs at most a tenth. It holds for jobs with rememberedFrom executions or
	// more; others are so quick to read that every answer can be of the present.
	reread, rememberedFrom = 10, 5000
	// rememberedFor is for how long a reading is used as long as the counts of the job stay the same.
	rememberedFor = time.Minute
	// maxRemembered is of how many jobs the last reading is remembered.
	maxRemembered = 16
)

// Progress is how a job went.
type Progress struct {
	Job job.Job
	curve.Curve
}

// Progress says how a job went so far (R-WEB-30). What ends while it is read is counted or not.
func (s *Service) Progress(ctx context.Context, id string) (p Progress, err error) {
	p.Job, err = s.job(ctx, id)
	if err != nil {
		return p, err
	}
	counter, err := s.readings.of(ctx, p.Job, s.readTimes)
	if err != nil {
		return p, err
	}
	var until time.Time
	if p.Job.Status.Active() || p.Job.Counts.Pending() > 0 {
		until = s.Clock.Now()
	}
	p.Curve = counter.Curve(until)
	return p, nil
}

// readTimes counts the executions of a job.
func (s *Service) readTimes(ctx context.Context, key job.Key) (*curve.Counter, error) {
	counter, after := &curve.Counter{}, job.ExecutionCursor{}
	for {
		var page []store.ExecutionTimes
		err := s.Store.Read(ctx, func(r store.Reader) (err error) {
			page, err = r.ExecutionTimes(key, after, timesPage)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, x := range page {
			counter.Add(x.Status, x.QueuedAt, x.UpdatedAt)
		}
		if len(page) < timesPage {
			return counter, nil
		}
		after = page[len(page)-1].ExecutionCursor
	}
}

// readings are the last readings of some jobs.
type readings struct {
	mu  sync.Mutex
	all map[job.Key]*reading
}

// A reading is what the executions of a job were when they were read.
type reading struct {
	// turn is held by whoever reads, or looks whether that is needed.
	turn    chan struct{}
	counter *curve.Counter
	counts  job.Counts // of the job, just before
	at      time.Time  // when it began, by the machine's steady time; zero when there is none
	took    time.Duration
	used    time.Time // guarded by readings.mu
}

// of returns a reading of a job: the last one if that may still be used, else a new one. Whoever asks
// while one is made waits for the next, which is made once for all of them.
func (r *readings) of(
	ctx context.Context, j job.Job, read func(context.Context, job.Key) (*curve.Counter, error),
) (*curve.Counter, error) {
	last, asked := r.find(j.Key), clock.Now()
	select {
	case last.turn <- struct{}{}:
		defer func() { <-last.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	began := clock.Now()
	if last.at.After(asked) || last.serves(j, began) {
		return last.counter, nil
	}
	counter, err := read(ctx, j.Key)
	if err != nil {
		return nil, err
	}
	last.counter, last.counts = counter, j.Counts
	last.at, last.took = began, clock.Now().Sub(began)
	return counter, nil
}

// serves reports whether a reading may be used for a job as it is now.
func (r *reading) serves(j job.Job, now time.Time) bool {
	age := now.Sub(r.at)
	switch {
	case r.at.IsZero(), j.Counts.Total() < rememberedFrom:
		return false
	case r.counts == j.Counts:
		return age < rememberedFor
	}
	return age < reread*r.took
}

// find returns the reading of a job, which may be still to come.
func (r *readings) find(key job.Key) *reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := r.all[key]
	if found == nil {
		if r.all == nil {
			r.all = map[job.Key]*reading{}
		}
		if len(r.all) >= maxRemembered {
			r.forgetOldest()
		}
		found = &reading{turn: make(chan struct{}, 1)}
		r.all[key] = found
	}
	found.used = clock.Now()
	return found
}

// forgetOldest forgets the reading that was used the longest time ago. The caller has the lock.
func (r *readings) forgetOldest() {
	var oldest job.Key
	for key, reading := range r.all {
		if oldest == 0 || reading.used.Before(r.all[oldest].used) {
			oldest = key
		}
	}
	delete(r.all, oldest)
}
