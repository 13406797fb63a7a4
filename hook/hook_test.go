package hook

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/webhook"
)

type asked struct {
	Token string `json:"token"`
}

type said struct {
	Allowed bool `json:"allowed"`
	Seconds int  `json:"seconds"`
}

// server answers hooks by TLS; the caller trusts it.
func server(t *testing.T, handle http.HandlerFunc, change func(*Options)) (*Caller, string) {
	t.Helper()
	s := httptest.NewTLSServer(handle)
	t.Cleanup(s.Close)
	o := Options{
		Timeout:     5 * time.Second,
		Version:     "1",
		Authorities: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}),
	}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c, s.URL + "/may?key=secret-part"
}

func TestCall(t *testing.T) { // R-HOOK-2, R-HOOK-4
	t.Parallel()
	secret := []byte("a secret of at least 24 bytes")
	c, url := server(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var got asked
		if err != nil || json.Unmarshal(body, &got) != nil || got.Token != "t1" {
			t.Errorf("asked %s, %v", body, err)
		}
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" ||
			r.Header.Get("User-Agent") != "drover/1" {
			t.Errorf("got %s %v", r.Method, r.Header)
		}
		seconds, err := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64)
		want := webhook.Sign(secret, r.Header.Get("webhook-id"), time.Unix(seconds, 0), body)
		if err != nil || r.Header.Get("webhook-signature") != want {
			t.Errorf("signed %v, want %s", r.Header, want)
		}
		_, _ = io.WriteString(w, `{"allowed": true, "seconds": 7, "more": {}}`)
	}, func(o *Options) { o.Secret = secret })
	var got said
	if err := c.Call(t.Context(), url, asked{"t1"}, &got); err != nil || got != (said{true, 7}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// What is no answer is an error that has nothing of the URL, the question and the answer.
func TestNoAnswer(t *testing.T) { // R-HOOK-1 to R-HOOK-3, R-HOOK-5
	t.Parallel()
	for _, tt := range []struct {
		name, want string
		handle     http.HandlerFunc
		change     func(*Options)
	}{
		{"not 200", "answered 204 No Content, not 200",
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, nil},
		{"a redirect", "answered 302 Found, not 200",
			func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) }, nil},
		{"no JSON", "the answer cannot be read: it is no JSON",
			func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answer-part") }, nil},
		{"another type", "the answer cannot be read: seconds is of the wrong type: string",
			func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"seconds": "answer-part"}`) }, nil},
		{"no object", "the answer cannot be read: it is of the wrong type: array",
			func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `[]`) }, nil},
		{"too long", "the answer has more than 262144 bytes",
			func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, `"`+strings.Repeat("a", maxAnswer)+`"`)
			}, nil},
		{"late", "deadline exceeded",
			func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // the end of the connection is seen only then
				<-r.Context().Done()
			},
			func(o *Options) { o.Timeout = 100 * time.Millisecond }},
		{"a stranger", "certificate",
			func(http.ResponseWriter, *http.Request) { t.Error("was asked") },
			func(o *Options) { o.Authorities = nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, url := server(t, tt.handle, tt.change)
			var got said
			err := c.Call(t.Context(), url, asked{"question-part"}, &got)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			if strings.Contains(err.Error(), "-part") {
				t.Errorf("says too much: %v", err)
			}
		})
	}
	c, _ := server(t, nil, nil)
	if err := c.Call(t.Context(), "https://169.254.169.254/", asked{}, &said{}); err == nil ||
		!strings.Contains(err.Error(), "are refused") {
		t.Errorf("a link-local address: got %v", err)
	}
}

// At most MaxCalls are under way; the next waits for a turn, and no longer than a call may take.
func TestTurns(t *testing.T) { // R-HOOK-3
	t.Parallel()
	var under, most atomic.Int64
	full, release := make(chan struct{}), make(chan struct{})
	c, url := server(t, func(w http.ResponseWriter, _ *http.Request) {
		now := under.Add(1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		if now == MaxCalls {
			close(full)
		}
		<-release
		under.Add(-1)
		_, _ = io.WriteString(w, "{}")
	}, nil)
	failures := make(chan error, MaxCalls)
	for range MaxCalls {
		go func() { failures <- c.Call(t.Context(), url, asked{}, &said{}) }()
	}
	<-full
	impatient := *c
	impatient.timeout = 50 * time.Millisecond
	err := impatient.Call(t.Context(), url, asked{}, &said{})
	if err == nil || !strings.Contains(err.Error(), "64 calls of hooks are under way") {
		t.Errorf("one more: got %v", err)
	}
	close(release)
	for range MaxCalls {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	if most.Load() != MaxCalls {
		t.Errorf("%d at once", most.Load())
	}
}
