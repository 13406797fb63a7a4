package api_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

func TestFaces(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		rule    string
		code    fault.Code
		control api.Answer
		device  api.Answer
		mqtt    api.RejectionCode
	}{
		{"R-ERR-1", fault.Invalid, api.Answer{"InvalidRequestException", 400}, api.Answer{"InvalidRequestException", 400}, "InvalidRequest"},
		{"R-MQTT-7", fault.Malformed, api.Answer{"InvalidRequestException", 400}, api.Answer{"InvalidRequestException", 400}, "InvalidJson"},
		{"R-ERR-1", fault.Limit, api.Answer{"LimitExceededException", 410}, api.Answer{"LimitExceededException", 410}, "InvalidRequest"},
		{"R-ERR-1", fault.Throttled, api.Answer{"ThrottlingException", 400}, api.Answer{"ThrottlingException", 429}, "RequestThrottled"},
		{"R-ERR-1", fault.BadTransition, api.Answer{"InvalidStateTransitionException", 409}, api.Answer{"InvalidStateTransitionException", 409}, "InvalidStateTransition"},
		{"R-HTTP-28", fault.VersionDiffers, api.Answer{"VersionConflictException", 409}, api.Answer{"VersionMismatchException", 409}, "VersionMismatch"},
		{"R-HTTP-15", fault.Terminal, api.Answer{"InvalidStateTransitionException", 409}, api.Answer{"TerminalStateException", 410}, "TerminalStateReached"},
		{"R-HTTP-27", fault.Forbidden, api.Answer{"AccessDeniedException", 403}, api.Answer{"ForbiddenException", 403}, "InvalidRequest"},
		{"R-HTTP-7", fault.TooLarge, api.Answer{"InvalidRequestException", 400}, api.Answer{"InvalidRequestException", 413}, "InvalidRequest"},
		{"R-HTTP-31", fault.WrongMethod, api.Answer{"UnknownOperationException", 404}, api.Answer{"UnknownOperationException", 405}, "InvalidTopic"},
		{"R-WIRE-25", fault.UnknownOperation, api.Answer{"UnknownOperationException", 404}, api.Answer{"UnknownOperationException", 404}, "InvalidTopic"},
		{"R-ERR-6", fault.Expired, api.Answer{"RequestExpired", 400}, api.Answer{"RequestExpired", 400}, "InvalidRequest"},
		{"R-ID-18", fault.CertificateState, api.Answer{"CertificateStateException", 406}, api.Answer{"CertificateStateException", 406}, "InvalidRequest"},
	} {
		err := fmt.Errorf("in some use case: %w", fault.New(row.code, "why"))
		if got := api.OnControl(iot.CreateJob.Describe(), err); got != row.control {
			t.Errorf("%s: %s on the control plane: got %v, want %v", row.rule, row.code, got, row.control)
		}
		if got := api.OnDevice(err); got != row.device {
			t.Errorf("%s: %s on the device plane: got %v, want %v", row.rule, row.code, got, row.device)
		}
		if got := api.OnMQTT(err); got != row.mqtt {
			t.Errorf("%s: %s over MQTT: got %v, want %v", row.rule, row.code, got, row.mqtt)
		}
	}
}

// Failures of the server take the exception that the operation lists (R-ERR-7), and leak nothing.
func TestUnexpected(t *testing.T) {
	t.Parallel()
	broken, down := errors.New("disk full at /secret"), fault.New(fault.Unavailable, "shutting down")
	for _, row := range []struct {
		op     schema.Operation
		err    error
		name   schema.Exception
		status int
	}{
		{iot.CreateJob, broken, "ServiceUnavailableException", 503},
		{iot.CreateJobTemplate, broken, "InternalFailureException", 500},
		{iot.TagResource, broken, "InternalFailureException", 500},
		{iot.ListManagedJobTemplates, broken, "InternalServerException", 500},
		{iot.CreateThing, broken, "InternalFailureException", 500},
		{iot.CreateThing, down, "ServiceUnavailableException", 503},
		{iot.CreateThingGroup, down, "InternalFailureException", 500},
	} {
		d := row.op.Describe()
		if got := api.OnControl(d, row.err); got.Exception != row.name || got.Status != row.status {
			t.Errorf("R-ERR-7: %s, %v: got %v, want %s %d", d.Name, row.err, got, row.name, row.status)
		}
	}
	if got := api.OnDevice(broken); got.Exception != api.ServiceUnavailable || got.Status != 503 {
		t.Errorf("R-HTTP-27: got %v", got)
	}
	if got := api.OnMQTT(broken); got != api.CodeInternal {
		t.Errorf("R-MQTT-26: got %v", got)
	}
	if got := api.Message(broken); got != "internal error" {
		t.Errorf("R-ERR-5: the message is %q", got)
	}
}
