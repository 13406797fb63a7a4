package answers

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/curve"
)

// slowReads reads jobs, takes a while for it and counts.
type slowReads struct {
	readings
	takes time.Duration
	reads int
	err   error
}

func (c *slowReads) read(context.Context, job.Key) (*curve.Counter, error) {
	time.Sleep(c.takes)
	c.reads++
	return &curve.Counter{}, c.err
}

// ask asks for a job with so many executions.
func (c *slowReads) ask(t *testing.T, key job.Key, executions int64) {
	t.Helper()
	j := job.Job{Key: key}
	j.Counts[job.ExecutionQueued] = executions
	if _, err := c.of(t.Context(), j, c.read); !errors.Is(err, c.err) {
		t.Error(err)
	}
}

// want compares how often was read.
func (c *slowReads) want(t *testing.T, what string, reads int) {
	t.Helper()
	if c.reads != reads {
		t.Errorf("%s: %d readings, want %d", what, c.reads, reads)
	}
	c.reads = 0
}

// What a job costs does not depend on how many ask for its curve (R-WEB-32).
func TestReadings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &slowReads{takes: time.Second}
		var asking sync.WaitGroup
		for range 100 {
			asking.Go(func() { c.ask(t, 1, 1) })
		}
		asking.Wait()
		c.want(t, "a hundred at the same time", 2) // what one has begun is not new enough for the others
		c.ask(t, 1, rememberedFrom-1)
		c.ask(t, 1, rememberedFrom-1)
		c.want(t, "few executions", 2)

		c.ask(t, 2, rememberedFrom)
		time.Sleep(rememberedFor - time.Second - time.Nanosecond)
		c.ask(t, 2, rememberedFrom)
		c.want(t, "the same counts within a minute", 1)
		time.Sleep(time.Nanosecond)
		c.ask(t, 2, rememberedFrom)
		c.want(t, "the same counts later", 1)

		time.Sleep(reread*time.Second - time.Second - time.Nanosecond)
		c.ask(t, 2, rememberedFrom+1)
		c.want(t, "other counts, within ten times as long as it took", 0)
		time.Sleep(time.Nanosecond)
		c.ask(t, 2, rememberedFrom+1)
		c.want(t, "other counts later", 1)
	})
}

// Of many jobs the readings that were used last are remembered, and one that fails is none.
func TestReadingsAreFew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &slowReads{takes: time.Millisecond}
		for key := range job.Key(maxRemembered) {
			c.ask(t, key+1, rememberedFrom)
		}
		c.ask(t, 1, rememberedFrom)
		c.ask(t, 100, rememberedFrom)
		c.want(t, "as many as are remembered, and one more", maxRemembered+1)
		c.ask(t, 1, rememberedFrom)
		c.want(t, "one that was used", 0)
		c.ask(t, 2, rememberedFrom)
		c.want(t, "the one that was not used for the longest time", 1)
		if len(c.all) != maxRemembered {
			t.Errorf("%d are remembered", len(c.all))
		}
		c.err = errors.New("disk")
		c.ask(t, 200, rememberedFrom)
		c.err = nil
		c.ask(t, 200, rememberedFrom)
		c.want(t, "after an error", 2)
	})
}

// Whoever stops waiting gets no answer, and holds nobody up.
func TestReadingGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &slowReads{takes: time.Second}
		go c.ask(t, 1, 1)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := c.of(ctx, job.Job{Key: 1}, c.read); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		c.ask(t, 1, 1)
		c.want(t, "one before and one after", 2)
	})
}
