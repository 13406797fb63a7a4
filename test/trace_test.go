package test

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/eclipse/paho.golang/paho"
)

// drover trace shows a device that connects, is told of a job and publishes where it may not, and
// names the statement that has refused it (R-BRK-47).
func TestTraceCommand(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ctx, control := within(t, time.Minute), s.Control()
	name := "pump-07"
	must[*iot.CreateThingOutput](t)(control.CreateThing(ctx, &iot.CreateThingInput{ThingName: &name}))
	s.Policy("jobs", strings.Replace(s.JobsPolicy(), `"Statement":[`,
		`"Statement":[{"Sid":"NoLogs","Effect":"Deny","Action":"iot:Publish","Resource":"*topic/logs"},`, 1))
	id, in := s.Identify(name, "jobs"), newInbox(t)
	lines := s.trace(ctx, t, name)
	lines.want("- pump-07 is not connected to this server")
	device := must[*v5](t)(connect5(t, s.MQTTS, name, s.TLS(&id), in))
	device.subscribe("$aws/things/pump-07/jobs/get/accepted")
	device.publish("$aws/things/pump-07/jobs/get", `{"clientToken":"t"}`)
	in.expect("get/accepted")
	_, err := device.client.Publish(ctx, &paho.Publish{Topic: "logs", QoS: 1, Payload: []byte("x")})
	if err == nil {
		t.Error("a message was accepted that a policy denies")
	}
	device.close()
	lines.want(
		"> CONNECT MQTT 5, keep-alive 60 s, a new session", "< CONNACK accepted, with a new session",
		"> SUBSCRIBE packet 1: $aws/things/pump-07/jobs/get/accepted at QoS 1", "< SUBACK packet 1, 0x01",
		"> PUBLISH $aws/things/pump-07/jobs/get, QoS 1, packet 2, 19 bytes", `{"clientToken":"t"}`,
		"< PUBACK packet 2", "< PUBLISH $aws/things/pump-07/jobs/get/accepted, QoS 1, packet 1,",
		`{"clientToken":"t","timestamp":`,
		"> PUBLISH logs, QoS 1, packet", "x", "! not allowed to publish: logs (0x87)",
		"statement 1 of policy jobs (NoLogs) denies iot:Publish on "+s.ARN("topic", "logs"),
		"< PUBACK packet", "> DISCONNECT", "- the connection ended: CLIENT_INITIATED_DISCONNECT")
}

// A trace is for operators; what is wrong with a call is said (R-BRK-47).
func TestTraceRefused(t *testing.T) {
	t.Parallel()
	s := serve(t)
	viewer := (&server{Server: as(s.Server, madeKey(t, keys(s.Server, "create", "--role", "viewer")))}).line(t)
	for words, want := range map[string]string{
		"trace pump-07":               "needs operator",
		"trace":                       "THING",
		"trace pump-07 --output yaml": `--output: "yaml" is neither text nor json`,
	} {
		out, problem, status := viewer.run(strings.Fields(words)...)
		if status == 0 || out != "" || !strings.Contains(problem, want) {
			t.Errorf("%s: status %d, %q, %s, want %q", words, status, out, problem, want)
		}
	}
	if out := s.line(t).ok("trace", "pump-07", "--for", "100ms", "--output", "json"); !strings.HasPrefix(out, `{"at":`) {
		t.Errorf("--for 100ms prints %q", out)
	}
}

// printed are the lines that a command prints.
type printed struct {
	t     testing.TB
	lines *bufio.Scanner
}

// next returns the next line without its time. Pings and acknowledgements of the device are left
// out: they come when they like.
func (p printed) next() string {
	for p.lines.Scan() {
		line := strings.TrimSpace(p.lines.Text())
		if len(line) > 13 && line[2] == ':' && line[12] == ' ' {
			line = line[13:]
		}
		if !strings.HasPrefix(line, "> PUBACK") && !strings.Contains(line[:min(len(line), 6)], "PING") {
			return line
		}
	}
	return ""
}

// want expects that the next lines have these beginnings.
func (p printed) want(beginnings ...string) {
	p.t.Helper()
	for _, want := range beginnings {
		if line := p.next(); !strings.HasPrefix(line, want) {
			p.t.Errorf("line %q, want %q", line, want)
		}
	}
}

// trace runs drover trace and returns the lines that it prints.
func (s *server) trace(ctx context.Context, t *testing.T, thing string) printed {
	t.Helper()
	c := s.line(t)
	command := exec.CommandContext(ctx, c.program[0], append(c.program[1:], "trace", thing)...)
	command.Env, command.Dir = c.env, c.dir
	out := must[io.ReadCloser](t)(command.StdoutPipe())
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	return printed{t, bufio.NewScanner(out)}
}
