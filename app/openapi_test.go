package app

import (
	"io"
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// The documents of the API are for keys that may read.
func TestOpenAPI(t *testing.T) { // R-API-41
	t.Parallel()
	run(t, onFreePorts(t), func(s *Server) {
		ask := func(method, path string, sign bool) (status int, body []byte) {
			t.Helper()
			status, answer := asked(t, s, method, path, sign)
			body, err := io.ReadAll(answer)
			if err != nil {
				t.Fatal(err)
			}
			return status, body
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
