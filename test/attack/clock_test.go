package attack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/test/testpostgres"
	"github.com/drover-iot/drover/test/testserver"
)

const (
	hour = time.Hour
	year = 365 * 24 * hour
)

// settable is a program whose clock a file sets (internal/clock/settable.go), built once.
var settable = sync.OnceValues(func() (string, error) {
	program := testserver.Binary + "-settable"
	return program, testserver.Build(program, "../../cmd/drover", "-tags", "settableclock")
})

// A machine is a server on a machine whose clock a test sets.
type machine struct {
	*testserver.Server
	file   string        // says how far the clock is wrong
	set    time.Duration // by how much it was set
	passed time.Duration // how much time has passed besides that of the test
}

// newMachine returns a machine whose server is not started.
func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{Server: testserver.New(t), file: filepath.Join(t.TempDir(), "clock")}
	m.Program = must[string](t)(settable())
	m.Env = []string{"DROVER_TEST_CLOCK=" + m.file}
	m.write()
	return m
}

// write sets the clock of the machine, and returns once the server reads the new time.
func (m *machine) write() {
	m.T.Helper()
	m.ClockOffset = m.set + m.passed
	text := fmt.Sprintf("%v %v", m.set, m.passed)
	err := os.WriteFile(m.file+".new", []byte(text), 0o600)
	if err == nil {
		err = os.Rename(m.file+".new", m.file)
	}
	if err != nil {
		m.T.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // another process reads the file every 10 ms
}

// jump sets the clock by a duration, forward or back.
func (m *machine) jump(by time.Duration) {
	m.T.Helper()
	m.set += by
	m.write()
}

// pass lets time pass at once, and the server do what is due by then.
func (m *machine) pass(d time.Duration) {
	m.T.Helper()
	m.passed += d
	m.write()
	time.Sleep(1200 * time.Millisecond) // the server looks what is due every second
}

// fleet makes a group of things.
func (m *machine) fleet(group string, things int) {
	m.T.Helper()
	ctx, client := m.T.Context(), m.Control()
	must[*iot.CreateThingGroupOutput](m.T)(
		client.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: &group}))
	for i := range things {
		name := fmt.Sprintf("t%04d", i)
		m.Thing(name)
		must[*iot.AddThingToThingGroupOutput](m.T)(client.AddThingToThingGroup(
			ctx, &iot.AddThingToThingGroupInput{ThingGroupName: &group, ThingName: &name}))
	}
}

// roll creates a job that is released to one thing a minute.
func (m *machine) roll(job, group string) {
	m.T.Helper()
	must[*iot.CreateJobOutput](m.T)(m.Control().CreateJob(m.T.Context(), &iot.CreateJobInput{
		JobId:                      &job,
		Targets:                    []string{m.ARN("thinggroup", group)},
		Document:                   aws.String("{}"),
		JobExecutionsRolloutConfig: &types.JobExecutionsRolloutConfig{MaximumPerMinute: aws.Int32(1)},
	}))
}

// queued is how many executions of a job are QUEUED.
func (m *machine) queued(job string) int {
	m.T.Helper()
	out := must[*iot.DescribeJobOutput](m.T)(
		m.Control().DescribeJob(m.T.Context(), &iot.DescribeJobInput{JobId: &job}))
	return int(aws.ToInt32(out.Job.JobProcessDetails.NumberOfQueuedThings))
}

// wantMoving ends the test unless the rollouts of jobs go on: within some minutes at least one more
// execution is created of each.
func (m *machine) wantMoving(when string, jobs ...string) {
	m.T.Helper()
	before := map[string]int{}
	for _, job := range jobs {
		before[job] = m.queued(job)
	}
	for range 3 { // a rollout looks once a minute
		m.pass(time.Minute)
	}
	for _, job := range jobs {
		after := m.queued(job)
		if more := after - before[job]; more < 1 || more > 4 {
			m.T.Errorf("%s: %d more executions of %s in 3 minutes at 1 a minute", when, more, job)
		}
	}
}

// The clock of the machine is set a year ahead and back, and an hour back, under a server. Rollouts
// that began before, meanwhile and afterwards go on at their rate, and none stands still for as
// long as the clock was wrong (R-CON-28).
func TestClockIsSetWhileServing(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{year, -hour} {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.Start()
			m.fleet("g", 30)
			m.roll("before", "g")
			m.jump(by)
			m.roll("meanwhile", "g")
			m.wantMoving("while the clock is wrong", "before", "meanwhile")
			m.jump(-by)
			m.roll("after", "g")
			m.wantMoving("after the clock is right again", "before", "meanwhile", "after")
			m.pass(8 * time.Minute) // the server has followed the clock by now
			m.wantMoving("later", "before", "meanwhile", "after")
			if printed := m.Output.String(); !strings.Contains(printed, "machine's clock is behind") {
				t.Errorf("nothing is said about the clock:\n%s", printed)
			}
		})
	}
}

// A server that starts while the clock of its machine is wrong, as it is without a battery, goes on
// where it was: with its rollouts, and with the sessions of its devices.
func TestClockIsWrongAtStart(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{year, 14 * 24 * hour, -hour, -year} {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.Start()
			m.fleet("g", 20)
			m.roll("before", "g")
			session := func(id string) mqtt.Connect {
				return mqtt.Connect{ClientID: id, SessionExpiry: 3600}
			}
			for _, id := range []string{"t0000", "t0001"} {
				device := joinPlain(t, m.Server, session(id))
				device.subscribe("$aws/things/" + id + "/jobs/notify")
				device.nc.Close()
			}
			resumes := func(id string) {
				t.Helper()
				again := connect(t, dial(t, m.MQTT, nil), session(id))
				if !again.wantConnack(mqtt.Success) {
					t.Errorf("the session of %s is gone", id)
				}
			}
			if err := m.Stop(); err != nil {
				t.Fatal(err)
			}
			m.jump(by)
			m.Start()
			m.wantMoving("after the start", "before")
			resumes("t0000")
			m.jump(-by)
			resumes("t0001")
			m.wantMoving("after the clock is right again", "before")
		})
	}
}

// A device whose certificate was made today keeps its connection and its rights when the clock goes
// back a day, and may connect again.
func TestCertificateWhileClockIsBehind(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.Start()
	b := newBystander(t, m.Server, "pump-07")
	m.jump(-24 * hour)
	m.Policy("another", testserver.WidePolicy) // what devices may do is read again
	b.served(patience)
	id := m.Identify("pump-07", "another")
	join(t, m.Server, &id, mqtt.Connect{ClientID: "pump-07", CleanStart: true})
}

// A node whose clock is wrong by a year or an hour changes nothing: time is that of the database
// (R-NODE-5).
func TestNodeWithWrongClock(t *testing.T) {
	t.Parallel()
	store, secret := testpostgres.Schema(t), strings.Repeat("0123456789abcdef", 4)
	right, wrong := newMachine(t), newMachine(t)
	for _, m := range []*machine{right, wrong} {
		m.Store = store
		m.Env = append(m.Env, "DROVER_SECRET="+secret)
	}
	right.Start()
	right.fleet("g", 9)
	right.roll("right", "g")
	for i, by := range []time.Duration{year, -hour} {
		wrong.jump(by)
		wrong.Start()
		job := fmt.Sprint("wrong-", i)
		wrong.roll(job, "g")
		for _, m := range []*machine{right, wrong} {
			out := must[*iot.DescribeJobOutput](t)(m.Control().DescribeJob(t.Context(), &iot.DescribeJobInput{JobId: &job}))
			if age := time.Since(*out.Job.CreatedAt); age < -time.Minute || age > time.Minute {
				t.Errorf("by a clock that is wrong by %v, %s was created %v ago", by, job, age)
			}
		}
		wrong.Kill()
		wrong.jump(-by)
	}
	if n := right.queued("right"); n > 4 {
		t.Errorf("%d executions were created in less than 4 minutes at 1 a minute", n)
	}
}
