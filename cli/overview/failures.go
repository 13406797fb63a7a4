package overview

import (
	"fmt"
	"strconv"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/terminal"
)

// FailureTables shows which things of a job fail (R-FAIL-1): how many, why, and what they have in
// common. Tables without rows are left out.
func FailureTables(f *drover.Failures) (tables []Table) {
	for _, t := range []Table{statusTable(f), reasonTable(f), groupTable(f)} {
		if len(t.Rows) > 0 {
			tables = append(tables, t)
		}
	}
	return tables
}

// statusTable is how first attempts have ended.
func statusTable(f *drover.Failures) Table {
	t := Table{Titles: []string{"FIRST ATTEMPTS", "NUMBER", "SHARE"}}
	add := func(name string, n int64, style terminal.Style) {
		t.Rows = append(t.Rows, []Cell{{name, style}, {Text: fmt.Sprint(n)}, {Text: share(n, f.Ended)}})
	}
	add("ended", f.Ended, terminal.Plain)
	for _, s := range f.Statuses {
		add(string(s.Status), s.Count, styleOf(s.Status))
	}
	return t
}

// reasonTable is why they have failed.
func reasonTable(f *drover.Failures) Table {
	t := Table{Titles: []string{"REASON", "FAILED", "SHARE", ""}, Shrinks: []int{0}}
	for _, r := range f.Reasons {
		text, note := r.Reason, Cell{}
		if text == "" {
			text = "(none given)"
		}
		if r.New {
			note = Cell{"new", terminal.Red}
		}
		t.Rows = append(t.Rows,
			[]Cell{{Text: text}, {Text: fmt.Sprint(r.Failed)}, {Text: share(r.Failed, f.Failed)}, note})
	}
	if f.OtherReasons > 0 {
		n := f.OtherReasons
		t.Rows = append(t.Rows,
			[]Cell{{Text: "(others)"}, {Text: fmt.Sprint(n)}, {Text: share(n, f.Failed)}, {}})
	}
	return t
}

// groupTable is what things have in common, against all others.
func groupTable(f *drover.Failures) Table {
	t := Table{
		Titles:  []string{"THINGS", "ENDED", "FAILED", "SHARE", "LIFT", "P"},
		Shrinks: []int{0},
	}
	for _, g := range f.Groups {
		style, lift := terminal.Plain, "-"
		if g.Significant {
			style = terminal.Red
		}
		if g.Lift != nil {
			lift = short(g.Lift.Float())
		}
		t.Rows = append(t.Rows, []Cell{
			{groupName(g), style},
			{Text: fmt.Sprint(g.Ended)},
			{Text: fmt.Sprint(g.Failed)},
			{Text: share(g.Failed, g.Ended)},
			{Text: lift},
			{Text: short(g.P.Float())},
		})
	}
	return t
}

// groupName says what the things of a group have in common, as --without takes it.
func groupName(g drover.FailureGroup) string {
	switch {
	case g.Kind == "THING_TYPE":
		return "thing-type=" + g.Value
	case g.Kind == "TARGET_GROUP":
		return "group=" + g.Value
	case g.Name != nil:
		return "attribute." + *g.Name + "=" + g.Value
	}
	return g.Value
}

// share is n of all in percent.
func share(n, all int64) string {
	if all == 0 {
		return "-"
	}
	return short(float64(n)*100/float64(all)) + "%"
}

// short is a number with three figures.
func short(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) }
