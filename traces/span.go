package traces

import (
	"context"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// span makes a span of what is over already.
func (t *Traces) span(
	ctx context.Context, name string, from, to time.Time, more ...trace.SpanStartOption,
) {
	_, span := t.tracer.Start(ctx, name, append(more, trace.WithTimestamp(from))...)
	span.End(trace.WithTimestamp(to))
}

// followedKey is the key of what is followed whatever the ratio says.
type followedKey struct{}

// followed is a context whose spans are made: a commit belongs to no request, and is followed when one
// of its requests is.
func followed(ctx context.Context) context.Context {
	return context.WithValue(ctx, followedKey{}, true)
}

// sampler decides which spans are made.
type sampler struct{ sdk.Sampler }

func (s sampler) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	if p.ParentContext.Value(followedKey{}) != nil {
		return sdk.SamplingResult{Decision: sdk.RecordAndSample}
	}
	return s.Sampler.ShouldSample(p)
}
