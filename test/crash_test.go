package test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	mqtt "github.com/eclipse/paho.mqtt.golang"
)

const (
	crashWorkers = 8
	crashThings  = 64
)

// kill -9 under load, again and again, on one folder: every acknowledged report is there after the
// restart, what was not acknowledged is there wholly or not at all, nothing is counted twice
// (R-CON-25). DROVER_CRASH_ROUNDS sets how often.
func TestCrash(t *testing.T) {
	t.Parallel()
	rounds := 50
	if text := os.Getenv("DROVER_CRASH_ROUNDS"); text != "" {
		rounds = must[int](t)(strconv.Atoi(text))
	}
	s := serve(t)
	s.fleet("g", crashThings)
	acknowledged := 0
	for round := range rounds {
		job := fmt.Sprintf("round-%d", round)
		s.create(job, "g", func(in *iot.CreateJobInput) {
			in.JobExecutionsRetryConfig = &types.JobExecutionsRetryConfig{CriteriaList: []types.RetryCriteria{{FailureType: "FAILED", NumberOfRetries: aws.Int32(2)}}}
		})
		seen := s.loadUntilKilled(job)
		s.Kill()
		s.Start()
		s.checkSurvivors(job, seen)
		must[*iot.DeleteJobOutput](t)(s.Control().DeleteJob(t.Context(), &iot.DeleteJobInput{JobId: &job, Force: true}))
		for _, x := range seen {
			acknowledged += int(x.version)
		}
		if t.Failed() {
			t.Fatalf("round %d of %d", round+1, rounds)
		}
	}
	if s.Store == "" { // R-BAK-7
		if out := s.line(t).ok("verify", "--data", s.Dir); !strings.Contains(out, "no faults") {
			t.Errorf("verify: %s", out)
		}
	}
	if acknowledged < rounds {
		t.Errorf("only %d changes were acknowledged in %d rounds: the load is too thin to show anything", acknowledged, rounds)
	}
	t.Logf("%d kills, %d acknowledged changes, none lost", rounds, acknowledged)
}

// seen is the newest state of one attempt that the server acknowledged, and what was sent after it
// without an answer.
type seen struct {
	number, version int64
	status          string
	open            string // the status asked for by a request that was not answered; empty: none
}

// loadUntilKilled lets workers report on all things until the server is killed, and returns what
// each thing has seen.
func (s *server) loadUntilKilled(job string) map[string]seen {
	var (
		mu      sync.Mutex
		all     = map[string]seen{}
		workers sync.WaitGroup
	)
	for w := range crashWorkers {
		workers.Go(func() {
			d := dialCrash(s.MQTT, fmt.Sprintf("worker-%d", w))
			if d == nil {
				return
			}
			for i := w; i < crashThings; i += crashWorkers {
				state, alive := d.runJob(thingName(i), job)
				mu.Lock()
				all[thingName(i)] = state
				mu.Unlock()
				if !alive {
					return
				}
			}
		})
	}
	time.Sleep(time.Duration(5+rand.IntN(60)) * time.Millisecond) // the moment of the power cut
	s.Kill()
	workers.Wait()
	return all
}

// crashDevice reports for things over plain MQTT and waits for each answer.
type crashDevice struct {
	client  mqtt.Client
	answers chan mqtt.Message
	lost    chan struct{}
}

func dialCrash(address, id string) *crashDevice {
	d := &crashDevice{answers: make(chan mqtt.Message, 100), lost: make(chan struct{})}
	options := mqtt.NewClientOptions().AddBroker(strings.Replace(address, "mqtt://", "tcp://", 1)).SetClientID(id).SetAutoReconnect(false).
		SetConnectTimeout(time.Second).SetConnectionLostHandler(func(mqtt.Client, error) { close(d.lost) })
	options.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { d.answers <- m })
	d.client = mqtt.NewClient(options)
	if token := d.client.Connect(); !token.WaitTimeout(time.Second) || token.Error() != nil {
		return nil
	}
	return d
}

// runJob starts the job on a thing, fails or succeeds, and goes on with retries. alive is false
// once the server is gone.
func (d *crashDevice) runJob(thing, job string) (state seen, alive bool) {
	state = seen{number: 1, version: 1, status: "QUEUED"}
	for {
		steps := []string{"IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"}
		if rand.IntN(3) == 0 {
			steps = []string{"IN_PROGRESS", "FAILED"}
		}
		for _, status := range steps {
			state.open = status
			answer, ok := d.ask("$aws/things/"+thing+"/jobs/"+job+"/update",
				fmt.Sprintf(`{"status":%q,"expectedVersion":%d,"executionNumber":%d,"includeJobExecutionState":true}`, status, state.version, state.number))
			if !ok {
				return state, false
			}
			state.status, state.version, state.open = answer.ExecutionState.Status, answer.ExecutionState.VersionNumber, ""
		}
		if state.status == "SUCCEEDED" || state.number == 3 {
			return state, true
		}
		state = seen{number: state.number + 1, version: 1, status: "QUEUED"} // the retry came with the failure
	}
}

type crashAnswer struct {
	ExecutionState struct {
		Status        string `json:"status"`
		VersionNumber int64  `json:"versionNumber"`
	} `json:"executionState"`
}

func (d *crashDevice) ask(topic, payload string) (a crashAnswer, ok bool) {
	d.client.Publish(topic, 0, false, payload)
	select {
	case m := <-d.answers:
		return a, strings.HasSuffix(m.Topic(), "/accepted") && json.Unmarshal(m.Payload(), &a) == nil
	case <-d.lost:
	case <-time.After(5 * time.Second):
	}
	return a, false
}

// checkSurvivors compares what the server has after the restart with what was acknowledged before.
func (s *server) checkSurvivors(job string, all map[string]seen) {
	t := s.t
	t.Helper()
	byStatus := map[types.JobExecutionStatus]int32{}
	latest := map[string]types.JobExecutionSummary{}
	pages := iot.NewListJobExecutionsForJobPaginator(s.Control(), &iot.ListJobExecutionsForJobInput{JobId: &job})
	for pages.HasMorePages() {
		for _, x := range must[*iot.ListJobExecutionsForJobOutput](t)(pages.NextPage(t.Context())).ExecutionSummaries {
			summary := *x.JobExecutionSummary
			byStatus[summary.Status]++
			thing := (*x.ThingArn)[strings.LastIndex(*x.ThingArn, "/")+1:]
			if known, ok := latest[thing]; !ok || *known.ExecutionNumber < *summary.ExecutionNumber {
				latest[thing] = summary
			}
		}
	}
	n := must[*iot.DescribeJobOutput](t)(s.Control().DescribeJob(t.Context(), &iot.DescribeJobInput{JobId: &job})).Job.JobProcessDetails
	for status, counted := range map[types.JobExecutionStatus]*int32{
		"QUEUED": n.NumberOfQueuedThings, "IN_PROGRESS": n.NumberOfInProgressThings, "SUCCEEDED": n.NumberOfSucceededThings, "FAILED": n.NumberOfFailedThings,
	} {
		if *counted != byStatus[status] {
			t.Errorf("job %s counts %d %s, but has %d (R-JOB-49)", job, *counted, status, byStatus[status])
		}
	}
	for thing, acked := range all {
		s.checkSurvivor(job, thing, acked, latest[thing])
	}
}

func (s *server) checkSurvivor(job, thing string, acked seen, listed types.JobExecutionSummary) {
	t := s.t
	t.Helper()
	if listed.ExecutionNumber == nil {
		if acked.version > 1 {
			t.Errorf("thing %s: no execution is left of %+v", thing, acked)
		}
		return
	}
	now := must[*iot.DescribeJobExecutionOutput](t)(s.Control().DescribeJobExecution(t.Context(), &iot.DescribeJobExecutionInput{
		JobId: &job, ThingName: &thing, ExecutionNumber: aws.Int64(acked.number),
	})).Execution
	status, version := string(now.Status), now.VersionNumber
	kept := status == acked.status && version == acked.version
	applied := acked.open != "" && status == acked.open && version == acked.version+1
	if !kept && !applied {
		t.Errorf("thing %s attempt %d is %s v%d, acknowledged was %s v%d, unanswered %q", thing, acked.number, status, version, acked.status, acked.version, acked.open)
	}
	if failed := status == "FAILED" && acked.number < 3; failed && *listed.ExecutionNumber != acked.number+1 {
		t.Errorf("thing %s: attempt %d FAILED without its retry (R-RTY-6)", thing, acked.number)
	}
}
