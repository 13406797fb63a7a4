package sim

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
)

// A device acts when it gets a message, when a step of its work is done, and from time to time by
// itself. It notices when its connection is gone, but not when a message is lost: it asks again, or
// reports again, as firmware does.

// device is one device as its firmware sees it: it knows its name and what it received. It shares
// no code with the server.
type device struct {
	rand    *random
	time    *timeline
	log     *journal
	faults  *Faults
	network *network
	server  *server
	maxJob  int // the highest number of a job id that sendInvalid uses

	name   string
	online bool  // connected
	node   *node // to which it is, or was
	gone   bool  // for good: see world.endFaults
	habits habits
	tokens int // how many client tokens it has used
	// packetID is the packet identifier that it used last.
	packetID uint16
	// work is what the device works on, by job id. It is not lost when the device disconnects.
	work map[string]*work
}

// habits are how the firmware of a device was written.
type habits struct {
	startsNext    bool          // uses start-next; otherwise it reports IN_PROGRESS itself
	sendsVersion  bool          // sends expectedVersion and executionNumber
	sendsToken    bool          // sends a client token with each update
	constantToken bool          // its client token is always the same one
	qos1          bool          // publishes at QoS 1, and sends again what is not answered
	usesStepTimer bool          // sends stepTimeoutInMinutes
	poll          time.Duration // how often it asks for work by itself, about
	pace          time.Duration // how long a step of its work takes at most
	// finishesAll says that it finishes whatever it finds. All devices do when the faults have
	// ended.
	finishesAll bool
}

func newDevice(w *world, name string) *device {
	r := w.rand
	return &device{
		rand:    r,
		time:    w.time,
		log:     w.log,
		faults:  w.faults,
		network: w.network,
		server:  w.server,
		maxJob:  w.log.config.Jobs + 2,
		name:    name,
		work:    map[string]*work{},
		habits: habits{
			startsNext:    r.chance(0.7),
			sendsVersion:  r.chance(0.5),
			sendsToken:    r.chance(0.7),
			constantToken: r.chance(0.3),
			qos1:          r.chance(0.7),
			usesStepTimer: r.chance(0.4),
			poll:          r.span(time.Hour, 20*time.Hour),
			pace:          r.span(time.Second, 20*time.Minute),
		},
	}
}

// connect connects the device, which then asks for what is pending.
func (d *device) connect() {
	if d.online || d.gone {
		return
	}
	node := d.server.any()
	if node == nil { // the device tries again
		d.time.after(d.rand.span(time.Second, 2*time.Minute), d.connect)
		return
	}
	d.online, d.node = true, node
	d.log.trace("%s connects to node %d", d.name, node.number)
	node.see(d, true)
	d.startNext()
}

// disconnect takes the device off the network for a while. Answers that it waited for are lost.
func (d *device) disconnect(absence time.Duration) {
	d.online = false
	d.log.trace("%s goes away for %s", d.name, absence)
	d.time.after(absence, d.connect)
}

// actByItself is what a device does from time to time without a message from the server.
func (d *device) actByItself() {
	d.time.after(d.habits.poll/2+d.rand.upTo(d.habits.poll), d.actByItself)
	if d.node != nil && d.rand.chance(d.faults.Cut) {
		d.node.cut()
	}
	switch {
	case !d.online:
	case d.rand.chance(d.faults.Offline):
		d.disconnect(d.rand.span(10*time.Minute, 40*time.Hour))
	case d.habits.finishesAll || d.rand.chance(0.5):
		d.startNext()
	case d.rand.chance(0.5):
		d.send("get", map[string]any{})
	case d.rand.chance(0.5):
		d.send("$next/get", map[string]any{})
	default:
		d.sendInvalid()
	}
}

// sendInvalid sends what no correct firmware sends: a report about an execution that ended long
// ago, or never was.
func (d *device) sendInvalid() {
	job := fmt.Sprintf("job-%d", d.rand.between(1, d.maxJob))
	status := oneOf(d.rand, "IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED", "QUEUED", "CANCELED")
	body := map[string]any{"status": status, "includeJobExecutionState": true}
	if d.rand.chance(0.5) {
		body["expectedVersion"] = d.rand.between(1, 3)
	}
	if d.rand.chance(0.5) {
		body["executionNumber"] = d.rand.between(1, 3)
	}
	if d.rand.chance(0.5) {
		body["clientToken"] = d.token()
	}
	if d.rand.chance(0.3) {
		body["stepTimeoutInMinutes"] = d.rand.pick(-1, 1, 20)
	}
	d.send(job+"/update", body)
}

// send sends a request on a topic below jobs/.
func (d *device) send(path string, body map[string]any) *request {
	payload, err := json.Marshal(body) // sorts the members
	d.log.must("marshal", err)
	r := &request{from: d, topic: "$aws/things/" + d.name + "/jobs/" + path, payload: payload}
	if d.habits.qos1 {
		d.packetID = d.packetID%math.MaxUint16 + 1
		r.packetID = d.packetID
	}
	d.network.toServer(r)
	return r
}

// token returns a client token: one that was not used before, or the name of the device, as some
// libraries do.
func (d *device) token() string {
	if d.habits.constantToken {
		return d.name
	}
	d.tokens++
	return fmt.Sprintf("%s-%d", d.name, d.tokens)
}

// receive handles a message from the server. It may be late, or come a second time; like real
// firmware, the device does not know that. Topics that are not listed are ignored.
func (d *device) receive(topic string, payload []byte) {
	m := d.parse(payload)
	path := strings.TrimPrefix(topic, "$aws/things/"+d.name+"/jobs/")
	job, answer, _ := strings.Cut(path, "/update/")
	switch {
	case path == "notify-next":
		d.onNext(m.Execution)
	case path == "notify":
		if len(m.Jobs) > 0 && d.rand.chance(0.1) {
			d.send("get", map[string]any{})
		}
	case path == "start-next/accepted":
		if m.Execution != nil {
			d.onStarted(*m.Execution)
		}
	case path == "$next/get/accepted":
		d.onNext(m.Execution)
	case path == "get/accepted":
		d.onList(append(m.InProgressJobs, m.QueuedJobs...))
	case answer == "accepted":
		d.onAccepted(job, m)
	case answer == "rejected":
		d.onRejected(job, m)
	}
}
