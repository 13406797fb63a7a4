// Package exit holds the exit statuses of the command line, and the error that ends a call with
// one of them. Which failure has which status is a rule of docs/spec/40, section 21.
package exit

import "fmt"

// The exit statuses (R-CMD-118).
const (
	StatusUnsuccessful = 1   // what was waited for ended in another way than it should (R-CMD-154)
	StatusTimeout      = 124 // it has not ended in the time for waiting, as timeout(1) says it
	StatusUsage        = 252 // the command line or its values are wrong
	StatusEnvironment  = 253 // no region, no credentials, a bad setting
	StatusService      = 254 // the service answered with an error
	StatusOther        = 255 // connection, profile, run-time query error
)

// The codes of failures that the service did not answer with, for programs (R-CMD-122).
const (
	CodeLine          = "ParamValidation"
	CodeConfiguration = "Configuration"
	CodeNoRegion      = "NoRegion"
	CodeNoCredentials = "NoCredentials"
	CodeNoProfile     = "ProfileNotFound"
	CodeOther         = "ClientError"
	CodeUnsuccessful  = "Unsuccessful"
	CodeTimeout       = "WaitTimeout"
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
	Next    string   // what to do next, for people; "" where that is not known
}

// A Detail is a member of an error that the service answered with, beside its message.
type Detail struct{ Name, Value string }

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// FirstGeneration is the status that the first generation of the reference has for the error.
func (e *Error) FirstGeneration() int {
	switch {
	case e.Syntax:
		return 2
	case e.Status == StatusUnsuccessful || e.Status == StatusTimeout: // of later options
		return e.Status
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

// Unsuccessful is the end of what was waited for, when it is not the one that was wanted.
func Unsuccessful(message string) error {
	return &Error{Status: StatusUnsuccessful, Code: CodeUnsuccessful, Message: message}
}

// Timeout is that what is waited for has not ended in time.
func Timeout(message string) error {
	return &Error{Status: StatusTimeout, Code: CodeTimeout, Message: message}
}

// Other is any other failure.
func Other(format string, args ...any) error {
	return &Error{Status: StatusOther, Code: CodeOther, Message: fmt.Sprintf(format, args...)}
}
