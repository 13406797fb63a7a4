package failures

import (
	"maps"
	"slices"

	"github.com/drover-iot/drover/job"
)

// Bounds of what is counted apart.
const (
	// MaxValues is how many values an attribute may have: one with more of them, such as a serial
	// number, tells things apart and says nothing about groups of them.
	MaxValues = 50
	// maxNames is how many attributes are looked at, maxReasons how many different reasons.
	maxNames, maxReasons = 200, 1000
)

// Kind is what things of a group have in common.
type Kind string

// The kinds of group.
const (
	ByThingType   Kind = "THING_TYPE"
	ByAttribute   Kind = "ATTRIBUTE"
	ByTargetGroup Kind = "TARGET_GROUP"
)

// Trait is something that things have in common: a thing type, the value of an attribute, or a group
// among the targets.
type Trait struct {
	Kind  Kind
	Name  string // of the attribute
	Value string
}

// Attempt is a first attempt that has ended.
type Attempt struct {
	Status  job.ExecutionStatus
	Details map[string]string
	// Traits are those of the thing, no two of one kind and name but target groups.
	Traits []Trait
}

// Reason is why an attempt has failed, as its device said: the detail that is called reason, else
// the first one by name, as NAME=VALUE. Empty when there are no details.
func (a Attempt) Reason() string {
	if reason, given := a.Details["reason"]; given {
		return reason
	}
	for _, name := range slices.Sorted(maps.Keys(a.Details)) {
		return name + "=" + a.Details[name]
	}
	return ""
}

// outcome says what a status counts for: whether the device or its timer has brought the attempt to
// this end (R-ABT-4), and whether that is a failure.
func outcome(s job.ExecutionStatus) (failed, counted bool) {
	switch s {
	case job.ExecutionSucceeded:
		return false, true
	case job.ExecutionFailed, job.ExecutionRejected, job.ExecutionTimedOut:
		return true, true
	}
	return false, false
}

// tally is how many attempts there are, and how many of them failed.
type tally struct{ ended, failed int64 }

func (t *tally) add(failed bool) {
	t.ended++
	if failed {
		t.failed++
	}
}

// attribute names an attribute, or another kind that has values.
type attribute struct {
	kind Kind
	name string
}

// Counter counts attempts one by one. What it remembers does not grow with their number. The zero
// value has counted nothing.
type Counter struct {
	all      tally
	statuses job.Counts
	reasons  map[string]int64
	// unnamed is how many failures have a reason that is not among reasons, because there are too
	// many.
	unnamed int64
	values  map[attribute]map[string]*tally // nil for one with too many values
}

// Add counts an attempt. One that was canceled or removed says nothing about the release.
func (c *Counter) Add(a Attempt) {
	failed, counted := outcome(a.Status)
	if !counted {
		return
	}
	c.all.add(failed)
	c.statuses[a.Status]++
	if failed {
		c.addReason(a.Reason())
	}
	for _, t := range a.Traits {
		if of := c.tallyOf(t); of != nil {
			of.add(failed)
		}
	}
}

func (c *Counter) addReason(reason string) {
	if c.reasons == nil {
		c.reasons = map[string]int64{}
	}
	if _, known := c.reasons[reason]; !known && len(c.reasons) == maxReasons {
		c.unnamed++
		return
	}
	c.reasons[reason]++
}

// tallyOf is where attempts on things with a trait are counted, nil where they are not.
func (c *Counter) tallyOf(t Trait) *tally {
	of := attribute{t.Kind, t.Name}
	values, known := c.values[of]
	switch {
	case known && values == nil, !known && len(c.values) == maxNames:
		return nil
	case !known:
		if c.values == nil {
			c.values = map[attribute]map[string]*tally{}
		}
		values = map[string]*tally{}
		c.values[of] = values
	}
	found := values[t.Value]
	if found != nil {
		return found
	}
	if len(values) == MaxValues && t.Kind == ByAttribute {
		c.values[of] = nil
		return nil
	}
	found = &tally{}
	values[t.Value] = found
	return found
}
