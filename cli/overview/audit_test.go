package overview

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/schema"
)

// The table of records says what was changed by the names of members, those of the job in the answer
// of DescribeJob too.
func TestAuditTable(t *testing.T) { // R-AUD-3
	t.Parallel()
	key := "AKIA1"
	record := func(number drover.AuditNumber, before, after string) drover.AuditRecord {
		r := drover.AuditRecord{
			Number:      number,
			Time:        1772366400_000,
			AccessKeyID: &key,
			Operator:    "alice",
			Operation:   "UpdateJob",
			Resource:    "job/fw",
		}
		if before != "" {
			r.Before = schema.RawJSON(before)
		}
		if after != "" {
			r.After = schema.RawJSON(after)
		}
		return r
	}
	got := AuditTable([]drover.AuditRecord{
		record(5, `{"job":{"a":1,"c":3}}`, `{"job":{"b":2,"c":4}}`),
		record(4, ``, `{"x":1}`),
		record(3, `{"x":1}`, ``),
		record(2, ``, ``),
		record(1, `{}`, `[]`),
	}).String(0, false)
	want := `NUMBER  TIME                  OPERATOR  OPERATION  RESOURCE  CHANGED
5       2026-03-01T12:00:00Z  alice     UpdateJob  job/fw    a, b, c
4       2026-03-01T12:00:00Z  alice     UpdateJob  job/fw    new
3       2026-03-01T12:00:00Z  alice     UpdateJob  job/fw    gone
2       2026-03-01T12:00:00Z  alice     UpdateJob  job/fw
1       2026-03-01T12:00:00Z  alice     UpdateJob  job/fw
`
	lines := strings.Split(got, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	if diff := cmp.Diff(want, strings.Join(lines, "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
