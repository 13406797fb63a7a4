package browser

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
)

// A job is created step by step, with its forecast beside it, and is then as it was asked for.
func TestCreateJob(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 3)
	b := f.signIn("/")
	b.click("link", "Create a job")
	b.fill("Job id", "firmware-8")
	b.fill("Description", "Firmware 8.0")
	b.fill("Find a group or a thing", "pum")
	b.click("button", "Add group pumps")
	b.click("button", "Next: Document")
	b.fill("JSON", `{"firmware": "8.0"}`)
	b.click("button", "Next: Rollout")
	b.choose("Pace", "a number of things a minute")
	b.fill("Things per minute", "2")
	b.see("All ended") // of the forecast
	b.click("button", "Next: Safety")
	b.click("button", "Add an abort criterion")
	b.inspect("safety")
	b.click("button", "Next: Schedule")
	b.click("button", "Next: Review")
	b.see("The job firmware-8 is for 3 things.")
	b.inspect("review")
	b.click("button", "Create the job")
	b.find("heading", "firmware-8")
	b.find("image", "2 queued, of 3")

	in := &iot.DescribeJobInput{JobId: aws.String("firmware-8")}
	made, err := f.Control().DescribeJob(f.soon(), in)
	if err != nil {
		t.Fatal(err)
	}
	rollout, abort := made.Job.JobExecutionsRolloutConfig, made.Job.AbortConfig
	if rollout == nil || aws.ToInt32(rollout.MaximumPerMinute) != 2 {
		t.Errorf("the rollout is %+v, want two things a minute", rollout)
	}
	if abort == nil || len(abort.CriteriaList) != 1 {
		t.Errorf("the job aborts by %+v, want one criterion", abort)
	}
	if got := aws.ToString(made.Job.Description); got != "Firmware 8.0" {
		t.Errorf("the description is %q", got)
	}
}

// What the server refuses stands in the form, in its own words, and can be corrected there.
func TestCreateJobRefused(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 1)
	f.job("firmware-7", nil)
	b := f.signIn("/#/create-job")
	b.fill("Job id", "firmware-7")
	b.fill("Find a group or a thing", "pum")
	b.click("button", "Add thing pump-01")
	b.click("button", "6. Review")
	b.click("button", "Create the job")
	b.fault("409 PUT /jobs/firmware-7")
	b.fault("409 POST /_drover/forecast") // it is refused for the same reason
	b.see("ResourceAlreadyExistsException")

	b.click("button", "1. Targets")
	b.fill("Job id", "firmware-7b")
	b.click("button", "6. Review")
	b.click("button", "Create the job")
	b.find("heading", "firmware-7b")
}

// A running job is updated in the page, which shows before and after of what changes.
func TestUpdateJob(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 3)
	f.job("firmware-7", func(in *iot.CreateJobInput) { in.Description = aws.String("Firmware 7") })
	b := f.signIn("/#/jobs/firmware-7")
	b.click("link", "Update")
	b.see("Nothing yet.")
	b.fill("Description", "Firmware 7, second try")
	b.fill("Minutes that an attempt may be in progress", "30")
	b.find("rowheader", "timeout config › in progress timeout in minutes")
	b.inspect("changed")
	b.click("button", "Apply")
	b.see("3 devices that have the job and have not ended it")
	b.click("button", "Apply") // that of the dialog
	b.find("heading", "firmware-7")
	b.see("Firmware 7, second try")
	b.missing("button", "Apply")
}
