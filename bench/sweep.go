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
	canceled, err := r.measure(ctx, sweep{
		total: int64(s.fleet),
		begin: func() error {
			_, err := r.Jobs.CancelJob(ctx, "swept", job.Cancellation{Force: true})
			return err
		},
		over: func(j job.Job, err error) (bool, error) { return !j.Concurrent(), err },
	})
	if err != nil {
		return fmt.Errorf("cancel: %w", err)
	}
	canceled.rows(fmt.Sprintf("CancelJob on %d executions", s.fleet), "the last one is CANCELED")
	deleted, err := r.measure(ctx, sweep{
		begin: func() error { return r.Jobs.DeleteJob(ctx, "swept", true, nil) },
		over: func(_ job.Job, err error) (bool, error) {
			if fault.Is(err, fault.NotFound) {
				return true, nil
			}
			return false, err
		},
	})
	if err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	deleted.rows(fmt.Sprintf("DeleteJob on %d executions", s.fleet), "the job is gone")
	return nil
}

// A sweep is work on all executions of the job "swept".
type sweep struct {
	begin func() error
	// over reports whether what DescribeJob answers means that all is done.
	over  func(job.Job, error) (bool, error)
	total int64 // how many executions the job must count all the while; 0: any
}

// swept is what was measured of a sweep.
type swept struct {
	answered, took time.Duration   // by the request, by the work behind it
	reads          []time.Duration // of DescribeJob meanwhile
}

func (s swept) rows(what, end string) {
	row(what+", answered", brief(s.answered, 100*time.Microsecond), "milliseconds")
	row("  until "+end, brief(s.took, time.Millisecond), "")
	row("  DescribeJob meanwhile, p50, p99", p50p99(s.reads, 10*time.Microsecond), "")
}

// measure begins a sweep and describes the job every millisecond until it is over.
func (r *rig) measure(ctx context.Context, s sweep) (m swept, err error) {
	start := time.Now()
	if err := s.begin(); err != nil {
		return m, err
	}
	m.answered = time.Since(start)
	for {
		asked := time.Now()
		j, err := r.Jobs.DescribeJob(ctx, "swept")
		m.reads = append(m.reads, time.Since(asked))
		if n := j.Counts.Total(); s.total > 0 && err == nil && n != s.total {
			return m, fmt.Errorf("DescribeJob counts %d executions, there are %d", n, s.total)
		}
		if done, err := s.over(j, err); done || err != nil {
			m.took = time.Since(start)
			return m, err
		}
		time.Sleep(time.Millisecond)
	}
}
