package storetest

import (
	"math/rand/v2"
	"testing"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// Fill makes the random writes of a seed on a store: those of the differential.
func Fill(t *testing.T, s store.Store, seed uint64) {
	t.Helper()
	reference, subject := world{t, memory.Open()}, world{t, s}
	random := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	for range steps {
		changes, giveUp := random.write(reference)
		want, got := outcome(reference, changes, giveUp), outcome(subject, changes, giveUp)
		if want != got {
			t.Fatalf("seed %d: %+v: got %s, want %s", seed, changes, got, want)
		}
	}
}

// Dump is what a store answers to every read about everything that Fill may have written.
func Dump(t *testing.T, s store.Store) (answers map[string]any) {
	t.Helper()
	w := world{t, s}
	w.view(func(r store.Reader) { answers = dump(w, r) })
	return answers
}
