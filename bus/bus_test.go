package bus

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
)

const timeout = 10 * time.Second

// natsServer runs a NATS server in this process on a loopback port; 0 is a free one.
func natsServer(t *testing.T, port int, change func(*server.Options)) *server.Server {
	t.Helper()
	options := &server.Options{Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true}
	if port == 0 {
		options.Port = server.RANDOM_PORT
	}
	if change != nil {
		change(options)
	}
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(timeout) {
		t.Fatal("the NATS server does not start")
	}
	t.Cleanup(s.Shutdown)
	return s
}

// port is the port of a NATS server.
func port(s *server.Server) int { return s.Addr().(*net.TCPAddr).Port }

// A node is a bus that runs, and what it was given.
type node struct {
	*Bus
	t        *testing.T
	received chan string
	stop     func()
	mu       sync.Mutex // guards what follows
	log      bytes.Buffer
}

func (n *node) Write(line []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.log.Write(line)
}

func (n *node) logged() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.log.String()
}

// join runs a bus until the test ends, and returns when it is ready.
func join(t *testing.T, change Config) *node {
	t.Helper()
	n := &node{t: t, received: make(chan string, 100_000)}
	c := change
	if c.Subject == "" {
		c.Subject = "drover.bus.test"
	}
	if c.Deliver == nil {
		c.Deliver = func(message []byte) error {
			n.received <- string(message)
			return nil
		}
	}
	c.Log = slog.New(slog.NewTextHandler(n, nil))
	n.Bus = New(c)
	n.reports = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- n.Run(ctx, func() { close(ready) }) }()
	n.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(n.stop)
	select {
	case <-ready:
	case err := <-done:
		done <- err
		t.Fatalf("it does not run: %v", err)
	}
	return n
}

// next is the next message that a node is given.
func (n *node) next() string {
	n.t.Helper()
	select {
	case message := <-n.received:
		return message
	case <-time.After(timeout):
		n.t.Fatalf("nothing came in %v; the log:\n%s", timeout, n.logged())
		return ""
	}
}

// until waits for a condition that another goroutine brings about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(timeout); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in %v: %s", timeout, what)
		}
	}
}

// A message of one node is delivered to every other one once, in its order, and to nobody else: not
// to the node itself, nor to those of another Drover on the same NATS (R-NODE-12).
func TestBus(t *testing.T) {
	t.Parallel()
	url := natsServer(t, 0, nil).ClientURL()
	a, b, c := join(t, Config{URL: url}), join(t, Config{URL: url}), join(t, Config{URL: url})
	other := join(t, Config{URL: url, Subject: "drover.bus.other"})
	const n = 5000
	var want []string
	for i := range n {
		want = append(want, fmt.Sprint("a", i))
		a.Publish([]byte(want[i]))
	}
	for _, to := range []*node{b, c} {
		var got []string
		for range n {
			got = append(got, to.next())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	b.Publish([]byte("b"))
	if got := a.next() + c.next(); got != "bb" {
		t.Errorf("of another node came %q", got)
	}
	if len(a.received)+len(b.received)+len(c.received)+len(other.received) > 0 {
		t.Error("there were more messages")
	}
	for _, n := range []*node{a, b, c} {
		if n.stop(); strings.Contains(n.logged(), "WARN") {
			t.Errorf("the log:\n%s", n.logged())
		}
	}
}

// A node that ends sends what its clients have published last.
func TestLastMessages(t *testing.T) {
	t.Parallel()
	url := natsServer(t, 0, nil).ClientURL()
	b := join(t, Config{URL: url})
	for i := range 20 { // it may be sent before the end
		ctx, cancel := context.WithCancel(t.Context())
		a := New(Config{URL: url, Subject: b.Subject, Log: b.Log})
		err := a.Run(ctx, func() {
			a.Publish([]byte("last"))
			cancel()
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := b.next(); got != "last" {
			t.Errorf("end %d: %q", i, got)
		}
	}
}

// A bus that does not answer is no reason not to start: that is logged, what is published meanwhile
// is dropped and counted, and when it answers messages go to and fro. The same holds when it goes
// away later (R-NODE-12).
func TestBusIsAway(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	url := fmt.Sprintf("nats://user:pa55word@127.0.0.1:%d", free)
	a, b := join(t, Config{URL: url}), join(t, Config{URL: url})
	for _, n := range []*node{a, b} {
		if log := n.logged(); !strings.Contains(log, "the bus does not answer: "+withoutBus) || !strings.Contains(log, "refused") {
			t.Errorf("the log says\n%s", log)
		}
	}
	lose := func() {
		before := strings.Count(a.logged(), "messages for other nodes were dropped")
		a.Publish([]byte("lost"))
		until(t, "the message is dropped", func() bool {
			return strings.Count(a.logged(), "messages for other nodes were dropped") > before
		})
	}
	lose()
	s := natsServer(t, free, nil)
	heard := func(message string) {
		t.Helper()
		// The one that connects first is heard when the other one has connected, too.
		until(t, "the message is delivered", func() bool {
			a.Publish([]byte(message))
			select {
			case got := <-b.received:
				return got == message
			case <-time.After(10 * time.Millisecond):
				return false
			}
		})
	}
	heard("now")
	s.Shutdown()
	s.WaitForShutdown()
	until(t, "the loss is logged", func() bool { return strings.Contains(a.logged(), "the bus is lost: "+withoutBus) })
	lose()
	natsServer(t, free, nil)
	heard("again")
	until(t, "that it is back is logged", func() bool { return strings.Contains(a.logged(), "connected to the bus again") })
	if strings.Contains(a.logged(), "pa55word") {
		t.Errorf("the log has a password:\n%s", a.logged())
	}
}

// A user that NATS does not know is one more way in which it does not answer; TLS and the user in the
// URL are those of nats.go.
func TestBusRefuses(t *testing.T) {
	t.Parallel()
	s := natsServer(t, 0, func(o *server.Options) { o.Username, o.Password = "drover", "right" })
	url := func(password string) string {
		return fmt.Sprintf("nats://drover:%s@127.0.0.1:%d", password, port(s))
	}
	wrong := join(t, Config{URL: url("pa55word")})
	if log := wrong.logged(); !strings.Contains(log, "the bus does not answer") || !strings.Contains(log, "uthorization") || strings.Contains(log, "pa55word") {
		t.Errorf("the log:\n%s", log)
	}
	a, b := join(t, Config{URL: url("right")}), join(t, Config{URL: url("right")})
	a.Publish([]byte("x"))
	if got := b.next(); got != "x" {
		t.Errorf("got %q", got)
	}
}

// What is dropped is counted, and logged once for all of it.
func TestReport(t *testing.T) {
	t.Parallel()
	url := natsServer(t, 0, func(o *server.Options) { o.MaxPayload = 10 }).ClientURL()
	a := join(t, Config{URL: url})
	for range 3 {
		a.Publish([]byte("more than ten bytes"))
	}
	until(t, "all are counted", func() bool {
		counted := 0
		for line := range strings.Lines(a.logged()) {
			var n int
			if _, count, found := strings.Cut(line, "messages="); found {
				fmt.Sscan(count, &n)
			}
			counted += n
		}
		return counted == 3
	})
}

// Messages that come faster than they are delivered are dropped beyond a limit, and counted.
func TestSlowNode(t *testing.T) {
	t.Parallel()
	url := natsServer(t, 0, nil).ClientURL()
	hold := make(chan struct{})
	slow := join(t, Config{URL: url, Deliver: func([]byte) error { <-hold; return nil }})
	fast := join(t, Config{URL: url})
	message := make([]byte, 100_000)
	until(t, "dropped messages are logged", func() bool {
		fast.Publish(message)
		return strings.Contains(slow.logged(), "messages of other nodes were dropped, because they came faster")
	})
	close(hold)
}

// A message that cannot be delivered is logged, and those after it are delivered.
func TestRefusedMessage(t *testing.T) {
	t.Parallel()
	url := natsServer(t, 0, nil).ClientURL()
	got := make(chan string, 2)
	b := join(t, Config{URL: url, Deliver: func(message []byte) error {
		if string(message) == "bad" {
			return fmt.Errorf("it is %s", message)
		}
		got <- string(message)
		return nil
	}})
	a := join(t, Config{URL: url})
	a.Publish([]byte("bad"))
	a.Publish([]byte("good"))
	if message := <-got; message != "good" || !strings.Contains(b.logged(), "it is bad") {
		t.Errorf("%q; the log:\n%s", message, b.logged())
	}
}

// The queue has a limit, in which what is being sent counts, too.
func TestQueue(t *testing.T) {
	t.Parallel()
	q := newQueue(3 * (messageBytes + 10))
	message := make([]byte, 10)
	for range 4 {
		q.add(message)
	}
	if lost := q.dropped(); lost != 1 {
		t.Errorf("%d of 4 messages were dropped, want 1", lost)
	}
	taken := q.take()
	q.add(message)
	if lost := q.dropped(); len(taken) != 3 || lost != 1 {
		t.Errorf("%d were taken; while they are sent %d are dropped", len(taken), lost)
	}
	q.sent(taken, 2)
	q.add(message)
	if lost := q.dropped(); lost != 2 || len(q.take()) != 1 || len(q.take()) != 0 {
		t.Errorf("%d were lost, want the 2 that could not be sent", lost)
	}
}
