package connection

import (
	"context"
	"errors"
	"net"
	"slices"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/client"
)

// The messages for requests that got no answer are those of the reference.

// Failure says how a request to an address failed without an answer (R-CMD-115). A user who pressed
// Ctrl-C stays as it is.
func Failure(err error, url string) error {
	// The order matters: a time-out while dialing is both a time-out and a failed connection.
	var timeout net.Error
	var dialing *net.OpError
	late := errors.As(err, &timeout) && timeout.Timeout()
	dial := errors.As(err, &dialing) && dialing.Op == "dial"
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, client.ErrAnswerTooLarge):
		return exit.Other("%v", err)
	case client.Untrusted(err):
		return exit.Other("SSL validation failed for %s %v", url, errors.Unwrap(err))
	case late && dial:
		return exit.Other("Connect timeout on endpoint URL: %q", url)
	case late:
		return exit.Other("Read timeout on endpoint URL: %q", url)
	case isAny(err, closed):
		return exit.Other("Connection was closed before we received a valid response "+
			"from endpoint URL: %q.", url)
	}
	return exit.Other("Could not connect to the endpoint URL: %q", url)
}

// isAny reports whether an error is one of several.
func isAny(err error, list []error) bool {
	return slices.ContainsFunc(list, func(one error) bool { return errors.Is(err, one) })
}
