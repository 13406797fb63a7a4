package migrate

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
)

// A thing that comes with a later import joins no group while it is not known whether it has
// begun a job that goes to what joins: when the source refuses to say, when the job is not there
// any more, and when it cannot be left out. It does not matter which kinds are copied. R-MOV-7
func TestNothingJoinsUnknown(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	source, target := newWorld(t, sourceAccount), newWorld(t, targetAccount)
	source.fleet("g", 3)
	source.newJob("fw", continuous, "thinggroup/g")
	source.report("t2", "fw", "SUCCEEDED")
	copied(t, source.Client, target.Client, Options{})
	target.resume("fw")
	comeAnew := func() {
		target.settle()
		must[*iot.DeleteThingOutput](t)(
			target.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: aws.String("t2")}))
	}
	want := func(found []string, want string) {
		t.Helper()
		if !slices.ContainsFunc(found, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("nothing says %q:\n%s", want, strings.Join(found, "\n"))
		}
		target.settle()
		target.wantExecutions("fw", "t1 QUEUED", "t3 QUEUED")
	}

	comeAnew()
	found, _ := copied(t, source.Client, target.Client, Options{Only: []Kind{Things, Memberships}})
	want(found, "create memberships t2 in g")
	comeAnew()
	mute := source.through(refusing{"/jobs/fw/things"})
	found, _ = copied(t, mute, target.Client, Options{})
	want(found, "cannot memberships t2 in g: it is not known which things have begun job fw: "+
		"ListJobExecutionsForJob: AccessDeniedException: not for you")
	must[*iot.DeleteJobOutput](t)(source.DeleteJob(ctx,
		&iot.DeleteJobInput{JobId: aws.String("fw"), Force: true}))
	found, _ = copied(t, source.Client, target.Client, Options{})
	want(found, "cannot memberships t2 in g: job fw of the source was deleted, and nothing shows that "+
		"the thing has not begun it (--unreleased takes it along)")
}

// A thing that is in as many groups as it may be cannot be left out of a job, so it does not join a
// group of it either. R-MOV-7
func TestNothingJoinsWithheld(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	source, target := newWorld(t, sourceAccount), newWorld(t, targetAccount)
	source.fleet("g", 2)
	source.newJob("fw", continuous, "thinggroup/g")
	copied(t, source.Client, target.Client, Options{})
	source.report("t2", "fw", "SUCCEEDED")
	must[*iot.DeleteThingOutput](t)(
		target.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: aws.String("t2")}))
	var own []string
	for i := range 10 {
		own = append(own, fmt.Sprintf("own-%d", i))
		target.staticGroup(own[i])
	}
	target.thing("t2", own...)
	found, _ := copied(t, source.Client, target.Client, Options{})
	want := "cannot memberships t2 in g: has begun job fw and cannot be taken out: "
	if !slices.ContainsFunc(found, func(line string) bool { return strings.HasPrefix(line, want) }) {
		t.Errorf("nothing says %q:\n%s", want, strings.Join(found, "\n"))
	}
}

// refusing refuses requests for a path.
type refusing struct{ path string }

// Do implements iot.HTTPClient.
func (r refusing) Do(request *http.Request) (*http.Response, error) {
	if request.URL.Path != r.path {
		return http.DefaultClient.Do(request)
	}
	return &http.Response{
		StatusCode: http.StatusForbidden,
		Header:     http.Header{"X-Amzn-Errortype": {"AccessDeniedException"}},
		Body:       io.NopCloser(strings.NewReader(`{"message":"not for you"}`)),
	}, nil
}

// An execution that was deleted at the source after an import may have ended before: its thing
// is left out by the next import. R-MOV-7
func TestDeletedExecution(t *testing.T) {
	t.Parallel()
	for name, selection := range map[string]func(*iot.CreateJobInput){
		"snapshot": func(*iot.CreateJobInput) {}, "continuous": continuous,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, target := newWorld(t, sourceAccount), newWorld(t, targetAccount)
			source.fleet("g", 2)
			source.newJob("fw", selection, "thinggroup/g")
			copied(t, source.Client, target.Client, Options{})
			source.report("t1", "fw", "SUCCEEDED")
			must[*iot.DeleteJobExecutionOutput](t)(source.DeleteJobExecution(t.Context(),
				&iot.DeleteJobExecutionInput{
					JobId: aws.String("fw"), ThingName: aws.String("t1"), ExecutionNumber: aws.Int64(1),
				}))
			found, _ := copied(t, source.Client, target.Client, Options{})
			wantJobs(t, found,
				"change jobs fw: taken out, as they have begun it since: 1 without an execution")
			target.resume("fw")
			target.settle()
			target.wantExecutions("fw", "t2 QUEUED")
		})
	}
}
