package api

import (
	"net/http"

	"github.com/drover-iot/drover/schema"
)

// The exceptions that operations list, by their names on the wire.
const (
	CertificateConflict   schema.Exception = "CertificateConflictException"
	CertificateState      schema.Exception = "CertificateStateException"
	CertificateValidation schema.Exception = "CertificateValidationException"
	Conflict              schema.Exception = "ConflictException"
	ConflictingUpdate     schema.Exception = "ConflictingResourceUpdateException"
	DeleteConflict        schema.Exception = "DeleteConflictException"
	IndexNotReady         schema.Exception = "IndexNotReadyException"
	InternalFailure       schema.Exception = "InternalFailureException"
	InternalServer        schema.Exception = "InternalServerException"
	InvalidQuery          schema.Exception = "InvalidQueryException"
	InvalidRequest        schema.Exception = "InvalidRequestException"
	InvalidResponse       schema.Exception = "InvalidResponseException"
	InvalidTransition     schema.Exception = "InvalidStateTransitionException"
	LimitExceeded         schema.Exception = "LimitExceededException"
	MalformedPolicy       schema.Exception = "MalformedPolicyException"
	RegistrationCode      schema.Exception = "RegistrationCodeValidationException"
	ResourceAlreadyExists schema.Exception = "ResourceAlreadyExistsException"
	ResourceNotFound      schema.Exception = "ResourceNotFoundException"
	RegistrationFailure   schema.Exception = "ResourceRegistrationFailureException"
	ServiceUnavailable    schema.Exception = "ServiceUnavailableException"
	TerminalState         schema.Exception = "TerminalStateException"
	Throttling            schema.Exception = "ThrottlingException"
	Unauthorized          schema.Exception = "UnauthorizedException"
	VersionConflict       schema.Exception = "VersionConflictException"
	VersionsLimitExceeded schema.Exception = "VersionsLimitExceededException"
)

// The exceptions that any operation may answer with although none lists them (R-ERR-6, R-HTTP-27,
// R-HTTP-28).
const (
	AccessDenied          schema.Exception = "AccessDeniedException"
	Forbidden             schema.Exception = "ForbiddenException"
	InvalidSignature      schema.Exception = "InvalidSignatureException"
	MissingAuthentication schema.Exception = "MissingAuthenticationTokenException"
	RequestExpired        schema.Exception = "RequestExpired"
	UnknownOperation      schema.Exception = "UnknownOperationException"
	UnrecognizedClient    schema.Exception = "UnrecognizedClientException"
	VersionMismatch       schema.Exception = "VersionMismatchException"
)

// Status returns the HTTP status of an exception on the control plane (R-ERR-1). An exception
// that is not named here is the caller's fault: 400.
func Status(e schema.Exception) int {
	switch e {
	case AccessDenied, Forbidden, InvalidSignature, MissingAuthentication, UnrecognizedClient:
		return http.StatusForbidden
	case Unauthorized:
		return http.StatusUnauthorized
	case ResourceNotFound, UnknownOperation:
		return http.StatusNotFound
	case CertificateState:
		return http.StatusNotAcceptable
	case LimitExceeded, TerminalState:
		return http.StatusGone
	case CertificateConflict, Conflict, ConflictingUpdate, DeleteConflict, InvalidTransition, ResourceAlreadyExists,
		VersionConflict, VersionMismatch, VersionsLimitExceeded:
		return http.StatusConflict
	case InternalFailure, InternalServer:
		return http.StatusInternalServerError
	case ServiceUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}
