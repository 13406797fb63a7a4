// Package agent drives drover agent from outside: the process, against a server, over a network that
// drops, through stops, reboots and kill -9.
package agent

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/test/testserver"
)

func TestMain(m *testing.M) { testserver.Main(m, "../../cmd/drover") }

// A device is a thing with an agent, which may be started again after it has ended.
type device struct {
	t      testing.TB
	server *testserver.Server
	thing  string
	folder string // state, handlers, certificate
	wire   *wire
	out    testserver.Output
	run    *exec.Cmd
	ended  chan struct{}
	err    error
}

// jobs is the policy of devices.
const jobs = "jobs"

// newDevice makes a thing with a certificate and its folders.
func newDevice(t testing.TB, s *testserver.Server, thing string) *device {
	t.Helper()
	s.Thing(thing)
	d := &device{t: t, server: s, thing: thing, folder: t.TempDir(), wire: newWire(t, s.MQTTS[strings.LastIndex(s.MQTTS, "/")+1:])}
	id := s.Identify(thing, jobs)
	d.write("device.pem", id.PEM, 0o600)
	d.write("device.key", id.KeyPEM, 0o600)
	d.write("boot", "first\n", 0o600)
	if err := os.Mkdir(d.path("handlers"), 0o755); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *device) path(name string) string { return filepath.Join(d.folder, name) }

func (d *device) write(name, text string, mode os.FileMode) {
	d.t.Helper()
	if err := os.WriteFile(d.path(name), []byte(text), mode); err != nil {
		d.t.Fatal(err)
	}
}

// handler gives the device a handler. $FOLDER is that of the device.
func (d *device) handler(name, script string) {
	d.t.Helper()
	script = strings.ReplaceAll(script, "$FOLDER", d.folder)
	d.write(filepath.Join("handlers", name), "#!/bin/sh\nset -e\n"+script+"\n", 0o755)
}

// read returns a file of the device's folder, empty when it is not there.
func (d *device) read(name string) string {
	text, err := os.ReadFile(d.path(name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// options are those of the agent.
func (d *device) options(more ...string) []string {
	_, port, err := net.SplitHostPort(d.wire.listener.Addr().String())
	if err != nil {
		d.t.Fatal(err)
	}
	return append([]string{
		"agent", "--endpoint", "localhost:" + port, "--ca", d.server.CA, "--state", d.path("state"),
		"--handlers", d.path("handlers"), "--boot-id", d.path("boot"), "--longest-pause", "1s",
		"--progress-every", "100ms", "--thing", d.thing,
		"--certificate", d.path("device.pem"), "--key", d.path("device.key"),
	}, more...)
}

// start starts the agent.
func (d *device) start(more ...string) {
	d.t.Helper()
	d.run = exec.Command(testserver.Binary, d.options(more...)...)
	d.run.Stdout, d.run.Stderr = &d.out, &d.out
	d.run.Env = append(environment(), "PATH="+d.folder+":"+os.Getenv("PATH")) // its programs first
	// An agent on a device has nobody's group to itself; here the group ends with it.
	d.run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := d.run.Start(); err != nil {
		d.t.Fatal(err)
	}
	run, ended := d.run, make(chan struct{})
	d.ended = ended
	go func() {
		defer close(ended)
		d.err = run.Wait()
	}()
	d.t.Cleanup(func() {
		_ = run.Process.Kill() // it may have ended
		<-ended
		if d.t.Failed() {
			d.t.Logf("the agent of %s printed:\n%s", d.thing, d.out.String())
			d.t.Cleanup(func() {})
		}
	})
}

// environment is that of the tests without what is theirs: DROVER_EXHAUSTIVE is no setting of an agent,
// which would warn of it.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "DROVER_")
	})
}

// kill ends the agent at once, as a power cut would.
func (d *device) kill() {
	_ = d.run.Process.Kill() // it may have ended
	<-d.ended
}

// job creates a job for the device.
func (d *device) job(id, document string) {
	d.t.Helper()
	document = strings.ReplaceAll(document, "$FOLDER", d.folder)
	_, err := d.server.Control().CreateJob(d.soon(), &iot.CreateJobInput{
		JobId: &id, Targets: []string{d.server.ARN("thing", d.thing)}, Document: &document,
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *device) soon() context.Context {
	ctx, cancel := context.WithTimeout(d.t.Context(), 30*time.Second)
	d.t.Cleanup(cancel)
	return ctx
}

// execution is that of a job, as it is now.
func (d *device) execution(id string) *types.JobExecution {
	d.t.Helper()
	got, err := d.server.Control().DescribeJobExecution(d.soon(), &iot.DescribeJobExecutionInput{
		JobId: &id, ThingName: &d.thing,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return got.Execution
}

// want waits until the execution of a job has a status, and returns its details.
func (d *device) want(id string, status types.JobExecutionStatus) map[string]string {
	d.t.Helper()
	var got *types.JobExecution
	eventually(d.t, "job "+id+" is "+string(status), func() bool {
		got = d.execution(id)
		return got.Status == status
	})
	if got.StatusDetails == nil {
		return nil
	}
	return got.StatusDetails.DetailsMap
}

func eventually(t testing.TB, what string, check func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !check(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s still not: %s", what)
		}
	}
}

// step is a step with a handler.
func step(handler string, args ...string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = strconv.Quote(arg)
	}
	return `{"action": {"name": "` + strings.TrimSuffix(handler, ".sh") + `", "type": "runHandler", "input": ` +
		`{"handler": "` + handler + `", "args": [` + strings.Join(quoted, ", ") + `]}}}`
}

// steps is a document.
func steps(all ...string) string {
	return `{"version": "1.0", "steps": [` + strings.Join(all, ", ") + `]}`
}

// A wire is a network between an agent and a server, which can be cut.
type wire struct {
	listener net.Listener
	cut      atomic.Bool
	mu       sync.Mutex
	open     map[net.Conn]bool
}

func newWire(t testing.TB, target string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, open: map[net.Conn]bool{}}
	t.Cleanup(func() {
		_ = l.Close()
		w.drop()
	})
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return // closed
			}
			go w.forward(near, target)
		}
	}()
	return w
}

func (w *wire) forward(near net.Conn, target string) {
	defer near.Close()
	if w.cut.Load() {
		return
	}
	far, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer far.Close()
	w.mu.Lock()
	w.open[near] = true
	w.mu.Unlock()
	go func() {
		_, _ = io.Copy(far, near)
		_ = far.Close()
	}()
	_, _ = io.Copy(near, far)
	w.mu.Lock()
	delete(w.open, near)
	w.mu.Unlock()
}

// drop ends all connections.
func (w *wire) drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.open {
		_ = c.Close()
	}
}
