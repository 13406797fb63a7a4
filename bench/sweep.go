package main

import (
	"context"
	"fmt"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
)

// sweepRows measures CancelJob and DeleteJob of another job on the large fleet: how soon they
// answer, how long the work behind them takes, and what reads and reports cost meanwhile. What
// DescribeJob counts must add up at each moment (R-JOB-49).
func (r *rig) sweepRows(ctx context.Context, s sizes) error {
	if err := r.create(ctx, "swept", "large"); err != nil {
		return err
	}
	if err := r.release(ctx, "swept", s.fleet); err != nil {
		return err
	}
	total := int64(s.fleet)
	answered, took, reads, err := r.sweep(ctx, total, func() error {
		_, err := r.Jobs.CancelJob(ctx, "swept", job.Cancellation{Force: true})
		return err
	}, func(j job.Job, err error) (bool, error) { return !j.Concurrent(), err })
	if err != nil {
		return fmt.Errorf("cancel: %w", err)
	}
	row(fmt.Sprintf("CancelJob on %d executions, answered", total), answered, "milliseconds")
	row("  until the last one is CANCELED", took, "")
	row("  DescribeJob meanwhile, p50, p99", reads, "")
	answered, took, reads, err = r.sweep(ctx, 0, func() error { return r.Jobs.DeleteJob(ctx, "swept", true, nil) }, func(_ job.Job, err error) (bool, error) {
		if fault.Is(err, fault.NotFound) {
			return true, nil
		}
		return false, err
	})
	if err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	row(fmt.Sprintf("DeleteJob on %d executions, answered", total), answered, "milliseconds")
	row("  until the job is gone", took, "")
	row("  DescribeJob meanwhile, p50, p99", reads, "")
	return nil
}

// sweep begins a sweep of that job and follows it until it is over. total is how many executions
// the job must count all the while, 0 for any.
func (r *rig) sweep(ctx context.Context, total int64, begin func() error, over func(job.Job, error) (bool, error)) (answered, took, reads string, err error) {
	start := time.Now()
	if err := begin(); err != nil {
		return "", "", "", err
	}
	first := time.Since(start)
	var all []time.Duration
	for {
		asked := time.Now()
		j, err := r.Jobs.DescribeJob(ctx, "swept")
		all = append(all, time.Since(asked))
		if total > 0 && err == nil && j.Counts.Total() != total {
			return "", "", "", fmt.Errorf("DescribeJob counts %d executions, there are %d", j.Counts.Total(), total)
		}
		if done, err := over(j, err); done || err != nil {
			return first.Round(100 * time.Microsecond).String(), time.Since(start).Round(time.Millisecond).String(),
				fmt.Sprintf("%s, %s", quantile(all, 0.5).Round(10*time.Microsecond), quantile(all, 0.99).Round(10*time.Microsecond)), err
		}
		time.Sleep(time.Millisecond)
	}
}
