package failures

import (
	"cmp"
	"slices"
	"strings"

	"github.com/drover-iot/drover/job"
)

// Bounds of what counts as evidence.
const (
	significance = 0.05
	minFailures  = 5
)

// Group is the things with one trait, against all other things of the job.
type Group struct {
	Trait
	Ended, Failed int64
	// Share is Failed ÷ Ended; Lift that share divided by the share of all others, 0 when none of
	// those has failed.
	Share, Lift float64
	// P is how probable a difference as large is when the trait has no influence: the two-sided
	// exact test of Fisher, corrected by Holm for the number of groups.
	P float64
	// Significant says that P is below 5 percent, at least five have failed, and more than of the
	// others.
	Significant bool
}

// Reason is one of the reasons that devices gave.
type Reason struct {
	Text   string
	Failed int64
	// New says that no earlier job that was looked at has it.
	New bool
}

// Result is what a counter has found.
type Result struct {
	Ended, Failed int64
	Statuses      job.Counts
	Reasons       []Reason // the most frequent first
	OtherReasons  int64    // failures with reasons that are not listed
	Groups        []Group  // significant ones first
	// LeftOut are attributes with too many values.
	LeftOut []string
}

// Result compares the groups. It may be called once all attempts were added.
func (c *Counter) Result() Result {
	r := Result{
		Ended:        c.all.ended,
		Failed:       c.all.failed,
		Statuses:     c.statuses,
		OtherReasons: c.unnamed,
	}
	for text, n := range c.reasons {
		r.Reasons = append(r.Reasons, Reason{Text: text, Failed: n})
	}
	slices.SortFunc(r.Reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Failed, a.Failed), strings.Compare(a.Text, b.Text))
	})
	for of, values := range c.values {
		if values == nil {
			r.LeftOut = append(r.LeftOut, of.name)
		}
		for value, t := range values {
			if t.ended < c.all.ended { // else there is nothing to compare it with
				r.Groups = append(r.Groups, c.group(Trait{of.kind, of.name, value}, *t))
			}
		}
	}
	slices.Sort(r.LeftOut)
	slices.SortFunc(r.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.P, b.P), compareTraits(a.Trait, b.Trait))
	})
	holm(r.Groups)
	slices.SortFunc(r.Groups, compareGroups)
	return r
}

// group compares the things of a trait with all others; P is not corrected yet.
func (c *Counter) group(t Trait, in tally) Group {
	others := tally{c.all.ended - in.ended, c.all.failed - in.failed}
	g := Group{Trait: t, Ended: in.ended, Failed: in.failed}
	g.Share = float64(in.failed) / float64(in.ended)
	if others.failed > 0 {
		g.Lift = g.Share / (float64(others.failed) / float64(others.ended))
	}
	g.P = fisher(in.failed, in.ended, c.all.failed, c.all.ended)
	return g
}

// holm corrects the probabilities of groups, which are sorted by them: the smallest of m is
// multiplied by m, the next by m-1, and so on, and none comes out smaller than the one before it.
func holm(groups []Group) {
	least := 0.0
	for i := range groups {
		g := &groups[i]
		least = max(least, min(1, g.P*float64(len(groups)-i)))
		g.P = least
		// More than of the others: failed ÷ ended > other failures ÷ others, which a lift of 0
		// does not say.
		more := g.Lift > 1 || g.Lift == 0 && g.Failed > 0
		g.Significant = g.P < significance && g.Failed >= minFailures && more
	}
}

// compareGroups puts significant groups first, the most certain one at the top; then those with the
// largest share of failures.
func compareGroups(a, b Group) int {
	if a.Significant != b.Significant {
		if a.Significant {
			return -1
		}
		return 1
	}
	byP, byShare := cmp.Compare(a.P, b.P), cmp.Compare(b.Share, a.Share)
	if a.Significant {
		return cmp.Or(byP, byShare, compareTraits(a.Trait, b.Trait))
	}
	return cmp.Or(byShare, byP, compareTraits(a.Trait, b.Trait))
}

func compareTraits(a, b Trait) int {
	return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Name, b.Name),
		strings.Compare(a.Value, b.Value))
}
