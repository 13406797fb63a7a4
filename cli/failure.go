package cli

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// serviceError is an error that the service answered with (R-CMD-116, R-CMD-117).
type serviceError struct {
	code, message, operation string
	status, retries          int
}

func (e *serviceError) Error() string {
	retried := ""
	if e.retries > 0 {
		retried = fmt.Sprintf(" (reached max retries: %d)", e.retries)
	}
	return fmt.Sprintf("\nAn error occurred (%s) when calling the %s operation%s: %s", e.code, e.operation, retried, e.message)
}

func readServiceError(operation string, answer *http.Response, body []byte) *serviceError {
	e := &serviceError{operation: operation, status: answer.StatusCode, message: string(body)}
	name := answer.Header.Get("x-amzn-ErrorType")
	if v, err := parseJSON(string(body)); err == nil {
		if o, ok := v.(*object); ok {
			name = first(name, o.text("code"), o.text("__type"))
			e.message = first(o.text("message"), o.text("Message"))
		}
	}
	code, _, _ := strings.Cut(name, ":")
	e.code = first(code[strings.LastIndex(code, "#")+1:], strconv.Itoa(answer.StatusCode))
	return e
}

// passing lists what is tried again, whatever the method (R-CMD-113).
func (e *serviceError) passing() bool {
	return slices.Contains([]int{500, 502, 503, 504}, e.status) || slices.Contains([]string{
		"RequestTimeout", "RequestTimeoutException", "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
		"RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded", "BandwidthLimitExceeded", "SlowDown",
		"PriorRequestNotComplete", "TransactionInProgressException", "LimitExceededException",
	}, e.code)
}
