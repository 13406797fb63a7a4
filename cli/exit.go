package cli

import "fmt"

// The exit statuses (R-CMD-118).
const (
	statusUsage       = 252 // the command line or its values are wrong
	statusEnvironment = 253 // no region, no credentials, a bad setting
	statusService     = 254 // the service answered with an error
	statusOther       = 255 // connection, profile, run-time query error
)

// exitError ends a call with a status and a message for standard error.
type exitError struct {
	status  int
	message string
	usage   bool // the usage text follows
}

func (e *exitError) Error() string { return e.message }

func usageError(format string, args ...any) error {
	return &exitError{status: statusUsage, message: fmt.Sprintf(format, args...), usage: true}
}

func environmentError(format string, args ...any) error {
	return &exitError{status: statusEnvironment, message: fmt.Sprintf(format, args...)}
}

func otherError(format string, args ...any) error {
	return &exitError{status: statusOther, message: fmt.Sprintf(format, args...)}
}

// notYet is an option of the reference that comes with a later version.
func notYet(what string) error {
	return &exitError{status: statusUsage, message: what + " is not available yet in this version of Drover"}
}
