package sim

import (
	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/explain"
	"github.com/drover-iot/drover/sim/rules"
)

// Operators ask why an execution does not go on, or what a job waits for, now and then: one after
// the other, and once more when it was said that a reason would be gone. They draw nothing, so that
// a seed does the same whether they ask or not.

// explainEvery is how many steps pass between two questions. With 32, the simulator is less than a
// twentieth slower.
const explainEvery = 32

// askWhy asks, if it is time to.
func (w *world) askWhy() {
	up := w.server.up()
	if w.log.report.Steps%explainEvery != 0 || len(up) == 0 || !w.server.goesOn() {
		return
	}
	n, asker := w.log.report.Steps/explainEvery, up[0].engine.Answers
	x, ok := w.checker.Pending(n)
	if !ok {
		return
	}
	w.askWhyExecution(asker, x.ExecutionKey)
	if due, ok := w.checker.DuePromise(w.time.now()); ok {
		w.askWhyExecution(asker, due)
	}
	w.askWhyTurn(asker, x.Job, n)
	id := w.checker.JobID(x.Job)
	j, e, err := asker.ExplainJob(w.server.ctx, id)
	w.log.must("explain a job", err)
	if err == nil && j.Status.Active() {
		w.server.look(func(now rules.State) { w.checker.ExplainedJob(now, id, explained(e)) })
	}
}

// askWhyTurn asks about a thing that the rollout of a job has not reached.
func (w *world) askWhyTurn(asker *answers.Service, key job.Key, n int) {
	w.server.look(func(now rules.State) {
		waits, ok := w.checker.Unreleased(now, key, n)
		if !ok {
			return
		}
		thing, err := now.Store.Thing(waits)
		w.log.must("read a thing", err)
		a, err := asker.ExplainThing(w.server.ctx, thing.Name, w.checker.JobID(key))
		w.log.must("explain a turn", err)
		w.checker.ExplainedTurn(now, key, waits, explained(a.Explanation))
	})
}

// askWhyExecution asks about an execution.
func (w *world) askWhyExecution(asker *answers.Service, key job.ExecutionKey) {
	w.server.look(func(now rules.State) {
		thing, err := now.Store.Thing(key.Thing)
		if err != nil { // it was deleted, and its executions are about to follow
			w.checker.ForgetPromises(key)
			return
		}
		a, err := asker.ExplainThing(w.server.ctx, thing.Name, w.checker.JobID(key.Job))
		w.log.must("explain an execution", err)
		w.checker.Explained(now, key, explained(a.Explanation))
	})
}

// explained is an explanation in the words of the rules.
func explained(e explain.Explanation) rules.Explained {
	out := rules.Explained{Verdict: string(e.Verdict)}
	for _, r := range e.Reasons {
		out.Reasons = append(out.Reasons, rules.ExplainedReason{
			Code:  string(r.Code),
			Text:  r.Text,
			Since: r.Since,
			Until: r.Until,
		})
	}
	return out
}
