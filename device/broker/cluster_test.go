package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A cluster is several brokers on one store, in memory: the rows, the log and what a node may still
// write, as the interface Nodes describes them. Each node reads the log when a test says so, so that
// every interleaving can be made. Tests run in a synctest bubble.
type cluster struct {
	t     testing.TB
	nodes []*testNode

	mu       sync.Mutex // guards what follows
	sessions *MemorySessions
	bodies   map[uint64][]byte // by their numbers
	rows     map[string][]*row // the turns of a client, in order
	versions map[string]int64
	log      []logEntry
	claims   map[int64]int // the place of a claim in the log
	lastID   int64         // of nodes
	lastTurn int64
	lost     map[int64]int64 // the heir of a lost node
	adopted  map[int64]bool  // the heir has adopted all its turns
	stood    map[int64]int   // the position of a lost node
	// standsFor are the nodes for which a node goes on, itself among them.
	standsFor map[int64]map[int64]bool
	shared    uint64
}

// A row is one turn.
type row struct {
	LostClient
	node int64
}

// A logEntry is one of: a message, a claim, a release, a node that was lost.
type logEntry struct {
	message  *Message
	client   string
	claim    int64
	from, to int64 // of a claim; to is the heir of a lost node too
	released bool
	lost     int64
}

// A testNode is a broker with its place in the log. It is what the broker has as Sessions and Nodes.
type testNode struct {
	c     *cluster
	b     *Broker
	id    int64
	at    int // the next entry of the log
	stood int // the position that others know
	// dies declares the node lost when it has adopted so many pages; 0: it does not die.
	dies   int
	heir   *testNode       // when it dies
	broken bool            // the store refuses what the node writes
	full   bool            // the store refuses sessions
	taken  func()          // called between a page of Lost and what becomes of it; nil: nothing
	unsure bool            // it writes claims and answers with an error
	late   chan struct{}   // a claim is answered when it is closed; nil: at once
	events []PresenceEvent // of Config.Presence
	conns  chan net.Conn
}

func newCluster(t testing.TB, nodes int, change func(*Config)) *cluster {
	c := &cluster{
		t:        t,
		sessions: NewMemorySessions(),
		bodies:   map[uint64][]byte{},
		rows:     map[string][]*row{},
		versions: map[string]int64{},
		claims:   map[int64]int{},
		lost:     map[int64]int64{},
		adopted:  map[int64]bool{},
		stood:    map[int64]int{},

		standsFor: map[int64]map[int64]bool{},
	}
	for range nodes {
		c.start(change)
	}
	return c
}

// start starts one more node.
func (c *cluster) start(change func(*Config)) *testNode {
	n := &testNode{c: c, conns: make(chan net.Conn)}
	n.join()
	cfg := Config{
		Sessions:          testSessions{n},
		Nodes:             n,
		StoredMessages:    1 << 20,
		MessagesPerSecond: -1,
		BytesPerSecond:    -1,
		Log:               slog.New(slog.DiscardHandler),
		Presence:          func(e PresenceEvent) { n.note(e) },
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if n.b, err = New(context.Background(), cfg); err != nil {
		c.t.Fatal(err)
	}
	go n.b.Serve(context.Background(), n)
	c.nodes = append(c.nodes, n)
	return n
}

// stop ends all brokers, as it must be at the end of a bubble.
func (c *cluster) stop() {
	for _, n := range c.nodes {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		n.b.Shutdown(ctx)
		cancel()
		close(n.conns)
	}
}

// join gives a node a new number, at the end of the log.
func (n *testNode) join() {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	n.c.lastID++
	n.id, n.at, n.stood = n.c.lastID, len(n.c.log), len(n.c.log)
	n.c.standsFor[n.id] = map[int64]bool{n.id: true}
}

func (n *testNode) note(e PresenceEvent) {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	n.events = append(n.events, e)
}

// A testNode is a listener too.

func (n *testNode) Accept() (net.Conn, error) {
	nc, open := <-n.conns
	if !open {
		return nil, net.ErrClosed
	}
	return nc, nil
}
func (n *testNode) Close() error   { return nil }
func (n *testNode) Addr() net.Addr { return &net.TCPAddr{} }

var errBroken = errors.New("the database does not answer")

// commit does what the node writes, unless it may not or cannot.
func (n *testNode) commit(write func() error) error {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	switch {
	case n.c.lost[n.id] != 0:
		return ErrLost
	case n.broken:
		return errBroken
	}
	return write()
}

func (n *testNode) set(broken bool) {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	n.broken = broken
}

func (n *testNode) setFull(full bool) {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	n.full = full
}

// Sessions.

func (n *testNode) Load(ctx context.Context, clients []string, each func(Change) error) error {
	var values []Change
	err := n.commit(func() error {
		return n.c.sessions.Load(ctx, func(c Change) error {
			if slices.Contains(clients, clientOf(c.Client)) {
				values = append(values, c)
			}
			return nil
		})
	})
	for _, c := range values {
		err = errors.Join(err, each(c))
	}
	return err
}

func (n *testNode) Apply(ctx context.Context, changes []Change) error {
	return n.commit(func() error {
		if n.full {
			return errBroken
		}
		for _, c := range changes {
			if c.Shared == 0 {
				continue
			}
			if known, exists := n.c.bodies[c.Shared]; exists && !bytes.Equal(known, c.Body) {
				n.c.t.Errorf("two bodies have the number %d", c.Shared)
			}
			n.c.bodies[c.Shared] = c.Body
		}
		return n.c.sessions.Apply(ctx, changes)
	})
}

// testSessions is what a broker has as Sessions: Load has another form there.
type testSessions struct{ *testNode }

func (s testSessions) Load(ctx context.Context, each func(Change) error) error {
	return s.c.sessions.Load(ctx, each)
}

func (n *testNode) Messages(
	ctx context.Context, client string, first, last uint64,
) (found []Change, err error) {
	err = n.commit(func() error {
		found, err = n.c.sessions.Messages(ctx, client, first, last)
		return err
	})
	return found, err
}

// Nodes.

func (n *testNode) Claim(_ context.Context, client Client) (answer Claimed, err error) {
	var late chan struct{}
	err = n.commit(func() error {
		answer, late = n.c.claim(n.id, client), n.late
		if n.unsure {
			return errBroken
		}
		return nil
	})
	if late != nil {
		<-late
	}
	return answer, err
}

// claim does a claim. The caller holds mu.
func (c *cluster) claim(node int64, client Client) Claimed {
	c.lastTurn++
	version := c.versions[client.ID]
	c.versions[client.ID]++
	client.Connected.Version = version
	turns := c.rows[client.ID]
	answer := Claimed{Number: c.lastTurn, Turn: c.lastTurn, Version: version}
	last := &row{node: node}
	if len(turns) > 0 && turns[len(turns)-1].node == node {
		last = turns[len(turns)-1]
		answer.Turn = last.Turn
	} else {
		if len(turns) > 0 {
			c.claims[answer.Number] = len(c.log)
			c.log = append(c.log, logEntry{
				client: client.ID,
				claim:  answer.Number,
				from:   turns[len(turns)-1].node,
				to:     node,
			})
		}
		c.rows[client.ID] = append(turns, last)
	}
	answer.Held = c.rows[client.ID][0] != last
	last.Client, last.Claimed, last.IsConnected = client, answer, true
	c.event(&client.Connected)
	return answer
}

// event adds a presence event to the log. The caller holds mu, as for the others below.
func (c *cluster) event(e *PresenceEvent) {
	if m, exists := e.Message(); exists {
		c.log = append(c.log, logEntry{message: &m})
	}
}

func (n *testNode) Release(_ context.Context, client string, claim int64) error {
	return n.commit(func() error {
		turns := n.c.rows[client]
		if len(turns) < 2 || turns[1].Turn != claim {
			return nil
		}
		n.c.rows[client] = turns[1:]
		n.c.log = append(n.c.log, logEntry{client: client, claim: claim, released: true})
		return nil
	})
}

func (n *testNode) Leave(_ context.Context, l Left) error {
	return n.commit(func() error {
		turns := n.c.rows[l.Client]
		at := slices.IndexFunc(turns, func(r *row) bool {
			return r.Number == l.Claim || l.Claim == 0 && r.Connected.SessionID == l.Event.SessionID
		})
		if at < 0 && l.Claim == 0 {
			return nil
		}
		if l.Event != nil {
			e := *l.Event
			if l.Claim == 0 {
				e.Version = turns[at].Version
			}
			n.c.event(&e)
		}
		if at >= 0 {
			turns[at].IsConnected = false
			if !l.Keep && len(turns) == 1 {
				delete(n.c.rows, l.Client)
			}
		}
		return nil
	})
}

func (n *testNode) Lost(_ context.Context, node int64, f func([]LostClient) error) error {
	n.c.mu.Lock()
	clients := slices.Sorted(maps.Keys(n.c.rows))
	n.c.mu.Unlock()
	for _, client := range clients {
		var page []LostClient
		err := n.commit(func() error {
			for i, r := range n.c.rows[client] {
				if r.node == node {
					r.node, r.Held = n.id, i > 0
					page = append(page, r.LostClient)
				}
			}
			if n.dies--; n.dies == 0 {
				n.c.loseLocked(n, n.heir)
			}
			return nil
		})
		if err == nil && len(page) > 0 {
			if n.taken != nil {
				n.taken()
			}
			err = f(page)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *testNode) NextShared() uint64 {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	n.c.shared++
	return n.c.shared
}

// publish gives a message to the log.
func (c *cluster) publish(topic, payload string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, logEntry{message: &Message{Topic: topic, Payload: []byte(payload), QoS: 1}})
}

// lose declares a node lost. What it had passed of the log without saying so is passed again.
func (c *cluster) lose(n, heir *testNode) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loseLocked(n, heir)
}

// loseLocked is lose for a caller that holds mu. The heir goes on for those too for which the node
// should have gone on.
func (c *cluster) loseLocked(n, heir *testNode) {
	c.stood[n.id] = n.stood
	c.lost[n.id] = n.id
	for _, node := range slices.Sorted(maps.Keys(c.lost)) {
		if c.lost[node] == n.id && !c.adopted[node] {
			c.lost[node] = heir.id
			c.log = append(c.log, logEntry{lost: node, to: heir.id})
		}
	}
}

// step lets a node pass one entry of the log, and reports false if there is none.
func (n *testNode) step() bool {
	n.c.mu.Lock()
	if n.at == len(n.c.log) || n.c.lost[n.id] != 0 {
		n.c.mu.Unlock()
		return false
	}
	e := n.c.log[n.at]
	n.at++
	heir := e.lost != 0 && e.to == n.id
	n.c.mu.Unlock()
	if heir {
		n.adopt(e.lost)
	}
	n.pass(&e, map[int64]bool{n.id: true}, n.standsFor())
	synctest.Wait()
	return true
}

// heir is the heir of a node that is lost; 0: it is not lost.
func (c *cluster) heir(node int64) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost[node]
}

func (n *testNode) standsFor() map[int64]bool {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	return maps.Clone(n.c.standsFor[n.id])
}

// pass passes an entry. A claim is of this node if it is of one of claimed, and ends a turn of it if
// it ends one of turns.
func (n *testNode) pass(e *logEntry, claimed, turns map[int64]bool) {
	switch {
	case e.message != nil:
		if n.b.Subscribed(e.message.Topic) {
			n.b.Publish(*e.message)
		}
	case e.released:
		n.b.Released(e.client, e.claim)
	case e.client != "":
		n.b.Claimed(e.client, e.claim, claimed[e.to], turns[e.from])
	}
}

// adopt adopts the clients of a lost node and replays the log. Should this node be lost before it
// has said that it has passed that, its own heir begins where the lost node stood.
func (n *testNode) adopt(node int64) {
	n.c.mu.Lock()
	n.stood = min(n.stood, n.c.stood[node])
	as := n.c.standsFor[node]
	maps.Copy(n.c.standsFor[n.id], as)
	n.c.mu.Unlock()
	if err := n.b.Adopt(context.Background(), node); err != nil {
		if n.c.heir(n.id) == 0 {
			n.c.t.Errorf("adopt: %v", err)
		}
		return // its heir does it
	}
	n.c.mu.Lock()
	n.c.adopted[node] = true
	replay := slices.Clone(n.c.log[n.c.stood[node] : n.at-1])
	n.c.mu.Unlock()
	for i := range replay {
		n.pass(&replay[i], as, as)
	}
	n.b.Adopted()
}

// stand makes the position of a node known: what it has published is stored.
func (n *testNode) stand() {
	at := n.at
	if n.b.Stored(context.Background()) != nil {
		return
	}
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	n.stood = at
	if claim := n.b.Unfinished(); claim != 0 {
		n.stood = min(at, n.c.claims[claim])
	}
}

// run lets all nodes pass the log to its end.
func (c *cluster) run() {
	for more := true; more; {
		more = false
		for _, n := range c.nodes {
			more = n.step() || more
		}
	}
}

// turns describes the rows of a client: the index of the node of each turn.
func (c *cluster) turns(client string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, r := range c.rows[client] {
		i := slices.IndexFunc(c.nodes, func(n *testNode) bool { return n.id == r.node })
		fmt.Fprintf(&b, "%d", i)
		if r.IsConnected {
			b.WriteByte('+')
		}
	}
	return b.String()
}

// sessions is how many sessions a broker has.
func (n *testNode) sessions() int {
	n.b.mu.Lock()
	defer n.b.mu.Unlock()
	return n.b.sessionCount
}
