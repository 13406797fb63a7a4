package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/test/testserver"
)

const (
	succeeded = types.JobExecutionStatusSucceeded
	failed    = types.JobExecutionStatusFailed
	rejected  = types.JobExecutionStatusRejected
	progress  = types.JobExecutionStatusInProgress
)

func TestAgent(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	s.Policy(jobs, s.JobsPolicy())
	for name, test := range map[string]func(*testing.T, *device){
		"handlers": handlers, "download": downloads, "canceled": canceled, "kill-9": powerCut,
		"never-ends": neverEnds, "reboot": reboots, "network": networkDrops, "stop": stops,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newDevice(t, s, name))
		})
	}
}

// Handlers succeed and fail, with details; commands run; what the device does not know is rejected
// before anything is done.
func handlers(t *testing.T, d *device) { // R-AGT-6 to R-AGT-9, R-AGT-15 to R-AGT-17
	d.handler("greet.sh", `echo "hello $1 from $DROVER_THING_NAME, $DROVER_JOB_ID/$DROVER_EXECUTION_NUMBER"`)
	d.handler("break.sh", `echo so far; echo "no space left" >&2; exit 7`)
	d.handler("slow.sh", `echo "drover:progress 3 of 7"; while [ ! -e $FOLDER/go ]; do sleep 0.02; done`)
	d.start()
	d.job("greet", `{"version": "1.0", "includeStdOut": true, "steps": [`+step("greet.sh", "you")+`]}`)
	if got := d.want("greet", succeeded)["stdout"]; got != "hello you from handlers, greet/1" {
		t.Errorf("greet: %q", got)
	}
	d.job("break", steps(step("greet.sh", "a"), step("break.sh"), step("greet.sh", "b")))
	want := map[string]string{"reason": "step 2/3 break: exit status 7", "stdout": "so far", "stderr": "no space left"}
	if diff := cmp.Diff(want, d.want("break", failed)); diff != "" {
		t.Error(diff)
	}
	d.job("slow", steps(step("slow.sh")))
	eventually(t, "progress is reported", func() bool {
		e := d.execution("slow")
		return e.Status == progress && e.StatusDetails != nil &&
			e.StatusDetails.DetailsMap["step"] == "1/1 slow" && e.StatusDetails.DetailsMap["progress"] == "3 of 7"
	})
	d.write("go", "", 0o600)
	d.want("slow", succeeded)
	d.job("command", `{"version": "1.0", "includeStdOut": true, "steps": [
		{"action": {"name": "a", "type": "runCommand", "input": {"command": "echo,a b,c\\,d"}}}]}`)
	if got := d.want("command", succeeded)["stdout"]; got != "a b c,d" {
		t.Errorf("command: %q", got)
	}
	d.job("old-form", `{"operation": "greet.sh", "args": ["x"]}`)
	d.want("old-form", succeeded)
	for id, tt := range map[string]struct{ document, reason string }{
		"other-form": {`{"ota": {"files": []}}`, "neither steps nor an operation"},
		"none":       {steps(step("break.sh"), step("none.sh")), "step none: there is no such handler: none.sh"},
		"options":    {steps(step("install-packages.sh", "-o a=b")), `"-o" is no name`},
		"no-url":     {steps(step("download-file.sh", "ftp://a/b", "/tmp/x")), "is no URL"},
		"elsewhere": {strings.Replace(steps(step("greet.sh")), `"args"`, `"path": "/usr/bin", "args"`, 1),
			"may not come from the folder /usr/bin"},
	} {
		d.job(id, tt.document)
		if got := d.want(id, rejected)["reason"]; !strings.Contains(got, tt.reason) {
			t.Errorf("%s: rejected for %q", id, got)
		}
	}
}

// A download goes on where a connection has ended, and is compared.
func downloads(t *testing.T, d *device) { // R-AGT-12, R-AGT-13
	content := make([]byte, 5<<19)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range content {
		content[i] = byte(r.Uint32())
	}
	var (
		mu    sync.Mutex
		serve = content
		asked []string // the ranges
	)
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Header.Get("Range"))
		now := serve
		mu.Unlock()
		w.Header().Set("ETag", `"a"`)
		http.ServeContent(&cutting{w, 1 << 20}, r, "", time.Time{}, bytes.NewReader(now))
	}))
	defer store.Close()
	sum := sha256.Sum256(content)
	d.start()
	d.job("fetch", steps(step("download-file.sh", store.URL+"/fw?sig=1", d.path("fw"), hex.EncodeToString(sum[:]))))
	d.want("fetch", succeeded)
	if got, err := os.ReadFile(d.path("fw")); !bytes.Equal(got, content) {
		t.Errorf("%d bytes came, and are others than the %d of the file; %v", len(got), len(content), err)
	}
	mu.Lock()
	if len(asked) < 3 || !strings.HasPrefix(asked[1], "bytes=") {
		t.Errorf("asked for %q", asked)
	}
	serve = content[:1000]
	mu.Unlock()
	d.job("other", steps(step("download-file.sh", store.URL+"/fw", d.path("other"), strings.Repeat("0", 64))))
	if got := d.want("other", failed)["reason"]; !strings.Contains(got, "it should be 000") {
		t.Errorf("failed for %q", got)
	}
	if d.read("other") != "" {
		t.Error("a file with another SHA-256 got its name")
	}
}

// cutting ends a connection after some bytes.
type cutting struct {
	http.ResponseWriter
	left int
}

func (c *cutting) Write(b []byte) (int, error) {
	if len(b) > c.left {
		_, _ = c.ResponseWriter.Write(b[:c.left])
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(b)
	return c.ResponseWriter.Write(b)
}

// A job that is canceled ends its handler, and the next job is done.
func canceled(t *testing.T, d *device) { // R-AGT-18
	d.handler("forever.sh", `trap "touch $FOLDER/asked; exit 1" TERM; touch $FOLDER/begun; while :; do sleep 0.02; done`)
	d.handler("short.sh", "true")
	d.start()
	d.job("forever", steps(step("forever.sh")))
	eventually(t, "the handler runs", func() bool { _, err := os.Stat(d.path("begun")); return err == nil })
	id := "forever"
	_, err := d.server.Control().CancelJob(d.soon(), &iot.CancelJobInput{JobId: &id, Force: true})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the handler is asked to end", func() bool { _, err := os.Stat(d.path("asked")); return err == nil })
	d.job("short", steps(step("short.sh")))
	d.want("short", succeeded)
	d.want("forever", types.JobExecutionStatusCanceled)
}

// After a power cut the agent goes on with the step that had not ended; what had ended is not done
// again. An outcome that was not reported is.
func powerCut(t *testing.T, d *device) { // R-AGT-10, R-AGT-11
	d.handler("first.sh", `echo first >> $FOLDER/log`)
	d.handler("second.sh", `echo "second $DROVER_ATTEMPT" >> $FOLDER/log; [ $DROVER_ATTEMPT -gt 1 ] || sleep 600`)
	d.start()
	d.job("fw", steps(step("first.sh"), step("second.sh")))
	eventually(t, "the second step has begun", func() bool { return strings.Contains(d.read("log"), "second") })
	d.kill()
	d.start()
	d.want("fw", succeeded)
	if got := d.read("log"); got != "first\nsecond 1\nsecond 2" {
		t.Errorf("the steps were\n%s", got)
	}
}

// A step in which the device stops again and again fails, so that no device is in a loop for ever.
func neverEnds(t *testing.T, d *device) { // R-AGT-11
	d.handler("stop.sh", `echo x >> $FOLDER/log; kill -9 $PPID; sleep 600`)
	d.job("loop", steps(step("stop.sh")))
	for range 3 {
		d.start()
		<-d.ended
	}
	d.start()
	if got := d.want("loop", failed)["reason"]; !strings.Contains(got, "was begun 3 times and did not end") {
		t.Errorf("failed for %q", got)
	}
	if got := d.read("log"); got != "x\nx\nx" {
		t.Errorf("begun %q", got)
	}
}

// A reboot is over when the agent finds itself in another boot, and the next step follows.
func reboots(t *testing.T, d *device) { // R-AGT-9, R-AGT-10
	d.handler("before.sh", `echo before >> $FOLDER/log`)
	d.handler("after.sh", `echo "after, in the boot $(cat $FOLDER/boot)" >> $FOLDER/log`)
	d.write("reboot", "#!/bin/sh\necho reboot >> "+d.folder+"/log\n", 0o755)
	command := []string{"--reboot-command", d.path("reboot")}
	d.start(command...)
	d.job("update", steps(step("before.sh"), `{"action": {"type": "runHandler", "input": {"handler": "reboot.sh"}}}`, step("after.sh")))
	eventually(t, "a reboot is asked for", func() bool { return strings.Contains(d.read("log"), "reboot") })
	d.kill()
	d.start(command...) // not in another boot: the reboot is asked for again
	eventually(t, "a reboot is asked for again", func() bool { return strings.Count(d.read("log"), "reboot") == 2 })
	d.kill()
	d.write("boot", "second\n", 0o600)
	d.start(command...)
	d.want("update", succeeded)
	if got := d.read("log"); got != "before\nreboot\nreboot\nafter, in the boot second" {
		t.Errorf("what was done:\n%s", got)
	}
}

// While the network is away the steps go on, and the outcome is reported when it is back.
func networkDrops(t *testing.T, d *device) { // R-AGT-3, R-AGT-4
	d.handler("wait.sh", `touch $FOLDER/begun; while [ ! -e $FOLDER/go ]; do sleep 0.02; done; touch $FOLDER/done`)
	d.start()
	d.job("offline", steps(step("wait.sh")))
	eventually(t, "the handler runs", func() bool { _, err := os.Stat(d.path("begun")); return err == nil })
	d.wire.cut.Store(true)
	d.wire.drop()
	d.write("go", "", 0o600)
	eventually(t, "the handler ends", func() bool { _, err := os.Stat(d.path("done")); return err == nil })
	if got := d.execution("offline").Status; got != progress {
		t.Errorf("without a network the execution is %s", got)
	}
	d.wire.cut.Store(false)
	d.want("offline", succeeded)
	// A job that comes while the network is away is done when it is back.
	d.wire.cut.Store(true)
	d.wire.drop()
	d.job("next", steps(step("wait.sh")))
	d.wire.cut.Store(false)
	d.want("next", succeeded)
}

// A stop ends the handler, the connection and the agent; the step begins again with the next start.
// Two agents do not share a state.
func stops(t *testing.T, d *device) { // R-AGT-5, R-AGT-11, R-AGT-18
	d.handler("wait.sh", `echo $DROVER_ATTEMPT >> $FOLDER/log; [ $DROVER_ATTEMPT -gt 1 ] || sleep 600`)
	d.start()
	d.job("stopped", steps(step("wait.sh")))
	eventually(t, "the handler runs", func() bool { return d.read("log") != "" })
	second := exec.Command(testserver.Binary, d.options()...)
	second.Env = environment()
	out, err := second.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "another agent works with the state in") {
		t.Errorf("a second agent: %v, %s", err, out)
	}
	if err := d.run.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-d.ended
	if d.err != nil {
		t.Errorf("the agent ended with %v", d.err)
	}
	if got := d.execution("stopped").Status; got != progress {
		t.Errorf("after the stop the execution is %s", got)
	}
	d.start()
	d.want("stopped", succeeded)
	if got := d.read("log"); got != "1\n2" {
		t.Errorf("attempts %q", got)
	}
}

// claimPolicy is what the claim of a batch of devices may do.
const claimPolicy = `{"Version": "2012-10-17", "Statement": [
 {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
 {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": [
  "arn:aws:iot:us-east-1:000000000000:topic/$aws/certificates/create-from-csr/*",
  "arn:aws:iot:us-east-1:000000000000:topic/$aws/provisioning-templates/pumps/provision/*"]},
 {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": [
  "arn:aws:iot:us-east-1:000000000000:topicfilter/$aws/certificates/create-from-csr/*",
  "arn:aws:iot:us-east-1:000000000000:topicfilter/$aws/provisioning-templates/pumps/provision/*"]}]}`

// A device without a certificate gets one by its claim, keeps it, and does its jobs with it.
func TestProvisioning(t *testing.T) { // R-AGT-20, R-ID-45
	t.Parallel()
	s := testserver.Serve(t)
	s.Policy(jobs, s.JobsPolicy())
	s.Policy("claim", claimPolicy)
	name, body := "pumps", `{
		"Parameters": {"SerialNumber": {"Type": "String"}},
		"DeviceConfiguration": {"site": "north"},
		"Resources": {
			"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Fn::Join": ["", ["pump-", {"Ref": "SerialNumber"}]]}}},
			"certificate": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"}},
			"policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "jobs"}}}}`
	_, err := s.Control().CreateProvisioningTemplate(t.Context(), &iot.CreateProvisioningTemplateInput{
		TemplateName: &name, TemplateBody: &body, Enabled: new(true), ProvisioningRoleArn: new("arn:aws:iam::000000000000:role/provisioning"),
	})
	if err != nil {
		t.Fatal(err)
	}
	d := newDevice(t, s, "pump-4711")
	claim := s.Identify("", "claim")
	d.write("claim.pem", claim.PEM, 0o600)
	d.write("claim.key", claim.KeyPEM, 0o600)
	d.handler("hello.sh", "true")
	own := []string{"--thing", "", "--certificate", "", "--key", "", "--template", name,
		"--claim-certificate", d.path("claim.pem"), "--claim-key", d.path("claim.key")}

	// What the template refuses is said, and nothing is kept but the key.
	d.start(append(own, "--parameters", "Site=north")...)
	<-d.ended
	if out := d.out.String(); d.err == nil || !strings.Contains(out, "provision by template pumps: InvalidRequest: ") ||
		!strings.Contains(out, "SerialNumber") {
		t.Errorf("without a parameter: %v, %s", d.err, out)
	}
	key := d.read("state/device.key")
	if key == "" || d.read("state/device.pem") != "" {
		t.Error("no key was kept, or a certificate was")
	}
	own = append(own, "--parameters", "SerialNumber=4711")
	d.start(own...)
	d.job("hello", steps(step("hello.sh")))
	d.want("hello", succeeded)
	d.kill()
	d.write("claim.pem", "", 0o600) // it is needed once
	certificate := d.read("state/device.pem")
	d.start(own...)
	d.job("hello-again", steps(step("hello.sh")))
	d.want("hello-again", succeeded)
	if d.read("state/device.pem") != certificate || d.read("state/device.key") != key {
		t.Error("another certificate or key after a restart")
	}
	if got := d.read("state/identity.json"); got != `{"thingName":"pump-4711","deviceConfiguration":{"site":"north"}}` {
		t.Errorf("kept %s", got)
	}
}

// What cannot work is said in one sentence, with status 1.
func TestRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for words, want := range map[string]string{
		"":                       "--endpoint: is missing",
		"--endpoint a":           "--thing: is missing; or give --template",
		"--endpoint http://a":    `--endpoint: "http://a" is neither host nor host:port`,
		"--endpoint a --thing b": "the certificate of the device: open " + folder + "/device.pem: no such file",
		"--endpoint a --thing b --certificate agent_test.go --key agent_test.go": "the certificate of the device: tls: failed to find any PEM",
		"--endpoint a --template b":              "--template: needs --claim-certificate and --claim-key",
		"--endpoint a --thing b --parameters x":  `--parameters: "x" is not NAME=VALUE`,
		"--endpoint a --thing b --keep-alive 5s": "--keep-alive: 5s must be",
	} {
		if !strings.Contains(want, "--thing: ") && words != "" && !strings.Contains(words, "--thing") && !strings.Contains(words, "--template") {
			words += " --thing b"
		}
		command := exec.CommandContext(t.Context(), testserver.Binary, append([]string{"agent", "--state", folder}, strings.Fields(words)...)...)
		command.Env = environment()
		out, err := command.CombinedOutput()
		if err == nil || command.ProcessState.ExitCode() != 1 || !strings.HasPrefix(string(out), "drover: "+want) {
			t.Errorf("%s: %v, %s", words, err, out)
		}
	}
}
