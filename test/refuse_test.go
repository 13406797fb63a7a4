package test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/test/testserver"
)

// call is one raw request, signed unless a test spoils it.
type call struct {
	method, path, body string
	service            string // default iot
	at                 time.Time
	key, secret        string
	unsigned           bool
	region             string
	tamper             func(*http.Request)
}

// send sends a raw request and returns status, error type and body.
func (s *server) send(c call) (status int, exception string, body string) {
	s.t.Helper()
	request := must[*http.Request](s.t)(http.NewRequestWithContext(s.t.Context(), c.method, s.HTTP+c.path, strings.NewReader(c.body)))
	request.Header.Set("Content-Type", "application/json")
	if !c.unsigned {
		pick := func(value, otherwise string) string {
			if value == "" {
				return otherwise
			}
			return value
		}
		if c.at.IsZero() {
			c.at = time.Now()
		}
		sum := sha256.Sum256([]byte(c.body))
		err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: pick(c.key, s.AccessKeyID), SecretAccessKey: pick(c.secret, s.SecretAccessKey)},
			request, hex.EncodeToString(sum[:]), pick(c.service, "iot"), pick(c.region, s.Region), c.at)
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if c.tamper != nil {
		c.tamper(request)
	}
	answer := must[*http.Response](s.t)(http.DefaultClient.Do(request))
	defer answer.Body.Close()
	text := must[[]byte](s.t)(io.ReadAll(answer.Body))
	if answer.Header.Get("x-amzn-RequestId") == "" || answer.Header.Get("Content-Type") != "application/json" { // R-WIRE-18
		s.t.Errorf("%s %s: no request id or not JSON: %v", c.method, c.path, answer.Header)
	}
	return answer.StatusCode, answer.Header.Get("x-amzn-ErrorType"), string(text)
}

const goodJob = `{"targets":["arn:aws:iot:us-east-1:000000000000:thing/t0001"],"document":"{}"`

// Bad input gets the right error, which says where, and changes nothing.
func TestBadInput(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 1)
	s.create("j", "g", nil)
	ctx, client := within(t, time.Minute), s.Control()
	state := func() string {
		jobs := must[*iot.ListJobsOutput](t)(client.ListJobs(ctx, &iot.ListJobsInput{}))
		job := must[*iot.DescribeJobOutput](t)(client.DescribeJob(ctx, &iot.DescribeJobInput{JobId: aws.String("j")}))
		things := must[*iot.ListThingsOutput](t)(client.ListThings(ctx, &iot.ListThingsInput{}))
		return string(must[[]byte](t)(json.Marshal([]any{jobs.Jobs, job.Job, things.Things})))
	}
	before := state()
	for _, tt := range []struct {
		name   string
		call   call
		status int
		code   string
		names  string // what the message must name
	}{
		{"R-ERR-9 no signature", call{method: "GET", path: "/jobs", unsigned: true}, 403, "MissingAuthenticationTokenException", "Authorization"},
		{"R-ERR-6 unknown key", call{method: "GET", path: "/jobs", key: "AKIANOBODY"}, 403, "UnrecognizedClientException", "AKIANOBODY"},
		{"R-ERR-6 wrong secret", call{method: "GET", path: "/jobs", secret: "wrong"}, 403, "InvalidSignatureException", "signature"},
		{"R-ERR-6 changed body", call{method: "PATCH", path: "/jobs/j", body: `{"description":"a"}`, tamper: func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(`{"description":"b"}`))
		}}, 403, "InvalidSignatureException", "signature"},
		{"R-ERR-6 changed path", call{method: "DELETE", path: "/jobs/x", tamper: func(r *http.Request) { r.URL.Path = "/jobs/j" }}, 403, "InvalidSignatureException", "signature"},
		{"R-ERR-6 expired", call{method: "GET", path: "/jobs", at: time.Now().Add(-16 * time.Minute)}, 400, "RequestExpired", "15m"},
		{"R-ERR-6 from the future", call{method: "GET", path: "/jobs", at: time.Now().Add(16 * time.Minute)}, 400, "RequestExpired", "15m"},
		{"R-HTTP-2 another service", call{method: "GET", path: "/jobs", service: "lambda"}, 403, "InvalidSignatureException", "lambda"},
		{"another region", call{method: "GET", path: "/jobs", region: "mars-1"}, 403, "InvalidSignatureException", "mars-1"},
		{"R-WIRE-25 unknown path", call{method: "GET", path: "/nope"}, 404, "UnknownOperationException", ""},
		{"R-HTTP-31 unknown path, device plane", call{method: "POST", path: "/nope", service: "iot-jobs-data"}, 404, "UnknownOperationException", ""},
		{"R-HTTP-31 wrong method, device plane", call{method: "DELETE", path: "/things/t0001/jobs", service: "iot-jobs-data"}, 405, "UnknownOperationException", ""},
		{"R-ID-46 not offered", call{method: "GET", path: "/commands"}, 404, "UnknownOperationException", "ListCommands is not offered"},
		{"R-ID-63 whose policies", call{method: "POST", path: "/effective-policies"}, 400, "InvalidRequestException", "principal"},

		{"R-WIRE-8 not JSON", call{method: "PUT", path: "/jobs/k", body: `{`}, 400, "InvalidRequestException", "JSON"},
		{"R-WIRE-8 not an object", call{method: "PUT", path: "/jobs/k", body: `[]`}, 400, "InvalidRequestException", ""},
		{"R-WIRE-8 wrong type", call{method: "PATCH", path: "/jobs/j", body: `{"timeoutConfig":{"inProgressTimeoutInMinutes":"5"}}`}, 400, "InvalidRequestException", "timeoutConfig.inProgressTimeoutInMinutes"},
		{"R-ERR-11 missing member", call{method: "PUT", path: "/jobs/k", body: `{}`}, 400, "InvalidRequestException", "targets"},
		{"R-VAL-1 no document", call{method: "PUT", path: "/jobs/k", body: `{"targets":["arn:aws:iot:us-east-1:000000000000:thing/t0001"]}`}, 400, "InvalidRequestException", "document"},
		{"R-VAL-11 document", call{method: "PUT", path: "/jobs/k", body: `{"targets":["arn:aws:iot:us-east-1:000000000000:thing/t0001"],"document":"[]"}`}, 400, "InvalidRequestException", "document"},
		{"R-VAL-17 increment factor", call{method: "PUT", path: "/jobs/k", body: goodJob + `,"jobExecutionsRolloutConfig":{"exponentialRate":{"baseRatePerMinute":1,"incrementFactor":1.55,"rateIncreaseCriteria":{"numberOfNotifiedThings":1}}}}`},
			400, "InvalidRequestException", "incrementFactor"},
		{"R-VAL-5 no ARN", call{method: "PUT", path: "/jobs/k", body: `{"targets":["t0001"],"document":"{}"}`}, 400, "InvalidRequestException", "targets[0]"},
		{"R-VAL-6 unknown target", call{method: "PUT", path: "/jobs/k", body: strings.Replace(goodJob, "t0001", "t9999", 1) + "}"}, 404, "ResourceNotFoundException", "t9999"},
		{"R-CON-8 another account", call{method: "PUT", path: "/jobs/k", body: strings.Replace(goodJob, "000000000000", "123456789012", 1) + "}"}, 404, "ResourceNotFoundException", "123456789012"},
		{"R-API-1 a used id", call{method: "PUT", path: "/jobs/j", body: goodJob + "}"}, 409, "ResourceAlreadyExistsException", "j"},
		{"R-WIRE-11 query boolean", call{method: "DELETE", path: "/jobs/j?force=maybe"}, 400, "InvalidRequestException", "force"},
		{"R-WIRE-21 page size", call{method: "GET", path: "/jobs?maxResults=251"}, 400, "InvalidRequestException", "maxResults"},
		{"R-WIRE-23 token", call{method: "GET", path: "/jobs?nextToken=abc"}, 400, "InvalidRequestException", "nextToken"},
		{"R-ERR-11 job id", call{method: "GET", path: "/jobs/a.b"}, 400, "InvalidRequestException", "jobId"},
		{"R-JOB-30 delete a running job", call{method: "DELETE", path: "/jobs/j"}, 409, "InvalidStateTransitionException", "IN_PROGRESS"},
		{"R-UPD-5 another namespace", call{method: "PATCH", path: "/jobs/j?namespaceId=x", body: `{"description":"a"}`}, 404, "ResourceNotFoundException", "j"},
		{"R-HTTP-36 credential provider", call{method: "GET", path: "/endpoint?endpointType=iot:CredentialProvider"}, 400, "InvalidRequestException", "iot:CredentialProvider"},
		{"R-ID-7 unknown thing", call{method: "GET", path: "/things/nope"}, 404, "ResourceNotFoundException", "nope"},
		{"R-ID-23 policy", call{method: "POST", path: "/policies/p", body: `{"policyDocument":"{}"}`}, 400, "MalformedPolicyException", "Statement"},

		{"R-HTTP-25 unknown thing", call{method: "GET", path: "/things/nope/jobs", service: "iot-jobs-data"}, 404, "ResourceNotFoundException", "nope"},
		{"R-HTTP-17 a status of the server's", call{method: "POST", path: "/things/t0001/jobs/j", body: `{"status":"CANCELED"}`, service: "iot-jobs-data"}, 400, "InvalidRequestException", "status"},
		{"R-HTTP-17 QUEUED", call{method: "POST", path: "/things/t0001/jobs/j", body: `{"status":"QUEUED"}`, service: "iot-jobs-data"}, 409, "InvalidStateTransitionException", ""},
		{"R-HTTP-21 another attempt", call{method: "POST", path: "/things/t0001/jobs/j", body: `{"status":"FAILED","executionNumber":2}`, service: "iot-jobs-data"}, 404, "ResourceNotFoundException", "2"},
		{"R-HTTP-7 too large", call{method: "POST", path: "/things/t0001/jobs/j", body: `{"status":"FAILED","x":"` + strings.Repeat("x", 128<<10) + `"}`, service: "iot-jobs-data"}, 413, "InvalidRequestException", ""},
		{"R-HTTP-7 larger than any body", call{method: "POST", path: "/things/t0001/jobs/j", body: `{"status":"FAILED","x":"` + strings.Repeat("x", 1<<20) + `"}`, service: "iot-jobs-data"}, 413, "InvalidRequestException", ""},
	} {
		status, code, body := s.send(tt.call)
		if status != tt.status || code != tt.code || !strings.Contains(body, tt.names) {
			t.Errorf("%s: %d %s %s\nwant %d %s that names %q", tt.name, status, code, body, tt.status, tt.code, tt.names)
		}
	}
	if after := state(); after != before {
		t.Errorf("refused requests changed something:\n%s\n%s", before, after)
	}
}

// The same over MQTT, with the token echoed (T-42, T-43; R-MQTT-4, R-MQTT-7, R-MQTT-13, R-MQTT-26,
// R-MQTT-46, R-MQTT-47).
func TestBadMessages(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	s.create("j", "g", nil)
	in := newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTT, "t0001", nil, in))
	for _, tt := range []struct{ topic, payload, code, token string }{
		{"foo", `{"clientToken":"a"}`, "InvalidTopic", "a"},
		{"$next/update", `{"status":"FAILED","clientToken":"a"}`, "InvalidTopic", "a"},
		{"j/delete", `{}`, "InvalidTopic", ""},
		{"a.b/get", `{}`, "InvalidTopic", ""},
		{"j/update", `{`, "InvalidJson", ""},
		{"j/update", `[]`, "InvalidJson", ""},
		{"j/update", ``, "InvalidRequest", ""},
		{"j/update", `{"clientToken":"a"}`, "InvalidRequest", "a"},
		{"j/update", `{"status":"CANCELED","clientToken":"a"}`, "InvalidRequest", "a"},
		{"j/update", `{"status":"FAILED","statusDetails":{"a":[1]},"clientToken":"a"}`, "InvalidRequest", "a"},
		{"j/update", `{"status":"FAILED","statusDetails":{"a b":"c"}}`, "InvalidRequest", ""},
		{"j/update", `{"status":"FAILED","statusDetails":{"a":"` + strings.Repeat("x", 1025) + `"}}`, "InvalidRequest", ""},
		{"j/update", `{"status":"FAILED","expectedVersion":"x"}`, "InvalidRequest", ""},
		{"j/update", `{"status":"FAILED","clientToken":5}`, "InvalidRequest", ""},
		{"j/update", `{"status":"QUEUED"}`, "InvalidStateTransition", ""},
		{"j/update", `{"status":"FAILED","expectedVersion":7}`, "VersionMismatch", ""},
		{"j/update", `{"status":"FAILED","executionNumber":2}`, "ResourceNotFound", ""},
		{"nope/update", `{"status":"FAILED","clientToken":"a"}`, "ResourceNotFound", "a"},
		{"nope/get", `{}`, "ResourceNotFound", ""},
		{"start-next", `{"stepTimeoutInMinutes":-1}`, "InvalidRequest", ""},
		{"get", `{"clientToken":"` + strings.Repeat("x", 513) + `"}`, "InvalidRequest", ""},
	} {
		d.publish("$aws/things/t0001/jobs/"+tt.topic, tt.payload)
		m := in.expect(tt.topic + "/rejected")
		token, _ := m.at("clientToken").(string)
		if m.at("code") != tt.code || m.at("message") == "" || token != tt.token || m.at("timestamp") == nil {
			t.Errorf("%s %.60s: %s, want %s with token %q", tt.topic, tt.payload, m.Text, tt.code, tt.token)
		}
		if withState := m.at("executionState") != nil; withState != (tt.code == "InvalidStateTransition" || tt.code == "VersionMismatch") {
			t.Errorf("%s: executionState in %s", tt.topic, m.Text)
		}
	}
	d.publish("$aws/things/t0001/jobs/j/x/y/z", `{}`) // R-MQTT-4: the answer would have no legal topic
	d.publish("$aws/things/t0001/jobs/get", `{}`)
	in.expect("/jobs/get/accepted")
	s.want("j", "IN_PROGRESS q1 p0 s0 f0 t0 c0")
	in.empty()
	d.client.Publish("$aws/things/t0001/jobs/notify", 1, false, "{}") // R-MQTT-3
	eventually(t, "the connection is closed", func() bool { return !d.client.IsConnected() })
}

// Starting: what cannot work is refused with a message that says why, before anything is opened.
func TestRefuseToStart(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, tt := range []struct {
		name  string
		args  []string
		names string
	}{
		{"a folder in use", []string{"serve", "--data", s.Dir, "--http", "127.0.0.1:0", "--https", "", "--mqtt", "", "--mqtts", ""}, "in use"},
		{"plain HTTP to everybody", []string{"serve", "--data", t.TempDir(), "--http", "0.0.0.0:0"}, "--open-plain"},
		{"plain MQTT to everybody", []string{"serve", "--data", t.TempDir(), "--mqtt", ":0"}, "--open-plain"},
		{"an account", []string{"serve", "--data", t.TempDir(), "--account", "12"}, "12 digits"},
		{"a clock", []string{"serve", "--clock", "sundial"}, "sundial"},
		{"an address in use", []string{"serve", "--data", t.TempDir(), "--http", strings.TrimPrefix(s.HTTP, "http://")}, "--http"},
		{"an object store", []string{"serve", "--s3-endpoint", "store.example:9000"}, "http://127.0.0.1:9000"},
		{"a flag", []string{"serve", "--bogus"}, "bogus"},
		{"a word", []string{"serve", "stray"}, "stray"},
		{"a command", []string{"observe"}, "observe"},
	} {
		out, err := exec.CommandContext(within(t, 10*time.Second), testserver.Binary, tt.args...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), tt.names) || strings.Contains(string(out), "goroutine") {
			t.Errorf("%s: %v\n%s\nwant a refusal that names %q", tt.name, err, out, tt.names)
		}
	}
}

// Files: the secret is readable by its owner only, a second start goes on with the same keys,
// another key works at once and no more once it is taken out of the file, and no secret is in what
// the server logs.
func TestFolder(t *testing.T) {
	t.Parallel()
	s := serve(t, "--log", "debug")
	private := []string{"endpoints.json", "server.key", "keys.json", "ca.key"}
	if s.Store != "" {
		private = []string{"endpoints.json", "server.key", "secret.key"}
	}
	for _, name := range private {
		info := must[os.FileInfo](t)(os.Stat(s.Dir + "/" + name))
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v, want it readable by its owner only", name, info.Mode())
		}
	}
	s.fleet("g", 2)
	s.create("j", "g", nil)
	key := s.SecretAccessKey
	made := madeKey(t, keys(s.Server, "create", "--name", "second"))
	second := &server{Server: as(s.Server, made), t: t}
	if second.SecretAccessKey == key {
		t.Fatal("keys create printed the key that there is")
	}
	second.want("j", "IN_PROGRESS q2 p0 s0 f0 t0 c0")
	s.withdrawKey(second.AccessKeyID)
	_, err := second.Control().ListJobs(t.Context(), &iot.ListJobsInput{})
	wantError(t, err, "UnrecognizedClientException")
	s.want("j", "IN_PROGRESS q2 p0 s0 f0 t0 c0")
	if err := s.Stop(); err != nil {
		t.Fatalf("stop: %v\n%s", err, s.Output)
	}
	log := s.Output.String()
	if _, rest, _ := strings.Cut(log, "AWS_SECRET_ACCESS_KEY="); strings.Contains(rest[len(key):], key) || strings.Contains(log, second.SecretAccessKey) {
		t.Error("a secret is in the log")
	}
	s.Start()
	if s.SecretAccessKey != key {
		t.Error("a second start made another key")
	}
	s.want("j", "IN_PROGRESS q2 p0 s0 f0 t0 c0")
	_, err = s.Control().CreateJob(t.Context(), &iot.CreateJobInput{JobId: aws.String("j"), Targets: []string{s.ARN("thing", "t0001")}, Document: aws.String("{}"), TargetSelection: types.TargetSelectionSnapshot})
	wantError(t, err, "ResourceAlreadyExistsException")
}

// withdrawKey takes a key out of keys.json, as an operator with an editor would, or out of the
// database, and waits as long as R-NODE-1 lets a server accept it then.
func (s *server) withdrawKey(id string) {
	t, path := s.t, s.Dir+"/keys.json"
	t.Helper()
	if s.Store != "" {
		keys(s.Server, "delete", id)
		time.Sleep(time.Second)
		return
	}
	var kept []map[string]any
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile(path)), &kept); err != nil {
		t.Fatal(err)
	}
	kept = slices.DeleteFunc(kept, func(k map[string]any) bool { return k["accessKeyId"] == id })
	if err := os.WriteFile(path, must[[]byte](t)(json.Marshal(kept)), 0o600); err != nil {
		t.Fatal(err)
	}
}
