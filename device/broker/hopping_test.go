package broker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Clients hop between three brokers while messages are published through the log, and whatever can
// happen happens: nodes pass the log at their own pace, connections are lost, the store of a node
// fails, or makes claims without an answer, and if faults are on, nodes are declared lost and come
// back. Each message comes to each session that subscribes to it, in order. Without lost nodes it
// comes once; what was sent before and not acknowledged comes again with DUP.

// A hopper is a client that hops.
type hopper struct {
	id    string
	topic string
	d     *device   // the present connection
	all   []*device // all connections
	want  []string
}

type hopping struct {
	*cluster
	t       *testing.T
	random  *rand.Rand
	faults  bool
	hoppers []*hopper
	n       int      // of messages
	trace   []string // what was done
}

func TestHopping(t *testing.T) { // R-NODE-7, R-NODE-8
	for _, faults := range []bool{false, true} {
		for seed := range uint64(12) {
			t.Run(fmt.Sprintf("faults=%v/seed=%d", faults, seed), func(t *testing.T) {
				inCluster(t, 3, nil, func(t *testing.T, c *cluster) {
					h := &hopping{
						cluster: c,
						t:       t,
						random:  rand.New(rand.NewPCG(seed, 0)),
						faults:  faults,
					}
					h.run(600)
				})
			})
		}
	}
}

func (h *hopping) run(steps int) {
	for i := range 3 {
		c := &hopper{id: fmt.Sprint("dev", i), topic: fmt.Sprint("t/", i)}
		h.hoppers = append(h.hoppers, c)
		h.connect(c, h.nodes[0])
		c.d.subscribe(c.topic, "all/+")
	}
	for range steps {
		h.step()
	}
	h.finish()
	for _, c := range h.hoppers {
		h.check(c)
	}
	if h.t.Failed() {
		h.t.Log(strings.Join(h.trace, "\n"))
	}
}

func (h *hopping) did(format string, args ...any) {
	h.trace = append(h.trace, fmt.Sprintf(format, args...))
}

// step does one thing.
func (h *hopping) step() {
	c := h.hoppers[h.random.IntN(len(h.hoppers))]
	i := h.random.IntN(len(h.nodes))
	n := h.nodes[i]
	switch what := h.random.IntN(100); {
	case what < 25:
		h.publishNext(c)
	case what < 65:
		if n.step() {
			h.did("node %d passes %d", i, n.at)
		}
	case what < 70:
		h.did("node %d stands at %d", i, n.at)
		if !n.broken {
			n.stand()
		}
	case what < 85:
		h.did("%s connects to %d", c.id, i)
		h.connect(c, n)
	case what < 88:
		h.did("%s loses its connection", c.id)
		c.d.lose()
	case what < 91:
		c.d.mu.Lock()
		c.d.silent = true
		c.d.mu.Unlock()
		h.did("%s is silent", c.id)
	case what < 92:
		h.did("claims of node %d are made without an answer: %v", i, !n.unsure)
		n.unsure = !n.unsure
	case what < 94:
		h.did("node %d broken %v", i, !n.broken)
		n.set(!n.broken)
	case what < 98:
		pause := time.Duration(h.random.IntN(3000)) * time.Millisecond
		h.did("%v pass", pause)
		time.Sleep(pause)
	case h.faults:
		h.loseNode(i)
	}
	synctest.Wait()
	for _, c := range h.hoppers {
		h.did("    %s: %s, turns %s, got %d", c.id, c.d.state(), h.turns(c.id), len(c.d.received))
	}
}

func (h *hopping) connect(c *hopper, n *testNode) {
	c.d = n.connect(c.id)
	c.all = append(c.all, c.d)
}

// publishNext publishes a message for one client or for all.
func (h *hopping) publishNext(c *hopper) {
	h.n++
	payload := fmt.Sprint(h.n)
	if h.n%3 == 0 {
		payload += strings.Repeat(".", shareFrom) // it is stored once for all
	}
	topic := c.topic
	if h.random.IntN(2) == 0 {
		topic = fmt.Sprint("all/", h.random.IntN(3))
	}
	for _, o := range h.hoppers {
		if o == c || topic != c.topic {
			o.want = append(o.want, fmt.Sprint(h.n))
		}
	}
	h.did("publish %d to %s", h.n, topic)
	h.publish(topic, payload)
}

// loseNode declares a node lost, or lets one that was come back. The heir passes that before
// another node is lost.
func (h *hopping) loseNode(i int) {
	n, heir := h.nodes[i], h.nodes[(i+1)%len(h.nodes)]
	if h.cluster.lost[n.id] != 0 {
		h.did("node %d comes back", i)
		h.comeBack(n)
		return
	}
	for _, o := range h.nodes {
		if h.cluster.lost[o.id] != 0 {
			h.comeBack(o)
		}
	}
	heir.set(false)
	heir.dies, heir.heir = h.random.IntN(6), h.nodes[(i+2)%len(h.nodes)]
	heir.heir.set(false)
	heir.heir.dies = 0
	h.did("node %d is lost, its heir after %d pages", i, heir.dies)
	h.lose(n, heir)
	for heir.step() || heir.heir.step() {
		h.did("heirs pass %d, %d", heir.at, heir.heir.at)
	}
}

func (h *hopping) comeBack(n *testNode) {
	n.b.Abandon()
	synctest.Wait()
	n.join()
}

// finish brings everything to its end.
func (h *hopping) finish() {
	h.did("finish")
	for _, n := range h.nodes {
		n.set(false)
		n.unsure = false
		if h.cluster.lost[n.id] != 0 {
			h.comeBack(n)
		}
	}
	time.Sleep(time.Minute)
	h.cluster.run()
	for _, c := range h.hoppers {
		h.connect(c, h.nodes[0])
	}
	for range 3 {
		h.cluster.run()
		time.Sleep(time.Second)
		synctest.Wait()
		for _, c := range h.hoppers {
			h.did("    %s: %s, turns %s, got %d", c.id, c.d.state(), h.turns(c.id), len(c.d.received))
		}
	}
	for _, c := range h.hoppers {
		if got := h.turns(c.id); got != "0+" {
			h.t.Errorf("%s: its turns are %q at the end", c.id, got)
		}
	}
	for i, n := range h.nodes {
		if claim := n.b.Unfinished(); claim != 0 || len(n.b.transits) > 0 || n.b.gathered.active.Load() != 0 {
			h.t.Errorf("node %d has not finished with claim %d, %d transits", i, claim, len(n.b.transits))
		}
	}
}

// check compares what a client got with what it should have got.
func (h *hopping) check(c *hopper) {
	var got []string
	for _, d := range c.all {
		for _, p := range d.received {
			number := strings.TrimRight(string(p.Payload), ".")
			isNew := !slices.Contains(got, number)
			switch {
			case isNew:
				got = append(got, number)
			case !p.Dup && !h.faults:
				h.t.Errorf("%s got %s twice", c.id, number)
			}
		}
	}
	if !slices.Equal(got, c.want) {
		h.t.Errorf("%s got\n%v, want\n%v", c.id, got, c.want)
	}
}
