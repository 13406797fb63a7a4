package test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// A httpsDevice calls the device plane with its certificate.
type httpsDevice struct {
	t      testing.TB
	client *http.Client
	base   string // https://localhost:PORT
}

// httpsDevice is the device of a thing that exists, which may do its own jobs.
func (s *server) httpsDevice(thing string) httpsDevice {
	s.t.Helper()
	s.Policy("https", strings.ReplaceAll(s.JobsPolicy(), "thing/pump-07", "thing/"+thing))
	id := s.Identify(thing, "https")
	return httpsDevice{
		t:      s.t,
		client: s.trusting(id.Pair),
		base:   strings.Replace(s.HTTPS, "127.0.0.1", "localhost", 1),
	}
}

// ask sends a request and returns the status and the body. Every answer is JSON (R-HTTP-1).
func (d httpsDevice) ask(method, path, body string) (status int, text string, answer message) {
	d.t.Helper()
	request := must[*http.Request](d.t)(http.NewRequestWithContext(
		within(d.t, 20*time.Second), method, d.base+path, bytes.NewBufferString(body)))
	request.Header.Set("Content-Type", "application/json")
	response := must[*http.Response](d.t)(d.client.Do(request))
	defer response.Body.Close()
	read := must[[]byte](d.t)(io.ReadAll(response.Body))
	if kind := response.Header.Get("Content-Type"); kind != "application/json" {
		d.t.Errorf("%s %s is answered with the type %q", method, path, kind)
	}
	if err := json.Unmarshal(read, &answer.Body); err != nil {
		d.t.Errorf("%s %s is answered with %q: %v", method, path, read, err)
	}
	return response.StatusCode, string(read), answer
}

// ok is ask for a request that must be accepted.
func (d httpsDevice) ok(method, path, body string) (string, message) {
	d.t.Helper()
	status, text, answer := d.ask(method, path, body)
	if status != http.StatusOK {
		d.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	return text, answer
}

// What real devices send over HTTPS, and what they read of the answers.
func TestDeviceOverHTTPS(t *testing.T) { // R-BRK-3, R-HTTP-1
	t.Parallel()
	s := serve(t)
	s.Thing("pump-07")
	s.fleet2("g", "pump-07")
	d := s.httpsDevice("pump-07")
	const next, fw = "/things/pump-07/jobs/$next", "/things/pump-07/jobs/fw"

	// R-HTTP-6: the body may be empty.
	if text, _ := d.ok("PUT", next, ""); text != "{}" {
		t.Errorf("nothing is pending, and start-next answers %s", text)
	}
	s.create("fw", "g", nil)
	// R-HTTP-5: unknown members and parameters are ignored, null is absent.
	_, started := d.ok("PUT", next+"?namespaceId=x", `{"nonsense":[1],"statusDetails":null}`)
	if started.at("execution.jobId") != "fw" || started.at("execution.statusDetails") != nil {
		t.Errorf("started: %v", started.Body)
	}
	for _, name := range []string{"queuedAt", "startedAt", "lastUpdatedAt"} { // R-HTTP-8
		at, _ := started.at("execution." + name).(float64)
		if at != math.Trunc(at) || math.Abs(at-float64(time.Now().Unix())) > 3600 {
			t.Errorf("%s is %v, want whole seconds", name, at)
		}
	}
	// R-HTTP-12: what is not asked for is not there. R-HTTP-22: each update counts, also one that
	// changes nothing.
	if text, _ := d.ok("POST", fw, `{"status":"IN_PROGRESS"}`); text != "{}" {
		t.Errorf("an update is answered with %s", text)
	}
	_, state := d.ok("POST", fw, `{"status":"IN_PROGRESS","includeJobExecutionState":true}`)
	if len(state.Body) != 1 || state.at("executionState.versionNumber") != 4.0 ||
		state.at("executionState.status") != "IN_PROGRESS" {
		t.Errorf("with the state: %v", state.Body)
	}
	_, document := d.ok("POST", fw, `{"status":"SUCCEEDED","includeJobDocument":true}`)
	if len(document.Body) != 1 || document.at("jobDocument") != `{"do":"it"}` {
		t.Errorf("with the document: %v", document.Body)
	}
	// R-HTTP-35: Publish over HTTPS is not there, and answers no request for jobs.
	status, text, _ := d.ask("POST", "/topics/$aws/things/pump-07/jobs/get?qos=1", "{}")
	if status != http.StatusNotFound {
		t.Errorf("publish over HTTPS: %d %s", status, text)
	}
}

// A retry is another execution, with a number of its own that begins with version 1.
func TestRetryOverHTTPS(t *testing.T) { // R-HTTP-26, R-CLI-13
	t.Parallel()
	s := serve(t)
	s.Thing("pump-07")
	s.fleet2("g", "pump-07")
	d := s.httpsDevice("pump-07")
	s.create("fw", "g", func(in *iot.CreateJobInput) {
		in.JobExecutionsRetryConfig = &types.JobExecutionsRetryConfig{CriteriaList: []types.RetryCriteria{
			{FailureType: types.RetryableFailureTypeFailed, NumberOfRetries: aws.Int32(1)}}}
	})
	for number := 1.0; number <= 2; number++ {
		_, next := d.ok("GET", "/things/pump-07/jobs/$next", "")
		if next.at("execution.executionNumber") != number ||
			next.at("execution.versionNumber") != 1.0 {
			t.Errorf("attempt %v: %v", number, next.Body)
		}
		d.ok("POST", "/things/pump-07/jobs/fw", `{"status":"FAILED"}`)
	}
	if _, next := d.ok("GET", "/things/pump-07/jobs/$next", ""); next.at("execution") != nil {
		t.Errorf("after the last attempt: %v", next.Body)
	}
}

// Devices find the host by DescribeEndpoint, and need not say which name they call it by.
func TestEndpointAndServerName(t *testing.T) { // R-HTTP-37, R-BRK-5, R-WIRE-6
	t.Parallel()
	s := serve(t)
	for range 2 {
		got := s.ask("GET", "/endpoint?endpointType=iot:Data-ATS", "")["endpointAddress"]
		if got != "localhost" {
			t.Errorf("the endpoint is %v, want a host alone", got)
		}
	}
	s.Thing("pump-07")
	s.Policy("all", s.JobsPolicy())
	id := s.Identify("pump-07", "all")
	for _, name := range []string{"", "nobody.example.org"} {
		config := s.TLS(&id)
		config.ServerName, config.InsecureSkipVerify = name, true // the name is what is tested
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
		response := must[*http.Response](t)(client.Get(s.HTTPS + "/things/pump-07/jobs"))
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("SNI %q: %d", name, response.StatusCode)
		}
	}
	// Both planes are at each listener; a request without signature or certificate is refused.
	for _, base := range []string{s.HTTP, s.HTTPS} {
		client := &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		for _, path := range []string{"/things/pump-07/jobs", "/things"} {
			response := must[*http.Response](t)(client.Get(base + path))
			_ = response.Body.Close()
			if response.StatusCode != http.StatusForbidden {
				t.Errorf("unsigned, %s%s: %d", base, path, response.StatusCode)
			}
		}
	}
}
