package nodes

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
	"golang.org/x/sync/errgroup"
)

// The histories at the end: each execution is read once more, and then all that was ever answered
// about it must be possible in one order. That includes that nothing acknowledged is lost and that
// nothing was done twice.

// checkTime is how long the search for an order of one history may take.
const checkTime = 20 * time.Second

// checkHistories reads all executions and checks their histories.
func (w *world) checkHistories(auditor *operator, executions []listed) {
	w.readAll(auditor, executions)
	w.history.close()
	histories := w.history.byExecution()
	keys := slices.SortedFunc(maps.Keys(histories), byThing)
	starts := w.history.mayStart()
	acknowledged, impossible := 0, 0
	var mu sync.Mutex
	var all errgroup.Group
	all.SetLimit(4)
	for _, k := range keys {
		all.Go(func() error {
			operations, result := w.check(k, histories[k], starts)
			mu.Lock()
			defer mu.Unlock()
			acknowledged += changes(histories[k])
			if result != porcupine.Ok {
				impossible++
				w.sayImpossible(k, result, operations, impossible)
			}
			return nil
		})
	}
	_ = all.Wait() // none returns an error
	w.progress("%d executions, %d acknowledged changes, %d histories without an order",
		len(keys), acknowledged, impossible)
	if acknowledged < w.devices {
		w.problem("only %d changes were acknowledged: the load is too thin to show anything",
			acknowledged)
	}
}

// check looks for an order of one history. starts is since when each thing may have started any of
// its executions without being told.
func (w *world) check(
	k key, calls []*call, starts map[string]time.Duration,
) ([]porcupine.Operation, porcupine.CheckResult) {
	may := w.jobs.mayHappen(k)
	if since, ok := starts[k.thing]; ok {
		may[mayStart] = since
	}
	operations := operationsOf(calls, may)
	return operations, porcupine.CheckOperationsTimeout(model.ToModel(), operations, checkTime)
}

// readAll reads the executions that are listed, and those of the same jobs that anybody was ever
// told of: one that was deleted is not found.
func (w *world) readAll(auditor *operator, executions []listed) {
	keys := map[key]bool{}
	for _, x := range executions {
		keys[x.key] = true
	}
	exists := map[string]bool{}
	for _, r := range w.jobs.list() {
		exists[r.id] = true
	}
	for k := range w.history.byExecution() {
		if exists[k.job] {
			keys[k] = true
		}
	}
	readers := make(chan *operator, 6)
	for i := range cap(readers) {
		readers <- w.operator(fmt.Sprintf("%s-%d", auditor.name, i))
	}
	var all errgroup.Group
	all.SetLimit(cap(readers))
	for k := range keys {
		all.Go(func() error {
			reader := <-readers
			defer func() { readers <- reader }()
			if !reader.read(context.Background(), k) {
				w.problem("%v could not be read after the last fault", k)
			}
			return nil
		})
	}
	_ = all.Wait() // none returns an error
}

// changes is how many changes of an execution were acknowledged.
func changes(calls []*call) (n int) {
	for _, c := range calls {
		accepted := !c.answer.unknown && c.answer.code == ""
		if k := c.ask.kind; accepted && k != describe && k != nothing {
			n++
		}
	}
	return n
}

// sayImpossible prints a history that no order explains, and draws it.
func (w *world) sayImpossible(
	k key, result porcupine.CheckResult, operations []porcupine.Operation, n int,
) {
	var b strings.Builder
	for _, o := range operations {
		returned := "never"
		if in := o.Output.(answer); !in.unknown {
			returned = time.Duration(o.Return).Round(time.Millisecond).String()
		}
		fmt.Fprintf(&b, "\n%12s to %-12s %v -> %v",
			time.Duration(o.Call).Round(time.Millisecond), returned, o.Input, o.Output)
	}
	drawn := "no more than 20 are drawn"
	if n <= 20 {
		drawn = w.draw(k, operations)
	}
	w.problem("the history of %s on %s, attempt %d, is %s (R-NODE-3, R-NODE-4); seed %d; %s:%s",
		k.job, k.thing, k.number, result, w.seed, drawn, b.String())
}

// draw writes the picture of a history to a file, and returns its path.
func (w *world) draw(k key, operations []porcupine.Operation) string {
	deterministic := model.ToModel()
	_, info := porcupine.CheckOperationsVerbose(deterministic, operations, checkTime)
	path := filepath.Join(w.report, fmt.Sprintf("%s-%s-%d.html", k.job, k.thing, k.number))
	if err := os.MkdirAll(w.report, 0o700); err != nil {
		return err.Error()
	}
	if err := porcupine.VisualizePath(deterministic, info, path); err != nil {
		return err.Error()
	}
	return path
}
