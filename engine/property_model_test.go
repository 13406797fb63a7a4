package engine

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The plain second version of the rules that TestProperties compares with. It counts rows, loops and uses fractions
// where the product keeps counters, cursors and scaled integers.

// legal lists where an execution may go (chapter 21, section 2).
var legal = map[string][]string{
	"QUEUED":      {"IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED", "CANCELED", "REMOVED"},
	"IN_PROGRESS": {"IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED", "TIMED_OUT", "CANCELED", "REMOVED"},
}

// target is one way by which a thing belongs to a job: directly, or through a membership that was there in time.
type target struct {
	thing  registry.ThingID
	group  registry.GroupID // 0: directly
	joined int64
}

// modelJob is what the model knows of a job beside its executions.
type modelJob struct {
	start   time.Time
	arns    []string
	groups  []registry.GroupID         // that existed when the job began: a name may be used again
	targets []target                   // frozen, in rollout order
	had     map[registry.ThingID]int64 // the highest number of each thing
	status  job.Status                 // at the last commit
	ramp    ramp
	// failed and timedOut count the retries that each thing had for it.
	failed, timedOut map[registry.ThingID]int

	// What this commit did: whether the abort criteria were met after an outcome or an update, and what ended without
	// the retry that was due.
	met     bool
	noRetry []job.ExecutionKey
}

// ramp is how far the rollout is (chapter 22, section 1).
type ramp struct {
	last           time.Time // the last tick that created something
	ticked         bool      // since the configuration was given
	k              int
	notified, base int64
	baseOK         int64
}

// rate is max(1, min(M, floor(B × f^k))) in fractions (R-ROLL-4).
func rate(c *job.RolloutConfig, k int) int {
	if c == nil {
		return 1000
	}
	limit := cmp.Or(c.MaximumPerMinute, 1000)
	if c.Exponential == nil {
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

// tick opens the tick at now and returns its rate (R-ROLL-5, R-ROLL-6).
func (p *ramp) tick(c *job.RolloutConfig, succeeded int64, now time.Time) int {
	if p.ticked && c != nil && c.Exponential != nil {
		n, s, next := p.notified-p.base, succeeded-p.baseOK, int64(p.k+1)
		e := c.Exponential
		if e.NotifiedThings > 0 && n >= e.NotifiedThings*next || e.SucceededThings > 0 && s >= e.SucceededThings*next {
			p.k++
		}
	}
	p.ticked, p.last = true, now
	return rate(c, p.k)
}

// restart counts anew from an update of the rollout configuration (R-ROLL-11).
func (p *ramp) restart(succeeded int64) {
	p.ticked, p.k, p.base, p.baseOK = false, 0, p.notified, succeeded
}

// criteriaMet says whether any abort criterion is met (R-ABT-2 to R-ABT-8), in fractions.
func criteriaMet(c *job.AbortConfig, counts map[job.ExecutionStatus]int64) bool {
	if c == nil {
		return false
	}
	executed := counts[job.ExecutionSucceeded] + counts[job.ExecutionFailed] + counts[job.ExecutionRejected] + counts[job.ExecutionTimedOut]
	for _, criterion := range c.Criteria {
		failures := map[job.FailureType]int64{
			"FAILED": counts[job.ExecutionFailed], "REJECTED": counts[job.ExecutionRejected], "TIMED_OUT": counts[job.ExecutionTimedOut],
			"ALL": executed - counts[job.ExecutionSucceeded],
		}[criterion.FailureType]
		if failures == 0 || executed < criterion.MinExecuted {
			continue
		}
		share := new(big.Rat).Mul(big.NewRat(failures, executed), big.NewRat(100, 1))
		if share.Cmp(big.NewRat(criterion.ThresholdHundredths, 100)) >= 0 {
			return true
		}
	}
	return false
}

// retried says whether an execution that ended so is tried again; spent are the retries of its thing so far by what
// caused them (R-RTY-1, R-RTY-4).
func retried(c *job.RetryConfig, ended job.ExecutionStatus, failed, timedOut int) bool {
	if c == nil {
		return false
	}
	budgets := map[job.FailureType]int{}
	for _, criterion := range c.Criteria {
		budgets[criterion.FailureType] = criterion.Retries
	}
	if all, shared := budgets["ALL"]; shared {
		return (ended == job.ExecutionFailed || ended == job.ExecutionTimedOut) && failed+timedOut < all
	}
	switch ended {
	case job.ExecutionFailed:
		return failed < budgets["FAILED"]
	case job.ExecutionTimedOut:
		return timedOut < budgets["TIMED_OUT"]
	}
	return false
}

// freeze lists the targets of a new job in rollout order (R-ROLL-12): groups before their descendants, those by name.
func freeze(r store.Reader, arns []string) (found []target, err error) {
	for _, arn := range arns {
		_, name, _ := strings.Cut(arn, "/")
		if strings.Contains(arn, ":thing/") {
			thing, err := r.ThingByName(name)
			if err != nil {
				return nil, err
			}
			found = append(found, target{thing: thing.ID})
			continue
		}
		top, err := r.GroupByName(name)
		if err != nil {
			return nil, err
		}
		more, err := freezeGroup(r, top)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

func freezeGroup(r store.Reader, g registry.Group) (found []target, err error) {
	things, err := r.Things(store.ThingQuery{Limit: 10_000})
	if err != nil {
		return nil, err
	}
	for _, thing := range things { // by name
		memberships, err := r.Memberships(thing.ID)
		if err != nil {
			return nil, err
		}
		for _, m := range memberships {
			if m.Group == g.ID {
				found = append(found, target{thing.ID, g.ID, m.Joined})
			}
		}
	}
	groups, err := r.Groups(store.GroupQuery{Limit: 10_000})
	for _, child := range groups {
		if child.Parent != g.ID || err != nil {
			continue
		}
		more, err := freezeGroup(r, child)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, err
}

// holds says whether a target is still one: the thing exists and has not left (R-JOB-54).
func (t target) holds(r store.Reader) bool {
	if _, err := r.Thing(t.thing); err != nil {
		return false
	}
	if t.group == 0 {
		return true
	}
	memberships, err := r.Memberships(t.thing)
	return err == nil && slices.ContainsFunc(memberships, func(m registry.Membership) bool {
		return m.Group == t.group && m.Joined == t.joined
	})
}

// waiting lists the things whose turn has not come, in rollout order.
func (j *modelJob) waiting(r store.Reader) (things []registry.ThingID) {
	for _, t := range j.targets {
		if j.had[t.thing] == 0 && !slices.Contains(things, t.thing) && t.holds(r) {
			things = append(things, t.thing)
		}
	}
	return things
}

// reaches says whether a thing is a target of the job now: named itself, or in a named group or below one. When it joined
// does not matter (R-JOB-60).
func (j *modelJob) reaches(r store.Reader, thing registry.ThingID) bool {
	found, err := r.Thing(thing)
	if err != nil {
		return false
	}
	named := func(kind, name string) bool {
		return slices.ContainsFunc(j.arns, func(arn string) bool { return strings.HasSuffix(arn, ":"+kind+"/"+name) })
	}
	if named("thing", found.Name) {
		return true
	}
	memberships, err := r.Memberships(thing)
	for _, m := range memberships {
		for at := m.Group; at != 0 && err == nil; {
			var g registry.Group
			if g, err = r.Group(at); err == nil && named("thinggroup", g.Name) && slices.Contains(j.groups, g.ID) {
				return true
			}
			at = g.Parent
		}
	}
	return false
}

// show writes pending executions as a set and the head of their order (R-ORD-1, R-ORD-2).
func show(pending []job.Execution) (list, next string) {
	slices.SortFunc(pending, func(a, b job.Execution) int {
		running := func(x job.Execution) int {
			if x.Status.String() == "IN_PROGRESS" {
				return 0
			}
			return 1
		}
		return cmp.Or(running(a)-running(b), a.QueuedAt.Compare(b.QueuedAt), cmp.Compare(a.Sequence, b.Sequence))
	})
	keys := make([]string, len(pending))
	for i, x := range pending {
		keys[i] = fmt.Sprintf("%d#%d", x.Job, x.Number)
	}
	if len(keys) > 0 {
		next = keys[0]
	}
	slices.Sort(keys)
	return strings.Join(keys, " "), next
}
