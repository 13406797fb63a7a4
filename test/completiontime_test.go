package test

import (
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/test/testserver"
)

// The time that completion takes (R-CMD-147).

// patience is how long a completion may take on a machine that is busy with other tests. The limit
// itself is a tenth of a second. A program that looks for races needs a second to start.
func patience() time.Duration {
	if testserver.Race {
		return 15 * time.Second
	}
	return 2 * time.Second
}

// completed asks for completions as the script of fish does, and returns the candidates and how
// long they took. Nothing may be said on standard error.
func completed(t testing.TB, env []string, words ...string) (candidates []string, took time.Duration) {
	t.Helper()
	args := append([]string{"__complete", "fish", "drover", strconv.Itoa(len(words) - 1)}, words...)
	command := exec.CommandContext(t.Context(), testserver.Binary, args...)
	command.Env, command.Dir = env, t.TempDir()
	var problem strings.Builder
	command.Stderr = &problem
	began := time.Now()
	out, err := command.Output()
	took = time.Since(began)
	if err != nil || problem.String() != "" {
		t.Fatalf("%v: %v\n%s", words, err, problem.String())
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	for _, line := range lines[1:] {
		text, _, _ := strings.Cut(line, "\t")
		candidates = append(candidates, text)
	}
	return candidates, took
}

// inTime asks for completions until there are so many: where other tests use the processor, a server
// may be late, and is asked again. No answer takes too long.
func inTime(t testing.TB, env []string, least int, words ...string) (got []string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		var took time.Duration
		if got, took = completed(t, env, words...); took > patience() {
			t.Errorf("%v: %d candidates in %v", words, len(got), took)
		}
		if len(got) >= least {
			break
		}
	}
	return got
}

// A server that accepts and never answers costs no more than the limit, nor does one that is not
// there, and what the tables know is there all the same.
func TestCompletionHangs(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, row := range []struct {
		words []string
		want  int
	}{
		{[]string{"iot", "describe-job", "--job-id", ""}, 0},
		{[]string{"iot", "create-job", "--targets", "x", ""}, 10},
		{[]string{"iot", "list-jobs", "--status", ""}, 5},
	} {
		for _, endpoint := range []string{listener.Addr().String(), "127.0.0.1:1"} {
			env := []string{
				"AWS_ENDPOINT_URL=http://" + endpoint, "AWS_REGION=us-east-1",
				"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "HOME=" + t.TempDir(),
			}
			got := inTime(t, env, row.want, row.words...)
			if len(got) < row.want || row.want == 0 && len(got) > 0 {
				t.Errorf("%v at %s: %d candidates", row.words, endpoint, len(got))
			}
		}
	}
}

// With 10,000 things and 10,000 jobs there are candidates within the limit. No more than some pages
// are read, whatever the fleet is.
func TestCompletionOfLargeFleet(t *testing.T) {
	t.Parallel()
	many := 10_000
	if testserver.Race { // which takes minutes to make as many
		many = 500
	}
	s := serve(t, "--max-snapshot-jobs", "0", "--max-concurrent-jobs", "0")
	caller := client.New(s.HTTP, client.Credentials{
		AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey}, client.Region(s.Region))
	var all errgroup.Group
	all.SetLimit(64)
	name := func(i int) string { return "pump-" + strconv.Itoa(10_000+i) }
	for i := range many {
		all.Go(func() error {
			_, err := client.Call(t.Context(), caller, iot.CreateThing,
				&iot.CreateThingRequest{ThingName: iot.ThingName(name(i))})
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	document := iot.Document(`{"a":1}`)
	for i := range many {
		all.Go(func() error {
			_, err := client.Call(t.Context(), caller, iot.CreateJob, &iot.CreateJobRequest{
				JobID: iot.JobID(name(i)), Document: &document,
				Targets: iot.JobTargets{"arn:aws:iot:" + s.Region + ":" + s.Account + ":thing/" + name(i)},
			})
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	env := s.environment(t.TempDir())
	// The server of the race detector is never in time, and one on PostgreSQL not for a prefix: the
	// search looks at each thing, and a look is a round trip there.
	if testserver.Race || s.Store != "" {
		env = append(env, "DROVER_COMPLETION_TIME=5s")
	}
	last := name(many - 1)
	for _, words := range [][]string{
		{"iot", "describe-job", "--job-id", ""},
		{"iot", "describe-thing", "--thing-name", ""},
		{"iot", "describe-thing", "--thing-name", last[:len(last)-1]}, // not in the first pages
		{"iot", "create-job", "--targets", ""},
	} {
		if got := inTime(t, env, 1, words...); len(got) == 0 {
			t.Errorf("%v: nothing in time", words)
		}
	}
}
