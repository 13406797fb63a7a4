package command

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// Some operations begin what ends by itself, later. With --wait the command line waits for the end
// (R-CMD-154).

// A Wait is what an operation can be waited for.
type Wait struct {
	// End is how the wait ends.
	End WaitEnd
	// First is whether the call is made when the wait has ended, so that its answer shows the end.
	// Otherwise it is made, and its answer shown, before the wait.
	First bool
	// About says in help what is waited for.
	About string
}

// WaitEnd is what a wait ends with.
type WaitEnd uint8

// What there is to wait for. The members of the request name the job, the execution or the group.
const (
	JobEnded          WaitEnd = iota + 1 // with every execution SUCCEEDED
	JobCanceled                          // and no execution is left to cancel
	JobGone                              // with all its executions
	ExecutionEnded                       // SUCCEEDED
	ExecutionCanceled                    // CANCELED
	ExecutionGone
	GroupActive // the query of a dynamic group has been asked about every thing
)

// AskedBy is the operation that a wait calls again and again to see whether the end has come.
func (e WaitEnd) AskedBy() string {
	switch e {
	case ExecutionEnded, ExecutionCanceled, ExecutionGone:
		return "DescribeJobExecution"
	case GroupActive:
		return "DescribeThingGroup"
	}
	return "DescribeJob"
}

const (
	aboutJob = "Waits until the job has ended, and shows on standard error how it goes. The exit " +
		"status is 0 when every execution has succeeded, otherwise 1. Ctrl-C ends the wait, not the job."
	aboutGone  = "Waits until the deletion is done, and shows on standard error how it goes."
	aboutQuery = "Waits until the group is ACTIVE: it has every thing that its query finds."
)

// waits are the operations of the control plane that can be waited for, by name.
var waits = map[string]Wait{
	"CreateJob": {JobEnded, false, aboutJob},
	"UpdateJob": {JobEnded, false, aboutJob},
	"DescribeJob": {JobEnded, true, aboutJob +
		" The answer shows the job as it ended."},
	"CancelJob": {JobCanceled, false, "Waits until the job is CANCELED with all executions " +
		"that are to be, and shows on standard error how it goes."},
	"DeleteJob": {JobGone, false, aboutGone},
	"DescribeJobExecution": {ExecutionEnded, true, "Waits until the execution has ended. The " +
		"exit status is 0 when it has succeeded, otherwise 1. The answer shows it as it ended."},
	"CancelJobExecution": {ExecutionCanceled, false,
		"Waits until the execution is CANCELED. Another end has the exit status 1."},
	"DeleteJobExecution":      {ExecutionGone, false, aboutGone},
	"CreateDynamicThingGroup": {GroupActive, false, aboutQuery},
	"UpdateDynamicThingGroup": {GroupActive, false, aboutQuery},
}

// The options of waiting.
const (
	waitOption    = "wait"
	TimeoutOption = "wait-timeout"
)

// WaitOf is what an operation can be waited for, and whether it can be. The device plane, which has
// operations of the same names, is for devices: they do not wait for themselves.
func WaitOf(op *schema.Description) (w Wait, ok bool) {
	if w, ok = waits[op.Name]; !ok {
		return w, false
	}
	return w, Find(&iot.Service, Dashed(op.Name)) == op
}

// options are the options of an operation that can be waited for.
func (w Wait) options() []*Option {
	return []*Option{
		{Name: waitOption, Takes: TakesNone, About: w.About},
		{Name: TimeoutOption, Number: true, About: "With --wait: ends the wait after so many " +
			"seconds, with exit status 124. Without it, and with 0, there is no limit."},
	}
}

// Waits reports whether a line asks to wait.
func (l *Line) Waits() bool { return l.Has(waitOption) }
