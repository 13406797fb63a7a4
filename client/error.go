package client

import (
	"net/http"
	"strings"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

// Error is an answer that is an error of the API. It wraps its Exception:
//
//	errors.Is(err, api.ResourceNotFound)
type Error struct {
	Status    int              // of HTTP
	Exception schema.Exception // "" when the answer names none
	Message   string
	RequestID string // for the server's log; "" when the answer has none

	// ResourceID and ResourceARN name what the request collided with (R-ERR-4); "" for none.
	ResourceID, ResourceARN string

	// State is the execution as it stands, when the device plane refused an update because of it;
	// nil otherwise (R-HTTP-27, R-HTTP-28).
	State *jobsdata.ExecutionState
}

// Error writes the exception and the message, or that of the two which is there:
// "ResourceNotFoundException: job fw-2 does not exist".
func (e *Error) Error() string {
	switch {
	case e.Exception == "" && e.Message == "":
		return http.StatusText(e.Status)
	case e.Exception == "":
		return e.Message
	case e.Message == "":
		return string(e.Exception)
	}
	return string(e.Exception) + ": " + e.Message
}

// Unwrap returns the exception, so that errors.Is finds it.
func (e *Error) Unwrap() error {
	if e.Exception == "" {
		return nil
	}
	return e.Exception
}

// refusal is the body of an error on either plane. Drover sends message, and members that some
// exceptions add; the others are spellings that servers of the same API use (R-ERR-2, R-ERR-3).
type refusal struct {
	Message       *string                  `json:"message"`
	Capitalised   *string                  `json:"Message"`
	Code          *string                  `json:"code"`
	Type          *string                  `json:"__type"`
	ResourceID    *string                  `json:"resourceId"`
	ResourceArn   *string                  `json:"resourceArn"`
	ExecutionData *jobsdata.ExecutionState `json:"executionState"`
}

// ReadError reads an answer that is not OK. The exception stands in a header, or else in the
// body. A body that is no JSON object is the message as it stands.
func ReadError(a Answer) *Error {
	e := &Error{
		Status:    a.Status,
		Message:   string(a.Body),
		RequestID: a.Header.Get("x-amzn-RequestId"),
	}
	name := a.Header.Get("x-amzn-ErrorType")
	var body refusal
	err := schema.Decode(a.Body, &body, schema.Decoding{Unchecked: true})
	if f := fault.Of(err); f == nil || f.Code != fault.Malformed {
		name = firstOf(&name, body.Code, body.Type)
		e.Message = firstOf(body.Message, body.Capitalised)
		e.ResourceID, e.ResourceARN = firstOf(body.ResourceID), firstOf(body.ResourceArn)
		e.State = body.ExecutionData
	}
	e.Exception = plainName(name)
	return e
}

// plainName cuts an exception's name out of the forms in which servers send it:
// aws.protocols#ThrottlingException:http://internal.example/ is ThrottlingException.
func plainName(name string) schema.Exception {
	name, _, _ = strings.Cut(name, ":")
	return schema.Exception(name[strings.LastIndex(name, "#")+1:])
}

// firstOf returns the first text that is there and not empty, "" without one.
func firstOf(texts ...*string) string {
	for _, text := range texts {
		if text != nil && *text != "" {
			return *text
		}
	}
	return ""
}
