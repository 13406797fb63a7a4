package device

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A head that a thing was notified of last is not sent again: two commits made it, and the first
// notification showed it already. Another head is, and so is the same one after another
// (R-MQTT-38).
func TestSameHeadIsNotSentAgain(t *testing.T) {
	t.Parallel()
	f := &fleet{}
	p := newPlane(t, f)
	var got []string
	subscribed := true
	p.Subscribed = func(string) bool { return subscribed }
	p.Publish = func(topic string, payload []byte) {
		kind := topic[strings.LastIndex(topic, "/")+1:]
		if strings.Contains(string(payload), `"execution"`) {
			kind += " of " + string(payload[strings.Index(string(payload), `"jobId":"`)+9:][:1])
		}
		got = append(got, kind)
	}
	a, b := execution("a", job.ExecutionQueued), execution("b", job.ExecutionQueued)
	a.Job, b.Job = 1, 2
	retry := a
	retry.Number++
	both := store.Notice{Thing: 1, Notify: true, NotifyNext: true}
	for _, step := range []struct {
		name   string
		head   []jobs.DeviceExecution
		notice store.Notice
		forget bool
		want   []string
	}{
		{"the first", []jobs.DeviceExecution{a}, both, false, []string{"notify", "notify-next of a"}},
		{"the same again", []jobs.DeviceExecution{a}, both, false, []string{"notify"}},
		{"another", []jobs.DeviceExecution{b}, both, false, []string{"notify", "notify-next of b"}},
		{"back to the first", []jobs.DeviceExecution{a}, both, false,
			[]string{"notify", "notify-next of a"}},
		{"its retry", []jobs.DeviceExecution{retry}, both, false,
			[]string{"notify", "notify-next of a"}},
		{"none", nil, both, false, []string{"notify", "notify-next"}},
		{"none again", nil, both, false, []string{"notify"}},
		{"the retry again", []jobs.DeviceExecution{retry}, both, false,
			[]string{"notify", "notify-next of a"}},
		{"another while nobody subscribes", []jobs.DeviceExecution{b}, both, false, nil},
		{"the retry again, for somebody who subscribes", []jobs.DeviceExecution{retry}, both, false,
			[]string{"notify", "notify-next of a"}},
		{"after a reset", []jobs.DeviceExecution{retry}, both, true,
			[]string{"notify", "notify-next of a"}},
	} {
		if step.forget {
			p.ForgetNotified()
		}
		f.executions, got, subscribed = step.head, nil, step.want != nil
		if err := p.Notify(t.Context(), []store.Notice{step.notice}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

// What is remembered is bounded; the things that were notified last are still known.
func TestNotifiedIsBounded(t *testing.T) {
	t.Parallel()
	var n notifiedHeads
	x := execution("a", job.ExecutionQueued)
	for thing := registry.ThingID(1); thing <= 5*rememberedHeads; thing++ {
		if !n.isNews(thing, &x) {
			t.Fatalf("thing %d is known", thing)
		}
	}
	if kept := len(n.newer) + len(n.older); kept > 2*rememberedHeads {
		t.Errorf("%d things are remembered", kept)
	}
	if n.isNews(4*rememberedHeads+1, &x) {
		t.Error("a thing that was notified within the bound is forgotten")
	}
	if !n.isNews(1, &x) {
		t.Error("the first thing is remembered")
	}
}
