package browser

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
)

// The list shows each job with its status and progress, follows what devices report without being
// loaded again, and leads to the page of a job.
func TestJobs(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 8)
	f.job("firmware-7", func(in *iot.CreateJobInput) { in.Description = aws.String("Firmware 7.2") })
	f.job("log-level", nil)
	f.report("firmware-7", "IN_PROGRESS", 0, 1, 2, 3)
	f.report("firmware-7", "SUCCEEDED", 0, 1)
	f.report("firmware-7", "FAILED", 2)

	b := f.signIn("/")
	b.find("heading", "Jobs")
	b.find("link", "firmware-7")
	b.find("link", "log-level")
	b.see("3 of 8 ended")
	b.see("0 of 8 ended")
	f.report("log-level", "IN_PROGRESS", 0)
	f.report("log-level", "SUCCEEDED", 0)
	b.see("1 of 8 ended") // a moment later, without a click (R-WEB-51)

	b.fill("Search", "firm")
	b.missing("link", "log-level")
	b.find("link", "firmware-7")

	b.click("link", "firmware-7")
	b.find("heading", "firmware-7")
}

// A server without jobs says what to do first.
func TestNoJobs(t *testing.T) {
	t.Parallel()
	b := serveFleet(t, 0).signIn("/")
	b.find("heading", "There is no job yet")
	b.inspect("list")
}

// A job that does not exist, and an address that the console does not know, say so.
func TestNotThere(t *testing.T) {
	t.Parallel()
	b := serveFleet(t, 0).signIn("/#/jobs/none")
	b.fault("404 GET /jobs/none")
	b.fault("404 GET /_drover/jobs/none/steering")
	b.find("heading", "none")
	b.see("none")
	b.inspect("job")

	b.open("/#/nowhere")
	b.find("heading", "There is no such page")
	b.click("link", "Go to the jobs.")
	b.find("heading", "Jobs")
}

// Each job of the list is asked for once, however the answers come, and a job that is paused is shown
// as paused whether the event or the answer about it comes first.
func TestJobsAreAskedForOnce(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 1)
	const jobs = 12
	for i := range jobs {
		f.job(fmt.Sprintf("job-%02d", i), nil)
	}
	b := f.signIn("/#/jobs/job-00")
	b.click("button", "Pause")
	b.click("button", "Pause") // that of the dialog
	b.see("paused")

	b.open("/#/jobs")
	b.eventually("each job has its numbers", func() bool {
		const numbers = `[...document.querySelectorAll(".progress")].length`
		n, err := evaluate[int](b, numbers)
		return err == nil && n == jobs
	})
	b.idle()
	b.see("paused")
	const asked = `performance.getEntriesByType("resource").filter((e) => /\/jobs\/job-\d+$/.test(e.name)).length`
	// The page of the job has asked for it, and once more after it was paused.
	if n := mustEvaluate[int](b, asked); n > jobs+2 {
		t.Errorf("the page has asked %d times for %d jobs", n, jobs)
	}
}
