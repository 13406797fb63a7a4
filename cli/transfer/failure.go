package transfer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/smithy-go"
)

// ErrInterrupted is a transfer that ended because its context did. What was transferred is kept.
var ErrInterrupted = errors.New("interrupted; the same command goes on where it stopped")

// denied are the codes of AWS and of other stores for a caller who is not known, or may not do
// what was asked for.
var denied = map[string]bool{
	"AccessDenied":          true,
	"ExpiredToken":          true,
	"InvalidAccessKeyId":    true,
	"InvalidToken":          true,
	"SignatureDoesNotMatch": true,
	"XAdminUserNotFound":    true, // of versitygw, for an unknown key
}

// explain says in plain words what failed, and what may be done. doing names the file and the key.
func (s *Store) explain(doing string, err error) error {
	var api smithy.APIError
	code, message := "", ""
	if errors.As(err, &api) {
		code, message = api.ErrorCode(), api.ErrorMessage()
	}
	status := statusOf(err)
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, ErrInterrupted)
	case code == "NoSuchBucket":
		return fmt.Errorf("%s: there is no bucket %s at %s; make it, or name another with --bucket",
			doing, s.Bucket, s.Endpoint)
	case errors.Is(err, errNoKey) || code == "NoSuchKey":
		return fmt.Errorf("%s: there is no such key in bucket %s of %s; "+
			"drover artifact list shows those that there are", doing, s.Bucket, s.Endpoint)
	case denied[code] || status == http.StatusForbidden:
		return fmt.Errorf("%s: %s refuses the access key %s for bucket %s: %s; "+
			"check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, the profile and the region",
			doing, s.Endpoint, s.Credentials.AccessKeyID, s.Bucket, answer(status, code, message))
	case status != 0:
		return fmt.Errorf("%s: %s answered for bucket %s: %s",
			doing, s.Endpoint, s.Bucket, answer(status, code, message))
	}
	return fmt.Errorf("%s: no whole answer from %s: %w", doing, s.Endpoint, cause(err))
}

// answer is what a store answered. One to a HEAD has no code.
func answer(status int, code, message string) string {
	if code == "" {
		return http.StatusText(status)
	}
	return fmt.Sprintf("%d %s: %s", status, code, strings.TrimSuffix(message, "."))
}

// cause is the innermost of nested errors of the SDK, which repeat the name of the operation, the
// attempts and the address: connection refused.
func cause(err error) error {
	var operation *smithy.OperationError
	if !errors.As(err, &operation) {
		return err
	}
	for inner := error(operation); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}
