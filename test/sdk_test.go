package test

import (
	"bufio"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/test/testserver"
)

// The stock AWS IoT Device SDK v2 (Python), on both MQTT versions, over mutual TLS, with a signature
// over WebSocket, and by a custom authorizer either way (R-BRK-2, R-BRK-7, R-BRK-31, R-BRK-32, R-ID-92): T-1, T-2, T-6, T-9; the second notifications are already the empty ones (R-MQTT-38), tokens are echoed
// (R-MQTT-12, R-CLI-8), topics are those that were asked on (R-CLI-9), times are seconds (R-MQTT-10).
func TestDeviceSDK(t *testing.T) {
	t.Parallel()
	python := must[string](t)(filepath.Abs("../.tools/aws/bin/python"))
	if out, err := exec.Command(python, "-c", "import awsiot").CombinedOutput(); err != nil {
		t.Fatalf("the AWS IoT Device SDK is missing: run make setup: %v\n%s", err, out)
	}
	for _, way := range []string{"MQTT 3", "MQTT 5", "MQTT 3 over WebSocket", "MQTT 5 over WebSocket",
		"MQTT 3 by an authorizer", "MQTT 5 by an authorizer", "MQTT 3 over WebSocket by an authorizer"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			ctx, client, policy := within(t, time.Minute), s.Control(), "jobs"
			must[*iot.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iot.CreatePolicyInput{PolicyName: &policy, PolicyDocument: aws.String(s.JobsPolicy())}))
			must[*iot.CreateThingOutput](t)(client.CreateThing(ctx, &iot.CreateThingInput{ThingName: aws.String("pump-07")}))
			folder := s.deviceFiles(s.Identify("pump-07", policy))
			version, overWebSocket := way[len("MQTT "):len("MQTT 3")], strings.Contains(way, "over WebSocket")
			port, environment := s.MQTTS, os.Environ()
			switch {
			case strings.HasSuffix(way, "by an authorizer"):
				port = s.HTTPS
				environment = append(environment, s.authorizer(overWebSocket)...)
			case overWebSocket:
				key := madeKey(t, keys(s.Server, "create", "--role", "device", "--policy", policy))
				port = s.HTTPS
				environment = append(environment, "AWS_ACCESS_KEY_ID="+key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+key.SecretAccessKey)
			}
			device := exec.CommandContext(ctx, python, "testdata/device.py", version, port[strings.LastIndex(port, ":")+1:], folder)
			device.Env = environment
			device.Stderr = os.Stderr
			out := must[io.ReadCloser](t)(device.StdoutPipe())
			if err := device.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			var saw []string
			for lines.Scan() {
				if lines.Text() == "ready" {
					must[*iot.CreateJobOutput](t)(client.CreateJob(ctx, &iot.CreateJobInput{
						JobId: aws.String("fw"), Targets: []string{s.ARN("thing", "pump-07")}, Document: aws.String(`{"operation":"upgrade"}`)}))
					continue
				}
				saw = append(saw, lines.Text())
			}
			if err := device.Wait(); err != nil {
				t.Errorf("the device: %v", err)
			}
			want := []string{
				"pending 0 0", "started fw IN_PROGRESS 2 upgrade", "rejected VersionMismatch", "rejected ResourceNotFound", "described IN_PROGRESS",
				"notify QUEUED:fw | next fw | notify  | next None",
			}
			if diff := cmp.Diff(want, saw); diff != "" {
				t.Errorf("the device saw (-want +got):\n%s", diff)
			}
			s.want("fw", "COMPLETED q0 p0 s1 f0 t0 c0")
		})
	}
}

// deviceFiles writes what a device needs to connect into a folder.
func (s *server) deviceFiles(id testserver.Identity) string {
	t := s.t
	t.Helper()
	key, ok := id.Pair.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		t.Fatalf("the device's key is a %T", id.Pair.PrivateKey)
	}
	return folderOf(t, map[string]string{
		"ca.pem":     string(must[[]byte](t)(os.ReadFile(s.CA))),
		"device.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: id.Pair.Certificate[0]})),
		"device.key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
	})
}

// folderOf makes a folder with these files, which may be secret, until the test has ended.
func folderOf(t testing.TB, contents map[string]string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
