// Package fault is the one error type that a request can be answered with.
//
// A fault says what kind of thing went wrong (Code) and, in words, which member, value and rule
// (Message). It names no exception and no status number: package api turns a code into its three
// faces (control plane, device plane over HTTP, device plane over MQTT). Any error that is not a
// *fault.Error is an internal fault: it is logged in full and answered without detail.
package fault

import (
	"errors"
	"fmt"
)

// Code is the kind of a fault.
type Code string

// The kinds of fault that use cases return.
const (
	Invalid            Code = "Invalid"            // a member, a value or a combination breaks a rule
	NotFound           Code = "NotFound"           // the named thing, job, execution, … does not exist
	Exists             Code = "Exists"             // the name is taken
	Conflict           Code = "Conflict"           // the name is taken, where the operation calls that a conflict
	BadTransition      Code = "BadTransition"      // the state does not allow the move
	Terminal           Code = "Terminal"           // a read of an execution that has ended, on the device plane
	VersionDiffers     Code = "VersionDiffers"     // the expected version is not the stored one
	Limit              Code = "Limit"              // a limit on the number of something is reached
	Throttled          Code = "Throttled"          // too many requests
	Forbidden          Code = "Forbidden"          // authenticated, but not allowed
	Unavailable        Code = "Unavailable"        // the server cannot answer now; try again
	Undeliverable      Code = "Undeliverable"      // the document of the job cannot be given to its device
	DeleteConflict     Code = "DeleteConflict"     // something still refers to what is to be deleted
	CertificateState   Code = "CertificateState"   // the certificate's status does not allow it
	CertificateInvalid Code = "CertificateInvalid" // the certificate cannot be used
	MalformedPolicy    Code = "MalformedPolicy"    // the policy document does not parse
	VersionsLimit      Code = "VersionsLimit"      // too many versions of one policy
	UnknownOperation   Code = "UnknownOperation"   // no such route
	WrongMethod        Code = "WrongMethod"        // the path exists, under another method
	Malformed          Code = "Malformed"          // the body is not valid JSON, or not an object
	TooLarge           Code = "TooLarge"           // the body is larger than the plane reads
	InvalidTopic       Code = "InvalidTopic"       // the MQTT topic maps to no operation
	InvalidQuery       Code = "InvalidQuery"       // the fleet query does not parse
	InvalidResponse    Code = "InvalidResponse"    // a function outside has answered something wrong
	IndexNotReady      Code = "IndexNotReady"      // the index cannot be searched yet
	CertificateTaken   Code = "CertificateTaken"   // the certificate conflicts with one that is registered
	RegistrationFailed Code = "RegistrationFailed" // what a provisioning template asks for conflicts with what there is
	RegistrationCode   Code = "RegistrationCode"   // the registration code is another one
	Unauthorized       Code = "Unauthorized"       // the session of the caller has ended
	NoCredentials      Code = "NoCredentials"      // the request carries no signature
	UnknownKey         Code = "UnknownKey"         // the access key does not exist
	BadSignature       Code = "BadSignature"       // the signature does not match
	Expired            Code = "Expired"            // the signature's date is too old or too new
)

// Error is a fault: a refused request. It changes nothing.
type Error struct {
	Code    Code
	Message string
	// ResourceID is the id of the resource that is in the way (Exists, Conflict; R-ERR-4).
	// ResourceKind and ResourceName are what its ARN is made of; empty where the answer has no ARN.
	ResourceID                 string
	ResourceKind, ResourceName string
	// State is attached for the device plane by BadTransition and VersionDiffers (R-HTTP-28); nil
	// otherwise. Its type belongs to the package that returns the fault.
	State any
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// New returns a fault with a formatted message.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Of returns the fault in err's chain, or nil when there is none.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Is reports whether err is a fault of this code.
func Is(err error, code Code) bool {
	e := Of(err)
	return e != nil && e.Code == code
}
