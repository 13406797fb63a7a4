package test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/test/testserver"
)

// objectStore is an object store on loopback. It serves requests by URLs whose signature is right
// and still valid by the real time. A GET of an object that was not put there answers with what the
// object is called. There is no bucket "missing", and no version "missing" of any object.
type objectStore struct {
	*httptest.Server
	mu      sync.Mutex
	keys    map[string]aws.Credentials // by access key id
	objects map[string]string          // by path
}

// newObjectStore opens an object store that knows a credential.
func newObjectStore(t *testing.T, known ...aws.Credentials) *objectStore {
	o := &objectStore{keys: map[string]aws.Credentials{}, objects: map[string]string{}}
	for _, c := range known {
		o.keys[c.AccessKeyID] = c
	}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

func (o *objectStore) know(c aws.Credentials) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keys[c.AccessKeyID] = c
}

func (o *objectStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if problem := o.refuse(r); problem != "" {
		http.Error(w, problem, http.StatusForbidden)
		return
	}
	version := r.URL.Query().Get("versionId")
	if version == "missing" || strings.HasPrefix(r.URL.Path, "/missing") {
		http.NotFound(w, r)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.Method == "PUT" {
		body, _ := io.ReadAll(r.Body)
		o.objects[r.URL.Path] = string(body)
		return
	}
	if text, ok := o.objects[r.URL.Path]; ok {
		fmt.Fprint(w, text)
		return
	}
	fmt.Fprint(w, r.URL.Path+" "+version)
}

// refuse says what is wrong with a request; "" for nothing. The signature is made once more by the
// SDK's signer, of what was received.
func (o *objectStore) refuse(r *http.Request) string {
	query := r.URL.Query()
	scope := strings.Split(query.Get("X-Amz-Credential"), "/")
	made, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	seconds, err2 := strconv.Atoi(query.Get("X-Amz-Expires"))
	if len(scope) != 5 || err != nil || err2 != nil {
		return "not presigned"
	}
	if age := time.Since(made); age < -time.Minute || age > time.Duration(seconds)*time.Second {
		return "made at another time"
	}
	o.mu.Lock()
	known, ok := o.keys[scope[0]]
	o.mu.Unlock()
	if !ok {
		return "unknown key"
	}
	sent := query.Get("X-Amz-Signature")
	query.Del("X-Amz-Signature")
	path, _, _ := strings.Cut(r.RequestURI, "?")
	again := &http.Request{Method: r.Method, Host: r.Host, Header: http.Header{},
		URL: &url.URL{Scheme: "http", Host: r.Host, Opaque: "//" + r.Host + path, RawQuery: query.Encode()}}
	signed, _, err := v4.NewSigner(func(so *v4.SignerOptions) { so.DisableURIPathEscaping = true }).PresignHTTP(
		context.Background(), known, again, "UNSIGNED-PAYLOAD", scope[3], scope[2], made)
	if err != nil || !strings.HasSuffix(signed, "&X-Amz-Signature="+sent) {
		return "wrong signature"
	}
	return ""
}

// download gets a URL as a device does, and returns the answer.
func download(t *testing.T, address string) string {
	t.Helper()
	answer := must[*http.Response](t)(http.Get(address))
	defer answer.Body.Close()
	return strings.TrimSpace(string(must[[]byte](t)(io.ReadAll(answer.Body))))
}

// serveStore starts a server with an object store.
func serveStore(t *testing.T, o *objectStore, env []string, flags ...string) *server {
	t.Helper()
	s := &server{t: t, Server: testserver.New(t)}
	s.Env = env
	s.Start(append(flags, "--clock", "virtual", "--s3-endpoint", o.URL)...)
	return s
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
	credential := aws.Credentials{AccessKeyID: "AKIDSTORE", SecretAccessKey: "a secret of the store", SessionToken: "a/token+="}
	o := newObjectStore(t, credential)
	s := serveStore(t, o, []string{"DROVER_S3_ACCESS_KEY_ID=" + credential.AccessKeyID, "DROVER_S3_SECRET_ACCESS_KEY=" +
		credential.SecretAccessKey, "DROVER_S3_SESSION_TOKEN=" + credential.SessionToken}, "--artifacts", "off")
	s.clock(`{"advance":"240h"}`)
	s.fleet("g", 1)
	in := newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTT, "t0001", nil, in))
	jobs := "$aws/things/t0001/jobs/"
	d.subscribe(jobs + "notify-next")
	const placeholder = "s3-presigned-url-v2:https://s3.eu-west-1.amazonaws.com/firmware/a/fw%202+4.bin%3FversionId%3Dv/1"
	s.createDownload("fw", placeholder)

	check := func(way string, from any, region, lifetime string) (address string) {
		t.Helper()
		address, _ = from.(string)
		if got, want := download(t, address), "/firmware/a/fw 2+4.bin v/1"; got != want {
			t.Errorf("%s: %v: %s", way, from, got)
		}
		u := must[*url.URL](t)(url.Parse(address))
		scope := strings.Split(u.Query().Get("X-Amz-Credential"), "/")
		got := []string{scope[2], u.Query().Get("X-Amz-Expires"), u.Query().Get("X-Amz-Security-Token")}
		if diff := cmp.Diff([]string{region, lifetime, credential.SessionToken}, got); diff != "" {
			t.Errorf("%s: region, lifetime, token (-want +got):\n%s", way, diff)
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
			first = check(tt.topic, in.expect(tt.topic+"/accepted").at(tt.at), "eu-west-1", lifetime)
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
			check(tt.method+" "+tt.path, document.From, "eu-west-1", lifetime)
		}
		return first
	}
	check("notify-next", in.expect("/notify-next").at("execution.jobDocument.from"), "eu-west-1", "3600")
	before := deliveries("3600")
	s.update(&iot.UpdateJobInput{JobId: aws.String("fw"),
		PresignedUrlConfig: &types.PresignedUrlConfig{RoleArn: aws.String("arn:aws:iam::123456789012:role/other"), ExpiresInSec: aws.Int64(60)}})
	deliveries("60") // R-UPD-17
	if got := download(t, before); !strings.HasPrefix(got, "/firmware/") {
		t.Errorf("a URL from before the update: %s", got) // R-UPD-17
	}
	eventually(t, "a URL that was made later", func() bool {
		d.publish(jobs+"fw/get", ``)
		return check("a later one", in.expect("/fw/get/accepted").at("execution.jobDocument.from"), "eu-west-1", "60") != before
	})

	want := `{"from":"${aws:iot:` + placeholder + `}"}`
	if got := s.ask("GET", "/jobs/fw/job-document", "")["document"]; got != want {
		t.Errorf("GetJobDocument: %v", got)
	}
	if got := s.ask("GET", "/jobs/fw", ""); strings.Contains(fmt.Sprint(got), "X-Amz") {
		t.Errorf("DescribeJob: %v", got)
	}
	for _, secret := range []string{credential.SecretAccessKey, credential.SessionToken, "X-Amz", "level=WARN"} {
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
	o := newObjectStore(t)
	flags := []string{"--s3-region", "garage"}
	s := serveStore(t, o, nil, flags...)
	s.fleet("g", 1)
	s.createDownload("fw", "s3-presigned-url:"+o.URL+"/firmware/fw.bin")
	s.create("plain", "g", nil)
	next := func() string {
		t.Helper()
		text, _ := at(s.askFor("iot-jobs-data", "GET", "/things/t0001/jobs/fw", ""), "execution.jobDocument").(string)
		var document struct{ From string }
		if err := json.Unmarshal([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		return document.From
	}
	if got := download(t, next()); got != "unknown key" {
		t.Errorf("a store that was not given the key: %s", got)
	}
	path := filepath.Join(s.Dir, "s3-keys.json")
	var keys []struct{ AccessKeyID, SecretAccessKey string }
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile(path)), &keys); err != nil || len(keys) != 1 {
		t.Fatalf("%s: %v, %v", path, keys, err)
	}
	if mode := must[os.FileInfo](t)(os.Stat(path)).Mode().Perm(); mode != 0o600 {
		t.Errorf("%s has mode %o", path, mode)
	}
	if keys[0].AccessKeyID == s.AccessKeyID || keys[0].SecretAccessKey == s.SecretAccessKey {
		t.Error("it is an operator's key")
	}
	o.know(aws.Credentials{AccessKeyID: keys[0].AccessKeyID, SecretAccessKey: keys[0].SecretAccessKey})
	address := next()
	if got := download(t, address); got != "/firmware/fw.bin" || !strings.Contains(address, "%2Fgarage%2F") {
		t.Errorf("with the key: %s: %s", address, got)
	}
	s.Kill()
	lines := slices.DeleteFunc(strings.Split(s.Output.String(), "\n"), func(l string) bool { return !strings.Contains(l, "level=WARN") })
	if len(lines) != 1 || !strings.Contains(lines[0], "job=fw") || strings.Contains(lines[0], keys[0].SecretAccessKey) {
		t.Errorf("warnings: %q", lines)
	}
	s.Start(append(flags, "--clock", "virtual", "--s3-endpoint", o.URL)...)
	if got := download(t, next()); got != "/firmware/fw.bin" {
		t.Errorf("after a restart: %s", got)
	}
	// The server has lost the store that the document names (R-PRE-12).
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
