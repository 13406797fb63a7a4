package app

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// asked is the answer to a request without a body, signed with the key of the first operator or not
// signed at all. The test closes its body when it ends.
func asked(
	t *testing.T, s *Server, method, path string, sign bool,
) (status int, body io.Reader) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.Endpoints.HTTP+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if sign {
		key := aws.Credentials{
			AccessKeyID:     s.Endpoints.AccessKeyID,
			SecretAccessKey: s.Endpoints.SecretAccessKey,
		}
		empty := sha256.Sum256(nil)
		err := v4.NewSigner().SignHTTP(t.Context(), key, r, hex.EncodeToString(empty[:]),
			"iot", s.Endpoints.Region, time.Now())
		if err != nil {
			t.Fatal(err)
		}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer.StatusCode, answer.Body
}
