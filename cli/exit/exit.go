// Package exit holds the exit statuses of the command line, and the error that ends a call with
// one of them. Which failure has which status is a rule of docs/spec/40, section 21.
package exit

import "fmt"

// The exit statuses (R-CMD-118).
const (
	StatusUsage       = 252 // the command line or its values are wrong
	StatusEnvironment = 253 // no region, no credentials, a bad setting
	StatusService     = 254 // the service answered with an error
	StatusOther       = 255 // connection, profile, run-time query error
)

// The codes of failures that the service did not answer with, for programs (R-CMD-122).
const (
	CodeLine          = "ParamValidation"
	CodeConfiguration = "Configuration"
	CodeNoRegion      = "NoRegion"
	CodeNoCredentials = "NoCredentials"
	CodeNoProfile     = "ProfileNotFound"
	CodeOther         = "ClientError"
)

// Error ends a call with a status and a message for standard error.
type Error struct {
	Status  int
	Code    string // what a program can tell failures apart by
	Message string
	Usage   bool     // the usage text follows the message
	Syntax  bool     // the words are no command line, which was a status of its own once
	Details []Detail // what else the service said
	Quiet   bool     // the status says all
}

// A Detail is a member of an error that the service answered with, beside its message.
type Detail struct{ Name, Value string }

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// FirstGeneration is the status that the first generation of the reference has for the error.
func (e *Error) FirstGeneration() int {
	if e.Syntax {
		return 2
	}
	return StatusOther
}

// BadLine is a command line that cannot be read; the usage text follows.
func BadLine(format string, args ...any) error {
	return &Error{
		Status:  StatusUsage,
		Code:    CodeLine,
		Message: fmt.Sprintf(format, args...),
		Usage:   true,
		Syntax:  true,
	}
}

// LeftOver is a command line with words that belong to nothing; the usage text follows.
func LeftOver(words string) error {
	return &Error{
		Status:  StatusUsage,
		Code:    CodeLine,
		Message: "Unknown options: " + words,
		Usage:   true,
	}
}

// BadValue is a command line whose words are right, with a wrong value.
func BadValue(format string, args ...any) error {
	return &Error{Status: StatusUsage, Code: CodeLine, Message: fmt.Sprintf(format, args...)}
}

// Environment is a setting that is wrong.
func Environment(format string, args ...any) error {
	return Missing(CodeConfiguration, fmt.Sprintf(format, args...))
}

// Missing is a setting that a call cannot do without; the code says which.
func Missing(code, message string) error {
	return &Error{Status: StatusEnvironment, Code: code, Message: message}
}

// Service is an error that the service answered with, under its name.
func Service(code, message string, details ...Detail) error {
	return &Error{Status: StatusService, Code: code, Message: message, Details: details}
}

// Other is any other failure.
func Other(format string, args ...any) error {
	return &Error{Status: StatusOther, Code: CodeOther, Message: fmt.Sprintf(format, args...)}
}
