package control

import (
	"context"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

// The operations of sinks: where lifecycle events are sent to (docs/spec/55, R-SNK).

func (p *Plane) bindSinks(r *schema.Router) {
	schema.Handle(r, drover.CreateSink, p.CreateSink)
	schema.Handle(r, drover.UpdateSink, p.UpdateSink)
	schema.Handle(r, drover.RotateSinkSecret, p.RotateSinkSecret)
	schema.Handle(r, drover.DescribeSink, p.DescribeSink)
	schema.Handle(r, drover.ListSinks, p.ListSinks)
	schema.Handle(r, drover.DeleteSink, p.DeleteSink)
	schema.Handle(r, drover.ListDeadLetters, p.ListDeadLetters)
	schema.Handle(r, drover.RetryDeadLetters, p.RetryDeadLetters)
	schema.Handle(r, drover.DeleteDeadLetters, p.DeleteDeadLetters)
}

// CreateSink makes a sink. The secret of a webhook is made here unless it is given.
func (p *Plane) CreateSink(
	ctx context.Context, in *drover.CreateSinkRequest,
) (*drover.CreateSinkResponse, error) {
	d := sink.Definition{
		Kind:     sink.Kind(in.Kind),
		URL:      string(in.URL),
		Enabled:  in.Enabled == nil || *in.Enabled,
		Topics:   in.Topics,
		Jobs:     in.Jobs,
		RetryFor: sink.DefaultRetryFor,
	}
	changeSink(&d, sinkMembers{
		in.Subject, in.CA, in.RetryForSeconds, in.Mechanism, in.Username,
	})
	given := sinks.Secrets{
		Credentials: bytesOf(in.Credentials),
		Password:    bytesOf(in.Password),
	}
	out := &drover.CreateSinkResponse{SinkName: in.SinkName}
	var err error
	switch {
	case in.Secret != nil:
		given.Signing, err = sinks.ParseSecret(string(*in.Secret))
	case d.Kind == sink.Webhook:
		given.Signing = sinks.NewSecret()
		out.Secret = new(drover.SinkSecret(sinks.FormatSecret(given.Signing)))
	}
	if err != nil {
		return nil, err
	}
	if _, err := p.Sinks.Create(ctx, string(in.SinkName), d, given); err != nil {
		return nil, err
	}
	out.Warnings, err = p.sinkWarnings(ctx)
	return out, err
}

// sinkMembers are what CreateSink and UpdateSink have in common.
type sinkMembers struct {
	subject   *drover.SinkSubject
	ca        *drover.SinkCA
	retryFor  *drover.RetryForSeconds
	mechanism *drover.SinkMechanism
	username  *drover.SinkUsername
}

// changeSink sets what is given.
func changeSink(d *sink.Definition, m sinkMembers) {
	if m.subject != nil {
		d.Subject = string(*m.subject)
	}
	if m.ca != nil {
		d.CA = string(*m.ca)
	}
	if m.retryFor != nil {
		d.RetryFor = time.Duration(*m.retryFor) * time.Second
	}
	if m.mechanism != nil {
		d.Mechanism = string(*m.mechanism)
	}
	if m.username != nil {
		d.Username = string(*m.username)
	}
}

// bytesOf are the bytes of a text, nil when it is absent; an empty text is not nil.
func bytesOf[T ~string](text *T) []byte {
	if text == nil {
		return nil
	}
	return append([]byte{}, *text...)
}

// UpdateSink changes a sink.
func (p *Plane) UpdateSink(
	ctx context.Context, in *drover.UpdateSinkRequest,
) (*drover.Sink, error) {
	change := func(d *sink.Definition) {
		if in.URL != nil {
			d.URL = string(*in.URL)
		}
		if in.Enabled != nil {
			d.Enabled = *in.Enabled
		}
		if in.Topics != nil {
			d.Topics = in.Topics
		}
		if in.Jobs != nil {
			d.Jobs = in.Jobs
		}
		changeSink(d, sinkMembers{
			in.Subject, in.CA, in.RetryForSeconds, in.Mechanism, in.Username,
		})
	}
	given := sinks.Secrets{Credentials: bytesOf(in.Credentials), Password: bytesOf(in.Password)}
	if _, err := p.Sinks.Update(ctx, string(in.SinkName), change, given); err != nil {
		return nil, err
	}
	return p.DescribeSink(ctx, &drover.DescribeSinkRequest{SinkName: in.SinkName})
}

// RotateSinkSecret gives a webhook a new secret.
func (p *Plane) RotateSinkSecret(
	ctx context.Context, in *drover.RotateSinkSecretRequest,
) (*drover.RotateSinkSecretResponse, error) {
	keep := sink.DefaultPrevious
	if in.KeepPreviousForSeconds != nil {
		keep = time.Duration(*in.KeepPreviousForSeconds) * time.Second
	}
	secret, changed, err := p.Sinks.Rotate(ctx, string(in.SinkName), keep)
	if err != nil {
		return nil, err
	}
	return &drover.RotateSinkSecretResponse{
		Secret:        drover.SinkSecret(sinks.FormatSecret(secret)),
		PreviousUntil: at(changed.Secrets.PreviousUntil),
	}, nil
}

// DescribeSink describes a sink.
func (p *Plane) DescribeSink(
	ctx context.Context, in *drover.DescribeSinkRequest,
) (*drover.Sink, error) {
	found, err := p.Sinks.Describe(ctx, string(in.SinkName))
	if err != nil {
		return nil, err
	}
	warnings, err := p.sinkWarnings(ctx)
	return new(showSink(found, warnings)), err
}

// ListSinks lists sinks by name.
func (p *Plane) ListSinks(
	ctx context.Context, in *drover.ListSinksRequest,
) (*drover.ListSinksResponse, error) {
	warnings, err := p.sinkWarnings(ctx)
	if err != nil {
		return nil, err
	}
	return list(p, drover.ListSinks, in,
		func(after *string, limit int) ([]sinks.Status, error) {
			return p.Sinks.List(ctx, value(after), limit)
		},
		func(s sinks.Status) string { return s.Name },
		func(s sinks.Status) drover.Sink { return showSink(s, warnings) })
}

// DeleteSink deletes a sink.
func (p *Plane) DeleteSink(
	ctx context.Context, in *drover.DeleteSinkRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Sinks.Delete(ctx, string(in.SinkName))
}

// sinkWarnings are what keeps events from every sink (R-SNK-2).
func (p *Plane) sinkWarnings(ctx context.Context) ([]string, error) {
	warnings := []string{}
	c, err := p.Jobs.EventConfigurations(ctx)
	for _, kind := range []string{"JOB", "JOB_EXECUTION"} {
		if !c.Enabled[kind] {
			warnings = append(warnings, "events of the kind "+kind+
				" are off: UpdateEventConfigurations switches them on")
		}
	}
	return warnings, err
}

// showSink shows a sink.
func showSink(s sinks.Status, warnings []string) drover.Sink {
	return drover.Sink{
		SinkName:        drover.SinkName(s.Name),
		Kind:            drover.SinkKind(s.Kind),
		URL:             drover.SinkURL(s.URL),
		Enabled:         s.Enabled,
		Topics:          append(drover.SinkTopics{}, s.Topics...),
		Jobs:            append(drover.SinkJobs{}, s.Jobs...),
		Subject:         optional(drover.SinkSubject(s.Subject)),
		CA:              optional(drover.SinkCA(s.CA)),
		RetryForSeconds: drover.RetryForSeconds(s.RetryFor / time.Second),
		Mechanism:       optional(drover.SinkMechanism(s.Mechanism)),
		Username:        optional(drover.SinkUsername(s.Username)),
		CreatedAt:       schema.At(s.CreatedAt),
		LastModifiedAt:  schema.At(s.UpdatedAt),

		PreviousSecretUntil: at(s.Secrets.PreviousUntil),

		Delivered:          s.Delivered,
		Skipped:            s.Skipped,
		DeadLetters:        int64(s.DeadLetters),
		DroppedDeadLetters: s.Dropped,
		WaitingSince:       at(s.WaitingSince),
		LastDeliveredAt:    at(s.LastDelivered),
		LastError:          optional(s.LastError),
		LastErrorAt:        at(s.LastErrorAt),
		Warnings:           warnings,
	}
}

// ListDeadLetters lists the dead letters of a sink.
func (p *Plane) ListDeadLetters(
	ctx context.Context, in *drover.ListDeadLettersRequest,
) (*drover.ListDeadLettersResponse, error) {
	return list(p, drover.ListDeadLetters, in,
		func(after *int64, limit int) ([]store.DeadLetter, error) {
			return p.Sinks.DeadLetters(ctx, string(in.SinkName), value(after), limit)
		},
		func(d store.DeadLetter) int64 { return d.ID },
		func(d store.DeadLetter) drover.DeadLetter {
			return drover.DeadLetter{
				DeadLetterID: drover.DeadLetterID(d.ID),
				Topic:        d.Event.Topic,
				Payload:      string(d.Event.Payload),
				PublishedAt:  schema.At(d.PublishedAt),
				FailedAt:     schema.At(d.FailedAt),
				Attempts:     int64(d.Attempts),
				Reason:       d.Reason,
				Retrying:     d.Again,
			}
		})
}

// RetryDeadLetters has dead letters sent again.
func (p *Plane) RetryDeadLetters(
	ctx context.Context, in *drover.RetryDeadLettersRequest,
) (*drover.DeadLetterCount, error) {
	n, err := p.Sinks.Resend(ctx, string(in.SinkName), letterIDs(in.DeadLetterIDs))
	return &drover.DeadLetterCount{Count: int64(n)}, err
}

// DeleteDeadLetters deletes dead letters.
func (p *Plane) DeleteDeadLetters(
	ctx context.Context, in *drover.DeleteDeadLettersRequest,
) (*drover.DeadLetterCount, error) {
	n, err := p.Sinks.DeleteDeadLetters(ctx, string(in.SinkName), letterIDs(in.DeadLetterIDs))
	return &drover.DeadLetterCount{Count: int64(n)}, err
}

// letterIDs are the numbers given, nil for none.
func letterIDs(given drover.DeadLetterIDs) (ids []int64) {
	for _, id := range given {
		ids = append(ids, int64(id))
	}
	return ids
}
