package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

func (p *Plane) bindEvents(r *schema.Router) {
	schema.Handle(r, iot.DescribeEventConfigurations, p.DescribeEventConfigurations)
	schema.Handle(r, iot.UpdateEventConfigurations, p.UpdateEventConfigurations)
}

// DescribeEventConfigurations shows every kind of event, on or off (R-EVT-1).
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

// UpdateEventConfigurations switches kinds of event on and off. A kind without Enabled stays as it is.
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
