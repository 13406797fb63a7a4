package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/internal/seal"
	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store/sqlite"
)

// What a sink costs that never answers: reports of devices that each publish an event, beside those of
// an engine without a sink, in many short turns whose sums are compared.

const (
	// sinkShare is how many reports there must be beside such a sink for those without (R-SNK-11).
	sinkShare = 0.95
	// sinkTurns is how many turns each of the two has.
	sinkTurns = 20
	// sinkJob is the job, and the group, of all things of a rig.
	sinkJob = "events"
)

// silentSink never answers.
type silentSink struct{}

func (silentSink) Send(ctx context.Context, _ sinks.Message) error {
	<-ctx.Done()
	return ctx.Err()
}

func (silentSink) Close() {}

// sinkRig is one of the two engines.
type sinkRig struct {
	*rig
	next int
	took time.Duration
	used time.Duration // of processors
}

// newSinkRig is a rig with a job for so many things, whose events are published.
func newSinkRig(ctx context.Context, path string, things int) (*sinkRig, error) {
	s, err := sqlite.Open(path)
	if err != nil {
		return nil, err
	}
	key, err := seal.Derive([]byte("a key of the benchmark"), "sinks")
	if err != nil {
		return nil, err
	}
	r := &sinkRig{rig: newRigWith(ctx, s, engine.SinkConfig{
		Seal: key,
		Dial: func(sinks.Target) (sinks.Sender, error) { return silentSink{}, nil },
	})}
	on := map[string]bool{"JOB": true, "JOB_EXECUTION": true}
	if err := r.Jobs.UpdateEventConfigurations(ctx, on); err != nil {
		return nil, err
	}
	if _, err := r.fleet(ctx, sinkJob, 1000, things, 1024); err != nil {
		return nil, err
	}
	if err := r.create(ctx, sinkJob, sinkJob); err != nil {
		return nil, err
	}
	return r, r.release(ctx, sinkJob, things)
}

// turn has n things begin and end their executions.
func (r *sinkRig) turn(ctx context.Context, n int) error {
	start, used := time.Now(), processorTime()
	_, err := r.reportCost(ctx, sinkJob, r.next, n)
	r.next += n
	r.took += time.Since(start)
	r.used += processorTime() - used
	return err
}

// sinksOnly prints the table. The error says that the sink costs too much.
func sinksOnly(ctx context.Context, dir string, s sizes) error {
	turn := s.fleet / 2 / (sinkTurns + 1)
	with, err := newSinkRig(ctx, filepath.Join(dir, "with.db"), s.fleet/2)
	if err != nil {
		return err
	}
	without, err := newSinkRig(ctx, filepath.Join(dir, "without.db"), s.fleet/2)
	if err != nil {
		return err
	}
	d := sink.Definition{
		Kind:     sink.Webhook,
		URL:      "https://silent.example",
		Enabled:  true,
		RetryFor: sink.DefaultRetryFor,
	}
	_, err = with.Sinks.Create(ctx, "silent", d, sinks.Secrets{Signing: sinks.NewSecret()})
	if err != nil {
		return err
	}
	for i := range 2 * (sinkTurns + 1) {
		r := []*sinkRig{with, without, without, with}[i%4]
		if err := r.turn(ctx, turn); err != nil {
			return err
		}
		if i == 1 { // caches are warm now
			with.took, with.used, without.took, without.used = 0, 0, 0, 0
		}
	}
	share := float64(without.took) / float64(with.took)
	used := float64(without.used) / float64(with.used)
	reports := float64(2 * turn * sinkTurns)
	row("reports with an event, without a sink", fmt.Sprintf("%.0f/s",
		reports/without.took.Seconds()), "")
	row("  beside a sink that never answers, for those", percent(share), ">= 95 %")
	row("  by the time of processors", percent(used), "")
	status, err := with.Sinks.Describe(ctx, "silent")
	if err == nil && (status.Delivered != 0 || status.WaitingSince.IsZero()) {
		err = errors.New("the sink has answered")
	}
	if share < sinkShare {
		err = errors.Join(err, errors.New("a sink that never answers costs too much of reports"))
	}
	return errors.Join(err, with.stop(), without.stop())
}
