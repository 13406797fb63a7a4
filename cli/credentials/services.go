package credentials

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/drover-iot/drover/cli/connection"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/client"
)

// Value is a set of credentials and the time until which they are accepted.
type Value struct {
	client.Credentials
	Expires time.Time // zero: they do not expire
}

// Services says how the services that give out credentials are called.
type Services struct {
	// HTTP returns the client for them. It is called only when one is needed.
	HTTP func() (*http.Client, error)
	// Endpoint is the configured address of a service, sts for example; "" for that of AWS
	// (R-CMD-107).
	Endpoint func(service string) (string, error)
	Region   string
	Attempts int
	// Cache is the folder of the credentials of roles.
	Cache Cache
}

// refused says how a call ends that a service has refused, or has not answered: in the words of a
// call of the API, with the address in a second line, because nobody named it on the command line.
func refused(operation, address string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	where := fmt.Sprintf("\n(%s was asked at %s)", operation, address)
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		return exit.Service(answer.ErrorCode(), fmt.Sprintf(
			"\nAn error occurred (%s) when calling the %s operation: %s",
			answer.ErrorCode(), operation, answer.ErrorMessage())+where)
	}
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && answer.HTTPStatusCode() != 0 {
		return exit.Other("%s: %s answered with the status %d, and not as the service does",
			operation, address, answer.HTTPStatusCode())
	}
	return connection.Failure(err, strings.TrimSuffix(address, "/")+"/")
}

// domain is the end of the names of AWS's hosts in a region.
func domain(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return ".amazonaws.com.cn"
	}
	return ".amazonaws.com"
}
