package browser

import (
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/test/testserver"
)

// status is the status of a job, as the API has it.
func (f *fleet) status(id string) types.JobStatus {
	f.t.Helper()
	out, err := f.Control().DescribeJob(f.soon(), &iot.DescribeJobInput{JobId: &id})
	if err != nil {
		f.t.Fatal(err)
	}
	return out.Job.Status
}

// The things of a job that have failed try again, the job is canceled with what is in progress, and
// then deleted; each after a question that says how many devices it concerns.
func TestRetryCancelDelete(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 4)
	f.job("firmware-7", nil)
	f.report("firmware-7", "IN_PROGRESS", 0, 1)
	f.report("firmware-7", "FAILED", 0)
	b := f.signIn("/#/jobs/firmware-7")
	b.click("button", "Retry the failed")
	b.see("Up to 1 device whose last attempt failed")
	b.click("button", "Retry")
	b.missing("dialog", "Retry the failed of firmware-7")
	f.advance(time.Minute) // it is released at the rate of the rollout
	b.see("queued 3")      // the two that wait, and the new attempt

	b.click("button", "Cancel")
	b.see("1 device in progress go on to their end")
	b.click("checkbox", "Also cancel what is in progress (force)")
	b.see("are canceled, too, wherever they are in it")
	b.fill("Comment", "wrong build")
	b.click("button", "Cancel the job")
	b.see("wrong build")
	if got := f.status("firmware-7"); got != types.JobStatusCanceled {
		t.Errorf("the job is %s", got)
	}

	b.click("button", "Delete")
	b.see("This cannot be undone.")
	b.click("button", "Delete the job")
	b.find("heading", "Jobs")
	b.missing("link", "firmware-7")
}

// A wave that waits for approval is approved, and the next one begins.
func TestApproveWave(t *testing.T) {
	t.Parallel()
	const things = 12
	f := serveFleet(t, things)
	f.job("firmware-7", func(in *iot.CreateJobInput) {
		in.Tags = []types.Tag{{Key: aws.String("drover:waves"), Value: aws.String("50pct approve / 100pct")}}
	})
	f.advance(time.Minute)
	var first []int
	out, err := f.Control().ListJobExecutionsForJob(f.soon(), &iot.ListJobExecutionsForJobInput{JobId: aws.String("firmware-7")})
	if err != nil {
		t.Fatal(err)
	}
	for i := range things {
		for _, e := range out.ExecutionSummaries {
			if *e.ThingArn == f.ARN("thing", thing(i)) {
				first = append(first, i)
			}
		}
	}
	if len(first) == 0 || len(first) == things {
		t.Fatalf("the first wave has %d of %d things", len(first), things)
	}
	f.report("firmware-7", "IN_PROGRESS", first...)
	f.report("firmware-7", "SUCCEEDED", first...)
	b := f.signIn("/#/jobs/firmware-7")
	b.see("stopped at its gate")
	b.see("gate: approve")
	b.click("button", "Approve")
	b.see("The next wave begins.")
	b.click("button", "Approve") // that of the dialog
	b.missing("button", "Approve")
	b.find("button", "Pause")
	f.advance(time.Minute)
	b.see("queued " + strconv.Itoa(things-len(first)))
}

// A certificate and a policy are made and attached, and the simulator says what they allow.
func TestIdentities(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 1)
	b := f.signIn("/#/policies")
	b.click("button", "Create a policy")
	b.fill("Name", "devices")
	b.click("button", "Create")
	b.find("heading", "devices")

	b.open("/#/certificates")
	b.click("button", "Create a certificate")
	b.click("button", "Create")
	b.see("This is the only time that it can be read.")
	b.find("button", "Save the private key")
	b.click("button", "I have saved it")
	b.see("No policy: a device with it may do nothing.")
	b.click("button", "Attach a thing")
	b.fill("Thing", thing(0))
	b.click("button", "Attach")
	b.find("link", thing(0))
	b.click("button", "Attach a policy")
	b.fill("Policy", "devices")
	b.click("button", "Attach")
	b.find("link", "devices")

	b.fill("Client id", thing(0))
	b.fill("Topic", "$aws/things/"+thing(0)+"/jobs/get")
	b.click("button", "May it?")
	b.see("Allowed by devices")
	b.fill("Topic", "$aws/things/other/jobs/get")
	b.click("button", "May it?")
	b.see("no policy allows it")

	b.click("button", "Deactivate")
	b.see("is disconnected, and cannot come back")
	b.click("button", "Deactivate")
	b.find("button", "Activate")
}

// The chain of the audit log is verified, and its records are found by what they concern.
func TestAudit(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 2)
	f.job("firmware-7", nil)
	f.Policy("devices", testserver.WidePolicy)
	b := f.signIn("/#/audit")
	b.see("CreatePolicy")
	b.fill("Resource", "job/firmware-7")
	b.see("CreateJob")
	b.gone("CreatePolicy")
	b.click("button", "Verify the chain")
	b.see("records fit.")
}
