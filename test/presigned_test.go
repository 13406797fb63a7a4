package test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awsv1 "github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/iotjobsdataplane"
)

// get makes a request with what a presigner has given out, and nothing else.
func (s *server) get(method, address, body string, header http.Header) (status int, exception string, answer map[string]any) {
	s.t.Helper()
	request := must[*http.Request](s.t)(http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(body)))
	for name, values := range header {
		request.Header[name] = values
	}
	response := must[*http.Response](s.t)(http.DefaultClient.Do(request))
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil && err != io.EOF {
		s.t.Fatalf("%s %s: %v", method, address, err)
	}
	return response.StatusCode, response.Header.Get("x-amzn-ErrorType"), answer
}

// presign is the signer of the second-generation SDK.
func (s *server) presign(method, service, target, body, token string, at time.Time) (address string, header http.Header) {
	s.t.Helper()
	request := must[*http.Request](s.t)(http.NewRequest(method, s.HTTP+target, strings.NewReader(body)))
	sum := sha256.Sum256([]byte(body))
	keys := aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey, SessionToken: token}
	address, header, err := v4.NewSigner().PresignHTTP(context.Background(), keys, request, hex.EncodeToString(sum[:]), service, s.Region, at)
	if err != nil {
		s.t.Fatal(err)
	}
	return address, header
}

// Presigned requests on both planes, with the clock of the signatures, which is the real one.
func TestPresigned(t *testing.T) { // R-WIRE-26
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 1)
	s.create("j", "g", nil)
	s.ask("POST", "/things/a:b", "")
	s.clock(`{"advance":"240h"}`) // does not make a signature old
	now := time.Now()
	for _, tt := range []struct {
		name, method, service, target, body, token string
		at                                         time.Time
		status                                     int
		exception, member                          string
	}{
		{"control", "GET", "iot", "/things?attributeName=a&attributeValue=b%2Fc&X-Amz-Expires=60", "", "", now, 200, "", "things"},
		{"the legacy name", "GET", "execute-api", "/jobs/j?X-Amz-Expires=60", "", "", now, 200, "", "job.jobId"},
		{"a name with a colon", "GET", "iot", "/things/a%3Ab?X-Amz-Expires=60", "", "", now, 200, "", "thingName"},
		{"a body", "PATCH", "iot", "/jobs/j?X-Amz-Expires=60", `{"description":"d"}`, "", now, 200, "", ""},
		{"device", "GET", "iot-jobs-data", "/things/t0001/jobs?X-Amz-Expires=604800", "", "", now.Add(-167 * time.Hour), 200, "", "queuedJobs"},
		{"a token", "GET", "iot-jobs-data", "/things/t0001/jobs/%24next?X-Amz-Expires=60", "", "to/ken+=", now, 200, "", "execution.jobId"},
		{"$next and a body", "PUT", "iot-jobs-data", "/things/t0001/jobs/$next", `{"statusDetails":{"a":"b"}}`, "", now, 200, "", "execution.statusDetails.a"},
		{"expired", "GET", "iot", "/jobs?X-Amz-Expires=60", "", "", now.Add(-2 * time.Minute), 400, "RequestExpired", "message"},
		{"expired, device", "GET", "iot-jobs-data", "/things/t0001/jobs?X-Amz-Expires=60", "", "", now.Add(-2 * time.Minute), 400, "RequestExpired", "message"},
		{"too long", "GET", "iot", "/jobs?X-Amz-Expires=604801", "", "", now, 403, "InvalidSignatureException", "message"},
		{"another service", "GET", "lambda", "/jobs?X-Amz-Expires=60", "", "", now, 403, "InvalidSignatureException", "message"},
	} {
		address, header := s.presign(tt.method, tt.service, tt.target, tt.body, tt.token, tt.at)
		delete(header, "Content-Length")
		status, exception, answer := s.get(tt.method, address, tt.body, header)
		if status != tt.status || exception != tt.exception || tt.member != "" && at(answer, tt.member) == nil {
			t.Errorf("%s: %d %s %v, want %d %s with %q", tt.name, status, exception, answer, tt.status, tt.exception, tt.member)
		}
	}
	address, _ := s.presign("GET", "iot", "/jobs", "", "", now)
	status, exception, _ := s.get("GET", address, "", http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=a"}})
	if status != 403 || exception != "InvalidSignatureException" {
		t.Errorf("signed both ways: %d %s", status, exception)
	}
	status, exception, answer := s.get("GET", strings.Replace(address, "X-Amz-Date", "X-Date", 1), "", nil)
	if text, _ := answer["message"].(string); status != 403 || exception != "InvalidSignatureException" || !strings.Contains(text, "X-Amz-Date") {
		t.Errorf("without a date: %d %s %s", status, exception, text)
	}
}

// The presigner of the first-generation SDK, which presigns any operation.
func TestPresignedBySDK(t *testing.T) { // R-WIRE-26
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	s.create("j", "g", nil)
	describe, _ := s.data().DescribeJobExecutionRequest(&iotjobsdataplane.DescribeJobExecutionInput{JobId: awsv1.String("$next"), ThingName: awsv1.String("t0001")})
	address, header, err := describe.PresignRequest(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if status, exception, answer := s.get("GET", address, "", header); status != 200 || at(answer, "execution.jobId") != "j" {
		t.Errorf("describe: %d %s %v", status, exception, answer)
	}
	update, _ := s.data().UpdateJobExecutionRequest(&iotjobsdataplane.UpdateJobExecutionInput{
		JobId: awsv1.String("j"), ThingName: awsv1.String("t0001"), Status: awsv1.String("SUCCEEDED"),
	})
	address, header, err = update.PresignRequest(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	header.Del("Content-Length")
	if status, exception, answer := s.get("POST", address, `{"status":"SUCCEEDED"}`, header); status != 200 {
		t.Errorf("update: %d %s %v", status, exception, answer)
	}
	s.want("j", "COMPLETED q0 p0 s1 f0 t0 c0")
}
