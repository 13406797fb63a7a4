package job

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// A guard stops a rollout when the failures of its things cannot be chance any more. It differs
// from an abort criterion in two ways: it looks at every thing the same time after it started, so
// that failures do not count before successes, and it stops only on evidence, so that looking at it
// after every thing does not stop a good release sooner or later. This file has the setting, as
// drover:guard gives it (docs/spec/50, section 4); guardstate.go has what it counts, and
// evidence.go the arithmetic.

// FailureSilent is the failure type of a thing that has not been heard of after it reported
// success, with drover:confirm. Only guards know it (R-STR-30).
const FailureSilent FailureType = "SILENT"

// Bounds and defaults of a guard.
const (
	defaultGuardAlpha  = 500 // hundredths of a percent, R-STR-32
	maxGuardAlpha      = 5000
	defaultGuardSettle = 10 * time.Minute // R-STR-30
	minGuardSettle     = time.Second
	maxGuardSettle     = 24 * time.Hour
	// guardBuckets is in how many parts the settle time is divided (R-STR-31).
	guardBuckets = 30
)

// Guard is the setting drover:guard. All members are set: what the text leaves out has its default.
type Guard struct {
	FailureType FailureType `json:"failureType"`
	// RateHundredths is the failure rate that a release may have, AlphaHundredths the probability
	// with which a release at that rate is stopped at most; both in hundredths of a percent.
	RateHundredths  int64 `json:"rateHundredths"`
	AlphaHundredths int64 `json:"alphaHundredths"`
	// Settle is how long after its start a thing counts.
	Settle time.Duration `json:"settle"`
	Then   Action        `json:"then"`
}

// guardForm is how a guard is written, for error texts.
const guardForm = "TYPE RATEpct [alpha=Npct] [settle=DURATION] [then=pause|cancel|observe], " +
	"such as FAILED 5pct settle=30m"

// parseGuard reads the value of drover:guard. Options may stand in any order, each once.
func parseGuard(text string) (Guard, error) {
	g := Guard{
		AlphaHundredths: defaultGuardAlpha,
		Settle:          defaultGuardSettle,
		Then:            ActionPause,
	}
	words := strings.Fields(text)
	if len(words) < 2 {
		return Guard{}, errors.New("a failure type and a rate are needed")
	}
	if err := g.setType(words[0]); err != nil {
		return Guard{}, err
	}
	if err := g.setRate(words[1]); err != nil {
		return Guard{}, err
	}
	given := map[string]bool{}
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		if given[name] {
			return Guard{}, fmt.Errorf("%s is given twice", name)
		}
		given[name] = true
		if err := g.setOption(name, value); err != nil {
			return Guard{}, err
		}
	}
	return g, nil
}

func (g *Guard) setType(word string) error {
	switch t := FailureType(word); t {
	case FailureFailed, FailureRejected, FailureTimedOut, FailureAll, FailureSilent:
		g.FailureType = t
		return nil
	}
	return fmt.Errorf("failure type: %q is not one of FAILED, REJECTED, TIMED_OUT, ALL, SILENT",
		word)
}

func (g *Guard) setRate(word string) (err error) {
	if g.RateHundredths, err = parsePercent(word); err != nil {
		return fmt.Errorf("rate: %w", err)
	}
	if g.RateHundredths == 0 || g.RateHundredths == 10000 {
		return fmt.Errorf("rate: %q is not more than 0pct and less than 100pct", word)
	}
	return nil
}

func (g *Guard) setOption(name, value string) (err error) {
	switch name {
	case "alpha":
		if g.AlphaHundredths, err = parsePercent(value); err != nil {
			return fmt.Errorf("alpha: %w", err)
		}
		if g.AlphaHundredths == 0 || g.AlphaHundredths > maxGuardAlpha {
			return fmt.Errorf("alpha: %q is not more than 0pct and at most 50pct", value)
		}
	case "settle":
		if g.Settle, err = parseDuration(value, minGuardSettle, maxGuardSettle); err != nil {
			return fmt.Errorf("settle: %w", err)
		}
	case "then":
		switch a := Action(value); a {
		case ActionPause, ActionCancel, ActionObserve:
			g.Then = a
		default:
			return fmt.Errorf("then: %q is not one of pause, cancel, observe", value)
		}
	default:
		return fmt.Errorf("option: %q is not one of alpha=, settle=, then=", name)
	}
	return nil
}

// fails reports whether a thing counts as failed whose first attempt is in this status, and silent
// if it has reported success and was not heard of again (R-STR-30). ALL is every kind of failure.
func (g Guard) fails(x Execution) bool {
	is := func(t FailureType) bool { return g.FailureType == t || g.FailureType == FailureAll }
	switch x.Status {
	case ExecutionFailed:
		return is(FailureFailed)
	case ExecutionRejected:
		return is(FailureRejected)
	case ExecutionTimedOut:
		return is(FailureTimedOut)
	case ExecutionSucceeded:
		return x.Silent && is(FailureSilent)
	}
	return false
}

// bucketWidth is the width of a bucket of starts in milliseconds: a thirtieth of the settle time,
// rounded up, and at least one second. So no start that waits to be counted is more than 30 buckets
// old.
func (g Guard) bucketWidth() int64 {
	return max(1000, (g.Settle.Milliseconds()+guardBuckets-1)/guardBuckets)
}

// bucketOf is the number of the bucket that a time is in. With a settle time of 10 minutes a bucket
// has 20 seconds: 12:00:00 to 12:00:19.999 are one, 12:00:20 begins the next.
func (g Guard) bucketOf(at time.Time) int64 { return at.UnixMilli() / g.bucketWidth() }

// bucketCounts is when a bucket counts: it is as old as the settle time as a whole (R-STR-31). That
// of 12:00:00 to 12:00:19.999 counts at 12:10:20, with a settle time of 10 minutes.
func (g Guard) bucketCounts(number int64) time.Time {
	return time.UnixMilli((number + 1) * g.bucketWidth()).UTC().Add(g.Settle)
}
