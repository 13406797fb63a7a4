package test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/drover-iot/drover/test/testserver"
)

// A busy run, in which every kind of secret goes over the wire, leaves none of them in the log, at
// its finest level. Every line is JSON, and each request has its id (R-OBS-10, R-OBS-11).
func TestLogs(t *testing.T) { // R-OBS-10, R-OBS-11
	t.Parallel()
	s := &server{t: t, Server: testserver.New(t)}
	s.Env = []string{
		"DROVER_S3_ACCESS_KEY_ID=AKIDSTORE",
		"DROVER_S3_SECRET_ACCESS_KEY=a-secret-of-the-store",
		"DROVER_S3_SESSION_TOKEN=a-token-of-the-store",
	}
	s.Start("--log", "debug", "--log-format", "json", "--s3-endpoint", "http://127.0.0.1:1")
	secrets := map[string]string{
		"the secret of the first key":  s.SecretAccessKey,
		"the secret of the store":      "a-secret-of-the-store",
		"the token of the store":       "a-token-of-the-store",
		"a signature":                  "Signature=",
		"a document":                   "of-the-document",
		"a private key":                "PRIVATE KEY",
		"what was wrong with a secret": "a-wrong-secret",
	}
	signatures := regexp.MustCompile(`X-Amz-Signature=([0-9a-f]{64})`)

	// Sessions of the console.
	p := s.signIn(s.HTTP)
	home := must[*url.URL](t)(url.Parse(s.HTTP))
	for _, cookie := range p.client.Jar.Cookies(home) {
		secrets["a session"] = cookie.Value
	}
	p.ask("GET", "/things", nil)
	wrong, _ := json.Marshal(map[string]string{"accessKeyId": s.AccessKeyID, "secretAccessKey": "a-wrong-secret"})
	if got := p.ask("POST", "/_drover/console/session", bytes.NewReader(wrong)); got.status != http.StatusForbidden {
		t.Errorf("a wrong secret: %d", got.status)
	}

	// Artifacts, and URLs in documents.
	_, err := s.s3(s.HTTP).PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("artifacts"), Key: aws.String("fw.bin"), Body: strings.NewReader("firmware")})
	if err != nil {
		t.Fatal(err)
	}
	s.fleet("g", 1)
	for id, placeholder := range map[string]string{
		"own":   "s3-presigned-url:s3://artifacts/fw.bin",
		"other": "s3-presigned-url:https://s3.us-east-1.amazonaws.com/firmware/fw.bin",
	} {
		s.create(id, "g", func(in *iot.CreateJobInput) {
			in.Document = aws.String(`{"about":"of-the-document","from":"${aws:iot:` + placeholder + `}"}`)
			in.PresignedUrlConfig = &types.PresignedUrlConfig{
				RoleArn: aws.String("arn:aws:iam::123456789012:role/firmware"),
			}
		})
		address := s.delivered(id)
		signature := signatures.FindStringSubmatch(address)
		if signature == nil {
			t.Fatalf("no signature in %q", address)
		}
		secrets["the signature of a URL of "+id] = signature[1]
		if id == "own" {
			wantText(t, s.fetchedText(address), "200 firmware")
			changed := strings.Replace(address, signature[1][:8], "00000000", 1)
			wantText(t, s.fetchedText(changed), "403 ", "SignatureDoesNotMatch")
		}
	}
	address, header := s.presign("GET", "iot", "/jobs?X-Amz-Expires=60", "", "", time.Now())
	secrets["the signature of a presigned request"] = signatures.FindStringSubmatch(address)[1]
	s.get("GET", address, "", header)

	// Certificates with their keys, MQTT clients with and without permission, metrics with passwords.
	s.Thing("pump-07")
	s.Policy("jobs", s.JobsPolicy())
	id := s.Identify("pump-07", "jobs")
	keyLines := strings.Split(strings.TrimSpace(id.KeyPEM), "\n")
	secrets["the key of a certificate"] = keyLines[len(keyLines)/2]
	in := newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTTS, "pump-07", s.TLS(&id), in))
	d.publish("$aws/things/pump-07/jobs/get", `{"clientToken":"x"}`)
	if _, err := connect3(t, s.MQTTS, "other", s.TLS(&id), in); err == nil {
		t.Error("a client with another's name has connected")
	}
	for _, secret := range []string{s.SecretAccessKey, "a-wrong-secret"} {
		r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), "GET", s.HTTPS+"/metrics", http.NoBody))
		r.SetBasicAuth(s.AccessKeyID, secret)
		secrets["Basic with "+secret] = base64.StdEncoding.EncodeToString([]byte(s.AccessKeyID + ":" + secret))
		answer := must[*http.Response](t)(s.trusting().Do(r))
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}

	// A refused request, which is found by its id.
	r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), "GET", s.HTTP+"/jobs", http.NoBody))
	answer := must[*http.Response](t)(http.DefaultClient.Do(r))
	answer.Body.Close()
	refused := answer.Header.Get("x-amzn-RequestId")

	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	text, lines := logLines(t, s.Output.String())
	for what, secret := range secrets {
		if len(secret) < 8 {
			t.Errorf("%s is %q", what, secret)
		}
		if strings.Contains(text, secret) {
			t.Errorf("%s is in the log: %s", what, secret)
		}
	}
	checkIDs(t, lines, refused)
}

// fetchedText is the status and the body of what is at an address.
func (s *server) fetchedText(address string) string {
	s.t.Helper()
	r := must[*http.Request](s.t)(http.NewRequestWithContext(s.t.Context(), "GET", address, http.NoBody))
	answer := must[*http.Response](s.t)(s.trusting().Do(r))
	defer answer.Body.Close()
	return fmt.Sprintf("%d %s", answer.StatusCode, must[[]byte](s.t)(io.ReadAll(answer.Body)))
}

// logLines are the lines of a log in JSON, as they are and read. What the server prints for people,
// such as the secret of its first key, is left out.
func logLines(t *testing.T, printed string) (text string, lines []map[string]any) {
	t.Helper()
	for line := range strings.Lines(printed) {
		if !strings.HasPrefix(line, "{") {
			continue
		}
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		lines = append(lines, one)
		text += line
	}
	if len(lines) < 20 {
		t.Fatalf("only %d lines in\n%s", len(lines), printed)
	}
	return text, lines
}

// checkIDs checks that requests and connections can be told apart in a log, and that the refused
// request is there with its exception.
func checkIDs(t *testing.T, lines []map[string]any, refused string) {
	t.Helper()
	var seen, events []string
	for _, line := range lines {
		switch line["msg"] {
		case "http request":
			request, _ := line["request"].(string)
			if len(request) != 36 || slices.Contains(seen, request) {
				t.Errorf("%v has no id of its own", line)
			}
			seen = append(seen, request)
			if request == refused && line["code"] != "MissingAuthenticationTokenException" {
				t.Errorf("%v", line)
			}
		case "connected", "disconnected", "refused":
			if number, _ := line["connection"].(float64); number == 0 {
				t.Errorf("%v has no number", line)
			}
			events = append(events, line["msg"].(string))
		}
	}
	if refused == "" || !slices.Contains(seen, refused) {
		t.Errorf("the refused request %q is not among the %d in the log", refused, len(seen))
	}
	for _, event := range []string{"connected", "disconnected", "refused"} {
		if !slices.Contains(events, event) {
			t.Errorf("nothing was %s", event)
		}
	}
}
