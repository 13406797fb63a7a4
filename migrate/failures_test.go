package migrate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// failed is an error as the SDK's client returns it.
func failed(status int, err error) error {
	if status != 0 {
		err = &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err,
		}
	}
	return &smithy.OperationError{ServiceID: "IoT", OperationName: "ListThings", Err: err}
}

// What would fail for all objects ends a copy; anything else is a line, which shows no body that
// is none of the API. R-MOV-10
func TestFailures(t *testing.T) {
	t.Parallel()
	answer := func(code, message string) error {
		return failed(http.StatusBadRequest, &smithy.GenericAPIError{Code: code, Message: message})
	}
	message := "no such type"
	for name, row := range map[string]struct {
		err   error
		stops bool
		line  string // "" where it is not shown
	}{
		"refused":        {answer("InvalidRequestException", "x is wrong"), false, "ListThings: InvalidRequestException: x is wrong"},
		"not allowed":    {answer("AccessDeniedException", "not for you"), false, "ListThings: AccessDeniedException: not for you"},
		"not there":      {failed(http.StatusNotFound, &types.ResourceNotFoundException{Message: &message}), false, "ListThings: ResourceNotFoundException: no such type"},
		"an HTML page":   {failed(http.StatusInternalServerError, &smithy.GenericAPIError{Code: "UnknownError", Message: "<!doctype html>"}), false, "ListThings: the server does not know this call: status 500"},
		"no JSON":        {failed(http.StatusNotFound, errors.New("invalid character")), false, "ListThings: the server does not know this call: status 404"},
		"a long message": {answer("X", strings.Repeat("y", 400)), false, "ListThings: X: " + strings.Repeat("y", 300-len("ListThings: X: ")) + "…"},
		"unknown key":    {answer("UnrecognizedClientException", ""), true, ""},
		"expired":        {answer("ExpiredTokenException", ""), true, ""},
		"throttled":      {answer("ThrottlingException", ""), true, ""},
		"no answer":      {failed(0, &smithyhttp.RequestSendError{Err: errors.New("refused")}), true, ""},
		"interrupted":    {failed(0, fmt.Errorf("wait: %w", context.Canceled)), true, ""},
	} {
		if got := stops(row.err); got != row.stops {
			t.Errorf("%s: ends the copy: %t, want %t", name, got, row.stops)
		}
		if got := explain(row.err); row.line != "" && got != row.line {
			t.Errorf("%s: %q, want %q", name, got, row.line)
		}
	}
}
