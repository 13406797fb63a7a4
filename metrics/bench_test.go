package metrics_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/metrics"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store/sqlite"
)

// reporters is how many devices report at the same time.
const reporters = 100

// fleetOf is a device plane on the embedded store, with a job that each of its things has begun.
func fleetOf(b *testing.B, m *metrics.Metrics) *device.Plane {
	b.Helper()
	log := slog.New(slog.DiscardHandler)
	stored, err := sqlite.Open(filepath.Join(b.TempDir(), "drover.db"))
	if err != nil {
		b.Fatal(err)
	}
	c := engine.Config{
		Store:  stored,
		Clock:  clock.Real{},
		IDs:    ids.Random{},
		Events: events.Renderer{Scope: registry.DefaultScope, IDs: ids.Random{}},
		Log:    log,
	}
	p := &device.Plane{Log: log}
	if m != nil {
		c.ObserveCommit, c.ObserveAnnouncement, p.Answered = m.Commit, m.Announced, m.OfDevice
	}
	e := engine.New(c)
	p.Jobs, p.Now = e.Jobs, e.Now
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	b.Cleanup(func() {
		stop()
		<-ended
		if err := stored.Close(); err != nil {
			b.Error(err)
		}
	})
	<-e.Ready()
	in := jobs.NewJob{ID: "fw", Document: "{}"}
	for i := range reporters {
		name := fmt.Sprintf("thing-%d", i)
		if _, err := e.Fleet.CreateThing(ctx, fleet.NewThing{Name: name}); err != nil {
			b.Fatal(err)
		}
		in.Definition.Targets = append(in.Definition.Targets, job.ThingTarget(registry.DefaultScope, name))
	}
	if _, err := e.Jobs.CreateJob(ctx, in); err != nil {
		b.Fatal(err)
	}
	if err := e.WaitIdle(ctx); err != nil {
		b.Fatal(err)
	}
	return p
}

// report has all devices report progress so many times, and returns what a report took.
func report(b *testing.B, p *device.Plane, times int) time.Duration {
	began := time.Now()
	var all sync.WaitGroup
	for i := range reporters {
		topic := fmt.Sprintf("$aws/things/thing-%d/jobs/fw/update", i)
		all.Go(func() {
			for range times {
				reply, body := p.Answer(b.Context(), device.Request{
					Topic:   topic,
					Payload: []byte(`{"status":"IN_PROGRESS","statusDetails":{"step":"2"}}`),
				})
				if reply != topic+"/accepted" {
					b.Errorf("%s: %s", reply, body)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(began) / time.Duration(times*reporters)
}

// BenchmarkReport takes turns between a server with metrics and one without: the quickest of many
// short rounds of each is compared, because a machine is never quite idle.
func BenchmarkReport(b *testing.B) { // R-OBS-6
	with, without := fleetOf(b, metrics.New(metrics.Sources{})), fleetOf(b, nil)
	quickest := func(best *time.Duration, p *device.Plane) {
		if took := report(b, p, 4); *best == 0 || took < *best {
			*best = took
		}
	}
	var counted, plain time.Duration
	for b.Loop() {
		quickest(&plain, without)
		quickest(&counted, with)
	}
	b.ReportMetric(float64(plain.Nanoseconds()), "ns/report-without")
	b.ReportMetric(float64(counted.Nanoseconds()), "ns/report-with")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCounting is what counting adds to a report: the clock twice, a counter, a histogram, and
// its share of what is counted of a commit with 64 requests.
func BenchmarkCounting(b *testing.B) { // R-OBS-6
	b.ReportAllocs()
	m := metrics.New(metrics.Sources{})
	p := &device.Plane{Answered: m.OfDevice}
	began := time.Now()
	n := 0
	for b.Loop() {
		p.CountAnswer(device.OverMQTT, "UpdateJobExecution", "", clock.Now())
		if n++; n%64 == 0 {
			m.Commit(commit.Made{
				Began:    began,
				Turn:     began,
				Decided:  began,
				Ended:    time.Now(),
				Requests: 64,
				Entered:  job.Counts{job.ExecutionInProgress: 64},
			})
		}
	}
}
