package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/drover-iot/drover/agent/action"
	"github.com/drover-iot/drover/agent/document"
	"github.com/drover-iot/drover/agent/link"
	"github.com/drover-iot/drover/agent/place"
)

// One execution: the steps of its document are done in order, each is noted before it begins, and the
// outcome is noted before it is reported. So whenever the device stops, the agent that starts next
// begins the step again that had not ended, and does no step again that had (R-AGT-10).

// errEnded says that the server has ended the execution: it was canceled, deleted or timed out.
var errEnded = errors.New("the server has ended the job")

// A run is one execution while it is done.
type run struct {
	*agent
	p        place.Place
	document document.Document
	report   *reporter
}

// do does an execution, from the place on that an earlier agent has come to.
func (a *agent) do(ctx context.Context, e *execution, p *place.Place) error {
	if p == nil || p.JobID != e.JobID || p.Number != e.Number {
		p = &place.Place{JobID: e.JobID, Number: e.Number}
	}
	log := a.log(p)
	d, err := document.Parse(e.Document)
	if err == nil {
		err = a.check(d)
	}
	if err != nil {
		log.Warn("rejected", "err", err)
		return a.end(*p, place.Outcome{
			Status: "REJECTED", Details: map[string]string{"reason": action.Value(err.Error(), false)},
		})
	}
	log.Info("begins", "step", p.Step+1, "of", len(d.All()))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watching sync.WaitGroup
	watching.Go(func() { a.watch(ctx, *p, cancel) })
	r := &run{agent: a, p: *p, document: d, report: newReporter(a, *p, cancel)}
	watching.Go(func() { r.report.run(ctx) })
	outcome, err := r.steps(ctx)
	ended := errors.Is(context.Cause(ctx), errEnded)
	cancel(nil)
	watching.Wait()
	switch {
	case ended:
		log.Warn("stopped: the server has ended the job")
		return a.place.Clear()
	case err != nil:
		return err
	}
	return a.end(r.p, outcome)
}

// end notes the outcome of an execution; the next turn of the agent reports it.
func (a *agent) end(p place.Place, o place.Outcome) error {
	p.Outcome = &o
	return a.place.Save(p)
}

// steps does the steps that are left. The error says that the agent stops, and the execution goes on
// with the next one.
func (r *run) steps(ctx context.Context) (place.Outcome, error) {
	all := r.document.All()
	last := map[string]string{}
	for ; r.p.Step < len(all); r.p.Step++ {
		step := all[r.p.Step]
		title := fmt.Sprintf("%d/%d %s", r.p.Step+1, len(all), step.Name)
		if r.p.Boot != "" && r.p.Boot != r.boot() {
			r.p.Boot, r.p.Begun = "", 0 // the reboot that this step asked for is over
			continue
		}
		result, err := r.one(ctx, step, title)
		switch {
		case ctx.Err() != nil:
			return place.Outcome{}, context.Cause(ctx)
		case err == nil:
			err = failure(step, result)
		}
		last = r.outputs(result, err)
		if err != nil && !step.IgnoreFailure {
			last["reason"] = action.Value("step "+title+": "+err.Error(), false)
			r.log(&r.p).Warn("a step has failed", "step", title, "err", err)
			return place.Outcome{Status: "FAILED", Details: last}, nil
		}
		if err != nil {
			r.log(&r.p).Warn("a step has failed, and the next one follows", "step", title, "err", err)
		} else {
			r.log(&r.p).Info("a step has ended", "step", title)
		}
		r.p.Boot, r.p.Begun = "", 0
	}
	return place.Outcome{Status: "SUCCEEDED", Details: last}, nil
}

// one does one step, which is noted before.
func (r *run) one(ctx context.Context, step document.Step, title string) (action.Result, error) {
	if r.p.Begun >= r.StepAttempts {
		return action.Result{}, fmt.Errorf("was begun %d times and did not end, because the device stopped in it", r.p.Begun)
	}
	r.p.Begun++
	if err := r.place.Save(r.p); err != nil {
		return action.Result{}, err
	}
	r.report.say(map[string]string{"step": action.Value(title, false)})
	if built := builtIns[step.Handler]; built != nil && (!r.owned(step) || built.always) {
		return built.do(ctx, r, step)
	}
	words, err := r.actions.Find(step)
	if err != nil {
		return action.Result{}, err
	}
	return r.actions.Run(ctx, words, step.RunAs, r.environment(), r.report.progress)
}

// environment is what an action finds in its environment.
func (r *run) environment() []string {
	return []string{
		"DROVER_JOB_ID=" + r.p.JobID,
		fmt.Sprintf("DROVER_EXECUTION_NUMBER=%d", r.p.Number),
		"DROVER_THING_NAME=" + r.jobs.thing,
		fmt.Sprintf("DROVER_ATTEMPT=%d", r.p.Begun),
		"DROVER_STATE=" + r.State,
	}
}

// owned reports whether the device's owner has a handler for a step.
func (a *agent) owned(step document.Step) bool {
	_, err := a.actions.Find(step)
	return !errors.Is(err, action.ErrMissing)
}

// check refuses a document with a step that this device cannot do, before it does the first.
func (a *agent) check(d document.Document) error {
	for _, step := range d.All() {
		_, err := a.actions.Find(step)
		if built := builtIns[step.Handler]; errors.Is(err, action.ErrMissing) && built != nil {
			err = built.check(step)
		}
		if err != nil {
			return fmt.Errorf("step %s: %w", step.Name, err)
		}
	}
	return nil
}

// failure says why the result of a step is none of success.
func failure(step document.Step, result action.Result) error {
	switch {
	case result.Code != 0:
		return fmt.Errorf("exit status %d", result.Code)
	case step.MaxStdErr >= 0 && result.ErrLines > step.MaxStdErr:
		return fmt.Errorf("%d lines of standard error, %d are allowed", result.ErrLines, step.MaxStdErr)
	}
	return nil
}

// outputs are the details about what a step has printed: after a failure, and where the document wants
// them.
func (r *run) outputs(result action.Result, err error) map[string]string {
	details := map[string]string{}
	if result.StdOut != "" && (r.document.IncludeStdOut || err != nil) {
		details["stdout"] = result.StdOut
	}
	if result.StdErr != "" && err != nil {
		details["stderr"] = result.StdErr
	}
	return details
}

// watch ends an execution that the server has ended.
func (a *agent) watch(ctx context.Context, p place.Place, cancel context.CancelCauseFunc) {
	for {
		a.waitForChange(ctx, lookEvery)
		if ctx.Err() != nil {
			return
		}
		now, err := a.jobs.describe(ctx, p.JobID)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			a.log(&p).Warn("cannot ask whether the job goes on", "err", err)
		case now == nil || now.Number != p.Number || now.Status != "IN_PROGRESS":
			cancel(errEnded)
			return
		}
	}
}

// A reporter tells the server how far an execution is: the newest only, and not too often.
type reporter struct {
	agent  *agent
	p      place.Place
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	details map[string]string
	news    chan struct{} // holds one token when the details have changed
}

func newReporter(a *agent, p place.Place, cancel context.CancelCauseFunc) *reporter {
	return &reporter{agent: a, p: p, cancel: cancel, details: map[string]string{}, news: make(chan struct{}, 1)}
}

// say replaces the details.
func (r *reporter) say(details map[string]string) {
	r.mu.Lock()
	same := maps.Equal(r.details, details)
	r.details = details
	r.mu.Unlock()
	if same {
		return
	}
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// progress changes the detail of this name.
func (r *reporter) progress(text string) {
	r.mu.Lock()
	details := maps.Clone(r.details)
	r.mu.Unlock()
	details["progress"] = text
	r.say(details)
}

// run reports until ctx ends.
func (r *reporter) run(ctx context.Context) {
	for {
		select {
		case <-r.news:
		case <-ctx.Done():
			return
		}
		r.mu.Lock()
		details := maps.Clone(r.details)
		r.mu.Unlock()
		err := r.agent.jobs.update(ctx, r.p, place.Outcome{Status: "IN_PROGRESS", Details: details})
		var rejection *link.Rejection
		switch {
		case isOver(err):
			r.cancel(errEnded)
			return
		case errors.As(err, &rejection):
			r.agent.log(&r.p).Warn("a report of progress was refused", "err", err)
		}
		pause := time.NewTimer(r.agent.ProgressEvery)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return
		}
	}
}
