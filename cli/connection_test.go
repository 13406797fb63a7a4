package cli

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/drover-iot/drover/cli/exit"
)

// What is tried again, and how often (R-CMD-112 to R-CMD-114).
func TestRetry(t *testing.T) {
	t.Parallel()
	ok := answer{200, "", "{}"}
	for _, tt := range []struct {
		rule, vars string
		answers    []answer
		requests   int
		says       string // "" for success
	}{
		{"R-CMD-113 status", "", []answer{{500, "", ""}, {504, "", ""}, ok}, 3, ""},
		{"R-CMD-113 limit", "", []answer{{410, "LimitExceededException", "{}"}, ok}, 2, ""},
		{"R-CMD-113 throttled", "", []answer{{400, "ThrottlingException", "{}"}, ok}, 2, ""},
		{"R-CMD-113 other", "", []answer{{409, "ConflictException", "{}"}, ok}, 1, "(ConflictException) when calling the ListJobs operation: "},
		{"R-CMD-114", "", []answer{{503, "Busy", `{"message":"m"}`}}, 3, "(Busy) when calling the ListJobs operation (reached max retries: 2): m"},
		{"R-CMD-114 one attempt", "AWS_MAX_ATTEMPTS=1", []answer{{503, "Busy", `{"message":"m"}`}}, 1, "(Busy) when calling the ListJobs operation: m"},
		{"R-CMD-112 attempts", "AWS_MAX_ATTEMPTS=2", []answer{{503, "", ""}}, 2, "(reached max retries: 1)"},
		{"R-CMD-112 legacy", "AWS_RETRY_MODE=legacy", []answer{{503, "", ""}}, 5, "(reached max retries: 4)"},
		{"R-CMD-112 mode", "AWS_RETRY_MODE=bogus", nil, 0, `Invalid value provided to "mode": "bogus" must be one of: "standard" or "adaptive"`},
		{"R-CMD-112 number", "AWS_MAX_ATTEMPTS=x", nil, 0, `AWS_MAX_ATTEMPTS`},
	} {
		r := record(t, tt.answers...)
		vars := r.environment(t)
		if name, text, ok := strings.Cut(tt.vars, "="); ok {
			vars[name] = text
		}
		got := call1(t, vars, "", "iot", "list-jobs")
		if len(r.sent) != tt.requests || (got.status == 0) != (tt.says == "") || !strings.Contains(got.problem, tt.says) {
			t.Errorf("%s: %d requests, status %d, %s\nwant %d, %s", tt.rule, len(r.sent), got.status, got.problem, tt.requests, tt.says)
		}
		if len(r.headers) == 3 && (r.headers[0].Get("Amz-Sdk-Invocation-Id") != r.headers[2].Get("Amz-Sdk-Invocation-Id") || r.headers[2].Get("Amz-Sdk-Request") != "attempt=3") {
			t.Errorf("%s: headers %v", tt.rule, r.headers[2])
		}
	}
}

// The headers of R-CMD-67.
func TestHeaders(t *testing.T) {
	t.Parallel()
	r := record(t)
	vars := r.environment(t)
	vars["AWS_SESSION_TOKEN"] = "token"
	call1(t, vars, "", "iot", "update-job", "--job-id", "j")
	for name, want := range map[string]string{
		"User-Agent": "^drover/test$", "Accept-Encoding": "^identity$", "X-Amz-Security-Token": "^token$", "Content-Type": "^application/json$",
		"Amz-Sdk-Invocation-Id": "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
		"Authorization":         "SignedHeaders=[^,]*content-type;host;x-amz-date;x-amz-security-token",
	} {
		if got := r.headers[0].Get(name); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s: %q, want %s", name, got, want)
		}
	}
	if got := call1(t, vars, "", "iot", "list-jobs", "--debug"); got.status != 0 || !strings.HasPrefix(got.problem, "debug: GET ") || strings.Contains(got.problem, "token") { // R-CMD-98
		t.Errorf("--debug: %+v", got)
	}
}

// Trust, and failures without an answer (R-CMD-98, R-CMD-115).
func TestConnection(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	closing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(closing.Close)
	moved := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:1/", http.StatusMovedPermanently))
	t.Cleanup(moved.Close)
	stop := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		<-stop // the headers come, the body does not
	}))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(stop) })
	bundle, nothing := filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "empty.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	for path, text := range map[string][]byte{bundle: certificate, nothing: nil} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, url, words string
		says             string // "" for success
	}{
		{"no trust", secure.URL, "", "SSL validation failed for " + secure.URL + "/jobs "},
		{"another's trust", secure.URL, "--ca-bundle " + nothing, "ca-bundle: "},
		{"trust", secure.URL, "--ca-bundle " + bundle, ""},
		{"any", secure.URL, "--no-verify-ssl", ""},
		{"nobody", "http://127.0.0.1:1", "", `Could not connect to the endpoint URL: "http://127.0.0.1:1/jobs"`},
		{"closed", closing.URL, "", `Connection was closed before we received a valid response from endpoint URL: "` + closing.URL + `/jobs".`},
		{"silent", silent.URL, "--cli-read-timeout 1", `Read timeout on endpoint URL: "` + silent.URL + `/jobs"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			vars := record(t).environment(t)
			vars["AWS_ENDPOINT_URL"], vars["AWS_MAX_ATTEMPTS"] = tt.url, "1"
			got := call1(t, vars, "", append([]string{"iot", "list-jobs"}, strings.Fields(tt.words)...)...)
			if (got.status == 0) != (tt.says == "") || tt.says != "" && got.status != exit.StatusOther || !strings.HasPrefix(got.problem, tt.says) {
				t.Errorf("%+v\nwant %s", got, tt.says)
			}
		})
	}
	if got := call1(t, map[string]string{"HOME": t.TempDir(), "AWS_REGION": "x-1"}, "", "iot", "list-jobs", "--endpoint-url", moved.URL, "--no-sign-request"); got.status != exit.StatusService ||
		!strings.HasPrefix(got.problem, "\nAn error occurred (301) when calling the ListJobs operation") {
		t.Errorf("moved: %+v", got)
	}
	if calls.Load() != 2 {
		t.Errorf("%d requests got through, want 2", calls.Load())
	}
}
