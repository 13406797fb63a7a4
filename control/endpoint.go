package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
)

// DescribeEndpoint answers the host that clients connect to: a bare name, always the same
// (R-HTTP-36, R-HTTP-37). The kinds of endpoint that the service has and this server has not are
// refused in other words than those that do not exist.
func (p *Plane) DescribeEndpoint(
	_ context.Context, in *iot.DescribeEndpointRequest,
) (*iot.DescribeEndpointResponse, error) {
	switch kind := value(in.EndpointType); kind {
	case "", "iot:Data", "iot:Data-ATS":
		return &iot.DescribeEndpointResponse{EndpointAddress: p.DataHost}, nil
	case "iot:Jobs":
		return &iot.DescribeEndpointResponse{EndpointAddress: p.JobsHost}, nil
	case "iot:CredentialProvider", "iot:DeviceAdvisor", "iot:Data-Beta":
		return nil, fault.New(fault.Invalid,
			"endpointType: %s is not offered by Drover, so it has no endpoint", kind)
	default:
		return nil, fault.New(fault.Invalid,
			"endpointType: %q is not one of iot:Data-ATS, iot:Data, iot:Jobs", kind)
	}
}
