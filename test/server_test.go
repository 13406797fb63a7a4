// Package test drives the built binary from outside, as its users do: with the AWS SDKs, with the
// aws command line, with MQTT client libraries, and with kill -9.
package test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	awsv1 "github.com/aws/aws-sdk-go/aws"
	credentialsv1 "github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/iotjobsdataplane"

	"github.com/drover-iot/drover/test/testserver"
)

func TestMain(m *testing.M) { testserver.Main(m, "../cmd/drover") }

// server is one running drover, with what the tests do with it.
type server struct {
	*testserver.Server
	t testing.TB
}

// serve starts a server on an empty folder, on free ports.
func serve(t testing.TB, flags ...string) *server {
	t.Helper()
	return &server{Server: testserver.Serve(t, flags...), t: t}
}

// data returns the first-generation SDK's client of the device plane. It gets an HTTP client of its
// own: with AWS_CA_BUNDLE set, that SDK changes the one it is given.
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
	for deadline := time.Now().Add(30 * time.Second); !check(); {
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s still not: %s", what)
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
