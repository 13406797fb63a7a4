package failures

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/drover-iot/drover/job"
)

// add counts so many attempts on things of a thing type and a color, of which some have failed.
func add(c *Counter, kind, color string, ended, failed int) {
	for i := range ended {
		a := Attempt{Status: job.ExecutionSucceeded, Traits: []Trait{
			{Kind: ByThingType, Value: kind},
			{Kind: ByAttribute, Name: "color", Value: color},
			{Kind: ByAttribute, Name: "serial", Value: fmt.Sprint(kind, color, i)},
		}}
		if i < failed {
			a.Status = job.ExecutionFailed
			a.Details = map[string]string{"reason": "no room on " + kind}
		}
		c.Add(a)
	}
}

// One thing type fails more often than chance explains, a color does not, and a serial number is no
// group (R-FAIL-1).
func TestGroups(t *testing.T) {
	t.Parallel()
	var c Counter
	add(&c, "pump", "red", 500, 10)
	add(&c, "pump", "blue", 500, 12)
	add(&c, "valve", "red", 60, 20)
	add(&c, "valve", "blue", 60, 22)
	c.Add(Attempt{Status: job.ExecutionCanceled, Details: map[string]string{"reason": "stopped"}})
	c.Add(Attempt{Status: job.ExecutionRemoved})
	r := c.Result()
	if r.Ended != 1120 || r.Failed != 64 || r.Statuses[job.ExecutionFailed] != 64 {
		t.Errorf("%d ended, %d failed: %v", r.Ended, r.Failed, r.Statuses)
	}
	if diff := cmp.Diff([]string{"serial"}, r.LeftOut); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	want := []Group{
		{Trait: Trait{ByThingType, "", "valve"}, Ended: 120, Failed: 42, Share: 0.35,
			Lift: 0.35 / 0.022, Significant: true},
		{Trait: Trait{ByAttribute, "color", "blue"}, Ended: 560, Failed: 34, Share: 34.0 / 560,
			Lift: 34.0 / 30, P: 1},
		{Trait: Trait{ByAttribute, "color", "red"}, Ended: 560, Failed: 30, Share: 30.0 / 560,
			Lift: 30.0 / 34, P: 1},
		{Trait: Trait{ByThingType, "", "pump"}, Ended: 1000, Failed: 22, Share: 0.022,
			Lift: 0.022 / 0.35},
	}
	near := cmpopts.EquateApprox(0, 0.02)
	if diff := cmp.Diff(want, r.Groups, near); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	reasons := []Reason{{Text: "no room on valve", Failed: 42}, {Text: "no room on pump", Failed: 22}}
	if diff := cmp.Diff(reasons, r.Reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

// Four failures are too few to call a group conspicuous, whatever the probability says (R-FAIL-1).
func TestFewFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		failed      int
		significant bool
	}{{4, false}, {5, true}} {
		var c Counter
		add(&c, "pump", "red", 1000, 0)
		add(&c, "valve", "red", 5, tt.failed)
		g := c.Result().Groups[0]
		if g.Value != "valve" || g.P > 0.001 || g.Significant != tt.significant {
			t.Errorf("%d failures: %+v", tt.failed, g)
		}
	}
}

// Holm multiplies the smallest of three probabilities by 3, the next by 2, the last by 1, and lets
// none become smaller than the one before.
func TestHolm(t *testing.T) {
	t.Parallel()
	groups := []Group{{P: 0.01}, {P: 0.02}, {P: 0.03}, {P: 0.9}}
	holm(groups)
	var got []float64
	for _, g := range groups {
		got = append(got, g.P)
	}
	want := []float64{0.04, 0.06, 0.06, 0.9}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The reason is what the device calls so, else its first detail; what is counted stays bounded.
func TestReasons(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		details map[string]string
		want    string
	}{
		{map[string]string{"reason": "full", "code": "7"}, "full"},
		{map[string]string{"step": "3", "code": "7"}, "code=7"},
		{nil, ""},
	} {
		if got := (Attempt{Details: tt.details}).Reason(); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.details, got, tt.want)
		}
	}
	var c Counter
	for i := range maxReasons + 50 {
		c.Add(Attempt{
			Status:  job.ExecutionFailed,
			Details: map[string]string{"reason": fmt.Sprint(i)},
			Traits:  []Trait{{ByAttribute, fmt.Sprint("a", i), "x"}},
		})
	}
	r := c.Result()
	if len(r.Reasons) != maxReasons || r.OtherReasons != 50 || len(r.Groups) != maxNames {
		t.Errorf("%d reasons, %d others, %d groups", len(r.Reasons), r.OtherReasons, len(r.Groups))
	}
}
