package command

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// UpdateJob changes a job while it runs. With --diff the command line shows first what would change,
// and asks (R-AUD-4).

// The options of that.
const (
	diffOption = "diff"
	YesOption  = "yes"
)

// DescribedBy is the operation that shows what an operation changes, nil for one that shows no
// differences, and the member of its answer with the members of the request.
func DescribedBy(op *schema.Description) (describe *schema.Description, member string) {
	if op == iot.UpdateJob.Describe() {
		return iot.DescribeJob.Describe(), "job"
	}
	return nil, ""
}

// diffOptions are the options of an operation that shows differences.
func diffOptions() []*Option {
	return []*Option{
		{Name: diffOption, Takes: TakesNone, About: "Shows the old and the new value of what would " +
			"change, what that does to the forecast, and warnings, and asks before it is done. " +
			"Where nobody can be asked, nothing is changed."},
		{Name: YesOption, Takes: TakesNone, About: "With --diff: does not ask."},
	}
}

// ShowsDiff reports whether a line asks for the differences first.
func (l *Line) ShowsDiff() bool { return l.Has(diffOption) }
