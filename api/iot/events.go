package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// Which lifecycle events are published, by kind.
type EventConfigurations map[string]Configuration

func (EventConfigurations) Constraint() schema.Constraint {
	return schema.Constraint{}.Keys(schema.Enum(EventKinds()...))
}

// EventKinds lists the kinds of lifecycle event that can be switched (R-EVT-2).
func EventKinds() []string {
	return []string{
		"THING", "THING_GROUP", "THING_TYPE", "THING_GROUP_MEMBERSHIP", "THING_GROUP_HIERARCHY", "THING_TYPE_ASSOCIATION",
		"JOB", "JOB_EXECUTION", "POLICY", "CERTIFICATE", "CA_CERTIFICATE",
	}
}

// Whether a kind of event is published. The member is capitalised on the wire.
type Configuration struct {
	Enabled *bool `json:"Enabled"`
}

type DescribeEventConfigurationsResponse struct {
	EventConfigurations EventConfigurations `json:"eventConfigurations"`
	CreationDate        *schema.Timestamp   `json:"creationDate"`
	LastModifiedDate    *schema.Timestamp   `json:"lastModifiedDate"`
}

// Shows which events are published.
var DescribeEventConfigurations = schema.Op[schema.Nothing, DescribeEventConfigurationsResponse]{
	Name: "DescribeEventConfigurations", Route: "GET /event-configurations",
	Role:   schema.Viewer,
	Errors: schema.Errors(api.InternalFailure, api.Throttling),
}

type UpdateEventConfigurationsRequest struct {
	EventConfigurations EventConfigurations `json:"eventConfigurations"`
}

// Sets which events are published; kinds that are not named stay as they are.
var UpdateEventConfigurations = schema.Op[UpdateEventConfigurationsRequest, schema.Nothing]{
	Name: "UpdateEventConfigurations", Route: "PATCH /event-configurations",
	Role:   schema.Admin,
	Change: schema.Changes("configuration/events", DescribeEventConfigurations),
	Errors: groupErrors(),
}
