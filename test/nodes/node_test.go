package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/drover-iot/drover/test/testserver"
)

// A node is one server of several, which a supervisor starts again whenever it has ended, as
// systemd does.
type node struct {
	name    string
	dir     string // the data folder
	env     []string
	place   place
	problem func(format string, args ...any) // says what went wrong

	mu      sync.Mutex
	program string // that the next start runs
	runs    string // the program of process
	process *os.Process
	killed  bool          // process was killed by the test
	away    time.Duration // how long it stays away after that
	isReady bool
	where   testserver.Endpoints
	starts  int
}

// supervise runs the node until ctx ends, and then stops it.
func (n *node) supervise(ctx context.Context) {
	for ctx.Err() == nil {
		ended, err := n.start()
		if err != nil {
			n.problem("%s: %v", n.name, err)
			return
		}
		n.awaitReady(ctx, ended)
		select {
		case err = <-ended:
		case <-ctx.Done():
			n.signal(syscall.SIGTERM)
			<-ended
			return
		}
		sleep(ctx, n.afterEnd(err))
	}
}

// start starts the process. The channel is closed when it has ended.
func (n *node) start() (ended chan error, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	_ = os.Remove(filepath.Join(n.dir, "endpoints.json")) // one that a kill has left
	printed, err := os.OpenFile(n.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer printed.Close() // the process has its own
	args := slices.Concat(n.place.command(), []string{n.program, "serve", "--data", n.dir},
		n.place.listeners())
	command := exec.Command(args[0], args[1:]...)
	command.Env = slices.Concat(os.Environ(), []string{"DROVER_STORE=" + storeURL(n.place)}, n.env)
	command.Stdout, command.Stderr = printed, printed
	if err := command.Start(); err != nil {
		return nil, err
	}
	n.process, n.runs, n.killed, n.isReady = command.Process, n.program, false, false
	n.starts++
	ended = make(chan error, 1)
	go func() { ended <- command.Wait() }()
	return ended, nil
}

// log is the file of what the node prints.
func (n *node) log() string { return n.dir + ".log" }

// awaitReady waits until the node has written where it listens, or has ended. Its ports are others
// after each start, so its place is told of them.
func (n *node) awaitReady(ctx context.Context, ended <-chan error) {
	for len(ended) == 0 && sleep(ctx, 20*time.Millisecond) {
		text, err := os.ReadFile(filepath.Join(n.dir, "endpoints.json"))
		var where testserver.Endpoints
		if err == nil && json.Unmarshal(text, &where) == nil {
			n.place.ready(where.HTTPS, where.MQTTS)
			n.mu.Lock()
			n.where, n.isReady = where, true
			n.mu.Unlock()
			return
		}
	}
}

// afterEnd says how long to wait before the next start. A node that served and ended by itself has
// done what it must not; one that could not start has no database yet.
func (n *node) afterEnd(err error) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	served := n.isReady
	n.isReady, n.process = false, nil
	if n.killed {
		return n.away
	}
	if served {
		n.problem("%s ended by itself (R-NODE-9): %v\n%s", n.name, err, n.lastPrinted())
	}
	return 300 * time.Millisecond
}

// lastPrinted is the end of what the node printed.
func (n *node) lastPrinted() string {
	text, err := os.ReadFile(n.log())
	if err != nil {
		return err.Error()
	}
	lines := strings.SplitAfter(string(text), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "")
}

// kill ends the process at once, as a power cut does. It is started again after a while.
func (n *node) kill(away time.Duration) {
	n.mu.Lock()
	n.killed, n.away = true, away
	n.mu.Unlock()
	n.signal(syscall.SIGKILL)
}

// signal sends the process a signal. It may have ended.
func (n *node) signal(signal os.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process != nil {
		_ = n.process.Signal(signal)
	}
}

// ready reports whether the process of the node serves, and where.
func (n *node) ready() (testserver.Endpoints, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.where, n.isReady
}

// String names the node and says how often it was started.
func (n *node) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return fmt.Sprintf("%s (%d starts)", n.name, n.starts)
}
