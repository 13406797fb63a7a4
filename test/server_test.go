// Package test drives the built binary from outside, as its users do: with the AWS SDKs, with the aws command line, with
// MQTT client libraries, and with kill -9.
package test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	awsv1 "github.com/aws/aws-sdk-go/aws"
	credentialsv1 "github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/iotjobsdataplane"
)

// binary is the drover that all tests run, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "drover-test-")
	if err == nil {
		binary = filepath.Join(dir, "drover")
		build := exec.Command("go", append([]string{"build", "-o", binary}, append(buildFlags, "../cmd/drover")...)...)
		build.Stderr = os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build drover:", err)
		os.Exit(1)
	}
	status := m.Run()
	_ = os.RemoveAll(dir) // best effort: it is a temporary folder
	os.Exit(status)
}

// server is one running drover.
type server struct {
	t       testing.TB
	dir     string
	env     []string // beside that of the tests
	command *exec.Cmd
	output  *bytes.Buffer
	endpoints
}

// endpoints is endpoints.json.
type endpoints struct {
	HTTP, HTTPS, MQTT, MQTTS string
	Account, Region, CA      string
	AccessKeyID              string `json:"accessKeyId"`
	SecretAccessKey          string `json:"secretAccessKey"`
	PID                      int
}

// serve starts a server on an empty folder, on free ports.
func serve(t testing.TB, flags ...string) *server {
	t.Helper()
	s := &server{t: t, dir: filepath.Join(t.TempDir(), "data")}
	s.start(flags...)
	t.Cleanup(func() { s.kill() })
	return s
}

// start starts the server on its folder and waits until it is ready.
func (s *server) start(flags ...string) {
	s.t.Helper()
	args := append([]string{"serve", "--data", s.dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--mqtts", "127.0.0.1:0"}, flags...)
	s.output = &bytes.Buffer{}
	s.command = exec.Command(binary, args...)
	s.command.Env = append(os.Environ(), s.env...)
	s.command.Stdout, s.command.Stderr = s.output, s.output
	_ = os.Remove(filepath.Join(s.dir, "endpoints.json")) // left by a kill
	if err := s.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		text, err := os.ReadFile(filepath.Join(s.dir, "endpoints.json"))
		if err == nil {
			if err := json.Unmarshal(text, &s.endpoints); err != nil {
				s.t.Fatal(err)
			}
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the server is not ready after 20 s:\n%s", s.output)
		}
		time.Sleep(2 * time.Millisecond) // waits for another process, which cannot signal
	}
}

// kill ends the server at once, as a power cut would.
func (s *server) kill() {
	if s.command.Process != nil && s.command.ProcessState == nil {
		_ = s.command.Process.Kill() // it may have ended by itself
		_ = s.command.Wait()
	}
}

// stop ends the server as an operator would, and returns what its process answered.
func (s *server) stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.command.Wait()
}

func (s *server) arn(kind, name string) string {
	return "arn:aws:iot:" + s.Region + ":" + s.Account + ":" + kind + "/" + name
}

// control returns the second-generation SDK's client of the control plane.
func (s *server) control() *iot.Client {
	return iot.New(iot.Options{
		Region: s.Region, BaseEndpoint: aws.String(s.HTTP), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(s.AccessKeyID, s.SecretAccessKey, ""),
	})
}

// data returns the first-generation SDK's client of the device plane. It gets an HTTP client of its own: with AWS_CA_BUNDLE
// set, that SDK changes the one it is given.
func (s *server) data() *iotjobsdataplane.IoTJobsDataPlane {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	config := &awsv1.Config{
		Region: awsv1.String(s.Region), Endpoint: awsv1.String(s.HTTP), MaxRetries: awsv1.Int(0),
		HTTPClient: &http.Client{Transport: transport}, Credentials: credentialsv1.NewStaticCredentials(s.AccessKeyID, s.SecretAccessKey, ""),
	}
	return iotjobsdataplane.New(session.Must(session.NewSession(config)))
}

// clock moves the virtual clock and returns its time.
func (s *server) clock(body string) time.Time {
	s.t.Helper()
	status, text := s.post("/_drover/clock", body)
	var answer struct {
		Now  time.Time
		Mode string
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusOK || answer.Mode != "virtual" {
		s.t.Fatalf("move the clock by %s: %d %s", body, status, text)
	}
	return answer.Now
}

// post sends an unsigned request.
func (s *server) post(path, body string) (int, string) {
	s.t.Helper()
	answer, err := http.Post(s.HTTP+path, "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// must returns a result, or ends the test.
func must[T any](t testing.TB) func(T, error) T {
	return func(result T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
}

// within returns a context for calls that must not take long.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until check holds; what names it when it does not.
func eventually(t testing.TB, what string, check func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !check(); {
		if time.Now().After(deadline) {
			t.Fatalf("after 15 s still not: %s", what)
		}
		time.Sleep(5 * time.Millisecond) // polls another process
	}
}

// wantError ends the test unless err has the API code.
func wantError(t testing.TB, err error, code string) {
	t.Helper()
	var api interface {
		ErrorCode() string
		ErrorMessage() string
	}
	if !errors.As(err, &api) || api.ErrorCode() != code || api.ErrorMessage() == "" {
		t.Errorf("error %v, want %s with a message", err, code)
	}
}
