package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// Which endpoint: iot:Data-ATS (the default), iot:Data or iot:Jobs (R-HTTP-36).
type EndpointType string

func (EndpointType) Constraint() schema.Constraint {
	return schema.Length(0, 128).Matching(`[\s\S]*`)
}

type DescribeEndpointRequest struct {
	EndpointType *EndpointType `json:"endpointType" in:"query"`
}

type DescribeEndpointResponse struct {
	// A host name: no scheme, no path, no port (R-HTTP-37).
	EndpointAddress string `json:"endpointAddress"`
}

// Gives the host name that devices connect to.
var DescribeEndpoint = schema.Op[DescribeEndpointRequest, DescribeEndpointResponse]{
	Name: "DescribeEndpoint", Route: "GET /endpoint",
	Role:   schema.Viewer,
	Errors: schema.Errors(api.InternalFailure, api.InvalidRequest, api.Unauthorized, api.Throttling),
}
