package traces

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/commit"
)

// recorded are traces whose spans stay in memory.
func recorded(ratio float64) (*Traces, *tracetest.InMemoryExporter) {
	spans := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(
		sdk.WithSyncer(spans),
		sdk.WithSampler(sampler{sdk.ParentBased(sdk.TraceIDRatioBased(ratio))}),
	)
	return &Traces{
		provider:  provider,
		tracer:    provider.Tracer("test"),
		announced: map[int64]trace.SpanContext{},
	}, spans
}

func names(spans *tracetest.InMemoryExporter) (found []string) {
	for _, s := range spans.GetSpans() {
		found = append(found, s.Name)
	}
	slices.Sort(found)
	return found
}

// made is a commit of requests.
func made(requests ...context.Context) commit.Made {
	at := time.Unix(1000, 0)
	m := commit.Made{
		Began:     at,
		Turn:      at.Add(time.Millisecond),
		Decided:   at.Add(2 * time.Millisecond),
		Ended:     at.Add(3 * time.Millisecond),
		Requests:  len(requests),
		Announced: 7,
	}
	for _, ctx := range requests {
		m.Traced = append(m.Traced, commit.Traced{Context: ctx, Waited: at, Began: at, Decided: at})
	}
	return m
}

// A commit is followed when one of its requests is, however small the ratio, and so is what follows
// from it; otherwise no span is made.
func TestFollowed(t *testing.T) { // R-OBS-12
	t.Parallel()
	traces, spans := recorded(0)
	ask := func(header string) context.Context {
		r := httptest.NewRequest(http.MethodGet, "/jobs?X-Amz-Signature=x", nil)
		if header != "" {
			r.Header.Set("traceparent", header)
		}
		ctx, end := traces.HTTP(r, "ListJobs", "id")
		end("")
		return ctx
	}
	other := ask("")
	notByCaller := ask("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
	traces.Commit(made(other, notByCaller))
	traces.Announced(engine.Announced{ID: 7})
	if got := names(spans); len(got) != 0 {
		t.Errorf("nobody is followed, and there are %q", got)
	}
	byCaller := ask("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	traces.Commit(made(other, byCaller))
	traces.Announced(engine.Announced{ID: 8})
	traces.Announced(engine.Announced{ID: 7})
	traces.Announced(engine.Announced{ID: 7}) // again, after another node was lost
	want := []string{"ListJobs", "announce", "commit", "decide", "decide and write", "sync",
		"wait for the commit", "wait for the turn"}
	if diff := cmp.Diff(want, names(spans)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	spans.Reset()
	failed := made(byCaller)
	failed.Err, failed.Turn, failed.Decided, failed.Announced = errors.New("full"), time.Time{}, time.Time{}, 0
	traces.Commit(failed)
	if diff := cmp.Diff([]string{"commit", "decide", "wait for the commit"}, names(spans)); diff != "" {
		t.Errorf("a commit that failed (-want +got):\n%s", diff)
	}
}

// Commits whose announcements never come are forgotten.
func TestAnnouncementsAreBounded(t *testing.T) { // R-OBS-12
	t.Parallel()
	traces, _ := recorded(1)
	for id := range int64(3 * maxAnnounced) {
		traces.expect(id, trace.SpanContext{})
		if id%2 == 0 {
			traces.Announced(engine.Announced{ID: id})
		}
	}
	if len(traces.announced) > maxAnnounced || len(traces.order) > maxAnnounced {
		t.Errorf("%d and %d are remembered", len(traces.announced), len(traces.order))
	}
}

// A batch is sent again when the other side may take it later, and not when it is refused.
func TestSend(t *testing.T) { // R-OBS-12
	t.Parallel()
	for _, row := range []struct {
		name     string
		statuses []int
		sent     int
	}{
		{"taken", []int{http.StatusOK}, 1},
		{"taken at last", []int{http.StatusServiceUnavailable, http.StatusOK}, 2},
		{"never taken", []int{503, 503, 503, 503}, sendTries},
		{"refused", []int{http.StatusBadRequest, http.StatusOK}, 1},
	} {
		sent := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(row.statuses[sent])
			sent++
		}))
		c := &client{url: s.URL, log: slog.New(slog.DiscardHandler), pause: time.Nanosecond}
		if err := c.UploadTraces(t.Context(), []*otlp.ResourceSpans{{}}); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		s.Close()
		if sent != row.sent {
			t.Errorf("%s: sent %d times, want %d", row.name, sent, row.sent)
		}
	}
}
