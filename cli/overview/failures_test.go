package overview

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/schema"
)

// Failures are three tables: how many, why, and what those have in common that fail (R-FAIL-1).
func TestFailureTables(t *testing.T) {
	t.Parallel()
	shown := ""
	for _, table := range FailureTables(&drover.Failures{
		JobID: "fw-2", Ended: 1120, Failed: 64,
		Statuses: []drover.StatusCount{{Status: "SUCCEEDED", Count: 1056}, {Status: "FAILED", Count: 64}},
		Reasons: []drover.FailureReason{
			{Reason: "no room", Failed: 42, New: true}, {Reason: "", Failed: 12},
		},
		OtherReasons: 10,
		Groups: []drover.FailureGroup{
			{Kind: "THING_TYPE", Value: "valve", Ended: 120, Failed: 42, Lift: new(schema.Decimal("15.9091")),
				P: "0.00000000012", Significant: true},
			{Kind: "ATTRIBUTE", Name: new("color"), Value: "red", Ended: 560, Failed: 30, P: "1"},
			{Kind: "TARGET_GROUP", Value: "site-1", Ended: 10, Failed: 0, Lift: new(schema.Decimal("0")), P: "1"},
		},
	}) {
		shown += table.String(0, false) + "\n"
	}
	want := `
FIRST ATTEMPTS  NUMBER  SHARE
ended           1120    100%
SUCCEEDED       1056    94.3%
FAILED          64      5.71%

REASON        FAILED  SHARE
no room       42      65.6%  new
(none given)  12      18.8%
(others)      10      15.6%

THINGS               ENDED  FAILED  SHARE  LIFT  P
thing-type=valve     120    42      35%    15.9  1.2e-10
attribute.color=red  560    30      5.36%  -     1
group=site-1         10     0       0%     0     1

`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), shown); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
