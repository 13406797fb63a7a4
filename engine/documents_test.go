package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// outside is the hosts that a server asks: documents by their link, and what Check and Ready say.
type outside struct {
	documents    map[string]string
	read         []string
	prepared     []string
	checked      []string
	check, ready error
}

func (o *outside) Document(_ context.Context, link string, _ int) (string, error) {
	o.read = append(o.read, link)
	if text, ok := o.documents[link]; ok {
		return text, nil
	}
	return "", fault.New(fault.Invalid, "documentSource: %s is not there", link)
}

func (o *outside) Check(_ context.Context, role string, objects []job.Object) error {
	for _, x := range objects {
		o.checked = append(o.checked, role+" "+x.Bucket+"/"+x.Key)
	}
	return o.check
}

func (o *outside) Prepare(_ context.Context, role string) { o.prepared = append(o.prepared, role) }

func (o *outside) Ready(string) error { return o.ready }

// asking is a world with one thing, pump, whose server asks others.
func asking(t *testing.T, o *outside) registryWorld {
	t.Helper()
	w := newRegistryWorld(t)
	w.Jobs.Objects = o
	w.thing("pump", "")
	return w
}

// linked is a new job whose document is given by a link.
func linked(id, link string) jobs.NewJob {
	return jobs.NewJob{ID: id, Definition: job.Definition{
		Targets:        []job.Target{job.ThingTarget(registry.DefaultScope, "pump")},
		DocumentSource: link,
	}}
}

// A linked document is read once and frozen; the job and the template show the link as it was given
// (R-DOC-2, R-DOC-3, R-DOC-14). It takes the place of a template's document.
func TestLinkedDocument(t *testing.T) {
	t.Parallel()
	o := &outside{documents: map[string]string{"s3://b/k": `{"v": 1.0}`}}
	w := asking(t, o)
	ctx := t.Context()
	_, err := w.Jobs.CreateTemplate(ctx, jobs.NewTemplate{
		Template: job.Template{ID: "t", Description: "d", DocumentSource: "s3://b/k"},
	})
	w.must(err)
	_, err = w.Jobs.CreateJob(ctx, linked("j", "s3://b/k"))
	w.must(err)
	o.documents["s3://b/k"] = `{"v": 2.0}`
	over := linked("over", "s3://b/k")
	over.Template = jobs.TemplateRef{Kind: job.CustomTemplate, Name: "t"}
	_, err = w.Jobs.CreateJob(ctx, over)
	w.must(err)
	of := linked("of", "")
	of.Template = over.Template
	_, err = w.Jobs.CreateJob(ctx, of)
	w.must(err)
	for id, want := range map[string][2]string{
		"j":    {`{"v": 1.0}`, "s3://b/k"},
		"over": {`{"v": 2.0}`, "s3://b/k"},
		"of":   {`{"v": 1.0}`, ""}, // the document of the template, which was frozen
	} {
		text, err := w.Jobs.JobDocument(ctx, id, false)
		w.must(err)
		j, err := w.Jobs.DescribeJob(ctx, id)
		w.must(err)
		if diff := cmp.Diff(want, [2]string{text, j.DocumentSource}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
	template, err := w.Jobs.DescribeTemplate(ctx, "t")
	if w.must(err); template.DocumentSource != "s3://b/k" || template.Document != `{"v": 1.0}` {
		t.Errorf("template: %s of %s", template.Document, template.DocumentSource)
	}
	_, err = w.Jobs.CreateTemplate(ctx, jobs.NewTemplate{
		FromJob: "j", Template: job.Template{ID: "copy", Description: "d"},
	})
	w.must(err)
	copied, err := w.Jobs.DescribeTemplate(ctx, "copy")
	if w.must(err); copied.DocumentSource != "" || copied.Document != `{"v": 1.0}` {
		t.Errorf("copied template: %s of %s", copied.Document, copied.DocumentSource)
	}
	if n := len(o.read); n != 3 {
		t.Errorf("%d reads, want one for each of t, j and over: %q", n, o.read)
	}
}

// What is wrong beside the document is found before the link is followed; what is read is checked
// as any other document (R-DOC-4, R-DOC-13, R-ERR-9).
func TestLinkedDocumentRefused(t *testing.T) {
	t.Parallel()
	o := &outside{documents: map[string]string{
		"bad": `{"v":}`, "role": `{"a":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}"}`,
		"good": "{}",
	}}
	w := asking(t, o)
	many := job.RetryCriterion{FailureType: job.FailureAll, Retries: 11}
	retries := &job.RetryConfig{Criteria: []job.RetryCriterion{many}}
	wrong := linked("j", "good")
	wrong.Definition.Retry = retries
	managed := linked("j", "good")
	managed.Template = jobs.TemplateRef{
		Kind: job.BuiltInTemplate, Name: "AWS-Reboot", Version: "1.0"}
	for _, in := range []jobs.NewJob{wrong, managed} {
		_, err := w.Jobs.CreateJob(t.Context(), in)
		w.refused(err, fault.Invalid)
	}
	_, err := w.Jobs.CreateTemplate(t.Context(), jobs.NewTemplate{Template: job.Template{
		ID: "t", Description: "d", DocumentSource: "good", Retry: retries}})
	w.refused(err, fault.Invalid)
	if len(o.read) != 0 {
		t.Errorf("links were followed: %q", o.read)
	}
	for _, link := range []string{"bad", "role", "missing"} {
		_, err := w.Jobs.CreateJob(t.Context(), linked("j", link))
		w.refused(err, fault.Invalid)
	}
	for _, link := range []string{"bad", "missing"} {
		_, err := w.Jobs.CreateTemplate(t.Context(), jobs.NewTemplate{
			Template: job.Template{ID: "t", Description: "d", DocumentSource: link}})
		w.refused(err, fault.Invalid)
	}
	_, err = w.Jobs.DescribeJob(t.Context(), "j")
	w.refused(err, fault.NotFound)
}

// What a document names is looked for with the role of the job when a job is created, and not for a
// template (R-SUB-8); what the store says refuses it. A document without placeholders asks nobody.
func TestObjectsChecked(t *testing.T) {
	t.Parallel()
	o := &outside{}
	w := asking(t, o)
	const document = `{"to":"` +
		`${aws:iot:s3-presigned-url-upload:https://s3.amazonaws.com/up/${jobId}}"}`
	_, err := w.Jobs.CreateTemplate(t.Context(), jobs.NewTemplate{
		Template: job.Template{ID: "t", Description: "d", Document: document}})
	w.must(err)
	plain := linked("plain", "")
	plain.Document = "{}"
	_, err = w.Jobs.CreateJob(t.Context(), plain)
	if w.must(err); len(o.checked) != 0 {
		t.Errorf("asked for %q", o.checked)
	}
	o.check = fault.New(fault.Invalid, "InvalidRole: no")
	in := linked("j", "")
	in.Document, in.Definition.PresignedURL = document, &job.PresignedURLConfig{RoleARN: "r"}
	_, err = w.Jobs.CreateJob(t.Context(), in)
	w.refused(err, fault.Invalid)
	o.check = nil
	_, err = w.Jobs.CreateJob(t.Context(), in)
	w.must(err)
	if diff := cmp.Diff([]string{"r up/${jobId}", "r up/${jobId}"}, o.checked); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
}

// A role without a credential refuses to start an execution and to report on it with the document;
// the execution stays as it was. The role is that of the job as it is now (R-PRE-12, R-UPD-17).
func TestRoleNotReady(t *testing.T) {
	t.Parallel()
	const document = `{"from":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}"}`
	w := presigning(t, document, job.PresignedURLConfig{RoleARN: "r"})
	o := &outside{ready: errors.New("role r cannot be assumed")}
	w.Jobs.Objects = o
	state := func() string {
		x, err := w.Jobs.DescribeExecution(t.Context(), "pump", "j", nil)
		w.must(err)
		return fmt.Sprint(x.Status, x.Version)
	}
	before := state()
	for _, way := range []string{"StartNext", "Report"} {
		_, err := w.deliveries()[way]()
		if !fault.Is(err, fault.Undeliverable) || state() != before {
			t.Errorf("%s: %v, then %s, want Undeliverable and %s", way, err, state(), before)
		}
	}
	o.ready = nil
	w.must(w.Jobs.UpdateJob(t.Context(), "j", nil,
		job.Update{PresignedURL: &job.PresignedURLConfig{RoleARN: "other"}}))
	if diff := cmp.Diff([]string{"other"}, o.prepared); diff != "" {
		t.Errorf("R-ART-18: prepared (-want +got):\n%s", diff)
	}
	for way, deliver := range w.deliveries() {
		x, err := deliver()
		w.must(err)
		want := job.Delivery{
			Thing: "pump", JobID: "j", Number: 1, Role: "other", Lifetime: time.Hour}
		if diff := cmp.Diff(want, x.Delivery("pump")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", way, diff)
		}
	}
}
