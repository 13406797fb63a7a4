package browser

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	awsv1 "github.com/aws/aws-sdk-go/aws"
	credentialsv1 "github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/iotjobsdataplane"

	"github.com/drover-iot/drover/test/testserver"
)

// A fleet is a server on virtual time with things and jobs, and what the tests do with it beside
// the browser.
type fleet struct {
	*testserver.Server
	t *testing.T
}

// group is the thing group that all things of a fleet are in.
const group = "pumps"

// serveFleet starts a server with things, named pump-01, pump-02, …
func serveFleet(t *testing.T, things int) *fleet {
	t.Helper()
	f := &fleet{Server: testserver.Serve(t, "--clock", "virtual"), t: t}
	control, ctx := f.Control(), f.soon()
	_, err := control.CreateThingGroup(ctx, &iot.CreateThingGroupInput{
		ThingGroupName: aws.String(group),
	})
	for i := 0; i < things && err == nil; i++ {
		name := thing(i)
		f.Thing(name)
		_, err = control.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{
			ThingName:      &name,
			ThingGroupName: aws.String(group),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// thing is the name of a thing, by its number from 0.
func thing(i int) string { return fmt.Sprintf("pump-%02d", i+1) }

// job makes a job for the whole group.
func (f *fleet) job(id string, change func(*iot.CreateJobInput)) {
	f.t.Helper()
	in := &iot.CreateJobInput{
		JobId:    &id,
		Targets:  []string{f.ARN("thinggroup", group)},
		Document: aws.String(`{"do":"update"}`),
	}
	if change != nil {
		change(in)
	}
	if _, err := f.Control().CreateJob(f.soon(), in); err != nil {
		f.t.Fatal(err)
	}
}

// report reports a status for things, by their numbers, as devices do.
func (f *fleet) report(job, status string, things ...int) {
	f.t.Helper()
	data := iotjobsdataplane.New(session.Must(session.NewSession(&awsv1.Config{
		Region:      awsv1.String(f.Region),
		Endpoint:    awsv1.String(f.HTTP),
		MaxRetries:  awsv1.Int(0),
		Credentials: credentialsv1.NewStaticCredentials(f.AccessKeyID, f.SecretAccessKey, ""),
	})))
	for _, i := range things {
		_, err := data.UpdateJobExecutionWithContext(f.soon(),
			&iotjobsdataplane.UpdateJobExecutionInput{
				ThingName: awsv1.String(thing(i)),
				JobId:     &job,
				Status:    &status,
			})
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

// soon returns a context for calls that must not take long.
func (f *fleet) soon() context.Context {
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	f.t.Cleanup(cancel)
	return ctx
}

// key makes another operator key of a role.
func (f *fleet) key(role string) (id, secret string) {
	f.t.Helper()
	out, err := exec.CommandContext(f.soon(), testserver.Binary, "keys", "create",
		"--data", f.Dir, "--role", role).Output()
	if err != nil {
		f.t.Fatal(err)
	}
	found := regexp.MustCompile(`AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)=(\S+)`).
		FindAllStringSubmatch(string(out), -1)
	if len(found) != 2 {
		f.t.Fatalf("keys create printed %q, want a key", out)
	}
	return found[0][2], found[1][2]
}

// signIn opens the page at a path and signs in with the key that a new server has, an admin's.
func (f *fleet) signIn(path string) *tab {
	f.t.Helper()
	return f.signInAs(path, f.AccessKeyID, f.SecretAccessKey)
}

// signInAs opens the page at a path and signs in with a key.
func (f *fleet) signInAs(path, id, secret string) *tab {
	f.t.Helper()
	b := newTab(f.t, f.HTTP)
	b.open(path)
	b.fill("Access key ID", id)
	b.fill("Secret access key", secret)
	b.click("button", "Sign in")
	b.gone("Sign in to Drover")
	return b
}
