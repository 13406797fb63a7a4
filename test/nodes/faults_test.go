package nodes

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/test/testserver"
)

// Nodes, devices and operators, while nodes, database and network fail. At the end the faults stop,
// everybody becomes calm, and everything that was acknowledged must be there, once (R-NODE-3,
// R-NODE-4, R-NODE-6 to R-NODE-10).
func TestFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 75*time.Second)
	programs := make([]string, w.nodes)
	for i := range programs {
		programs[i] = testserver.Binary
	}
	w.cluster = startCluster(w, programs, w.long)
	load := w.startLoad()

	ctx, cancel := context.WithTimeout(context.Background(), w.duration)
	defer cancel()
	var lanes sync.WaitGroup
	for _, lane := range []string{"nodes", "database"} {
		lanes.Go(func() { w.disturb(ctx, lane == "database", w.randomFor(lane)) })
	}
	lanes.Wait()
	w.progress("no more faults")

	load.calmDown()
	w.checkEnd(load)
	w.history.table.check(t, w.long && w.faults.String() == "")
	t.Logf("operations × faults: requests/told that the service is away/without an answer\n%s",
		w.history.table)
	w.sayHowToRepeat()
}

// newWorld prepares a run, which is this long when nothing else is said.
func newWorld(t testing.TB, duration time.Duration) *world {
	w := &world{
		options:  optionsOf(t, duration),
		t:        t,
		history:  &history{began: time.Now(), table: newTable()},
		jobs:     newJobs(),
		problems: map[string]int{},
	}
	t.Logf("seed %d: %d nodes, %d devices, %v", w.seed, w.nodes, w.devices, w.duration)
	return w
}

// sayHowToRepeat prints how to run a failed test again, and what the nodes printed last.
func (w *world) sayHowToRepeat() {
	if !w.t.Failed() {
		_ = os.RemoveAll(w.report) // there is nothing in it
		return
	}
	for _, n := range w.cluster.nodes {
		_ = os.MkdirAll(w.report, 0o700)
		if text, err := os.ReadFile(n.log()); err == nil {
			_ = os.WriteFile(w.report+"/"+n.name+".log", text, 0o600)
		}
	}
	w.t.Logf("what the nodes printed, and the histories that are not possible: %s", w.report)
	w.t.Logf("the same faults again: DROVER_NODES_SEED=%d DROVER_NODES_COUNT=%d "+
		"DROVER_NODES_DEVICES=%d DROVER_NODES_DURATION=%v go test ./test/nodes -run %s -v",
		w.seed, w.nodes, w.devices, w.duration, w.t.Name())
}

// A load is the devices and operators of a run.
type load struct {
	*world
	devices       []*device
	operators     []*operator
	stopDevices   context.CancelFunc
	stopOperators context.CancelFunc
	working       sync.WaitGroup // devices
	asking        sync.WaitGroup // operators
}

// startLoad makes the fleet and starts devices and operators.
func (w *world) startLoad() *load {
	l := &load{world: w, devices: w.fleet()}
	w.progress("the fleet is made")
	devices, stopDevices := context.WithCancel(context.Background())
	operators, stopOperators := context.WithCancel(context.Background())
	l.stopDevices, l.stopOperators = stopDevices, stopOperators
	w.t.Cleanup(func() { // also when the test ends early
		stopOperators()
		stopDevices()
		l.asking.Wait()
		l.working.Wait()
	})
	for _, d := range l.devices {
		l.working.Go(func() { d.run(devices) })
	}
	for i := range w.options.operators {
		o := w.operator(fmt.Sprintf("op-%d", i))
		l.operators = append(l.operators, o)
		l.asking.Go(func() { o.run(operators) })
	}
	l.asking.Go(func() { l.sayProgress(operators) })
	return l
}

// sayProgress prints how far the load is, now and then.
func (l *load) sayProgress(ctx context.Context) {
	for sleep(ctx, 15*time.Second) {
		requests, unanswered := l.history.count()
		l.progress("%d requests, %d without an answer, %d jobs",
			requests, unanswered, l.jobs.count())
	}
}

// calmDown ends the operators, and lets the devices come to rest: nobody goes elsewhere any more.
func (l *load) calmDown() {
	l.stopOperators()
	l.asking.Wait()
	l.calm.Store(true)
	for i, n := range l.cluster.nodes {
		l.cluster.awaitReady(l.t, n)
		l.cluster.awaitAnswer(l.t, i)
	}
}
