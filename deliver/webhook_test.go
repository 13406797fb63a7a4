package deliver

import (
	"context"
	"crypto/hmac"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drover-iot/drover/engine/sinks"
	signing "github.com/drover-iot/drover/internal/webhook"
	"github.com/drover-iot/drover/registry/sink"
)

var message = sinks.Message{ID: "6d2f", Key: "j", Subject: "s.j", Body: []byte(`{"specversion":"1.0"}`)}

// hook starts a TLS server, and returns a target for it whose certificate is trusted.
func hook(t *testing.T, answer http.HandlerFunc) sinks.Target {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	trusted := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	return sinks.Target{
		Definition: sink.Definition{Kind: sink.Webhook, URL: s.URL + "/hook?token=hidden", CA: string(trusted)},
		Signing:    []byte("a secret of the tests, 32 bytes."),
	}
}

// send makes one attempt.
func send(t *testing.T, d Dialer, to sinks.Target) error {
	t.Helper()
	sender, err := d.Dial(to)
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	return sender.Send(t.Context(), message)
}

func TestSigned(t *testing.T) { // R-SNK-5, R-SNK-6
	t.Parallel()
	var got *http.Request
	var body []byte
	to := hook(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	before := time.Now().Unix()
	if err := send(t, Dialer{Version: "1.2"}, to); err != nil {
		t.Fatal(err)
	}
	seconds, err := strconv.ParseInt(got.Header.Get("webhook-timestamp"), 10, 64)
	if err != nil || seconds < before || seconds > time.Now().Unix() {
		t.Errorf("webhook-timestamp: got %d, %v", seconds, err)
	}
	want := signing.Sign(to.Signing, "6d2f", time.Unix(seconds, 0), message.Body)
	for name, want := range map[string]string{
		"webhook-id": "6d2f", "webhook-signature": want,
		"Content-Type": "application/cloudevents+json", "User-Agent": "drover/1.2",
	} {
		if got := got.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got.Method != http.MethodPost || got.RequestURI != "/hook?token=hidden" || string(body) != string(message.Body) {
		t.Errorf("got %s %s %s", got.Method, got.RequestURI, body)
	}

	to.Previous = []byte("the secret before that one.")
	to.Secrets.PreviousUntil = time.Now().Add(time.Hour)
	if err := send(t, Dialer{}, to); err != nil {
		t.Fatal(err)
	}
	both := strings.Fields(got.Header.Get("webhook-signature"))
	if len(both) != 2 || !strings.HasPrefix(both[1], "v1,") || hmac.Equal([]byte(both[0]), []byte(both[1])) {
		t.Errorf("two secrets: got %q", both)
	}
	to.Secrets.PreviousUntil = time.Now().Add(-time.Second)
	if err := send(t, Dialer{}, to); err != nil {
		t.Fatal(err)
	}
	if one := strings.Fields(got.Header.Get("webhook-signature")); len(one) != 1 {
		t.Errorf("after its time: got %q", one)
	}
}

// The example of the Standard Webhooks specification.
func TestSignatureOfTheSpecification(t *testing.T) { // R-SNK-5
	t.Parallel()
	secret, err := sinks.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := signing.Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnswers(t *testing.T) { // R-SNK-7, R-SNK-8
	t.Parallel()
	for _, tt := range []struct {
		status int
		header string // Retry-After
		want   string // the refusal; empty: delivered
	}{
		{200, "", ""}, {204, "", ""}, {299, "", ""},
		{301, "", "final"}, {307, "", "final"}, {400, "", "final"}, {401, "", "final"},
		{404, "", "final"}, {410, "", "final"}, {413, "", "final"}, {422, "", "final"},
		{408, "", "again"}, {425, "", "again"}, {429, "7", "again after 7s"},
		{500, "", "again"}, {502, "", "again"}, {503, "120", "again after 2m0s"},
		{503, "-1", "again"}, {503, "soon", "again"},
	} {
		var asked atomic.Int64
		to := hook(t, func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.Header().Set("Location", "/elsewhere")
			if tt.header != "" {
				w.Header().Set("Retry-After", tt.header)
			}
			w.WriteHeader(tt.status)
		})
		err := send(t, Dialer{}, to)
		got := ""
		var refusal *sinks.Refusal
		switch {
		case errors.As(err, &refusal) && refusal.Final:
			got = "final"
		case errors.As(err, &refusal):
			got = "again"
			if refusal.After > 0 {
				got = fmt.Sprint("again after ", refusal.After)
			}
		case err != nil:
			t.Errorf("%d: %v", tt.status, err)
		}
		if got != tt.want || asked.Load() != 1 {
			t.Errorf("%d %q: got %q after %d requests, want %q", tt.status, tt.header, got, asked.Load(), tt.want)
		}
	}
}

func TestRetryAfterDate(t *testing.T) { // R-SNK-8
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		at.Add(time.Minute).Format(http.TimeFormat): time.Minute, at.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(text, at); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// What breaks is tried again, and says nothing of the URL.
func TestBroken(t *testing.T) { // R-SNK-7, R-SNK-14
	t.Parallel()
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	silent := hook(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-over:
		case <-r.Context().Done():
		}
	})
	closes := hook(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	half := hook(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	untrusted := hook(t, func(http.ResponseWriter, *http.Request) {})
	untrusted.CA = ""
	refuses := closes
	refuses.URL = "https://127.0.0.1:1/hook?token=hidden"
	for name, to := range map[string]sinks.Target{
		"silent": silent, "closes": closes, "half": half, "untrusted": untrusted, "refuses": refuses,
	} {
		err := send(t, Dialer{Attempt: 300 * time.Millisecond}, to)
		var refusal *sinks.Refusal
		if err == nil || errors.As(err, &refusal) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Addresses at which a cloud keeps credentials are refused, however they are named.
func TestRefusedAddress(t *testing.T) { // R-SNK-13
	t.Parallel()
	for _, url := range []string{"https://169.254.169.254/latest", "https://[fe80::1]/", "https://0.0.0.0/"} {
		to := sinks.Target{Definition: sink.Definition{Kind: sink.Webhook, URL: url}, Signing: []byte("s")}
		if err := send(t, Dialer{}, to); err == nil || !strings.Contains(err.Error(), "are refused") {
			t.Errorf("%s: got %v", url, err)
		}
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	to := hook(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(begun)
		<-r.Context().Done()
	})
	sender, err := Dialer{}.Dial(to)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	if err := sender.Send(ctx, message); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
