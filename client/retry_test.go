package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
)

type duration = time.Duration

// What is tried again, and how often.
func TestRetries(t *testing.T) {
	t.Parallel()
	ok := answer{200, "", "{}"}
	for _, row := range []struct {
		name     string
		answers  []answer
		attempts int // of the client; 0 for the default
		requests int
		failed   error
	}{
		{"success", []answer{ok}, 0, 1, nil},
		{"503 once", []answer{{503, "ServiceUnavailableException", "{}"}, ok}, 0, 2, nil},
		{"500 and 502", []answer{{500, "", "oops"}, {502, "", ""}, ok}, 0, 3, nil},
		{"throttled on the control plane", []answer{{400, "ThrottlingException", "{}"}, ok}, 0, 2, nil},
		{"throttled on the device plane", []answer{{429, "", "{}"}, ok}, 0, 2, nil},
		{"always busy", []answer{{503, "ServiceUnavailableException", "{}"}}, 0, 3, api.ServiceUnavailable},
		{"five attempts", []answer{{503, "ServiceUnavailableException", "{}"}}, 5, 5, api.ServiceUnavailable},
		{"one attempt", []answer{{503, "ServiceUnavailableException", "{}"}}, 1, 1, api.ServiceUnavailable},
		{"not found", []answer{{404, "ResourceNotFoundException", "{}"}, ok}, 0, 1, api.ResourceNotFound},
		{"a limit", []answer{{410, "LimitExceededException", "{}"}, ok}, 0, 1, api.LimitExceeded},
		{"499", []answer{{499, "InvalidRequestException", "{}"}, ok}, 0, 1, api.InvalidRequest},
	} {
		r := record(t, row.answers...)
		var waited []duration
		options := []client.Option{client.Wait(func(_ context.Context, d duration) error {
			waited = append(waited, d)
			return nil
		})}
		if row.attempts > 0 {
			options = append(options, client.Attempts(row.attempts))
		}
		_, err := client.Call(t.Context(), r.client(options...), iot.ListJobs, nil)
		if len(r.sent) != row.requests || len(waited) != row.requests-1 || !errors.Is(err, row.failed) {
			t.Errorf("%s: %d requests, %d pauses, %v; want %d requests, %v",
				row.name, len(r.sent), len(waited), err, row.requests, row.failed)
		}
		if row.failed == nil && err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// A connection that breaks is tried again; a server that is not trusted, or answers with too
// much, is not.
func TestConnections(t *testing.T) {
	t.Parallel()
	var broken, large, secure atomic.Int32
	breaks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if broken.Add(1) < 3 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(breaks.Close)
	floods := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		large.Add(1)
		for block := make([]byte, 1<<20); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	t.Cleanup(floods.Close)
	untrusted := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		secure.Add(1)
	}))
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)

	for _, row := range []struct {
		name, url string
		pauses    int
		failed    func(error) bool
	}{
		{"breaks twice", breaks.URL, 2, func(err error) bool { return err == nil }},
		{"floods", floods.URL, 0, func(err error) bool { return errors.Is(err, client.ErrAnswerTooLarge) }},
		{"untrusted", untrusted.URL, 0, client.Untrusted},
		{"nobody", "http://127.0.0.1:1", 2, func(err error) bool { return err != nil }},
	} {
		pauses := 0
		c := client.New(row.url, key, client.Wait(func(context.Context, duration) error {
			pauses++
			return nil
		}))
		if _, err := client.Call(t.Context(), c, iot.ListJobs, nil); !row.failed(err) || pauses != row.pauses {
			t.Errorf("%s: %v after %d pauses, want %d", row.name, err, pauses, row.pauses)
		}
	}
	if large.Load() != 1 || secure.Load() != 0 {
		t.Errorf("%d floods and %d untrusted requests", large.Load(), secure.Load())
	}
}

// A context that ends stops a call while it waits, and before it tries again.
func TestContext(t *testing.T) {
	t.Parallel()
	busy := answer{503, "ServiceUnavailableException", "{}"}
	r := record(t, busy)
	ctx, cancel := context.WithCancel(t.Context())
	c := r.client(client.Wait(func(ctx context.Context, _ duration) error {
		cancel()
		return ctx.Err()
	}))
	_, err := client.Call(ctx, c, iot.ListJobs, nil)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, api.ServiceUnavailable) || len(r.sent) != 1 {
		t.Errorf("canceled while waiting: %v after %d requests", err, len(r.sent))
	}
	_, err = client.Call(ctx, c, iot.ListJobs, nil)
	if !errors.Is(err, context.Canceled) || len(r.sent) != 1 {
		t.Errorf("canceled before: %v after %d requests", err, len(r.sent))
	}
}

// Pauses grow to 20 s and are random below that.
func TestBackoff(t *testing.T) {
	t.Parallel()
	for n, longest := range map[int]duration{
		0: time.Second, 1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second,
		5: 16 * time.Second, 6: 20 * time.Second, 99: 20 * time.Second,
	} {
		seen, most := map[duration]bool{}, duration(0)
		for range 100 {
			d := client.Backoff(n)
			seen[d], most = true, max(most, d)
			if d < 0 || d >= longest {
				t.Errorf("after attempt %d: %v is not below %v", n, d, longest)
			}
		}
		if len(seen) < 90 || most < longest/2 {
			t.Errorf("after attempt %d: %d pauses of 100 differ, the longest is %v", n, len(seen), most)
		}
	}
}

// Sleep waits as long as it should, or until its context ends.
func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := client.Sleep(t.Context(), time.Minute); err != nil || time.Since(start) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := client.Sleep(ctx, time.Hour)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute+time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// A request is described once: a call allocates for the request and its answer only.
func BenchmarkCall(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.Copy(w, bytes.NewReader([]byte(`{"jobs":[]}`)))
	}))
	defer server.Close()
	c := client.New(server.URL, key)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.Call(b.Context(), c, iot.ListJobs, nil); err != nil {
			b.Fatal(err)
		}
	}
}
