package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// The operations that configure which kinds of lifecycle event are published. All kinds of the
// API can be configured (R-EVT-2), also those of which no event is ever published here.

func (p *Plane) bindEvents(r *schema.Router) {
	schema.Handle(r, iot.DescribeEventConfigurations, p.DescribeEventConfigurations)
	schema.Handle(r, iot.UpdateEventConfigurations, p.UpdateEventConfigurations)
}

// DescribeEventConfigurations shows every kind of event, enabled or not (R-EVT-1). The dates are
// absent until something was configured.
func (p *Plane) DescribeEventConfigurations(
	ctx context.Context, _ *schema.Nothing,
) (*iot.DescribeEventConfigurationsResponse, error) {
	c, err := p.Jobs.EventConfigurations(ctx)
	if err != nil {
		return nil, err
	}
	shown := iot.EventConfigurations{}
	for _, kind := range iot.EventKinds() {
		shown[kind] = iot.Configuration{Enabled: new(c.Enabled[kind])}
	}
	return &iot.DescribeEventConfigurationsResponse{
		EventConfigurations: shown,
		CreationDate:        at(c.CreatedAt),
		LastModifiedDate:    at(c.ModifiedAt),
	}, nil
}

// UpdateEventConfigurations enables and disables kinds of event. A kind that the request does not
// have, or that has no Enabled in it, stays as it is.
func (p *Plane) UpdateEventConfigurations(
	ctx context.Context, in *iot.UpdateEventConfigurationsRequest,
) (*schema.Nothing, error) {
	enabled := map[string]bool{}
	for kind, c := range in.EventConfigurations {
		if c.Enabled != nil {
			enabled[kind] = *c.Enabled
		}
	}
	return &schema.Nothing{}, p.Jobs.UpdateEventConfigurations(ctx, enabled)
}
