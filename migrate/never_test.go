package migrate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/client"
)

// A story is a random run of things at both ends and of imports between them. It remembers which
// things had begun which job at the source when the last import of that job began: none of them may
// get an execution in the target from then on.
type story struct {
	t              *testing.T
	r              *rand.Rand
	source, target *world
	// begun are "JOB THING" that have ever begun at the source, whatever is known of it now. barred
	// are those of the last import.
	begun, barred map[string]bool
	// given are the executions that the target has had, "JOB THING".
	given map[string]bool
	log   []string
}

var storyJobs = []string{"snap", "cont", "both", "slow"}

func (s *story) pick(list []string) string { return list[s.r.IntN(len(list))] }

func (s *story) thing() string { return fmt.Sprintf("t%d", 1+s.r.IntN(10)) }

func newStory(t *testing.T, seed uint64) *story {
	s := &story{
		t:      t,
		r:      rand.New(rand.NewPCG(seed, 1)),
		source: newWorld(t, sourceAccount),
		target: newWorld(t, targetAccount),
		begun:  map[string]bool{}, barred: map[string]bool{}, given: map[string]bool{},
	}
	s.source.staticGroup("a")
	s.source.staticGroup("b")
	for i := range 10 {
		s.source.thing(fmt.Sprintf("t%d", i+1), s.pick([]string{"a", "b"}))
	}
	retries := func(in *iot.CreateJobInput) {
		in.JobExecutionsRetryConfig = &types.JobExecutionsRetryConfig{
			CriteriaList: []types.RetryCriteria{{
				FailureType: types.RetryableFailureTypeAll, NumberOfRetries: aws.Int32(2),
			}},
		}
	}
	s.source.newJob("snap", retries, "thinggroup/a")
	s.source.newJob("cont", func(in *iot.CreateJobInput) { continuous(in); retries(in) },
		"thinggroup/a", "thing/t1", "thing/t2")
	s.source.newJob("both", continuous, "thinggroup/a", "thinggroup/b")
	s.source.newJob("slow", func(in *iot.CreateJobInput) {
		in.JobExecutionsRolloutConfig =
			&types.JobExecutionsRolloutConfig{MaximumPerMinute: aws.Int32(1)}
	}, "thinggroup/b")
	return s
}

// report has a thing of a world report, and says whether the world took it.
func (s *story) report(w *world, thing, job, status string) bool {
	_, err := client.Call(s.t.Context(), w.drover(), jobsdata.UpdateJobExecution,
		&jobsdata.UpdateJobExecutionRequest{
			ThingName: jobsdata.ThingName(thing),
			JobID:     jobsdata.JobID(job),
			Status:    jobsdata.ReportedStatus(status),
		})
	return err == nil
}

// atSource is one thing that happens at the source.
func (s *story) atSource() string {
	ctx, thing, job := s.t.Context(), s.thing(), s.pick(storyJobs)
	pair := job + " " + thing
	switch s.r.IntN(10) {
	case 0: // canceled by itself
		_, err := s.source.CancelJobExecution(ctx,
			&iot.CancelJobExecutionInput{JobId: &job, ThingName: &thing, Force: true})
		s.begun[pair] = s.begun[pair] || err == nil
		return "cancel " + pair
	case 1: // an ended execution is deleted: nobody can see any more that it has ended
		if !s.begun[pair] {
			return "nothing"
		}
		_, _ = s.source.DeleteJobExecution(ctx, &iot.DeleteJobExecutionInput{
			JobId: &job, ThingName: &thing, ExecutionNumber: aws.Int64(1), Force: true,
		})
		return "delete " + pair
	case 2, 3: // moves
		from, to := "a", "b"
		if s.r.IntN(2) == 0 {
			from, to = to, from
		}
		_, _ = s.source.UpdateThingGroupsForThing(ctx, &iot.UpdateThingGroupsForThingInput{
			ThingName: &thing, ThingGroupsToAdd: []string{to}, ThingGroupsToRemove: []string{from},
		})
		return "move " + thing + " to " + to
	default:
		status := s.pick([]string{"IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED"})
		if s.report(s.source, thing, job, status) {
			s.begun[pair] = true
		}
		return pair + " " + status
	}
}

// atTarget is one thing that happens in the target.
func (s *story) atTarget() string {
	ctx, thing, job := s.t.Context(), s.thing(), s.pick(storyJobs)
	switch s.r.IntN(4) {
	case 0:
		_, _ = s.target.UntagResource(ctx, &iot.UntagResourceInput{
			ResourceArn: aws.String(s.target.arn + "job/" + job), TagKeys: []string{pausedTag},
		})
		return "resume " + job
	case 1:
		group := s.pick([]string{"a", "b"})
		in := &iot.UpdateThingGroupsForThingInput{ThingName: &thing}
		if s.r.IntN(2) == 0 {
			in.ThingGroupsToAdd = []string{group}
		} else {
			in.ThingGroupsToRemove = []string{group}
		}
		_, _ = s.target.UpdateThingGroupsForThing(ctx, in)
		return fmt.Sprintf("target: %s joins %v leaves %v", thing, in.ThingGroupsToAdd, in.ThingGroupsToRemove)
	case 2:
		_, _ = s.target.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: &thing})
		return "target: delete " + thing
	default:
		s.report(s.target, thing, job, "SUCCEEDED")
		return "target: succeeded " + job + " " + thing
	}
}

// imports imports; one in three is interrupted somewhere.
func (s *story) imports() string {
	before := map[string]bool{}
	for pair := range s.begun {
		before[pair] = s.begun[pair]
	}
	ctx, cancel := context.WithCancelCause(s.t.Context())
	defer cancel(nil)
	to, what := s.target.Client, "import"
	if s.r.IntN(3) == 0 {
		broken := &interrupted{cancel: cancel}
		broken.left.Store(int64(1 + s.r.IntN(90)))
		to, what = s.target.through(broken), "interrupted import"
	}
	there := s.jobsOfTarget()
	_, err := Copy(ctx, s.source.Client, to, Options{})
	if err != nil && what == "import" {
		s.t.Fatal(err)
	}
	now := s.jobsOfTarget()
	for pair := range before {
		job, _, _ := strings.Cut(pair, " ")
		// An interrupted import answers for the jobs that it has created.
		if err == nil || now[job] && !there[job] {
			s.barred[pair] = before[pair]
		}
	}
	return what
}

func (s *story) jobsOfTarget() map[string]bool {
	jobs := map[string]bool{}
	for _, id := range storyJobs {
		_, err := s.target.DescribeJob(s.t.Context(), &iot.DescribeJobInput{JobId: &id})
		jobs[id] = err == nil
	}
	return jobs
}

// check checks that no execution is new in the target whose thing was barred.
func (s *story) check(barred map[string]bool) {
	s.t.Helper()
	for _, id := range storyJobs {
		if !s.jobsOfTarget()[id] {
			continue
		}
		for _, row := range s.target.executionsOf(id) {
			thing, _, _ := strings.Cut(row, " ")
			pair := id + " " + thing
			if !s.given[pair] && barred[pair] {
				s.t.Fatalf("%s has begun %s at the source, and got it again:\n%s", thing, id,
					strings.Join(s.log, "\n"))
			}
			s.given[pair] = true
		}
	}
}

// Whatever things do at the source, and whenever imports come, are interrupted, and jobs resumed: a
// thing that had begun a job at the source when an import began never gets that job by it.
// R-MOV-5, R-MOV-6, R-MOV-7
func TestNeverAgain(t *testing.T) {
	t.Parallel()
	seeds := uint64(3)
	if os.Getenv("DROVER_EXHAUSTIVE") != "" {
		seeds = 8
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := newStory(t, seed)
			given := 0
			for range 70 {
				barred := map[string]bool{}
				for pair := range s.barred {
					barred[pair] = s.barred[pair]
				}
				what := ""
				switch n := s.r.IntN(12); {
				case n < 6:
					what = s.atSource()
				case n < 9:
					what = s.atTarget()
					s.target.advance(time.Minute) // so that what follows from it is done
				case n < 10:
					s.source.advance(time.Minute)
					s.target.advance(time.Minute)
					what = "a minute"
				default:
					what = s.imports()
					// What an import itself creates is held to what it has seen.
					barred = s.barred
				}
				s.log = append(s.log, what)
				s.check(barred)
			}
			for _, id := range storyJobs {
				if s.jobsOfTarget()[id] {
					s.resumeAtEnd(id)
				}
			}
			s.target.settle()
			s.log = append(s.log, "the end")
			s.check(s.barred)
			for pair := range s.given {
				given += len(strings.Fields(pair)) / 2
			}
			t.Logf("seed %d: %d given, %d barred", seed, given, len(s.barred))
		})
	}
}

// resumeAtEnd resumes a job that may have ended.
func (s *story) resumeAtEnd(id string) {
	_, _ = s.target.UntagResource(s.t.Context(), &iot.UntagResourceInput{
		ResourceArn: aws.String(s.target.arn + "job/" + id), TagKeys: []string{pausedTag},
	})
}
