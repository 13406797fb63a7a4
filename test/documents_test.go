package test

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/test/testserver"
)

// documentSite is a host of documents over TLS on loopback, and the file with its certificate.
func documentSite(t *testing.T, answer http.HandlerFunc) (site *httptest.Server, certificate string) {
	t.Helper()
	site = httptest.NewTLSServer(answer)
	t.Cleanup(site.Close)
	certificate = filepath.Join(t.TempDir(), "site.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: site.Certificate().Raw}
	if err := os.WriteFile(certificate, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return site, certificate
}

// Jobs and templates get their documents by links: from the server's own store and from a host that
// is listed. A document is frozen, and the link is shown as it was given.
func TestDocumentsByLink(t *testing.T) { // R-DOC-2, R-DOC-3, R-DOC-11, R-DOC-12, R-DOC-14, R-TPL-3, R-API-3
	t.Parallel()
	o := newKeyedStore(t, keyOf("KEYDOC"))
	site, certificate := documentSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/there" {
			http.Redirect(w, r, "/d", http.StatusFound)
			return
		}
		fmt.Fprintf(w, `{"path": %q}`, r.URL.Path)
	})
	host := strings.TrimPrefix(site.URL, "https://")
	o.objects["/documents/a job.json"] = `{"v": 1.0}`
	s := serveStore(t, o.URL, []string{"DROVER_S3_ACCESS_KEY_ID=KEYDOC", "SSL_CERT_FILE=" + certificate,
		"DROVER_S3_SECRET_ACCESS_KEY=" + keyOf("KEYDOC").SecretAccessKey, "HTTPS_PROXY=http://127.0.0.1:1"},
		"--document-hosts", host+"=127.0.0.0/8")
	s.fleet("g", 1)
	for id, tt := range map[string]struct{ link, want string }{
		"s3":     {"s3://documents/a job.json", `{"v": 1.0}`},
		"aws":    {"https://documents.s3.eu-west-1.amazonaws.com/a%20job.json", `{"v": 1.0}`},
		"own":    {o.URL + "/documents/a%20job.json", `{"v": 1.0}`},
		"listed": {site.URL + "/d", `{"path": "/d"}`},
		"moved":  {site.URL + "/there", `{"path": "/d"}`},
	} {
		s.ask("PUT", "/jobs/"+id, fmt.Sprintf(`{"targets":[%q],"documentSource":%q}`, s.ARN("thinggroup", "g"), tt.link))
		s.ask("PUT", "/job-templates/"+id, fmt.Sprintf(`{"description":"d","documentSource":%q}`, tt.link))
		o.mu.Lock()
		o.objects["/documents/a job.json"] = `{"v": 2.0}`
		o.mu.Unlock()
		job, template := s.ask("GET", "/jobs/"+id, ""), s.ask("GET", "/job-templates/"+id, "")
		got := []any{job["documentSource"], s.ask("GET", "/jobs/"+id+"/job-document", "")["document"], template["documentSource"], template["document"]}
		if diff := cmp.Diff([]any{tt.link, tt.want, tt.link, tt.want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
		o.mu.Lock()
		o.objects["/documents/a job.json"] = `{"v": 1.0}`
		o.mu.Unlock()
	}
	if text := at(s.askFor("iot-jobs-data", "GET", "/things/t0001/jobs/listed", ""), "execution.jobDocument"); text != `{"path": "/d"}` {
		t.Errorf("the device gets %v", text)
	}
}

// Links that are refused: what is not there, what is too large or no JSON, hosts that are not
// listed or lead to inner addresses, and redirects to them (R-DOC-13, R-ART-3).
func TestDocumentsRefused(t *testing.T) {
	t.Parallel()
	inner := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("an inner host was asked for %s", r.URL)
	}))
	t.Cleanup(inner.Close)
	site, certificate := documentSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/inner":
			http.Redirect(w, r, inner.URL, http.StatusFound)
		case "/large":
			fmt.Fprintf(w, `{"a":"%s"}`, strings.Repeat("x", 32768))
		case "/bad":
			fmt.Fprint(w, `{"a":1,}`)
		default:
			http.NotFound(w, r)
		}
	})
	host := strings.TrimPrefix(site.URL, "https://")
	s := &server{t: t, Server: testserver.New(t)}
	s.Env = []string{"SSL_CERT_FILE=" + certificate}
	// The inner host is listed, but not its address.
	s.Start("--clock", "virtual", "--document-hosts", host+"=127.0.0.0/8,"+strings.TrimPrefix(inner.URL, "https://"))
	s.fleet("g", 1)
	for _, tt := range []struct{ link, says string }{
		{site.URL + "/missing", "there is nothing (status 404)"},
		{site.URL + "/large", "the document has more than 32768 bytes"},
		{site.URL + "/bad", "InvalidJobDocument: document: must be a JSON object; at byte"},
		{site.URL + "/inner", "the host has the address 127.0.0.1, which is not public"},
		{inner.URL + "/d", "the host has the address 127.0.0.1, which is not public"},
		{"https://localhost/d", "host localhost is not one that this server reads documents from"},
		{"http://169.254.169.254/latest/meta-data", "must be an S3 object, or https"},
		{"file:///etc/passwd", "must be an S3 object, or https"},
	} {
		for _, path := range []string{"/jobs/x", "/job-templates/x"} {
			body := fmt.Sprintf(`{"targets":[%q],"documentSource":%q}`, s.ARN("thinggroup", "g"), tt.link)
			if path == "/job-templates/x" {
				body = fmt.Sprintf(`{"description":"d","documentSource":%q}`, tt.link)
			}
			status, exception, text := s.send(call{method: "PUT", path: path, body: body})
			if status != 400 || exception != "InvalidRequestException" || !strings.Contains(text, strings.ReplaceAll(tt.says, `"`, `\"`)) {
				t.Errorf("%s of %s: %d %s %s, want %q", path, tt.link, status, exception, text, tt.says)
			}
		}
	}
}

// A host that does not answer holds up the request that named it, for five seconds, and nobody
// else.
func TestSlowDocument(t *testing.T) { // R-DOC-13
	t.Parallel()
	asked := make(chan struct{}, 1)
	site, certificate := documentSite(t, func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	})
	s := &server{t: t, Server: testserver.New(t)}
	s.Env = []string{"SSL_CERT_FILE=" + certificate}
	s.Start("--clock", "virtual", "--document-hosts", strings.TrimPrefix(site.URL, "https://")+"=127.0.0.0/8")
	s.fleet("g", 1)
	answered, start := make(chan string, 1), time.Now()
	go func() {
		_, _, text := s.send(call{method: "PUT", path: "/jobs/slow", body: fmt.Sprintf(`{"targets":[%q],"documentSource":%q}`, s.ARN("thinggroup", "g"), site.URL+"/d")})
		answered <- text
	}()
	<-asked
	s.create("j", "g", nil)
	s.askFor("iot-jobs-data", "PUT", "/things/t0001/jobs/$next", `{}`)
	select {
	case text := <-answered:
		t.Errorf("the slow request was answered before the others: %s", text)
	default:
	}
	text := <-answered
	if took := time.Since(start); !strings.Contains(text, "no whole answer within 5s") || took > 15*time.Second {
		t.Errorf("after %s: %s", took, text)
	}
}
