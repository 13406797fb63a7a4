package client_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/client"
)

// recorder is a server that notes what it was sent and answers from a list.
type recorder struct {
	*httptest.Server
	mu      sync.Mutex
	sent    []string // METHOD URI BODY
	headers []http.Header
	answers []answer // one for each request; the last answers all that follow
}

type answer struct {
	status    int
	exception string // in the header
	body      string
}

// record starts a server with answers.
func record(t *testing.T, answers ...answer) *recorder {
	t.Helper()
	r := &recorder{answers: answers}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.sent = append(r.sent, strings.TrimSpace(q.Method+" "+q.RequestURI+" "+string(body)))
		r.headers = append(r.headers, q.Header.Clone())
		a := r.answers[min(len(r.sent), len(r.answers))-1]
		if a.exception != "" {
			w.Header().Set("x-amzn-ErrorType", a.exception)
		}
		w.Header().Set("x-amzn-RequestId", "r-1")
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(r.Close)
	return r
}

var key = client.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}

// client returns a client of the recorder that waits no real time.
func (r *recorder) client(options ...client.Option) *client.Client {
	return client.New(r.URL, key, append([]client.Option{client.Wait(noWait)}, options...)...)
}

func noWait(context.Context, time.Duration) error { return nil }
