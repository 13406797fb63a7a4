package nodes

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// A device does the jobs of one thing. It follows any node: when its connection ends, or now and
// then for no reason, it goes on at another one, with the same session. It works as real agents do:
// it learns from notify-next that there is something to do, starts it, reports and ends it.
//
// Half of the devices ask for their next job with every connection, as the SDKs' samples do. The
// others listen: they ask once, when they have subscribed for the first time, and then rely on what
// they are notified of. A notice that is lost leaves one of those waiting, which the end of the
// test sees.
type device struct {
	*world
	thing   string
	config  *tls.Config
	random  *rand.Rand
	listens bool

	subscribed bool    // since when the server has a session
	packet     uint16  // the last packet identifier
	open       *sent   // what the broker has not acknowledged
	working    *target // the execution that the device is at
	tokens     int

	current atomic.Pointer[line] // whose messages count
	mu      sync.Mutex
	head    *target // the first pending execution, as far as the device was told; nil: none
	learned time.Duration
	changed chan struct{}
}

// A target is an execution as a device knows it, from a message or from its own last report.
type target struct {
	job             string
	number, version int64
	status          string
}

// A sent is a request at QoS 1 that is sent again with the next connection (R-HTTP-24).
type sent struct {
	publish *packets.PublishPacket
	call    *call
	token   string
	then    func(message)
}

// run is the life of the device.
func (d *device) run(ctx context.Context) {
	for ctx.Err() == nil {
		l := d.connect()
		if l == nil {
			sleep(ctx, d.between(100, 400))
			continue
		}
		d.stay(ctx, l)
	}
}

// between is a random time, in milliseconds.
func (d *device) between(least, most int) time.Duration {
	return time.Duration(least+d.random.IntN(most-least)) * time.Millisecond
}

// connect connects to a node at random, and has the session with its subscription. It returns nil
// when the node is not there.
func (d *device) connect() *line {
	node := d.random.IntN(len(d.cluster.nodes))
	c := d.history.send(call{operation: opConnect, client: d.thing, node: node})
	l, err := dial(node, d.cluster.nodes[node].place.mqtts(), d.config, d.thing)
	d.history.finish(c, answer{unknown: err != nil})
	if err != nil {
		return nil
	}
	d.current.Store(l)
	go l.read(d.told)
	switch {
	case d.subscribed && l.session && (d.listens || d.random.IntN(4) > 0):
		return l
	case d.subscribed && !l.session:
		d.problem("the session of %s is gone at %s (R-NODE-7); what was asked last:%s",
			d.thing, d.cluster.nodes[node].name, d.history.lastOf(d.thing))
	}
	return d.subscribe(l)
}

// subscribe makes the session, and asks once what there is to do. Devices that ask with each
// connection subscribe now and then too.
func (d *device) subscribe(l *line) *line {
	d.packet++
	c := d.history.send(call{operation: opSubscribe, client: d.thing, node: l.node})
	ok := l.subscribe(d.packet, d.topic("notify-next"))
	d.history.finish(c, answer{unknown: !ok})
	if !ok {
		l.close(false)
		return nil
	}
	if d.subscribed = true; d.listens && !d.askNext(l) {
		d.subscribed = false // it asks again with the next connection
		l.close(true)
		return nil
	}
	return l
}

func (d *device) topic(rest string) string { return "$aws/things/" + d.thing + "/jobs/" + rest }

// stay works on a connection until it ends or the device goes elsewhere.
func (d *device) stay(ctx context.Context, l *line) {
	if !d.repeat(l) || !d.listens && !d.askNext(l) {
		l.close(false)
		return
	}
	for ctx.Err() == nil && d.step(ctx, l) {
		if !d.calm.Load() && d.random.IntN(40) == 0 {
			break
		}
	}
	if ctx.Err() == nil && !d.calm.Load() && d.random.IntN(4) == 0 {
		d.takeOver(l)
		return
	}
	l.close(d.random.IntN(2) == 0)
}

// takeOver leaves a connection open, connects to a node, and looks that the older connection is
// ended (R-NODE-7). It may not be while one of the nodes is cut off.
func (d *device) takeOver(older *line) {
	d.current.Store(nil) // what comes on it now is not acknowledged, and comes again
	node := d.random.IntN(len(d.cluster.nodes))
	c := d.history.send(call{operation: opTakeover, client: d.thing, node: node})
	l, err := dial(node, d.cluster.nodes[node].place.mqtts(), d.config, d.thing)
	d.history.finish(c, answer{unknown: err != nil})
	if err == nil {
		d.current.Store(l)
		go l.read(d.told)
		select {
		case <-older.lost:
		case <-time.After(firmness):
			if d.history.table.quiet(c.sent - 2*halfOpen) {
				d.problem("%s is connected to %s and %s (R-NODE-7)", d.thing,
					d.cluster.nodes[older.node].name, d.cluster.nodes[node].name)
			}
		}
		l.close(true)
	}
	older.close(false)
}

// told reads what the service says of the head of the queue: a notice, or the answer to a question
// for it. It is called in the order in which messages come on a connection, and returns false for
// one that has been taken over.
func (d *device) told(l *line, m message) bool {
	if d.current.Load() != l {
		return false
	}
	notified := strings.HasSuffix(m.topic, "/notify-next")
	asked := strings.HasSuffix(m.topic, "/start-next/accepted") ||
		strings.HasSuffix(m.topic, "/$next/get/accepted")
	if notified {
		notice := call{operation: opNotifyNext, client: d.thing, node: l.node}
		if m.Execution != nil { // without the thing, it is no part of a history
			notice.key.job, notice.key.number = m.Execution.JobID, m.Execution.ExecutionNumber
		}
		c := d.history.send(notice)
		d.history.finish(c, answer{})
	}
	if notified || asked {
		d.learn(m.Execution)
	}
	return true
}

// learn sets the head of the queue.
func (d *device) learn(x *execution) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.head, d.learned = nil, d.history.now()
	if x != nil {
		d.head = &target{x.JobID, x.ExecutionNumber, x.VersionNumber, x.Status}
	}
	close(d.changed)
	d.changed = make(chan struct{})
}

// known is the head of the queue, and a channel that is closed with the next news of it.
func (d *device) known() (*target, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.head, d.changed
}

// done forgets an execution that has ended, unless the device was told of another meanwhile. What
// it is told next is the rest of its queue: the notice of the next head, or that there is none.
func (d *device) done(x *target) {
	d.working = nil
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.head != nil && d.head.job == x.job && d.head.number <= x.number {
		d.head = nil
	}
}

// step does the next thing, and reports false when the connection is of no use any more: it reports
// on the execution that it is at, or starts the one that it was told of. With nothing to do it
// waits for a notice, and asks for a sign of life now and then, as clients do with their
// keep-alive.
func (d *device) step(ctx context.Context, l *line) bool {
	head, changed := d.known()
	switch {
	case d.working != nil:
		sleep(ctx, d.think())
		return d.reportOn(l)
	case head != nil:
		return d.begin(l, head)
	}
	timer := time.NewTimer(d.between(2000, 4000))
	defer timer.Stop()
	select {
	case <-changed:
		return true
	case <-l.lost:
		return false
	case <-ctx.Done():
		return false
	case <-timer.C:
		return l.alive()
	}
}

// think is how long a step of a job takes.
func (d *device) think() time.Duration {
	if d.calm.Load() {
		return d.between(10, 50)
	}
	return d.between(100, 1500)
}

// payload is a request with a token of its own.
func (d *device) payload(members map[string]any) (text []byte, token string) {
	d.tokens++
	token = fmt.Sprintf("%s-%d", d.thing, d.tokens)
	members["clientToken"] = token
	text, err := json.Marshal(members)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return text, token
}
