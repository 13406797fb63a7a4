package api

import (
	"net/http"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

// An Answer is how a refused request is answered over HTTP.
type Answer struct {
	Exception schema.Exception
	Status    int // of HTTP
}

// A RejectionCode is the code member of a rejected MQTT payload.
type RejectionCode string

// The nine codes that clients know (R-MQTT-26).
const (
	CodeInvalidTopic      RejectionCode = "InvalidTopic"
	CodeInvalidJSON       RejectionCode = "InvalidJson"
	CodeInvalidRequest    RejectionCode = "InvalidRequest"
	CodeNotFound          RejectionCode = "ResourceNotFound"
	CodeTerminal          RejectionCode = "TerminalStateReached"
	CodeInvalidTransition RejectionCode = "InvalidStateTransition"
	CodeVersionMismatch   RejectionCode = "VersionMismatch"
	CodeThrottled         RejectionCode = "RequestThrottled"
	CodeInternal          RejectionCode = "InternalError"
)

// face is one row: a fault, and how each plane shows it. A version that differs from the expected
// one is 409 VersionConflictException to an operator, 409 VersionMismatchException to a device
// over HTTP, and VersionMismatch over MQTT.
type face struct {
	code    fault.Code
	control schema.Exception // control plane; its status is Status(control)
	device  Answer           // device plane over HTTP; the zero Answer: as on the control plane
	mqtt    RejectionCode    // device plane over MQTT
}

// faces is the one table from faults to what callers see. A fault that cannot arise on a plane
// still has a face there, so that no slip turns into a broken answer.
var faces = []face{
	{fault.Invalid, InvalidRequest, Answer{}, CodeInvalidRequest},
	{fault.Malformed, InvalidRequest, Answer{}, CodeInvalidJSON},
	{fault.TooLarge, InvalidRequest, Answer{InvalidRequest, http.StatusRequestEntityTooLarge}, CodeInvalidRequest},
	{fault.InvalidTopic, InvalidRequest, Answer{}, CodeInvalidTopic},
	{fault.NotFound, ResourceNotFound, Answer{}, CodeNotFound},
	{fault.Exists, ResourceAlreadyExists, Answer{}, CodeInvalidRequest},
	{fault.Conflict, Conflict, Answer{}, CodeInvalidRequest},
	{fault.BadTransition, InvalidTransition, Answer{}, CodeInvalidTransition},
	{fault.Terminal, InvalidTransition, Answer{TerminalState, http.StatusGone}, CodeTerminal},
	{fault.VersionDiffers, VersionConflict, Answer{VersionMismatch, http.StatusConflict}, CodeVersionMismatch},
	{fault.Limit, LimitExceeded, Answer{}, CodeInvalidRequest},
	{fault.Throttled, Throttling, Answer{Throttling, http.StatusTooManyRequests}, CodeThrottled},
	{fault.Forbidden, AccessDenied, Answer{Forbidden, http.StatusForbidden}, CodeInvalidRequest},
	{fault.Unauthorized, Unauthorized, Answer{Forbidden, http.StatusForbidden}, CodeInvalidRequest},
	{fault.NoCredentials, MissingAuthentication, Answer{}, CodeInvalidRequest},
	{fault.UnknownKey, UnrecognizedClient, Answer{}, CodeInvalidRequest},
	{fault.BadSignature, InvalidSignature, Answer{}, CodeInvalidRequest},
	{fault.Expired, RequestExpired, Answer{}, CodeInvalidRequest},
	{fault.Unavailable, ServiceUnavailable, Answer{}, CodeInternal},
	{fault.Undeliverable, ServiceUnavailable, Answer{}, CodeInternal},
	{fault.DeleteConflict, DeleteConflict, Answer{}, CodeInvalidRequest},
	{fault.CertificateState, CertificateState, Answer{}, CodeInvalidRequest},
	{fault.CertificateInvalid, CertificateValidation, Answer{}, CodeInvalidRequest},
	{fault.CertificateTaken, CertificateConflict, Answer{}, CodeInvalidRequest},
	{fault.RegistrationFailed, RegistrationFailure, Answer{}, CodeInvalidRequest},
	{fault.RegistrationCode, RegistrationCode, Answer{}, CodeInvalidRequest},
	{fault.MalformedPolicy, MalformedPolicy, Answer{}, CodeInvalidRequest},
	{fault.VersionsLimit, VersionsLimitExceeded, Answer{}, CodeInvalidRequest},
	{fault.InvalidQuery, InvalidQuery, Answer{}, CodeInvalidRequest},
	{fault.InvalidResponse, InvalidResponse, Answer{}, CodeInternal},
	{fault.IndexNotReady, IndexNotReady, Answer{}, CodeInvalidRequest},
	{fault.UnknownOperation, UnknownOperation, Answer{}, CodeInvalidTopic},
	{fault.WrongMethod, UnknownOperation, Answer{UnknownOperation, http.StatusMethodNotAllowed}, CodeInvalidTopic},
}

// faceOf finds the row of an error; ok is false for one that is no fault.
func faceOf(err error) (face, bool) {
	if f := fault.Of(err); f != nil {
		for _, row := range faces {
			if row.code == f.Code {
				return row, true
			}
		}
	}
	return face{}, false
}

// OnControl says how the control plane answers the error of an operation; op is nil when none was
// matched. An error that is no fault, and Unavailable where the operation lists something else
// for it, is answered as Unexpected.
func OnControl(op *schema.Description, err error) Answer {
	row, ok := faceOf(err)
	if !ok || row.code == fault.Unavailable && (op == nil || !op.Lists(ServiceUnavailable)) {
		return Unexpected(op)
	}
	return Answer{row.control, Status(row.control)}
}

// Unexpected is the answer to a failure of the server itself: the first of three exceptions that
// the operation lists, and InternalFailure when it lists none of them (R-ERR-7). Operations of
// the registry list two: there, ServiceUnavailable would promise that trying again helps.
func Unexpected(op *schema.Description) Answer {
	for _, e := range []schema.Exception{InternalFailure, InternalServer, ServiceUnavailable} {
		if op != nil && op.Lists(e) {
			return Answer{e, Status(e)}
		}
	}
	return Answer{InternalFailure, http.StatusInternalServerError}
}

// OnDevice says how the device plane answers an error over HTTP. Failures of the server are
// ServiceUnavailable: that plane has no 500.
func OnDevice(err error) Answer {
	row, ok := faceOf(err)
	switch {
	case !ok:
		return Answer{ServiceUnavailable, http.StatusServiceUnavailable}
	case row.device == Answer{}:
		return Answer{row.control, Status(row.control)}
	}
	return row.device
}

// OnMQTT says which code a rejected payload carries for an error.
func OnMQTT(err error) RejectionCode {
	if row, ok := faceOf(err); ok {
		return row.mqtt
	}
	return CodeInternal
}

// Message returns the text that a caller may see: a fault's own, and nothing of any other error.
// It is never empty.
func Message(err error) string {
	if f := fault.Of(err); f != nil && f.Message != "" {
		return f.Message
	}
	return "internal error"
}
