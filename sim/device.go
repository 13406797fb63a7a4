package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// device is one device as its firmware sees the world: it knows its name and what it received. It shares no code with the
// server.
type device struct {
	*world
	name   string
	online bool
	gone   bool // for good, see endFaults
	habits habits
	tokens int
	sent   map[string]*request // by client token: what is not answered yet
	work   map[string]*work    // by job id
}

// habits are how a device's firmware was written.
type habits struct {
	startsNext bool          // uses start-next; else it reports IN_PROGRESS itself
	guards     bool          // sends expectedVersion and executionNumber
	tokens     bool          // sends a client token with each update
	steps      bool          // arms the step timer
	poll       time.Duration // how often it asks by itself
	pace       time.Duration // how long a step of its work takes at most
	impatient  bool          // finishes whatever it finds: the faults have ended
}

// work is an execution that a device works on.
type work struct {
	number, version int64
	steps           int // still to do
	gives           int // how often it still sends its last report again
}

func newDevice(w *world, name string) *device {
	return &device{world: w, name: name, sent: map[string]*request{}, work: map[string]*work{}, habits: habits{
		startsNext: w.chance(0.7), guards: w.chance(0.5), tokens: w.chance(0.7), steps: w.chance(0.4),
		poll: w.span(time.Hour, 20*time.Hour), pace: w.span(time.Second, 20*time.Minute),
	}}
}

// Presence.

// comeBack connects, and asks for what is pending.
func (d *device) comeBack() {
	if d.online || d.gone {
		return
	}
	d.online = true
	d.trace("%s connects", d.name)
	d.startNext()
}

// leave goes away for a while.
func (d *device) leave(absence time.Duration) {
	d.online = false
	d.trace("%s goes away for %s", d.name, absence)
	clear(d.sent)
	d.after(absence, d.comeBack)
}

// routine is what a device does by itself from time to time.
func (d *device) routine() {
	d.after(d.habits.poll/2+d.upTo(d.habits.poll), d.routine)
	switch {
	case !d.online:
	case d.chance(d.Faults.Offline):
		d.leave(d.span(10*time.Minute, 40*time.Hour))
	case d.habits.impatient || d.chance(0.5):
		d.startNext()
	case d.chance(0.5):
		d.send("get", map[string]any{})
	case d.chance(0.5):
		d.send("$next/get", map[string]any{})
	default:
		d.meddle()
	}
}

// meddle sends what no sound firmware sends: reports about what is long over or never was.
func (d *device) meddle() {
	job := fmt.Sprintf("job-%d", d.between(1, d.Jobs+2))
	status := []string{"IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED", "QUEUED", "CANCELED"}[d.r.IntN(6)]
	body := map[string]any{"status": status, "includeJobExecutionState": true}
	if d.chance(0.5) {
		body["expectedVersion"] = d.between(1, 3)
	}
	if d.chance(0.5) {
		body["executionNumber"] = d.between(1, 3)
	}
	if d.chance(0.5) {
		body["clientToken"] = d.token()
	}
	if d.chance(0.3) {
		body["stepTimeoutInMinutes"] = d.pick(-1, 1, 20)
	}
	d.send(job+"/update", body)
}

// Messages.

// message is every payload that a device may get.
type message struct {
	ClientToken    string                 `json:"clientToken"`
	Code           string                 `json:"code"`
	Execution      *execution             `json:"execution"`
	ExecutionState *execution             `json:"executionState"`
	Jobs           map[string][]execution `json:"jobs"`
	InProgressJobs []execution            `json:"inProgressJobs"`
	QueuedJobs     []execution            `json:"queuedJobs"`
}

// execution is as much of one as any message shows.
type execution struct {
	JobID           string `json:"jobId"`
	Status          string `json:"status"`
	ExecutionNumber int64  `json:"executionNumber"`
	VersionNumber   int64  `json:"versionNumber"`
	// Seconds to the timeout, 0 without one.
	Seconds int64 `json:"approximateSecondsBeforeTimedOut"`
}

// key names an execution; "" for none.
func (x *execution) key() string {
	if x == nil {
		return ""
	}
	return fmt.Sprintf("%s#%d", x.JobID, x.ExecutionNumber)
}

// list is what a notify says, without order.
func (m message) list() string {
	var keys []string
	for _, list := range m.Jobs {
		for _, x := range list {
			keys = append(keys, x.key())
		}
	}
	slices.Sort(keys)
	return strings.Join(keys, " ")
}

// parse reads a payload, and ends the run when it is none.
func (w *world) parse(payload []byte) (m message) {
	if err := json.Unmarshal(payload, &m); err != nil {
		w.fail("R-MQTT-8", "%s: %v", payload, err)
	}
	return m
}

// receive handles a message from the server.
func (d *device) receive(topic string, payload []byte) {
	m := d.parse(payload)
	delete(d.sent, m.ClientToken)
	path := strings.TrimPrefix(topic, "$aws/things/"+d.name+"/jobs/")
	switch {
	case path == "notify-next":
		d.consider(m.Execution)
	case path == "notify":
		if len(m.Jobs) > 0 && d.chance(0.1) {
			d.send("get", map[string]any{})
		}
	case path == "start-next/accepted":
		if m.Execution != nil {
			d.started(*m.Execution)
		}
	case path == "$next/get/accepted":
		d.consider(m.Execution)
	case path == "get/accepted":
		d.pickFrom(append(m.InProgressJobs, m.QueuedJobs...))
	case strings.HasSuffix(path, "/update/accepted"):
		d.accepted(strings.TrimSuffix(path, "/update/accepted"), m)
	case strings.HasSuffix(path, "/update/rejected"):
		d.rejected(strings.TrimSuffix(path, "/update/rejected"), m)
	}
}

// send sends a request on a topic below jobs/.
func (d *device) send(path string, body map[string]any) {
	payload, err := json.Marshal(body) // sorts the members
	d.must("marshal", err)
	r := &request{d, "$aws/things/" + d.name + "/jobs/" + path, payload}
	if token, ok := body["clientToken"].(string); ok {
		d.sent[token] = r
	}
	d.network.toServer(r)
}

func (d *device) token() string {
	d.tokens++
	return fmt.Sprintf("%s-%d", d.name, d.tokens)
}
