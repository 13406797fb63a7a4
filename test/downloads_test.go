package test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/test/objectstore"
	"github.com/drover-iot/drover/test/testserver"
)

// download gets a URL as a device does, with a Range header unless it is empty. It returns the
// content, or how the store refused: "404 NoSuchKey".
func download(t *testing.T, address, byteRange string) string {
	t.Helper()
	request := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), "GET", address, nil))
	if byteRange != "" {
		request.Header.Set("Range", byteRange)
	}
	answer := must[*http.Response](t)(http.DefaultClient.Do(request))
	defer answer.Body.Close()
	body := must[[]byte](t)(io.ReadAll(answer.Body))
	if wanted := 200 + 6*min(1, len(byteRange)); answer.StatusCode == wanted { // 206 for a range
		return string(body)
	}
	var refused struct{ Code string }
	if err := xml.Unmarshal(body, &refused); err != nil {
		t.Fatalf("%s: %d %s", address, answer.StatusCode, body)
	}
	return fmt.Sprint(answer.StatusCode, " ", refused.Code)
}

// The credential of the object stores of the tests.
const (
	storeKey    = "AKIDSTORE"
	storeSecret = "a secret of the store"
)

// storeVariables tell a server the credential of the object store.
func storeVariables(secret string) []string {
	return []string{"DROVER_S3_ACCESS_KEY_ID=" + storeKey, "DROVER_S3_SECRET_ACCESS_KEY=" + secret}
}

// serveStore starts a server whose devices download from an object store.
func serveStore(t *testing.T, url string, env []string, flags ...string) *server {
	t.Helper()
	s := &server{t: t, Server: testserver.New(t)}
	s.Env = env
	s.Start(append(flags, "--clock", "virtual", "--s3-endpoint", url)...)
	return s
}

// delivered is the URL in the document of a job, as t0001 gets it over HTTP.
func (s *server) delivered(id string) string {
	s.t.Helper()
	text, _ := at(s.askFor("iot-jobs-data", "GET", "/things/t0001/jobs/"+id, ""), "execution.jobDocument").(string)
	var document struct{ From string }
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		s.t.Fatalf("document of %s: %q: %v", id, text, err)
	}
	return document.From
}

// createDownload creates a job on t0001 whose document has one placeholder.
func (s *server) createDownload(id, placeholder string) {
	s.t.Helper()
	s.create(id, "g", func(in *iot.CreateJobInput) {
		in.Document = aws.String(`{"from":"${aws:iot:` + placeholder + `}"}`)
		in.PresignedUrlConfig = &types.PresignedUrlConfig{RoleArn: aws.String("arn:aws:iam::123456789012:role/firmware")}
	})
}

// A download from a job document to the object: each of the ways in which a device gets a document,
// over both protocols, hands out a URL that the store accepts, although the server's own clock is
// elsewhere. Operators see the placeholder.
func TestDownloads(t *testing.T) { // R-PRE-1, R-PRE-2, R-PRE-3, R-PRE-5, R-PRE-14, R-PRE-28, R-PRE-30, R-DOC-10
	t.Parallel()
	o := objectstore.Serve(t, storeKey, storeSecret, "firmware")
	version := o.Put("firmware", "a/fw 2+4.bin", "the second")
	o.Put("firmware", "a/fw 2+4.bin", "the third")
	s := serveStore(t, o.URL, storeVariables(storeSecret), "--artifacts", "off")
	s.clock(`{"advance":"240h"}`)
	s.fleet("g", 1)
	in := newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTT, "t0001", nil, in))
	jobs := "$aws/things/t0001/jobs/"
	d.subscribe(jobs + "notify-next")
	placeholder := "s3-presigned-url-v2:https://s3.us-east-1.amazonaws.com/firmware/a/fw%202+4.bin%3FversionId%3D" + version
	s.createDownload("fw", placeholder)

	check := func(way string, from any, lifetime string) (address string) {
		t.Helper()
		address, _ = from.(string)
		if got, want := download(t, address, ""), "the second"; got != want {
			t.Errorf("%s: %v: %s", way, from, got)
		}
		u := must[*url.URL](t)(url.Parse(address))
		if got := u.Query().Get("X-Amz-Expires"); got != lifetime {
			t.Errorf("%s: the lifetime is %s, want %s", way, got, lifetime)
		}
		return address
	}
	deliveries := func(lifetime string) (first string) {
		for _, tt := range []struct{ topic, payload, at string }{
			{"start-next", `{}`, "execution.jobDocument.from"},
			{"fw/get", ``, "execution.jobDocument.from"},
			{"$next/get", ``, "execution.jobDocument.from"},
			{"fw/update", `{"status":"IN_PROGRESS","includeJobDocument":true}`, "jobDocument.from"},
		} {
			d.publish(jobs+tt.topic, tt.payload)
			first = check(tt.topic, in.expect(tt.topic+"/accepted").at(tt.at), lifetime)
		}
		for _, tt := range []struct{ method, path, body, at string }{
			{"PUT", "/things/t0001/jobs/$next", `{}`, "execution.jobDocument"},
			{"GET", "/things/t0001/jobs/fw", ``, "execution.jobDocument"},
			{"GET", "/things/t0001/jobs/$next", ``, "execution.jobDocument"},
			{"POST", "/things/t0001/jobs/fw", `{"status":"IN_PROGRESS","includeJobDocument":true}`, "jobDocument"},
		} {
			text, _ := at(s.askFor("iot-jobs-data", tt.method, tt.path, tt.body), tt.at).(string)
			var document struct{ From string }
			if err := json.Unmarshal([]byte(text), &document); err != nil {
				t.Fatalf("%s %s: %q: %v", tt.method, tt.path, text, err)
			}
			check(tt.method+" "+tt.path, document.From, lifetime)
		}
		return first
	}
	check("notify-next", in.expect("/notify-next").at("execution.jobDocument.from"), "3600")
	before := deliveries("3600")
	s.update(&iot.UpdateJobInput{JobId: aws.String("fw"),
		PresignedUrlConfig: &types.PresignedUrlConfig{RoleArn: aws.String("arn:aws:iam::123456789012:role/other"), ExpiresInSec: aws.Int64(60)}})
	deliveries("60") // R-UPD-17
	if got := download(t, before, ""); got != "the second" {
		t.Errorf("a URL from before the update: %s", got) // R-UPD-17
	}
	eventually(t, "a URL that was made later", func() bool {
		d.publish(jobs+"fw/get", ``)
		return check("a later one", in.expect("/fw/get/accepted").at("execution.jobDocument.from"), "60") != before
	})

	want := `{"from":"${aws:iot:` + placeholder + `}"}`
	if got := s.ask("GET", "/jobs/fw/job-document", "")["document"]; got != want {
		t.Errorf("GetJobDocument: %v", got)
	}
	if got := s.ask("GET", "/jobs/fw", ""); strings.Contains(fmt.Sprint(got), "X-Amz") {
		t.Errorf("DescribeJob: %v", got)
	}
	for _, secret := range []string{storeSecret, "X-Amz", "level=WARN"} {
		if s.Kill(); strings.Contains(s.Output.String(), secret) {
			t.Errorf("the log has %q:\n%s", secret, s.Output)
		}
	}
	if _, err := os.Stat(filepath.Join(s.Dir, "s3-keys.json")); err == nil {
		t.Error("a key pair was made, although there is a credential")
	}
}

// Without a credential the server signs with a key pair of its own: one for a data folder, over
// restarts, readable by its owner only and not an operator's. It warns of each job that needs URLs.
// A store that is given the key accepts them.
func TestDownloadsWithOwnKey(t *testing.T) { // R-PRE-26, R-PRE-29
	t.Parallel()
	stranger := objectstore.Serve(t, storeKey, storeSecret, "firmware")
	s := serveStore(t, stranger.URL, nil)
	s.fleet("g", 1)
	s.createDownload("fw", "s3-presigned-url:https://s3.amazonaws.com/firmware/fw.bin")
	s.create("plain", "g", nil)
	if got := download(t, s.delivered("fw"), ""); got != "404 XAdminUserNotFound" { // as versitygw has it
		t.Errorf("a store that was not given the key: %s", got)
	}
	own := madeKey(t, keys(s.Server, "urls"))
	if s.Store == "" {
		path := filepath.Join(s.Dir, "s3-keys.json")
		if mode := must[os.FileInfo](t)(os.Stat(path)).Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", path, mode)
		}
	}
	if own.AccessKeyID == s.AccessKeyID || own.SecretAccessKey == s.SecretAccessKey {
		t.Error("it is an operator's key")
	}
	s.Kill()
	lines := slices.DeleteFunc(strings.Split(s.Output.String(), "\n"), func(l string) bool { return !strings.Contains(l, "level=WARN") })
	if len(lines) != 1 || !strings.Contains(lines[0], "job=fw") || strings.Contains(lines[0], own.SecretAccessKey) {
		t.Errorf("warnings: %q", lines)
	}
	friend := objectstore.Serve(t, own.AccessKeyID, own.SecretAccessKey, "firmware")
	friend.Put("firmware", "fw.bin", "the firmware")
	for _, region := range []string{objectstore.Region, "garage"} {
		s.Start("--clock", "virtual", "--s3-endpoint", friend.URL, "--s3-region", region)
		address := s.delivered("fw")
		want := "the firmware"
		if region != objectstore.Region {
			want = "400 AuthorizationQueryParametersError" // the store is in another one
		}
		if got := download(t, address, ""); got != want || !strings.Contains(address, "%2F"+region+"%2F") {
			t.Errorf("with the key, for the region %s: %s: %s", region, address, got)
		}
		s.Kill()
	}
}

// A store that does not answer is never asked: URLs are made all the same, with the token of a
// temporary credential (R-PRE-30). A server that has lost the store which a document names cannot
// deliver it: the calls fail, and the execution stays as it is (R-PRE-12).
func TestDownloadsWithoutStore(t *testing.T) {
	t.Parallel()
	const address, token = "http://127.0.0.1:9", "a/token+="
	s := serveStore(t, address, append(storeVariables(storeSecret), "DROVER_S3_SESSION_TOKEN="+token))
	s.fleet("g", 1)
	s.createDownload("fw", "s3-presigned-url:"+address+"/firmware/fw.bin")
	if got := must[*url.URL](t)(url.Parse(s.delivered("fw"))).Query().Get("X-Amz-Security-Token"); got != token {
		t.Errorf("the URL has the token %q, want %q", got, token)
	}
	s.Kill()
	s.Start("--clock", "virtual")
	for _, c := range []call{
		{method: "PUT", path: "/things/t0001/jobs/$next", body: `{}`, service: "iot-jobs-data"},
		{method: "GET", path: "/things/t0001/jobs/fw", service: "iot-jobs-data"},
	} {
		if status, exception, text := s.send(c); status != 503 || exception != "ServiceUnavailableException" {
			t.Errorf("%s %s: %d %s %s", c.method, c.path, status, exception, text)
		}
	}
	if got := s.ask("GET", "/things/t0001/jobs/fw", ""); at(got, "execution.status") != "QUEUED" {
		t.Errorf("the execution afterwards: %v", got)
	}
}
