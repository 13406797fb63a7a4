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

// Error ends a call with a status and a message for standard error.
type Error struct {
	Status  int
	Message string
	Usage   bool // the usage text follows the message
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// BadLine is a command line with something wrong about its words; the usage text follows.
func BadLine(format string, args ...any) error {
	return &Error{Status: StatusUsage, Message: fmt.Sprintf(format, args...), Usage: true}
}

// BadValue is a command line whose words are right, with a wrong value.
func BadValue(format string, args ...any) error {
	return &Error{Status: StatusUsage, Message: fmt.Sprintf(format, args...)}
}

// Environment is a setting that is missing or wrong.
func Environment(format string, args ...any) error {
	return &Error{Status: StatusEnvironment, Message: fmt.Sprintf(format, args...)}
}

// Service is an error that the service answered with.
func Service(message string) error { return &Error{Status: StatusService, Message: message} }

// Other is any other failure.
func Other(format string, args ...any) error {
	return &Error{Status: StatusOther, Message: fmt.Sprintf(format, args...)}
}

// NotYet refuses an option of the reference that comes with a later version.
func NotYet(what string) error {
	return BadValue("%s is not available yet in this version of Drover", what)
}
