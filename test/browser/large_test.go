package browser

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
)

// listed is how soon a list of a large fleet shows what was asked of it, and blocked how long the
// browser may be busy with it in one piece: somebody who types must not notice.
const (
	listed  = time.Second
	blocked = 200 * time.Millisecond
)

// Lists stay quick, however many jobs and things there are: they are read page by page. `make
// bench-console` has 100,000 jobs and a million things, and holds the test to its bounds.
func TestLargeFleet(t *testing.T) { // R-WEB-69
	t.Parallel()
	things, bounded := size(t, "DROVER_CONSOLE_THINGS", 300)
	jobs, _ := size(t, "DROVER_CONSOLE_JOBS", 120)
	f := serveFleet(t, 0)
	f.many(things)
	f.manyJobs(jobs, things)
	b := f.signIn("/#/jobs")
	b.find("link", jobName(jobs-1)) // the newest first
	last, some := fmt.Sprintf("thing-%06d", things-1), fmt.Sprintf("thing-%06d", things/2)
	for _, step := range []struct {
		name string
		do   func()
		role string // of what shows that it is done
		want string
	}{
		{"jobs", func() { b.open("/#/jobs") }, "link", jobName(jobs - 1)},
		{"one job of them", func() { b.open("/#/jobs/" + jobName(jobs/2)) }, "heading", jobName(jobs / 2)},
		{"things", func() { b.open("/#/things") }, "link", "thing-000000"},
		{"things by a part of their names", func() { b.fill("Search", last) }, "link", last},
		{"one thing of them", func() { b.open("/#/things/" + some) }, "heading", some},
		{"the audit log", func() { b.open("/#/audit") }, "heading", "Audit"},
	} {
		mustEvaluate[bool](b, `window.longest = 0, window.watcher?.disconnect(),
			window.watcher = new PerformanceObserver((list) => list.getEntries().forEach(
				(task) => window.longest = Math.max(window.longest, task.duration))),
			window.watcher.observe({entryTypes: ["longtask"]}), true`)
		start := time.Now()
		step.do()
		b.find(step.role, step.want)
		took := time.Since(start)
		b.idle()
		longest := time.Duration(mustEvaluate[float64](b, `window.longest`) * float64(time.Millisecond))
		t.Logf("%d things and %d jobs, %s: to be seen after %v, busy for %v at a time",
			things, jobs, step.name, took.Round(time.Millisecond), longest.Round(time.Millisecond))
		if bounded && (took > listed || longest > blocked) {
			t.Errorf("%s: to be seen after %v, at most %v is wanted; busy for %v at a time, at most %v",
				step.name, took, listed, longest, blocked)
		}
	}
}

// jobName is the id of a job of many.
func jobName(i int) string { return fmt.Sprintf("job-%06d", i) }

// manyJobs makes jobs at once, each for one thing; the last one after all others.
func (f *fleet) manyJobs(jobs, things int) {
	f.t.Helper()
	control, ctx := f.Control(), f.t.Context()
	create := func(i int) {
		name := jobName(i)
		_, err := control.CreateJob(ctx, &iot.CreateJobInput{
			JobId:    &name,
			Targets:  []string{f.ARN("thing", fmt.Sprintf("thing-%06d", i%things))},
			Document: aws.String(`{"do":"update"}`),
		})
		if err != nil {
			f.t.Error(err)
		}
	}
	numbers := make(chan int)
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			for i := range numbers {
				create(i)
			}
		})
	}
	for i := range jobs - 1 {
		numbers <- i
	}
	close(numbers)
	group.Wait()
	f.advance(time.Minute)
	create(jobs - 1)
}
