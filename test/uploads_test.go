package test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

// upload puts a text to a URL as a device does.
func upload(t *testing.T, address, text string) {
	t.Helper()
	request := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPut, address, strings.NewReader(text)))
	answer := must[*http.Response](t)(http.DefaultClient.Do(request))
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("PUT %s: %s", address, answer.Status)
	}
}

// Devices put their logs to the URLs in their documents, over both protocols; each attempt of an
// execution has its own object. The URL is for a PUT only.
func TestUploads(t *testing.T) { // R-PRE-20 to R-PRE-23, R-SUB-7
	t.Parallel()
	o := newKeyedStore(t, keyOf("KEYUP"))
	env := []string{"DROVER_S3_ACCESS_KEY_ID=KEYUP", "DROVER_S3_SECRET_ACCESS_KEY=" + keyOf("KEYUP").SecretAccessKey}
	s := serveStore(t, o.URL, env, "--s3-upload-bucket", "uploads")
	s.fleet("g", 1)
	in := newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTT, "t0001", nil, in))
	const document = `{"log":"${aws:iot:s3-presigned-url-upload:https://s3.eu-west-1.amazonaws.com/logs/${thingName}/${executionNumber}.txt}",` +
		`"dump":"${aws:iot:s3-presigned-url-upload}"}`
	s.create("j", "g", func(in *iot.CreateJobInput) {
		in.Document = aws.String(document)
		in.PresignedUrlConfig = &types.PresignedUrlConfig{RoleArn: aws.String(role("logs"))}
		in.JobExecutionsRetryConfig = &types.JobExecutionsRetryConfig{CriteriaList: []types.RetryCriteria{
			{FailureType: types.RetryableFailureTypeFailed, NumberOfRetries: aws.Int32(1)}}}
	})
	d.publish("$aws/things/t0001/jobs/start-next", `{}`)
	first := in.expect("/start-next/accepted")
	upload(t, first.at("execution.jobDocument.log").(string), "first log")
	upload(t, first.at("execution.jobDocument.dump").(string), "first dump")
	if got := fetch(t, first.at("execution.jobDocument.log").(string)); got != "wrong signature" {
		t.Errorf("a GET with the URL of a PUT: %s", got)
	}
	d.publish("$aws/things/t0001/jobs/j/update", `{"status":"FAILED"}`)
	in.expect("/j/update/accepted")
	s.clock(`{"advance":"1h"}`)
	text, _ := at(s.askFor("iot-jobs-data", "PUT", "/things/t0001/jobs/$next", `{}`), "execution.jobDocument").(string)
	var second struct{ Log, Dump string }
	if err := json.Unmarshal([]byte(text), &second); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	upload(t, second.Log, "second log")
	upload(t, second.Dump, "second dump")
	want := map[string]string{
		"/logs/t0001/1.txt": "first log", "/uploads/j/t0001/1": "first dump",
		"/logs/t0001/2.txt": "second log", "/uploads/j/t0001/2": "second dump",
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if diff := cmp.Diff(want, o.objects); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if got := s.ask("GET", "/jobs/j/job-document", "")["document"]; got != document {
		t.Errorf("R-PRE-5: GetJobDocument: %v", got)
	}
}

// What a store does not have is found when the job is created (refusals 2, 3 and 5), not for a
// template; an object without a version need not be there.
func TestObjectsAtCreation(t *testing.T) { // R-SUB-8, R-PRE-11, R-PRE-24
	t.Parallel()
	o := newKeyedStore(t, keyOf("KEYUP"))
	env := []string{"DROVER_S3_ACCESS_KEY_ID=KEYUP", "DROVER_S3_SECRET_ACCESS_KEY=" + keyOf("KEYUP").SecretAccessKey}
	s := serveStore(t, o.URL, env)
	s.fleet("g", 1)
	const upload, v2 = "s3-presigned-url-upload:https://s3.amazonaws.com/", "s3-presigned-url-v2:https://s3.amazonaws.com/"
	check := func(placeholder, says string) {
		t.Helper()
		err := s.createAs("j", "fw", placeholder)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", placeholder, err, says)
		}
		if err == nil {
			s.ask("DELETE", "/jobs/j?force=true", "")
		}
	}
	check(upload+"logs/k", "")
	check(upload+"missing/k", "document: upload bucket missing does not exist")
	check(v2+"b/k?versionId=1", "")
	check(v2+"b/k?versionId=missing", "document: k in bucket b has no version missing")
	check(v2+"missing/k", "")
	check("s3-presigned-url-upload", "names no bucket")
	s.ask("PUT", "/job-templates/t", `{"description":"d","document":"{\"a\":\"${aws:iot:`+upload+`missing/k}\"}"}`)
	o.mu.Lock()
	delete(o.keys, "KEYUP")
	o.mu.Unlock()
	check(upload+"logs/k", "InvalidRole: presignedUrlConfig.roleArn: bucket logs cannot be used")
	o.Close()
	check(upload+"logs/k", "InvalidRole: presignedUrlConfig.roleArn: bucket logs cannot be reached")
}

// A server without a credential makes the URLs all the same, and asks no store (R-PRE-26).
func TestUploadWithOwnKey(t *testing.T) {
	t.Parallel()
	s := serveStore(t, newKeyedStore(t).URL, nil)
	s.fleet("g", 1)
	if err := s.createAs("j", "fw", "s3-presigned-url-upload:https://s3.amazonaws.com/missing/k"); err != nil {
		t.Error(err)
	}
	if address := s.delivered("j"); !strings.Contains(address, "/missing/k?X-Amz-") {
		t.Errorf("delivered %s", address)
	}
}
