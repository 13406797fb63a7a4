package explain

import (
	"fmt"
	"time"
)

// Explanation is the answer: a verdict, and the reasons in the order in which they bind.
type Explanation struct {
	Verdict Verdict
	Reasons []Reason
}

// Reason is one of them.
type Reason struct {
	Code Code
	Text string // a sentence
	// Since is since when it holds, zero when that is not known.
	Since time.Time
	// Until is when it is gone at the latest, if nobody changes anything; zero when that is not
	// known. Expected is an estimate of the same, at the present rate of a rollout. At most one of
	// them is given.
	Until, Expected time.Time
}

// add adds a reason.
func (e *Explanation) add(code Code, format string, args ...any) *Reason {
	e.Reasons = append(e.Reasons, Reason{Code: code, Text: fmt.Sprintf(format, args...)})
	return &e.Reasons[len(e.Reasons)-1]
}

// since says since when a reason holds, and until says until when. Both may be zero.
func (r *Reason) since(at time.Time) *Reason { r.Since = at; return r }

func (r *Reason) until(at time.Time) *Reason { r.Until = at; return r }

// conclude makes the verdict. The first reason decides, unless a later one stays until somebody
// acts: a device that is not connected comes back, but one whose policies refuse it does not get
// further then.
func (e *Explanation) conclude() Explanation {
	e.Verdict = verdicts[e.Reasons[0].Code]
	if e.Verdict != Waiting && e.Verdict != Blocked {
		return *e
	}
	e.Verdict = Waiting
	for _, r := range e.Reasons {
		if verdicts[r.Code] == Blocked && r.Until.IsZero() {
			e.Verdict = Blocked
		}
	}
	return *e
}
