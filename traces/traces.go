package traces

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/commit"
)

// Config is where spans go.
type Config struct {
	// Endpoint is the URL that takes them, such as http://127.0.0.1:4318/v1/traces.
	Endpoint string
	// Ratio is the part of the requests that is followed, 0 to 1. A request whose caller follows it is
	// followed, too.
	Ratio float64
	// Version is that of the server, Instance tells it from others.
	Version, Instance string
	Log               *slog.Logger
}

// Traces follows the requests of one server. Its methods may be called concurrently.
type Traces struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	callers  propagation.TraceContext

	mu        sync.Mutex
	announced map[int64]trace.SpanContext // commits whose announcements are not made yet; by their ids
	order     []int64                     // of announced, oldest first
}

// maxAnnounced is how many commits wait for their announcements at the most; the oldest is forgotten.
const maxAnnounced = 1024

// New returns traces that go to an endpoint.
func New(ctx context.Context, c Config) (*Traces, error) {
	exporter, err := otlptrace.New(ctx, &client{url: c.Endpoint, log: c.Log, pause: sendPause})
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	provider := sdk.NewTracerProvider(
		sdk.WithBatcher(exporter), // what comes too fast is dropped
		sdk.WithSampler(sampler{sdk.ParentBased(sdk.TraceIDRatioBased(c.Ratio))}),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "drover"),
			attribute.String("service.version", c.Version),
			attribute.String("service.instance.id", c.Instance),
		)),
	)
	return &Traces{
		provider:  provider,
		tracer:    provider.Tracer("github.com/drover-iot/drover"),
		announced: map[int64]trace.SpanContext{},
	}, nil
}

// Shutdown sends what was not sent yet, as long as ctx lasts.
func (t *Traces) Shutdown(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// HTTP begins the span of a request. It goes on a trace that the caller has begun (traceparent).
// operation is empty when there is none. end is called with the exception, empty for none.
func (t *Traces) HTTP(
	r *http.Request, operation, requestID string,
) (context.Context, func(exception string)) {
	ctx := t.callers.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	name := operation
	if name == "" {
		name = r.Method
	}
	return t.begin(ctx, name,
		attribute.String("http.request.method", r.Method),
		attribute.String("url.path", r.URL.Path), // without the query, in which there may be a signature
		attribute.String("drover.request_id", requestID),
	)
}

// MQTT begins the span of a request that a device has published.
func (t *Traces) MQTT(
	ctx context.Context, operation, topic string, connection uint64,
) (context.Context, func(code string)) {
	return t.begin(ctx, operation,
		attribute.String("messaging.system", "mqtt"),
		attribute.String("messaging.destination.name", topic),
		attribute.Int64("drover.connection", int64(connection)),
	)
}

func (t *Traces) begin(
	ctx context.Context, name string, attributes ...attribute.KeyValue,
) (context.Context, func(string)) {
	ctx, span := t.tracer.Start(ctx, name,
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...))
	return ctx, func(refused string) {
		if refused != "" {
			span.SetAttributes(attribute.String("error.type", refused))
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Commit makes the spans of a commit: one of its own, with its phases, and for each request that is
// followed how long it waited and how long it was decided, which have links to the commit.
func (t *Traces) Commit(made commit.Made) {
	var links []trace.Link
	for _, one := range made.Traced {
		if of := trace.SpanContextFromContext(one.Context); of.IsSampled() {
			links = append(links, trace.Link{SpanContext: of})
		}
	}
	if len(links) == 0 {
		return
	}
	ctx, span := t.tracer.Start(followed(context.Background()), "commit",
		trace.WithTimestamp(made.Began), trace.WithLinks(links...), trace.WithAttributes(
			attribute.Int("drover.commit.requests", made.Requests),
			attribute.Int("drover.commit.rows", made.Rows),
		))
	if made.Err == nil {
		t.span(ctx, "wait for the turn", made.Began, made.Turn)
		t.span(ctx, "decide and write", made.Turn, made.Decided)
		t.span(ctx, "sync", made.Decided, made.Ended)
	} else {
		span.SetStatus(codes.Error, made.Err.Error())
	}
	span.End(trace.WithTimestamp(made.Ended))
	link := trace.WithLinks(trace.Link{SpanContext: span.SpanContext()})
	for _, one := range made.Traced {
		if trace.SpanContextFromContext(one.Context).IsSampled() {
			t.span(one.Context, "wait for the commit", one.Waited, one.Began, link)
			t.span(one.Context, "decide", one.Began, one.Decided, link)
		}
	}
	if made.Announced != 0 {
		t.expect(made.Announced, span.SpanContext())
	}
}

// Announced makes the span of an announcement, below that of its commit.
func (t *Traces) Announced(a engine.Announced) {
	t.mu.Lock()
	of, known := t.announced[a.ID]
	delete(t.announced, a.ID)
	t.mu.Unlock()
	if !known {
		return
	}
	ctx := trace.ContextWithSpanContext(context.Background(), of)
	t.span(ctx, "announce", a.Began, a.Ended, trace.WithAttributes(
		attribute.Int("drover.notices", a.Notices), attribute.Int("drover.events", a.Events)))
}

// expect remembers the commit of an announcement until that is made.
func (t *Traces) expect(id int64, of trace.SpanContext) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.order) == maxAnnounced {
		delete(t.announced, t.order[0])
		t.order = t.order[1:]
	}
	t.announced[id] = of
	t.order = append(t.order, id)
}
