package sidebyside

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/schema"
)

// recorder is a server that records what it is asked, and answers as a group says, or by the
// description of the API.
type recorder struct {
	*httptest.Server
	routers map[string]*schema.Router // by service

	mu      sync.Mutex
	answers []answer
	service string // that is called
	sent    []request
}

// request is what is compared of a request: all that a server goes by.
type request struct {
	Line        string // method, path and query
	ContentType string
	Signed      string // scope and names of the signed headers
	Body        string // JSON with the keys in order and numbers as they were written
}

// newRecorder starts a recorder.
func newRecorder(t *testing.T) *recorder {
	r := &recorder{routers: map[string]*schema.Router{
		"iot":           schema.NewRouter(&iot.Service),
		"iot-jobs-data": schema.NewRouter(&jobsdata.Service),
	}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// begin prepares for one run of a line.
func (r *recorder) begin(g group, service string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers, r.service, r.sent = g.answers, service, nil
}

// take returns what was sent since begin.
func (r *recorder) take() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sent
}

// ServeHTTP records and answers.
func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, request{
		Line:        q.Method + " " + q.URL.EscapedPath() + sortedQuery(q.URL.RawQuery),
		ContentType: strings.TrimSuffix(q.Header.Get("Content-Type"), "; charset=utf-8"),
		Signed:      scope(q.Header.Get("Authorization")),
		Body:        canonical(body),
	})
	a := r.answer(q)
	for name, text := range a.header {
		w.Header().Set(name, text)
	}
	w.WriteHeader(a.status)
	soon := time.Now().Add(12 * time.Minute).UTC()
	body = []byte(strings.NewReplacer(
		"SOON-MILLISECONDS", strconv.FormatInt(soon.UnixMilli(), 10),
		"SOON", soon.Format(time.RFC3339),
	).Replace(a.body))
	_, _ = w.Write(body) // the caller may be gone
}

// answer is what the group says, or a sample of the operation's answer.
func (r *recorder) answer(q *http.Request) answer {
	if n := len(r.answers); n > 0 {
		return r.answers[min(len(r.sent), n)-1]
	}
	match, err := r.routers[r.service].Match(q.Method, q.URL.EscapedPath())
	if err != nil {
		return answer{status: http.StatusNotFound, body: err.Error()}
	}
	sample := sampleOf(match.Output, match.Name, 0).(map[string]any)
	if page := match.Page; page != nil && q.URL.Query().Get(page.In) != "" {
		delete(sample, page.Out) // the second page is the last one
	}
	text, err := json.Marshal(sample)
	if err != nil {
		return answer{status: http.StatusInternalServerError, body: err.Error()}
	}
	return answer{status: http.StatusOK, body: string(text)}
}

// sortedQuery is a query string with its parameters in order: that is nobody's business.
func sortedQuery(raw string) string {
	if raw == "" {
		return ""
	}
	parts := strings.Split(raw, "&")
	slices.Sort(parts)
	return "?" + strings.Join(parts, "&")
}

// signature matches what a signature says that does not change with the time and the program.
var signature = regexp.MustCompile(`Credential=[^/]+/\d+(/[^,]+), SignedHeaders=([^,]+),`)

// scope is the part of an Authorization header that is compared.
func scope(header string) string {
	found := signature.FindStringSubmatch(header)
	if found == nil {
		return header
	}
	names := slices.DeleteFunc(strings.Split(found[2], ";"), func(name string) bool {
		return !slices.Contains([]string{"host", "x-amz-date", "x-amz-security-token"}, name)
	})
	return found[1] + " " + strings.Join(names, ";")
}

// token matches a random idempotency token.
var token = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// session matches the name that each program makes up for a session.
var session = regexp.MustCompile(`^(botocore|drover)-session-\d+$`)

// canonicalForm is a form with its names in order.
func canonicalForm(body []byte) string {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return string(body)
	}
	if session.MatchString(form.Get("RoleSessionName")) {
		form.Set("RoleSessionName", "SESSION")
	}
	return form.Encode()
}

// canonical is a body with its keys in order; what is neither JSON nor a form stays as it is.
func canonical(body []byte) string {
	if bytes.HasPrefix(body, []byte("Action=")) {
		return canonicalForm(body)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return string(body)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return string(body)
	}
	return token.ReplaceAllString(string(text), "TOKEN")
}
