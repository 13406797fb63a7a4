package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/drover-iot/drover/client"
)

// How long it takes until others go on for a node that was killed. Due work needs no heir, since
// every node does it: jobs whose rollouts tick one second after the other show whether a tick is
// late. The will of a device of the lost node is published once its clients have an heir.

const (
	// takeoverBound is what both may take (R-NODE-8).
	takeoverBound = 10 * time.Second
	// tickingJobs is how many jobs tick in turn, tickGap apart, each once a minute. The node is
	// killed before the tick of the job with the number firstTick.
	tickingJobs, firstTick = 16, 3
	tickGap                = time.Second
	tick                   = time.Minute
)

// takeoverRows measures both with one kill.
func (c *cluster) takeoverRows(ctx context.Context) error {
	if err := c.startAll(); err != nil {
		return err
	}
	operator := c.client(0)
	// A message on an ordinary topic stays on the node that publishes it, and the heir is any.
	const farewell = "wills/dying"
	var watchers [nodesCount - 1]*device
	for i := range watchers {
		w, err := c.connect(i, fmt.Sprint("watcher-", i))
		if err != nil {
			return err
		}
		defer w.conn.Close()
		if err := w.subscribe(farewell); err != nil {
			return err
		}
		watchers[i] = w
	}
	conn, err := net.Dial("tcp", c.mqtt(nodesCount-1))
	if err != nil {
		return err
	}
	if _, err := connectAs(conn, "dying", farewell, clean); err != nil {
		return err
	}
	defer conn.Close()

	began := make([]time.Time, tickingJobs)
	for i := range began {
		began[i] = time.Now()
		if err := c.createJob(ctx, operator, tickingJob(i), "small", 1); err != nil {
			return err
		}
		time.Sleep(time.Until(began[i].Add(tickGap)))
	}
	time.Sleep(time.Until(began[firstTick].Add(tick - tickGap/2)))
	killed := time.Now()
	c.kill(nodesCount - 1)
	published := make(chan time.Time, len(watchers))
	for _, w := range watchers {
		go func() {
			if _, at, err := w.receive(30 * time.Second); err == nil {
				published <- at
			}
		}()
	}
	first, late, err := c.ticks(ctx, operator, began)
	if err != nil {
		return err
	}
	at := killed.Add(time.Hour) // never
	select {
	case at = <-published:
	case <-time.After(15 * time.Second):
	}
	c.judge("a node is killed: until the next tick of a rollout, due after 0.5 s",
		brief(first.Sub(killed), time.Millisecond), "< 10 s", first.Sub(killed) < takeoverBound)
	c.judge(fmt.Sprintf("  longest that one of %d ticks was late", tickingJobs-firstTick),
		brief(late, time.Millisecond), "< 10 s", late < takeoverBound)
	c.judge("  until the will of its client is published on another node",
		brief(at.Sub(killed), time.Millisecond), "< 10 s", at.Sub(killed) < takeoverBound)
	return nil
}

// tickingJob is the id of a job.
func tickingJob(i int) string { return fmt.Sprint("tick-", i) }

// ticks waits for the second tick of each job, and returns when the first of them was seen and how
// late the latest was.
func (c *cluster) ticks(
	ctx context.Context, operator *client.Client, began []time.Time,
) (first time.Time, late time.Duration, err error) {
	for i := firstTick; i < len(began); i++ {
		if err := c.until(ctx, operator, tickingJob(i), 2); err != nil {
			return first, late, err
		}
		seen := time.Now()
		if first.IsZero() {
			first = seen
		}
		late = max(late, seen.Sub(began[i].Add(tick)))
	}
	return first, late, nil
}
