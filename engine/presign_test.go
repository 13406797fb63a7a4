package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// presigning is a world with one thing, "pump", and one job on it, "j".
func presigning(t *testing.T, document string, config job.PresignedURLConfig) registryWorld {
	t.Helper()
	w := newRegistryWorld(t)
	w.Jobs.ObjectStore = "http://store.example:9000"
	w.thing("pump", "")
	_, err := w.Jobs.CreateJob(t.Context(), jobs.NewJob{
		ID: "j", Document: document, Definition: job.Definition{
			Targets:      []job.Target{job.ThingTarget(registry.DefaultScope, "pump")},
			PresignedURL: &config,
		},
	})
	w.must(err)
	return w
}

// deliveries are the four ways in which a device gets a document (R-DOC-10; the notification of a
// head asks for the next execution), by the use case.
func (w registryWorld) deliveries() map[string]func() (*jobs.DeviceExecution, error) {
	ctx := w.Context()
	return map[string]func() (*jobs.DeviceExecution, error){
		"Next": func() (*jobs.DeviceExecution, error) { return w.Jobs.Next(ctx, "pump", true) },
		"Describe": func() (*jobs.DeviceExecution, error) {
			return w.Jobs.Describe(ctx, "pump", "j", nil, true)
		},
		"StartNext": func() (*jobs.DeviceExecution, error) {
			return w.Jobs.StartNext(ctx, "pump", nil, nil)
		},
		"Report": func() (*jobs.DeviceExecution, error) {
			return w.Jobs.Report(ctx, "pump", "j", job.Report{Event: job.ReportInProgress}, true)
		},
	}
}

// The lifetime of presigned URLs is that of the job's configuration at each delivery: an update is
// in force from the next one on, and a new configuration without a lifetime means an hour
// (R-UPD-17, R-PRE-2). The document is stored with its placeholder (R-PRE-5).
func TestLifetimeAtDelivery(t *testing.T) {
	t.Parallel()
	const document = `{"from":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}"}`
	w := presigning(t, document, job.PresignedURLConfig{RoleARN: "r", ExpiresInSec: 120})
	for _, step := range []struct {
		seconds int64
		want    time.Duration
	}{{120, 2 * time.Minute}, {60, time.Minute}, {0, time.Hour}, {3600, time.Hour}} {
		w.must(w.Jobs.UpdateJob(t.Context(), "j", nil, job.Update{
			PresignedURL: &job.PresignedURLConfig{RoleARN: "r", ExpiresInSec: step.seconds},
		}))
		for way, deliver := range w.deliveries() {
			x, err := deliver()
			if w.must(err); x.URLLifetime != step.want || x.Document != document {
				t.Errorf("%s after %d s: %s for %s, want %s", way, step.seconds, x.Document,
					x.URLLifetime, step.want)
			}
		}
	}
}

// A document without placeholders has no lifetime, whatever the job's configuration says.
func TestNoLifetime(t *testing.T) {
	t.Parallel()
	w := presigning(t, `{"do":"it"}`, job.PresignedURLConfig{RoleARN: "r", ExpiresInSec: 120})
	for way, deliver := range w.deliveries() {
		x, err := deliver()
		if w.must(err); x.URLLifetime != 0 || x.Document != `{"do":"it"}` {
			t.Errorf("%s: %s for %s", way, x.Document, x.URLLifetime)
		}
	}
}

// A server that has lost the store which a document names refuses to start or to report on its
// execution when the device wants the document; the execution stays as it was (R-PRE-12). Without
// the document a report is accepted.
func TestUndeliverable(t *testing.T) {
	t.Parallel()
	const document = `{"from":"${aws:iot:s3-presigned-url:http://store.example:9000/b/k}"}`
	w := presigning(t, document, job.PresignedURLConfig{RoleARN: "r"})
	w.Jobs.ObjectStore = ""
	ctx := t.Context()
	state := func() string {
		x, err := w.Jobs.DescribeExecution(ctx, "pump", "j", nil)
		w.must(err)
		return fmt.Sprint(x.Status, x.Version)
	}
	before := state()
	for _, way := range []string{"StartNext", "Report"} {
		if _, err := w.deliveries()[way](); !fault.Is(err, fault.Undeliverable) {
			t.Errorf("%s: %v, want Undeliverable", way, err)
		}
		if diff := cmp.Diff(before, state()); diff != "" {
			t.Errorf("%s changed the execution (-want +got):\n%s", way, diff)
		}
	}
	_, err := w.Jobs.Report(ctx, "pump", "j", job.Report{Event: job.ReportInProgress}, false)
	if w.must(err); state() == before {
		t.Error("the report without the document changed nothing")
	}
}

// The addresses in the documents of new jobs and of templates may name the server's own store
// (R-PRE-6), and no other.
func TestOwnStoreInDocuments(t *testing.T) {
	t.Parallel()
	w := presigning(t, `{}`, job.PresignedURLConfig{RoleARN: "r"})
	for address, accepted := range map[string]bool{
		"http://store.example:9000/b/k": true,
		"http://other.example:9000/b/k": false,
	} {
		document := `{"from":"${aws:iot:s3-presigned-url:` + address + `}"}`
		_, err := w.Jobs.CreateTemplate(t.Context(), jobs.NewTemplate{
			Template: job.Template{ID: "t", Description: "d", Document: document},
		})
		if (err == nil) != accepted || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("a template with %s: %v", address, err)
		}
	}
	own := `{"from":"${aws:iot:s3-presigned-url:http://store.example:9000/b/k2}"}`
	for _, document := range []string{"", own} {
		_, err := w.Jobs.CreateJob(t.Context(), jobs.NewJob{
			ID:       "of-template" + fmt.Sprint(len(document)),
			Document: document,
			Template: jobs.TemplateRef{Kind: job.CustomTemplate, Name: "t"},
			Definition: job.Definition{
				Targets:      []job.Target{job.ThingTarget(registry.DefaultScope, "pump")},
				PresignedURL: &job.PresignedURLConfig{RoleARN: "r"},
			},
		})
		w.must(err)
	}
}
