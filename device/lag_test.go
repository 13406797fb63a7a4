package device_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store/memory"
)

// Two commits change the head of a list before the announcer comes to the first: the device hears
// once of the head that is left (R-MQTT-38).
func TestAnnouncerIsBehind(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var next []string
	p := &device.Plane{
		Log:        slog.New(slog.DiscardHandler),
		Subscribed: func(string) bool { return true },
		Publish: func(topic string, payload []byte) {
			var m struct{ Execution struct{ JobID string } }
			if err := json.Unmarshal(payload, &m); err != nil {
				t.Error(err)
			}
			if strings.HasSuffix(topic, "/notify-next") {
				next = append(next, m.Execution.JobID)
			}
		},
	}
	e := engine.New(engine.Config{
		Store:   memory.Open(),
		Clock:   clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     slog.New(slog.DiscardHandler),
		Notify:  p.Notify,
		Emptied: p.ForgetNotified,
		Stepped: true,
	})
	p.Jobs, p.Now = e.Jobs, e.Now
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	create := func(id string) {
		t.Helper()
		targets := []job.Target{job.ThingTarget(registry.DefaultScope, "t")}
		_, err := e.Jobs.CreateJob(ctx, jobs.NewJob{
			ID: id, Document: "{}", Definition: job.Definition{Targets: targets},
		})
		must(err)
	}
	begin := func() {
		t.Helper()
		_, err := e.Fleet.CreateThing(ctx, fleet.NewThing{Name: "t"})
		must(err)
		for _, id := range []string{"a", "b", "c"} {
			create(id)
		}
		must(e.Announce(ctx))
	}
	begin()
	_, err := e.Jobs.Report(ctx, "t", "a", job.Report{Event: job.ReportSucceeded}, false)
	must(err)
	_, err = e.Jobs.CancelJob(ctx, "b", job.Cancellation{})
	must(err)
	must(e.Announce(ctx))
	if diff := cmp.Diff([]string{"a", "c"}, next); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	next = nil
	must(e.Reset(ctx)) // keys and names are used again, at the same time
	begin()
	if diff := cmp.Diff([]string{"a"}, next); diff != "" {
		t.Errorf("after a reset (-want +got):\n%s", diff)
	}
}
