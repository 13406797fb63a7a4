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
	"github.com/getkin/kin-openapi/openapi3"
)

// The documents of the API are for keys that may read.
func TestOpenAPI(t *testing.T) { // R-API-41
	t.Parallel()
	run(t, onFreePorts(t), func(s *Server) {
		ask := func(method, path string, sign bool) (status int, body []byte) {
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
			defer answer.Body.Close()
			body, err = io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			return answer.StatusCode, body
		}
		for path, operation := range map[string]string{
			"/_drover/openapi/iot.json":           "/jobs/{jobId}",
			"/_drover/openapi/iot-jobs-data.json": "/things/{thingName}/jobs/{jobId}",
			"/_drover/openapi/drover.json":        "/_drover/jobs/{jobId}/steering",
		} {
			status, body := ask(http.MethodGet, path, true)
			if status != http.StatusOK {
				t.Errorf("%s: %d %s", path, status, body)
				continue
			}
			document, err := openapi3.NewLoader().LoadFromData(body)
			if err != nil {
				t.Errorf("%s: %v", path, err)
			} else if document.Paths.Value(operation) == nil {
				t.Errorf("%s does not have %s", path, operation)
			}
			if status, _ := ask(http.MethodGet, path, false); status != http.StatusForbidden {
				t.Errorf("%s without a signature: %d", path, status)
			}
			if status, _ := ask(http.MethodPost, path, true); status != http.StatusNotFound {
				t.Errorf("POST %s: %d", path, status)
			}
		}
		if status, _ := ask(http.MethodGet, "/_drover/openapi/s3.json", true); status != http.StatusNotFound {
			t.Errorf("a document that is not there: %d", status)
		}
	})
}
