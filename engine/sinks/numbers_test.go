package sinks_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store/memory"
)

// What is counted of attempts, and what waits, for a sink that accepts, one that refuses for good,
// one that does not answer, and one that is disabled (R-OBS-4, R-OBS-5).
func TestNumbers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := newOtherSide()
		other.answer = func(_ context.Context, m sinks.Message, attempt int) error {
			switch {
			case m.ID == "11":
				return &sinks.Refusal{Reason: "answered 400", Final: true}
			case m.ID == "13":
				return errors.New("no answer")
			case m.ID == "12" && attempt < 3:
				return errors.New("no answer")
			}
			return nil
		}
		w := newWorld(t, memory.Open(), other)
		w.create("s", func(d *sink.Definition) { d.Jobs = []string{"a"} })
		w.create("away", func(d *sink.Definition) { d.Jobs = []string{"b"} })
		w.create("off", func(d *sink.Definition) { d.Enabled = false })
		w.publish("a/10", "a/11", "a/12")
		w.publish("b/13")
		later(30 * time.Second)
		want := map[string]sinks.Counts{
			"s":    {Delivered: 2, Failed: 3, Retries: 2, DeadLetters: 1},
			"away": w.Counts()["away"],
		}
		if diff := cmp.Diff(want, w.Counts()); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
		away := w.Counts()["away"]
		if n := int64(other.attempts("13")); away != (sinks.Counts{Failed: n, Retries: n - 1}) || n < 2 {
			t.Errorf("of one that does not answer, after %d attempts: %+v", n, away)
		}
		backlogs := func() []sinks.Backlog {
			t.Helper()
			all, err := w.Backlogs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		age := 30 * time.Second
		waits := []sinks.Backlog{
			{Name: "away", Enabled: true, Waiting: 1, WaitingFor: age},
			{Name: "off", Waiting: 2, WaitingFor: age},
			{Name: "s", Enabled: true, DeadLetters: 1},
		}
		if diff := cmp.Diff(waits, backlogs()); diff != "" {
			t.Errorf("backlogs (-want +got):\n%s", diff)
		}
		if err := w.Delete(t.Context(), "s"); err != nil {
			t.Fatal(err)
		}
		later(3 * time.Second)
		if _, there := w.Counts()["s"]; there || len(backlogs()) != 2 {
			t.Error("a sink that was deleted is still shown")
		}
	})
}
