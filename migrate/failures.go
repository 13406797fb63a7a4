package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A server that refuses one request may answer the next: the object is reported and the copy goes
// on. What would fail for all objects alike ends it.

// endings are the codes of refusals that end a copy: the credentials are wrong or have expired, or
// the server throttles in spite of all retries.
var endings = []string{
	"UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException",
	"SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException", "RequestExpired",
	"MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature",
	"ThrottlingException", "Throttling", "TooManyRequestsException",
}

// stops reports whether an error ends the copy: no answer arrived, or one of the endings did.
func stops(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	if _, unsent := errors.AsType[*smithyhttp.RequestSendError](err); unsent {
		return true
	}
	if _, canceled := errors.AsType[*aws.RequestCanceledError](err); canceled {
		return true
	}
	refused, ok := errors.AsType[smithy.APIError](err)
	return ok && slices.Contains(endings, refused.ErrorCode())
}

// missing reports whether an error says that something is not there.
func missing(err error) bool {
	_, ok := errors.AsType[*types.ResourceNotFoundException](err)
	return ok
}

// already reports whether an error says that what is created is there. It was not when it was looked
// up: an earlier attempt at the same request has created it, whose answer was lost.
func already(err error) bool {
	refused, ok := errors.AsType[smithy.APIError](err)
	return ok && refused.ErrorCode() == "ResourceAlreadyExistsException"
}

// explain says in one line what a server has answered: the operation, the code and the message. The
// body of an answer that is none of the API is not shown.
func explain(err error) string {
	var operation string
	if failed, ok := errors.AsType[*smithy.OperationError](err); ok {
		operation = failed.Operation() + ": "
	}
	status := 0
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = answer.HTTPStatusCode()
	}
	refused, ok := errors.AsType[smithy.APIError](err)
	switch {
	case ok && (refused.ErrorCode() == "UnknownError" || strings.Contains(refused.ErrorMessage(), "<")):
		return fmt.Sprintf("%sthe server does not know this call: status %d", operation, status)
	case ok:
		return cut(operation + refused.ErrorCode() + ": " + refused.ErrorMessage())
	case status >= 300:
		return fmt.Sprintf("%sthe server does not know this call: status %d", operation, status)
	}
	return cut(err.Error())
}

// cut makes a text one line of at most 300 bytes.
func cut(text string) string {
	const longest = 300
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}
