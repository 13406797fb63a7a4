package overview

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/output"
)

// now is when the tables are drawn.
var now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// rows are jobs of every kind.
func rows() []Job {
	target := "arn:aws:iot:us-east-1:000000000000:thinggroup/pumps-of-the-northern-site"
	return []Job{
		{JobID: "fw-2-5", Status: "IN_PROGRESS", Targets: []string{target, target}, Executions: 40, Ended: 24, Unsuccessful: 3, Failed: 1, Releasing: true,
			CreatedAt: new(now.Add(-3 * time.Minute))},
		{JobID: "old", Status: "COMPLETED", Targets: []string{"arn:aws:iot:us-east-1:000000000000:thing/p\x1b[2J"}, Executions: 1, Ended: 1,
			CreatedAt: new(now.Add(-50 * time.Hour))},
		{JobID: "colon", Status: "COMPLETED", Targets: []string{"arn:aws:iot:us-east-1:000000000000:thing/a:b"}},
		{JobID: "bare", Status: "SCHEDULED"},
		{JobID: "held", Status: "IN_PROGRESS", Paused: "ticket 4711"},
	}
}

// A table fits the terminal, has colours only when asked, and shows no control character of a value.
func TestJobTable(t *testing.T) { // R-CMD-157
	t.Parallel()
	const wide = `JOB     STATUS               TARGETS                                   DONE    FAILED  CREATED
fw-2-5  IN_PROGRESS          thinggroup/pumps-of-the-northern-site +1  24/40+  1       3 min ago
old     COMPLETED            thing/p\u001b[2J                          1/1     0       2 d 2 h ago
colon   COMPLETED            thing/a:b                                 0/0     0
bare    SCHEDULED                                                      0/0     0
held    IN_PROGRESS, paused                                            0/0     0
`
	table := JobTable(rows(), now)
	if diff := cmp.Diff(wide, table.String(0, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, width := range []int{40, 72, 80} {
		for line := range strings.Lines(table.String(width, false)) {
			// Below the narrowest columns nothing is cut any more.
			if w := output.DisplayWidth(strings.TrimRight(line, "\n")); w > max(width, 76) {
				t.Errorf("%d columns of %d: %s", w, width, line)
			}
		}
	}
	colored := table.String(0, true)
	for _, want := range []string{"\x1b[1mJOB\x1b[0m", "\x1b[34mIN_PROGRESS\x1b[0m", "\x1b[32mCOMPLETED\x1b[0m", "\x1b[31m1\x1b[0m", "\x1b[33mIN_PROGRESS, paused\x1b[0m"} {
		if !strings.Contains(colored, want) {
			t.Errorf("no %q in\n%q", want, colored)
		}
	}
	plain := colored
	for _, code := range []string{"\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[34m", "\x1b[0m"} {
		plain = strings.ReplaceAll(plain, code, "")
	}
	if diff := cmp.Diff(table.String(0, false), plain); diff != "" {
		t.Errorf("colours have a width (-without +with):\n%s", diff)
	}
}

func TestThingTable(t *testing.T) { // R-CMD-157
	t.Parallel()
	things := []Thing{
		{ThingName: "pump-01", ThingType: "pump", Groups: []string{"a", "b"}, Connected: new(true), Since: new(now.Add(-time.Hour)), Pending: new(2)},
		{ThingName: "pump-02", Groups: []string{}, Connected: new(false), Since: new(now.Add(-time.Second)), Pending: new(0)},
		{ThingName: "pump-03", Groups: []string{}},
	}
	want := []string{
		"THING    TYPE  GROUPS  CONNECTED  SINCE          JOBS",
		"pump-01  pump  a, b    yes        1 h 0 min ago  2",
		"pump-02                no         1 s ago        0",
		"pump-03                —", // whose width is two where it is ambiguous
		"",
	}
	if diff := cmp.Diff(want, strings.Split(ThingTable(things, true, now).String(0, false), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A filter is one query; names are phrases of it.
func TestSearch(t *testing.T) { // R-CMD-157
	t.Parallel()
	for want, f := range map[string]ThingFilter{
		"*":                    {},
		"a:b OR c:d":           {Query: "a:b OR c:d"},
		`thingTypeName:"pump"`: {Type: "pump"},
		`thingTypeName:"pump" AND thingGroupNames:"a" AND (a:b OR c:d)`: {Type: "pump", Group: "a", Query: "a:b OR c:d"},
		`thingGroupNames:"a\"b"`: {Group: `a"b`},
	} {
		if got := f.Search(); got != want {
			t.Errorf("%+v: %s, want %s", f, got, want)
		}
	}
}
