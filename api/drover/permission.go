package drover

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

type ExplainPermissionRequest struct {
	// The certificate with which the client connects.
	CertificateID iot.CertificateID `json:"certificateId" required:"true"`
	// The MQTT client id with which it connects.
	ClientID string `json:"clientId" required:"true"`
	// What the client does: CONNECT, PUBLISH, SUBSCRIBE or RECEIVE.
	Action iot.AuthAction `json:"action" required:"true"`
	// The topic, or the filter with SUBSCRIBE, or the client id with CONNECT: no ARN.
	Resource string `json:"resource" required:"true"`
}

type ExplainPermissionResponse struct {
	Decision iot.AuthDecision `json:"decision"`
	// Why it was decided so: the statement that allows or denies it, or the policies that say nothing
	// and the variables without a value. It is for people.
	Text string `json:"text"`
}

// Says whether a client may do something over MQTT, and by which statement of which policy. The same
// code decides as for a client that is connected (R-ID-65).
var ExplainPermission = schema.Op[ExplainPermissionRequest, ExplainPermissionResponse]{
	Name: "ExplainPermission", Route: "POST /_drover/permission",
	Role:   schema.Viewer,
	Errors: jobErrors(),
}
