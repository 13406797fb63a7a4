package s3api

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/drover-iot/drover/artifact"
	"github.com/drover-iot/drover/internal/fault"
)

// failure is an error in the words of S3: a code that clients know, and a message for people.
type failure struct {
	code, message string
}

func (f *failure) Error() string { return f.code + ": " + f.message }

// fail returns a failure with one of the codes in statuses.
func fail(code, format string, args ...any) error {
	return &failure{code, fmt.Sprintf(format, args...)}
}

// statuses are the codes that are answered, with their status.
var statuses = map[string]int{
	"AccessDenied":                http.StatusForbidden,
	"BadDigest":                   http.StatusBadRequest,
	"BucketAlreadyOwnedByYou":     http.StatusConflict,
	"EntityTooLarge":              http.StatusBadRequest,
	"IncompleteBody":              http.StatusBadRequest,
	"InternalError":               http.StatusInternalServerError,
	"InvalidAccessKeyId":          http.StatusForbidden,
	"InvalidArgument":             http.StatusBadRequest,
	"InvalidDigest":               http.StatusBadRequest,
	"InvalidPart":                 http.StatusBadRequest,
	"InvalidPartOrder":            http.StatusBadRequest,
	"InvalidRange":                http.StatusRequestedRangeNotSatisfiable,
	"InvalidRequest":              http.StatusBadRequest,
	"InvalidURI":                  http.StatusBadRequest,
	"KeyTooLongError":             http.StatusBadRequest,
	"MalformedXML":                http.StatusBadRequest,
	"MetadataTooLarge":            http.StatusBadRequest,
	"MethodNotAllowed":            http.StatusMethodNotAllowed,
	"MissingContentLength":        http.StatusLengthRequired,
	"NoSuchBucket":                http.StatusNotFound,
	"NoSuchKey":                   http.StatusNotFound,
	"NoSuchUpload":                http.StatusNotFound,
	"NoSuchVersion":               http.StatusNotFound,
	"NotImplemented":              http.StatusNotImplemented,
	"PreconditionFailed":          http.StatusPreconditionFailed,
	"RequestTimeTooSkewed":        http.StatusForbidden,
	"RequestTimeout":              http.StatusBadRequest,
	"SignatureDoesNotMatch":       http.StatusForbidden,
	"StorageFull":                 http.StatusInsufficientStorage,
	"XAmzContentSHA256Mismatch":   http.StatusBadRequest,
	"XAmzContentChecksumMismatch": http.StatusBadRequest,
}

// faultCodes are the codes of the faults with which gateway refuses a caller.
var faultCodes = map[fault.Code]string{
	fault.NoCredentials:    "AccessDenied",
	fault.Forbidden:        "AccessDenied",
	fault.UnknownKey:       "InvalidAccessKeyId",
	fault.BadSignature:     "SignatureDoesNotMatch",
	fault.UnknownOperation: "NotImplemented",
}

// storeCodes are the codes of the errors of the store.
var storeCodes = []struct {
	err  error
	code string
}{
	{artifact.ErrNotFound, "NoSuchKey"},
	{artifact.ErrNoUpload, "NoSuchUpload"},
	{artifact.ErrPart, "InvalidPart"},
	{artifact.ErrPartOrder, "InvalidPartOrder"},
	{artifact.ErrFull, "StorageFull"},
}

// failureOf says an error in the words of S3; nil for one that is to be logged and answered without
// detail.
func failureOf(err error, presigned bool) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	if refused := fault.Of(err); refused != nil {
		code := faultCodes[refused.Code]
		switch {
		case refused.Code == fault.Expired && presigned:
			code = "AccessDenied"
		case refused.Code == fault.Expired:
			code = "RequestTimeTooSkewed"
		case code == "":
			code = "InvalidRequest"
		}
		return &failure{code, refused.Message}
	}
	for _, row := range storeCodes {
		if errors.Is(err, row.err) {
			return &failure{row.code, err.Error()}
		}
	}
	var connection *net.OpError
	switch {
	case errors.As(err, &connection), errors.Is(err, context.Canceled):
		return &failure{"RequestTimeout", "the client is gone"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &failure{"IncompleteBody", "the body is shorter than its headers say"}
	}
	return nil
}

// errorBody is how S3 says an error.
type errorBody struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Resource  string
	RequestID string `xml:"RequestId"`
}

// Refuse answers an error. It ends the connection of a caller who is not known, and of a request
// with a body, of which the rest is not read.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	nameRequest(w)
	writeFailure(w, r, h.refusal(w, r, err))
}

// refusal is what is answered to an error. It logs what is the server's own affair, and ends the
// connection as Refuse says.
func (h *Handler) refusal(w http.ResponseWriter, r *http.Request, err error) *failure {
	f := failureOf(err, r.URL.Query().Has("X-Amz-Signature"))
	switch {
	case f == nil:
		h.Log.Error("artifact request", "method", r.Method, "path", r.URL.Path,
			"request", w.Header().Get("x-amzn-RequestId"), "err", err)
		f = &failure{"InternalError", "the server could not do it; its log says why"}
	case errors.Is(err, artifact.ErrFull):
		h.Log.Error("artifact request: the disk is full", "path", r.URL.Path,
			"request", w.Header().Get("x-amzn-RequestId"), "err", err)
		f.message = "the disk of the server is full"
	}
	if r.ContentLength != 0 || fault.Of(err) != nil {
		h.HangUp(w, r)
	}
	return f
}

// noStore is the answer of a server that has no store of artifacts.
var noStore = failure{"NotImplemented", "this server stores no artifacts (--artifacts off, or " +
	"--store): use the object store of its --s3-endpoint"}

// RefuseAll answers a request to a server that has no store of artifacts.
func RefuseAll(w http.ResponseWriter, r *http.Request) {
	nameRequest(w)
	writeFailure(w, r, &noStore)
}

// writeFailure answers a failure. Headers that were set for the object are not those of the answer.
func writeFailure(w http.ResponseWriter, r *http.Request, f *failure) {
	forgetObject(w)
	writeXML(w, statuses[f.code], errorBody{
		Code:      f.code,
		Message:   f.message,
		Resource:  r.URL.Path,
		RequestID: w.Header().Get("x-amz-request-id"),
	})
}

// forgetObject removes the headers that were set for an object which is not sent.
func forgetObject(w http.ResponseWriter) {
	for _, name := range []string{
		"Cache-Control", "Content-Disposition", "Content-Encoding", "ETag", "Last-Modified",
	} {
		w.Header().Del(name)
	}
}

// writeXML answers with a document. net/http sends no body for a HEAD.
func writeXML(w http.ResponseWriter, status int, body any) {
	extendWrite(w, 0)
	text, err := xml.Marshal(body)
	if err != nil { // all of them are structs of this package, which can be written
		panic(err)
	}
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", fmt.Sprint(len(xml.Header)+len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), text...)) // the client may be gone
}
