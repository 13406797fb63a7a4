package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store/memory"
)

// While a sink is found out by one message at a time, and that one takes long, those whose pause is over
// wait for it: nothing looks again and again whether they may go.
func TestWaitsForTheFirst(t *testing.T) { // R-SNK-8
	t.Parallel()
	// A loop that never blocks keeps the time of a bubble from passing, so this is outside of it.
	watch := time.AfterFunc(time.Minute, func() { panic("the sender of a sink does not come to rest") })
	defer watch.Stop()
	for range 5 { // pauses are random: in one of ten, all are over when the first message goes
		synctest.Test(t, waitForTheFirst)
	}
}

func waitForTheFirst(t *testing.T) {
	other := newOtherSide()
	var attempts atomic.Int64
	other.answer = func(ctx context.Context, _ sinks.Message, _ int) error {
		if attempts.Add(1) <= sink.SuspendAfter {
			return errors.New("answered 500")
		}
		select {
		case <-time.After(10 * time.Minute): // longer than any pause of those that wait
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	w := newWorld(t, memory.Open(), other)
	w.create("s", nil)
	for i := range sink.SuspendAfter {
		w.publish(fmt.Sprintf("j%d/e", i))
	}
	later(20 * time.Minute)
	if attempts.Load() <= sink.SuspendAfter {
		t.Errorf("%d attempts", attempts.Load())
	}
	w.stop()
}
