package nodes

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// The jobs of the load, as the operators who made them know them. What an operator does to a whole
// job may concern each of its executions, some time later, and the history has to know since when.

// A jobRecord is one job: what was asked for when it was created, and what was done to it since.
type jobRecord struct {
	id         string
	continuous bool
	groups     []string // its targets at its creation
	retries    bool     // of whatever fails or times out
	aborts     bool     // when too many executions have failed
	timeout    bool     // of a minute in progress
	perMinute  int32    // the greatest rate that it ever had
	base       int32    // the rate of the first tick
	plain      bool     // its rate never changed, and none of its executions was deleted
	created    time.Duration
	exists     bool // CreateJob was answered
	canceled   bool // or may be
	deleted    bool // or may be

	// Since when each may come to its executions; kinds that are absent never do.
	may map[kind]time.Duration
}

// one reports whether each thing has one execution of the job at most.
func (j *jobRecord) one() bool { return !j.continuous && !j.retries }

// jobs are all jobs, and what was done to groups.
type jobs struct {
	mu    sync.Mutex
	all   map[string]*jobRecord
	order []string
	left  map[string]time.Duration // things, since when they may have left a group
	away  map[string]string        // things that are in no group, with the one they were in
}

func newJobs() *jobs {
	return &jobs{
		all:  map[string]*jobRecord{},
		left: map[string]time.Duration{},
		away: map[string]string{},
	}
}

// add notes a job that is about to be created.
func (j *jobs) add(r *jobRecord) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.may = map[kind]time.Duration{mayCreate: r.created}
	if r.aborts {
		r.may[mayCancel] = r.created
	}
	if r.timeout {
		r.may[mayTimeOut] = r.created
	}
	j.all[r.id] = r
	j.order = append(j.order, r.id)
}

// change changes what is known of a job.
func (j *jobs) change(id string, f func(*jobRecord)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f(j.all[id])
}

// allow notes since when something may come to all executions of a job. It is called before the
// request that may cause it is sent, whose effect may come whatever its answer is.
func (j *jobs) allow(id string, k kind, since time.Duration) {
	j.change(id, func(r *jobRecord) {
		if at, ok := r.may[k]; !ok || since < at {
			r.may[k] = since
		}
	})
}

// pick returns one of the latest ten jobs that fit, nil when none does. Those are the ones that
// devices are at.
func (j *jobs) pick(random *rand.Rand, fits func(*jobRecord) bool) *jobRecord {
	j.mu.Lock()
	defer j.mu.Unlock()
	var found []*jobRecord
	for _, id := range slices.Backward(j.order) {
		if r := j.all[id]; r.exists && fits(r) && len(found) < 10 {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		return nil
	}
	picked := *found[random.IntN(len(found))]
	return &picked
}

// active fits jobs that nobody has ended.
func active(r *jobRecord) bool { return !r.canceled && !r.deleted }

// list is a copy of all jobs that should exist, in the order of their creation.
func (j *jobs) list() (all []jobRecord) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, id := range j.order {
		if r := j.all[id]; r.exists && !r.deleted {
			all = append(all, *r)
		}
	}
	return all
}

// count is how many jobs were made.
func (j *jobs) count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.order)
}

// leave notes that a thing may leave its group from now on, join that it may be back.
func (j *jobs) leave(thing, group string, now time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, ok := j.left[thing]; !ok {
		j.left[thing] = now
	}
	j.away[thing] = group
}

// outside returns a thing that has left its group, and notes that it is about to be back.
func (j *jobs) outside() (thing, group string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for thing, group = range j.away {
		delete(j.away, thing)
		return thing, group
	}
	return "", ""
}

// moved reports whether a thing has ever left a group.
func (j *jobs) moved(thing string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, ok := j.left[thing]
	return ok
}

// mayHappen is what may come to an execution without a request that names it.
func (j *jobs) mayHappen(k key) map[kind]time.Duration {
	j.mu.Lock()
	defer j.mu.Unlock()
	may := map[kind]time.Duration{}
	if r := j.all[k.job]; r != nil {
		for kind, since := range r.may {
			may[kind] = since
		}
	}
	if since, ok := j.left[k.thing]; ok {
		may[mayRemove] = since
	}
	return may
}
