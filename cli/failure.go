package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"

	"github.com/drover-iot/drover/cli/connection"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/schema"
)

// What becomes of an attempt that did not succeed: whether it is made again, and what is said
// when it is not. The exceptions and messages are those of the reference.

// A failure is an attempt that did not succeed: the service answered with an error, or no answer
// came.
type failure struct {
	refused *client.Error // what the service answered; nil when no answer came
	err     error         // how the call ends when no answer came
	mayPass bool          // it may be gone when the request is made again (R-CMD-113)
}

// passingExceptions are errors of the service that may pass, whatever their status is (R-CMD-113).
var passingExceptions = []schema.Exception{
	"RequestTimeout", "RequestTimeoutException", "Throttling", "ThrottlingException",
	"ThrottledException", "RequestThrottled", "RequestThrottledException",
	"TooManyRequestsException", "RequestLimitExceeded", "BandwidthLimitExceeded", "SlowDown",
	"PriorRequestNotComplete", "TransactionInProgressException", "LimitExceededException",
}

// refused is the failure of a request that the service answered with an error.
func refused(e *client.Error) *failure {
	return &failure{
		refused: e,
		mayPass: slices.Contains([]int{500, 502, 503, 504}, e.Status) ||
			slices.Contains(passingExceptions, e.Exception),
	}
}

// noAnswer is the failure of a request that got no answer. A server that is not trusted, and a user
// who pressed Ctrl-C, stay as they are.
func noAnswer(err error, url string) *failure {
	return &failure{
		err: connectionError(err, url),
		mayPass: !client.Untrusted(err) && !errors.Is(err, context.Canceled) &&
			!errors.Is(err, client.ErrAnswerTooLarge),
	}
}

// exit is how a call ends by a failure, after some attempts (R-CMD-116, R-CMD-117). An error of the
// service without a name has its status for one: An error occurred (404).
func (f *failure) exit(operation string, attempts int) error {
	if f.refused == nil {
		return f.err
	}
	code := string(f.refused.Exception)
	if code == "" {
		code = strconv.Itoa(f.refused.Status)
	}
	retried := ""
	if attempts > 1 && f.mayPass {
		retried = fmt.Sprintf(" (reached max retries: %d)", attempts-1)
	}
	return exit.Service(code, fmt.Sprintf(
		"\nAn error occurred (%s) when calling the %s operation%s: %s",
		code, operation, retried, f.refused.Message), details(f.refused)...)
}

// details are the members of an error beside its message, under their names in the model.
func details(e *client.Error) (all []exit.Detail) {
	if e.ResourceID != "" {
		all = append(all, exit.Detail{Name: "resourceId", Value: e.ResourceID})
	}
	if e.ResourceARN != "" {
		all = append(all, exit.Detail{Name: "resourceArn", Value: e.ResourceARN})
	}
	return all
}

// connectionError is how a request failed without an answer, and what to do when the server of this
// machine does not run, or has a certificate of an authority that is not trusted.
func connectionError(err error, url string) error {
	failed := connection.Failure(err, url)
	refused, ok := errors.AsType[*exit.Error](failed)
	if !ok {
		return failed
	}
	var dialing *net.OpError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unknown):
		refused.Next = "AWS_CA_BUNDLE or --ca-bundle names the authority to trust: " +
			"ca.pem in the data folder of the server"
	case errors.As(err, &dialing) && dialing.Op == "dial" && !dialing.Timeout():
		refused.Next = notRunning(url)
	}
	return failed
}
