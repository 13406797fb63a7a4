package cli

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/client"
)

// --wait: a call goes on until what it began has ended (R-CMD-154 to R-CMD-156). What an operation
// can be waited for is a table of package command, and how that is done is package follow.

// checkWait refuses to wait for what has no end, as far as the request says so: for a continuous
// job without an end time (R-JOB-12). Nothing has been sent yet.
func (c *call) checkWait(in *value.Object) error {
	w, ok := command.WaitOf(c.op)
	if !c.line.Waits() || !ok || w.End != command.JobEnded || in.Text("targetSelection") != "CONTINUOUS" {
		return nil
	}
	if s, _ := in.Get("schedulingConfig"); s != nil {
		if o, structure := s.(*value.Object); structure && o.Text("endTime") != "" {
			return nil
		}
	}
	return exit.BadValue("--wait: a continuous job without an end time never ends by itself")
}

// waitsFirst and waitsAfter say whether the line asks to wait before or after the call.
func (c *call) waitsFirst() bool {
	w, ok := command.WaitOf(c.op)
	return ok && w.First && c.line.Waits()
}

func (c *call) waitsAfter() bool { return c.line.Waits() && !c.waitsFirst() }

// wait waits for what the request in begins or names. The server is the one of the sender.
func (c *call) wait(ctx context.Context, out *sender, in *value.Object) error {
	w, _ := command.WaitOf(c.op)
	seconds, _ := strconv.Atoi(c.line.Text(command.TimeoutOption)) // reading the line has checked it
	t := out.transport
	f := &follow.Follower{
		Client: client.New(out.settings.Endpoint, t.Credentials,
			client.Region(t.Region), client.HTTPClient(t.HTTP), client.Attempts(1)),
		Progress: terminal.NewProgress(c.env.Stderr, c.env.Getenv),
		Timeout:  time.Duration(min(max(seconds, 0), 1e9)) * time.Second,
		Now:      time.Now,
		Sleep:    c.env.Wait,
	}
	err := until(ctx, f, w.End, in)
	switch {
	case err == nil || errors.Is(err, follow.ErrLeft):
		return err
	case errors.Is(err, follow.ErrTimeout):
		return exit.Timeout(err.Error())
	}
	if failed, ok := errors.AsType[*follow.UnsuccessfulError](err); ok {
		return exit.Unsuccessful(failed.Error())
	}
	if answered, ok := errors.AsType[*client.Error](err); ok {
		return c.withNextStep(refused(answered).exit(w.End.AskedBy(), 1), in)
	}
	return exit.Other("%v", err)
}

// ended reports whether a wait has come to an end, successful or not.
func ended(err error) bool {
	failed, ok := errors.AsType[*exit.Error](err)
	return err == nil || ok && failed.Status == exit.StatusUnsuccessful
}

// until waits for one kind of end.
func until(ctx context.Context, f *follow.Follower, end command.WaitEnd, in *value.Object) error {
	job := in.Text("jobId")
	execution := follow.Execution{Job: job, Thing: in.Text("thingName")}
	if v, given := in.Get("executionNumber"); given {
		if n, ok := v.(json.Number); ok {
			if whole, err := n.Int64(); err == nil {
				execution.Number = &whole
			}
		}
	}
	switch end {
	case command.JobEnded, command.JobCanceled:
		return f.Job(ctx, job, end == command.JobCanceled)
	case command.JobGone:
		return f.JobGone(ctx, job)
	case command.ExecutionEnded:
		return f.Execution(ctx, execution, "SUCCEEDED")
	case command.ExecutionCanceled:
		return f.Execution(ctx, execution, "CANCELED")
	case command.ExecutionGone:
		return f.ExecutionGone(ctx, execution)
	}
	return f.GroupActive(ctx, in.Text("thingGroupName"))
}
