package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/store/memory"
)

// Over random failures, slow answers, answers that are lost after the event was taken, stops and
// crashes, every event arrives, and of each job in its order: an event may come again, but never one
// that was not there yet before all that precede it.
func TestOrderOfJobs(t *testing.T) { // R-SNK-3
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { randomRun(t, seed) })
		})
	}
}

// unreliable answers as the worst of servers.
func unreliable(other *otherSide, seed uint64) func(context.Context, sinks.Message, int) error {
	random := rand.New(rand.NewPCG(seed, 1))
	return func(ctx context.Context, m sinks.Message, _ int) error {
		other.mu.Lock()
		how, slow := random.IntN(10), time.Duration(random.IntN(15))*time.Second
		other.mu.Unlock()
		switch how {
		case 0, 1:
			return errors.New("answered 500")
		case 2:
			select {
			case <-time.After(slow):
				return errors.New("no answer in time")
			case <-ctx.Done():
				return ctx.Err()
			}
		case 3: // taken, and the answer is lost
			other.mu.Lock()
			other.got = append(other.got, m)
			other.mu.Unlock()
			return errors.New("the connection was closed")
		}
		return nil
	}
}

func randomRun(t *testing.T, seed uint64) {
	const jobs, events = 5, 200
	kept, other := memory.Open(), newOtherSide()
	other.answer = unreliable(other, seed)
	random := rand.New(rand.NewPCG(seed, 0))
	w := newWorld(t, kept, other)
	w.create("s", nil)
	made := map[string]int{}
	for n := 0; n < events; {
		switch random.IntN(20) {
		case 0:
			w.crash()
			w = newWorld(t, kept, other)
		case 1:
			w.stop()
			w = newWorld(t, kept, other)
		case 2, 3:
			later(time.Duration(random.IntN(3000)) * time.Millisecond)
		default:
			var batch []string
			for range 1 + random.IntN(4) {
				job := fmt.Sprint("j", random.IntN(jobs))
				made[job]++
				batch = append(batch, fmt.Sprintf("%s/%s-%d", job, job, made[job]))
				n++
			}
			w.publish(batch...)
		}
	}
	other.mu.Lock()
	other.answer = nil
	other.mu.Unlock()
	later(time.Hour)
	seen := map[string]int{}
	for _, id := range other.ids() {
		job, text, _ := strings.Cut(id, "-")
		var number int
		fmt.Sscan(text, &number)
		if number > seen[job]+1 {
			t.Fatalf("seed %d: %s came after %s-%d", seed, id, job, seen[job])
		}
		seen[job] = max(seen[job], number)
	}
	for job, n := range made {
		if seen[job] != n {
			t.Errorf("seed %d: %s: %d of %d arrived", seed, job, seen[job], n)
		}
	}
}
