package jobs

import (
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds int) func() time.Time {
	return func() time.Time { return noon.Add(time.Duration(seconds) * time.Second) }
}

func waits(key job.Key) store.ConfirmationNews {
	return store.ConfirmationNews{Thing: 7, Job: key, Name: "pump", ReportedAt: noon}
}

func done(key job.Key) store.ConfirmationNews {
	return store.ConfirmationNews{Thing: 7, Job: key, Done: true}
}

// A client is noted once, when it may confirm something of its thing, and again when the set was
// changed.
func TestSee(t *testing.T) { // R-STR-40
	t.Parallel()
	var w waitingThings
	steps := []struct {
		name      string
		news      []store.ConfirmationNews
		client    string
		connected bool
		seconds   int
		want      bool
	}{
		{"nothing waits", nil, "pump", true, 1, false},
		{"too soon", []store.ConfirmationNews{waits(1), waits(2)}, "pump", false, 29, false},
		{"another client", nil, "lamp", true, 30, false},
		{"late enough", nil, "pump", false, 30, true},
		{"noted already", nil, "pump", true, 31, false},
		{"one job is done", []store.ConfirmationNews{done(1)}, "pump", true, 1, true},
		{"news once more", []store.ConfirmationNews{done(1), waits(2)}, "pump", true, 1, true},
		{"nothing waits any more", []store.ConfirmationNews{done(2)}, "pump", true, 1, false},
		{"what nobody waited for", []store.ConfirmationNews{done(2)}, "pump", true, 1, false},
		{"without a name", []store.ConfirmationNews{{Thing: 8, Job: 1}}, "", true, 1, false},
		{"it waits again", []store.ConfirmationNews{waits(3)}, "pump", true, 1, true},
	}
	noted := 0
	for _, step := range steps {
		w.learn(step.news)
		if got := w.see(step.client, step.connected, at(step.seconds)); got != step.want {
			t.Errorf("%s: %v", step.name, got)
		}
		if step.want {
			noted++
		}
	}
	taken := append(w.take(2), w.take(9)...)
	if len(taken) != noted || len(w.take(9)) != 0 {
		t.Errorf("%d sightings are taken, want %d", len(taken), noted)
	}
	w.giveBack(taken)
	if again := w.take(9); len(again) != noted {
		t.Errorf("%d are taken again", len(again))
	}
	w.forget()
	if w.see("pump", true, at(60)) || !w.isStale() {
		t.Error("what is forgotten is seen")
	}
}

// Clients are seen while the set changes.
func TestSeeConcurrently(t *testing.T) {
	t.Parallel()
	var w waitingThings
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 1000 {
				w.see("pump", i%2 == 0, at(60))
			}
		})
	}
	for range 1000 {
		w.learn([]store.ConfirmationNews{waits(1)})
		w.take(10)
		w.learn([]store.ConfirmationNews{done(1)})
	}
	all.Wait()
	if n := w.count.Load(); n != 0 || w.see("pump", true, at(60)) {
		t.Errorf("%d things wait", n)
	}
}

// What a packet costs whose thing waits for nothing: while none does, and while others do.
func BenchmarkSee(b *testing.B) {
	for name, news := range map[string][]store.ConfirmationNews{
		"none waits": nil, "another waits": {waits(1)},
	} {
		b.Run(name, func(b *testing.B) {
			var w waitingThings
			w.learn(news)
			b.ReportAllocs()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					w.see("lamp", false, time.Now)
				}
			})
		})
	}
}
