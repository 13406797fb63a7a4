package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// confirmingJob makes a thing and a job on it whose success has to be confirmed within 15 minutes,
// and reports that success.
func (n *aNode) confirmingJob() {
	n.t.Helper()
	ctx := n.t.Context()
	_, err := n.Fleet.CreateThing(ctx, fleet.NewThing{Name: "pump"})
	if err == nil {
		pump := job.ThingTarget(registry.DefaultScope, "pump")
		_, err = n.Jobs.CreateJob(ctx, jobs.NewJob{
			ID:         "j",
			Document:   "{}",
			Definition: job.Definition{Targets: []job.Target{pump}},
			Tags:       []registry.Tag{{Key: "drover:confirm", Value: "15m"}},
		})
	}
	if err == nil {
		_, err = n.Jobs.Report(ctx, "pump", "j", job.Report{Event: job.ReportSucceeded}, false)
	}
	if err != nil {
		n.t.Fatal(err)
	}
}

// wantSteered compares what the job has come to.
func (n *aNode) wantSteered(when string, confirming, confirmed, silent int64) {
	n.t.Helper()
	j, err := n.Jobs.DescribeJob(n.t.Context(), "j")
	if err != nil {
		n.t.Fatal(err)
	}
	got := fmt.Sprint(j.Steered.Confirming, j.Steered.Confirmed, j.Steered.Silent)
	if want := fmt.Sprint(confirming, confirmed, silent); got != want {
		n.t.Errorf("%s: confirming, confirmed and silent are %s, want %s", when, got, want)
	}
}

func (n *aNode) runsDue() {
	n.t.Helper()
	if err := n.RunDue(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
}

// A success that one node has recorded is confirmed by a client that another one sees: one that has
// learned of it from the log, one that has joined later, and one that was given up and is back
// (R-STR-40).
func TestConfirmedOnAnotherNode(t *testing.T) {
	t.Parallel()
	for _, row := range []string{"from the log", "at the start", "after it was given up"} {
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			kept := memory.Open()
			a := nodesOn(t, kept, "a")[0]
			var b *aNode
			if row == "at the start" {
				a.confirmingJob()
				b = nodesOn(t, kept, "b")[0]
				b.runsDue()
			} else {
				b = nodesOn(t, kept, "b")[0]
				b.runsDue()
				a.confirmingJob()
				b.announces()
			}
			if row == "after it was given up" {
				b.abandon()
				b.See("pump", true, 0)
				b.runsDue()
				a.wantSteered("while it knows nothing", 1, 0, 0)
			}
			b.See("pump", true, 0)
			b.runsDue()
			a.wantSteered("seen", 0, 1, 0)
			a.announces()
			b.announces()
			if n := a.work.Waiting() + b.work.Waiting(); n != 0 {
				t.Errorf("%d nodes know of a thing that waits", n)
			}
		})
	}
}

// A time in which no node was there is not held against a thing; one in which another node was is
// (R-STR-42).
func TestBreakOfNodes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		silent int64
		other  bool
	}{{"no node was there", 0, false}, {"another node was there", 1, true}} {
		kept := memory.Open()
		a := nodesOn(t, kept, "a")[0]
		a.confirmingJob()
		for at := time.Second; row.other && at < 20*time.Minute; at += 10 * time.Second {
			a.signs(at)
		}
		b := &aNode{t: t, Engine: New(withClock(a.config, noon.Add(20*time.Minute), "b"))}
		b.runsDue()
		b.wantSteered(row.name, 1-row.silent, 0, row.silent)
	}
}

// withClock is a configuration of another node, at another time.
func withClock(c Config, now time.Time, name string) Config {
	c.Clock, c.Node.Name = clock.NewVirtual(now), name
	return c
}

// Many things that are seen at once are recorded, however many steps that takes, and each success
// once.
func TestManyAreConfirmed(t *testing.T) { // R-STR-40, R-CON-27
	t.Parallel()
	const things = 250
	e, _ := filled(t, noon, things, func(c *store.Changes) {
		state := job.State{Status: job.InProgress, Steered: &job.Steered{Confirming: things}}
		state.Counts[job.ExecutionSucceeded] = things
		addJob(c, 1, state)
		for i := registry.ThingID(1); i <= things; i++ {
			x := job.NewExecution(job.ExecutionKey{Job: 1, Thing: i, Number: 1}, noon)
			x.Status = job.ExecutionSucceeded
			c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, x)
			c.Job.Confirmations = append(c.Job.Confirmations, job.Confirmation{
				ExecutionKey: x.ExecutionKey,
				ReportedAt:   noon,
				Until:        noon.Add(time.Hour),
			})
		}
	})
	n := &aNode{t: t, Engine: e}
	n.runsDue()
	if got := e.work.Waiting(); got != things {
		t.Fatalf("%d things wait", got)
	}
	for range 3 {
		for i := range things {
			e.See(fmt.Sprint("t", i+1), true, 0)
		}
		n.runsDue()
	}
	j, err := e.Jobs.DescribeJob(t.Context(), "j1")
	left := e.work.Waiting()
	if err != nil || j.Steered.Confirmed != things || j.Steered.Confirming != 0 || left != 0 {
		t.Errorf("%+v, %v; %d wait", j.Steered, err, left)
	}
}

// The news of a connection may come after the report that the device has made on it: what counts is
// when the connection was made (R-STR-40).
func TestConnectionBeforeReport(t *testing.T) {
	t.Parallel()
	e, _ := filled(t, noon, 1, func(c *store.Changes) {
		state := job.State{Status: job.InProgress, Steered: &job.Steered{Confirming: 1}}
		state.Counts[job.ExecutionSucceeded] = 1
		addJob(c, 1, state)
		x := job.NewExecution(job.ExecutionKey{Job: 1, Thing: 1, Number: 1}, noon)
		x.Status = job.ExecutionSucceeded
		c.Job.CreatedExecutions = []job.Execution{x}
		c.Job.Confirmations = []job.Confirmation{{
			ExecutionKey: x.ExecutionKey,
			ReportedAt:   noon,
			Until:        noon.Add(time.Hour),
		}}
	})
	n := &aNode{t: t, Engine: e}
	n.runsDue()
	for _, tt := range []struct {
		ago  time.Duration
		want int64
	}{{time.Second, 0}, {0, 1}} {
		e.See("t1", true, tt.ago)
		n.runsDue()
		j, err := e.Jobs.DescribeJob(t.Context(), "j1")
		if err != nil || j.Steered.Confirmed != tt.want {
			t.Errorf("a connection %s ago: %v, %+v, want %d confirmed", tt.ago, err, j.Steered, tt.want)
		}
	}
}
