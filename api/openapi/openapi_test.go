package openapi_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/api/openapi"
	"github.com/drover-iot/drover/schema"
)

// folder is where the documents are kept.
const folder = "../../docs/api"

var rewrite = flag.Bool("rewrite", false, "write the documents in "+folder+" anew")

// services are those that have a document.
var services = []struct {
	*schema.Service
	docs func() (schema.Docs, error)
}{
	{&iot.Service, iot.Docs},
	{&jobsdata.Service, jobsdata.Docs},
	{&drover.Service, drover.Docs},
}

// The documents are what the description says today, valid by a program that is not ours, and have
// every operation.
func TestDocuments(t *testing.T) { // R-API-41
	t.Parallel()
	for _, s := range services {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			docs, err := s.docs()
			if err != nil {
				t.Fatal(err)
			}
			text, err := openapi.Document(s.Service, docs)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(folder, s.Name+".json")
			if *rewrite {
				if err := os.WriteFile(file, text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			kept, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(kept) != string(text) {
				t.Errorf("%s is not what the description says: go test ./api/openapi -rewrite", file)
			}
			read, err := openapi3.NewLoader().LoadFromData(text)
			if err != nil {
				t.Fatal(err)
			}
			if err := read.Validate(context.Background()); err != nil {
				t.Fatal(err)
			}
			there := map[string]bool{}
			for _, path := range read.Paths.Map() {
				for _, op := range path.Operations() {
					there[op.OperationID] = true
				}
			}
			for _, d := range s.All() {
				if !there[d.Name] {
					t.Errorf("%s is missing", d.Name)
				}
			}
			if len(there) != len(s.Operations) {
				t.Errorf("%d operations, want %d", len(there), len(s.Operations))
			}
		})
	}
}

// A request that the server takes is valid by the document, and one that it refuses is not.
func TestRequests(t *testing.T) { // R-API-41
	t.Parallel()
	docs, err := iot.Docs()
	if err != nil {
		t.Fatal(err)
	}
	text, err := openapi.Document(&iot.Service, docs)
	if err != nil {
		t.Fatal(err)
	}
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	create := document.Paths.Value("/jobs/{jobId}").Put
	body := create.RequestBody.Value.Content.Get("application/json").Schema.Value
	for _, c := range []struct {
		body string
		want string // what the message has; "" for a valid one
	}{
		{`{"targets":["arn:aws:iot:us-east-1:000000000000:thing/t"],"document":"{}"}`, ""},
		{`{"document":"{}"}`, "targets"},
		{`{"targets":[]}`, "minimum number of items is 1"},
		{`{"targets":["a"],"targetSelection":"SOMETIMES"}`, "SNAPSHOT"},
		{`{"targets":["a"],"jobExecutionsRolloutConfig":{"maximumPerMinute":1001}}`, "1000"},
		{`{"targets":["a"],"timeoutConfig":{"inProgressTimeoutInMinutes":"1"}}`, "integer"},
	} {
		var value any
		if err := json.Unmarshal([]byte(c.body), &value); err != nil {
			t.Fatal(err)
		}
		switch err := body.VisitJSON(value); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.body, err)
		case c.want != "" && err == nil:
			t.Errorf("%s is valid, want %q", c.body, c.want)
		case c.want != "" && !regexp.MustCompile(regexp.QuoteMeta(c.want)).MatchString(err.Error()):
			t.Errorf("%s: %v, want %q", c.body, err, c.want)
		}
	}
}
