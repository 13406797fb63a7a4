package app

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/api/openapi"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

// openapiPath is where the documents of the API are, each by the name of its service.
const openapiPath = "/_drover/openapi/"

// withOpenAPI serves the documents to keys that may read, and has next serve all other paths
// (R-API-41). One is made when it is asked for, which is seldom.
func withOpenAPI(operators *gateway.OperatorAuth, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, ours := strings.CutPrefix(r.URL.Path, openapiPath)
		if !ours {
			next.ServeHTTP(w, r)
			return
		}
		document, err := openapiFile(operators, r, file)
		if err != nil {
			refuseLocal(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document) // a caller that has gone needs no error
	})
}

// openapiFile is what one request is answered with.
func openapiFile(operators *gateway.OperatorAuth, r *http.Request, file string) ([]byte, error) {
	if err := operators.Authorize(r, schema.Viewer); err != nil {
		return nil, err
	}
	for _, s := range []struct {
		*schema.Service
		docs func() (schema.Docs, error)
	}{
		{&iot.Service, iot.Docs},
		{&jobsdata.Service, jobsdata.Docs},
		{&drover.Service, drover.Docs},
	} {
		if r.Method != http.MethodGet || file != s.Name+".json" {
			continue
		}
		docs, err := s.docs()
		if err != nil {
			return nil, fmt.Errorf("the comments of %s: %w", s.Name, err)
		}
		return openapi.Document(s.Service, docs)
	}
	return nil, fault.New(fault.UnknownOperation,
		"there are GET /_drover/openapi/iot.json, iot-jobs-data.json and drover.json")
}
