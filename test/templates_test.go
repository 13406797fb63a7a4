package test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

// Custom templates: from a document and from a job, what a job takes from them, what they refuse
// (R-TPL-1, R-TPL-5, R-TPL-7, R-API-31, R-API-33, R-API-35, R-VAL-3, R-VAL-35, R-LIM-45).
func TestJobTemplates(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual", "--max-job-templates", "3")
	s.fleet("g", 2)
	ctx, client := within(t, time.Minute), s.Control()
	windows := []types.MaintenanceWindow{{StartTime: aws.String("cron(0 2 * * ? *)"), DurationInMinutes: aws.Int32(60)}}
	made := must[*iot.CreateJobTemplateOutput](t)(client.CreateJobTemplate(ctx, &iot.CreateJobTemplateInput{
		JobTemplateId: aws.String("t1"), Description: aws.String("from a document"), Document: aws.String(`{"a": 1}`),
		TimeoutConfig: &types.TimeoutConfig{InProgressTimeoutInMinutes: aws.Int64(5)}, MaintenanceWindows: windows,
	}))
	if *made.JobTemplateArn != s.ARN("jobtemplate", "t1") {
		t.Errorf("ARN %s (R-CON-4)", *made.JobTemplateArn)
	}
	s.clock(`{"advance":"1s"}`)
	s.create("j1", "g", func(in *iot.CreateJobInput) {
		in.Document, in.JobTemplateArn = nil, made.JobTemplateArn
		in.SchedulingConfig = &types.SchedulingConfig{EndBehavior: types.JobEndBehaviorCancel} // no windows of its own (R-TPL-5)
	})
	job := must[*iot.DescribeJobOutput](t)(client.DescribeJob(ctx, &iot.DescribeJobInput{JobId: aws.String("j1")})).Job
	if aws.ToString(job.Description) != "from a document" || *job.TimeoutConfig.InProgressTimeoutInMinutes != 5 || aws.ToString(job.JobTemplateArn) != *made.JobTemplateArn ||
		len(job.SchedulingConfig.MaintenanceWindows) != 1 || job.SchedulingConfig.EndBehavior != types.JobEndBehaviorCancel {
		t.Errorf("made from a template: %+v, schedule %+v", job, job.SchedulingConfig)
	}
	// From a job, with one member replaced whole.
	must[*iot.CreateJobTemplateOutput](t)(client.CreateJobTemplate(ctx, &iot.CreateJobTemplateInput{
		JobTemplateId: aws.String("t2"), Description: aws.String("from a job"), JobArn: job.JobArn, TimeoutConfig: &types.TimeoutConfig{},
	}))
	copied := must[*iot.DescribeJobTemplateOutput](t)(client.DescribeJobTemplate(ctx, &iot.DescribeJobTemplateInput{JobTemplateId: aws.String("t2")}))
	if *copied.Document != `{"a": 1}` || *copied.Description != "from a job" || copied.TimeoutConfig.InProgressTimeoutInMinutes != nil || len(copied.MaintenanceWindows) != 1 {
		t.Errorf("copied from a job: %+v", copied)
	}
	list := must[*iot.ListJobTemplatesOutput](t)(client.ListJobTemplates(ctx, &iot.ListJobTemplatesInput{MaxResults: aws.Int32(1)}))
	if len(list.JobTemplates) != 1 || *list.JobTemplates[0].JobTemplateId != "t2" || list.NextToken == nil {
		t.Errorf("newest first: %+v", list)
	}
	list = must[*iot.ListJobTemplatesOutput](t)(client.ListJobTemplates(ctx, &iot.ListJobTemplatesInput{MaxResults: aws.Int32(1), NextToken: list.NextToken}))
	if len(list.JobTemplates) != 1 || *list.JobTemplates[0].JobTemplateId != "t1" || list.NextToken != nil {
		t.Errorf("then the older: %+v", list)
	}
	for name, c := range map[string]struct {
		in        iot.CreateJobTemplateInput
		exception string
	}{
		"used id":          {iot.CreateJobTemplateInput{JobTemplateId: aws.String("t1"), Document: aws.String(`{"a": 1}`)}, "ConflictException"},
		"nothing to copy":  {iot.CreateJobTemplateInput{JobTemplateId: aws.String("t9")}, "InvalidRequestException"},
		"two documents":    {iot.CreateJobTemplateInput{JobTemplateId: aws.String("t9"), Document: aws.String("{}"), DocumentSource: aws.String("https://x")}, "InvalidRequestException"},
		"no such job":      {iot.CreateJobTemplateInput{JobTemplateId: aws.String("t9"), JobArn: aws.String(s.ARN("job", "nope"))}, "ResourceNotFoundException"},
		"no ARN of a job":  {iot.CreateJobTemplateInput{JobTemplateId: aws.String("t9"), JobArn: aws.String(s.ARN("thing", "t0001"))}, "InvalidRequestException"},
		"a bad document":   {iot.CreateJobTemplateInput{JobTemplateId: aws.String("t9"), Document: aws.String("[]")}, "InvalidRequestException"},
		"a bad window":     {iot.CreateJobTemplateInput{JobTemplateId: aws.String("t9"), Document: aws.String("{}"), MaintenanceWindows: []types.MaintenanceWindow{{StartTime: aws.String("2 o'clock"), DurationInMinutes: aws.Int32(1)}}}, "InvalidRequestException"},
		"an unknown place": {iot.CreateJobTemplateInput{JobTemplateId: aws.String("t9"), Document: aws.String(`{"a":"${aws:iot:parameter:x}"}`)}, "InvalidRequestException"},
	} {
		c.in.Description = aws.String("refused")
		_, err := client.CreateJobTemplate(ctx, &c.in)
		t.Log(name, err)
		wantError(t, err, c.exception)
	}
	must[*iot.CreateJobTemplateOutput](t)(client.CreateJobTemplate(ctx, &iot.CreateJobTemplateInput{JobTemplateId: aws.String("t3"), Description: aws.String("d"), Document: aws.String("{}")}))
	if _, _, body := s.send(call{method: "GET", path: "/job-templates/t3"}); strings.Contains(body, "maintenanceWindows") || strings.Contains(body, "abortConfig") {
		t.Errorf("what was never given is shown: %s (R-WIRE-13)", body)
	}
	_, err := client.CreateJobTemplate(ctx, &iot.CreateJobTemplateInput{JobTemplateId: aws.String("t4"), Description: aws.String("d"), Document: aws.String("{}")})
	wantError(t, err, "LimitExceededException") // R-LIM-45
	must[*iot.DeleteJobTemplateOutput](t)(client.DeleteJobTemplate(ctx, &iot.DeleteJobTemplateInput{JobTemplateId: aws.String("t1")}))
	_, err = client.DeleteJobTemplate(ctx, &iot.DeleteJobTemplateInput{JobTemplateId: aws.String("t1")})
	wantError(t, err, "ResourceNotFoundException")
	_, err = client.CreateJob(ctx, &iot.CreateJobInput{JobId: aws.String("j2"), Targets: []string{s.ARN("thinggroup", "g")}, JobTemplateArn: made.JobTemplateArn})
	wantError(t, err, "ResourceNotFoundException") // R-TPL-7
}

// Managed templates: the catalogue, parameters, both views of the document (R-CON-5, R-MT-1,
// R-MT-2, R-MT-6, R-MT-7, R-PAR-1 to R-PAR-4, R-PAR-6, R-SUB-10, R-API-33).
func TestManagedTemplates(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	ctx, client := within(t, time.Minute), s.Control()
	list := must[*iot.ListManagedJobTemplatesOutput](t)(client.ListManagedJobTemplates(ctx, &iot.ListManagedJobTemplatesInput{}))
	var names []string
	for _, m := range list.ManagedJobTemplates {
		names = append(names, *m.TemplateName)
	}
	want := "AWS-Download-File AWS-Install-Application AWS-Reboot AWS-Remove-Application AWS-Restart-Application AWS-Run-Command AWS-Start-Application AWS-Stop-Application"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the catalogue is %s", got)
	}
	m := must[*iot.DescribeManagedJobTemplateOutput](t)(client.DescribeManagedJobTemplate(ctx, &iot.DescribeManagedJobTemplateInput{TemplateName: aws.String("AWS-Download-File")}))
	if *m.TemplateArn != "arn:aws:iot:"+s.Region+"::jobtemplate/AWS-Download-File:1.0" || len(m.DocumentParameters) != 4 || !cmp.Equal(m.Environments, []string{"LINUX"}) {
		t.Errorf("%+v", m)
	}
	const before = `{"version":"1.0","steps":[{"action":{"name":"Download-File","type":"runHandler","input":{"handler":"download-file.sh",` +
		`"args":["${aws:iot:parameter:downloadUrl}","${aws:iot:parameter:filePath}"],"path":"${aws:iot:parameter:pathToHandler}"},"runAsUser":"${aws:iot:parameter:runAsUser}"}}]}`
	if *m.Document != before {
		t.Errorf("document %s (R-MT-6)", *m.Document)
	}
	create := func(id string, template string, parameters map[string]string) error {
		_, err := client.CreateJob(ctx, &iot.CreateJobInput{JobId: &id, Targets: []string{s.ARN("thinggroup", "g")}, JobTemplateArn: &template, DocumentParameters: parameters})
		return err
	}
	if err := create("j1", *m.TemplateArn, map[string]string{"downloadUrl": `https://example.com/a"b`, "filePath": "/tmp/x"}); err != nil {
		t.Fatal(err)
	}
	document := func(original bool) string {
		return *must[*iot.GetJobDocumentOutput](t)(client.GetJobDocument(ctx, &iot.GetJobDocumentInput{JobId: aws.String("j1"), BeforeSubstitution: original})).Document
	}
	const after = `{"version":"1.0","steps":[{"action":{"name":"Download-File","type":"runHandler","input":{"handler":"download-file.sh",` +
		`"args":["https://example.com/a\"b","/tmp/x"],"path":""},"runAsUser":""}}]}`
	if got := document(false); got != after {
		t.Errorf("resolved: %s (R-PAR-4)", got)
	}
	if got := document(true); got != before {
		t.Errorf("before substitution: %s", got)
	}
	job := must[*iot.DescribeJobOutput](t)(client.DescribeJob(ctx, &iot.DescribeJobInput{JobId: aws.String("j1")})).Job
	if job.DocumentParameters["filePath"] != "/tmp/x" || *job.Description != *m.Description || *job.JobTemplateArn != *m.TemplateArn {
		t.Errorf("%+v", job)
	}
	reboot := "arn:aws:iot:" + s.Region + "::jobtemplate/AWS-Reboot:1.0"
	for name, c := range map[string]struct {
		template   string
		parameters map[string]string
		exception  string
	}{
		"a required one is missing": {*m.TemplateArn, map[string]string{"filePath": "/tmp/x"}, "InvalidRequestException"},
		"an unknown one":            {reboot, map[string]string{"when": "now"}, "InvalidRequestException"},
		"too long":                  {reboot, map[string]string{"runAsUser": strings.Repeat("x", 257)}, "InvalidRequestException"},
		"no role for the S3 value":  {*m.TemplateArn, map[string]string{"downloadUrl": "${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}", "filePath": "x"}, "InvalidRequestException"},
		"an unknown version":        {strings.Replace(reboot, ":1.0", ":2.0", 1), nil, "ResourceNotFoundException"},
		"an unknown name":           {strings.Replace(reboot, "Reboot", "Boot", 1), nil, "ResourceNotFoundException"},
		"no version":                {strings.Replace(reboot, ":1.0", "", 1), nil, "InvalidRequestException"},
	} {
		err := create("refused", c.template, c.parameters)
		t.Log(name, err)
		wantError(t, err, c.exception)
	}
	if err := create("j2", reboot, nil); err != nil {
		t.Error(err)
	}
	_, err := client.CreateJob(ctx, &iot.CreateJobInput{JobId: aws.String("refused"), Targets: []string{s.ARN("thinggroup", "g")}, JobTemplateArn: &reboot, Document: aws.String("{}")})
	wantError(t, err, "InvalidRequestException") // R-VAL-3
	_, err = client.CreateJob(ctx, &iot.CreateJobInput{JobId: aws.String("refused"), Targets: []string{s.ARN("thinggroup", "g")}, Document: aws.String("{}"), DocumentParameters: map[string]string{"a": "b"}})
	wantError(t, err, "InvalidRequestException") // R-VAL-4
	_, err = client.DescribeManagedJobTemplate(ctx, &iot.DescribeManagedJobTemplateInput{TemplateName: aws.String("AWS-Boot")})
	wantError(t, err, "ResourceNotFoundException") // R-MT-2
	_, err = client.ListManagedJobTemplates(ctx, &iot.ListManagedJobTemplatesInput{TemplateName: aws.String("AWS-Boot")})
	wantError(t, err, "ResourceNotFoundException")
}

// What a job takes from a template and what it says itself (R-TPL-4, R-TPL-6), what a template made
// from a job leaves out (R-TPL-2, R-SCH-13), templates from jobs of managed templates (R-TPL-8),
// and that jobs outlive their template (R-API-34).
func TestTemplateMembers(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 1)
	group, thing := s.ARN("thinggroup", "g"), s.ARN("thing", "t0001")
	soon := s.clock(`{"advance":"0s"}`).Add(time.Hour)
	day := func(after time.Duration) string { return soon.Add(after).Format("2006-01-02 15:04") }
	job := func(id string) map[string]any { return s.ask("GET", "/jobs/"+id, "")["job"].(map[string]any) }
	const configs = `"description":"from the template","presignedUrlConfig":{"roleArn":"arn:aws:iam::123456789012:role/t","expiresInSec":60},
		"jobExecutionsRolloutConfig":{"maximumPerMinute":7,"exponentialRate":{"baseRatePerMinute":5,"incrementFactor":2,"rateIncreaseCriteria":{"numberOfNotifiedThings":1}}},
		"abortConfig":{"criteriaList":[{"failureType":"ALL","action":"CANCEL","thresholdPercentage":10,"minNumberOfExecutedThings":1}]},
		"timeoutConfig":{"inProgressTimeoutInMinutes":5},"jobExecutionsRetryConfig":{"criteriaList":[{"failureType":"ALL","numberOfRetries":3}]},
		"destinationPackageVersions":["arn:aws:iot:us-east-1:000000000000:package/p/version/1"]`
	members := []string{"description", "presignedUrlConfig", "jobExecutionsRolloutConfig", "abortConfig", "timeoutConfig", "jobExecutionsRetryConfig", "destinationPackageVersions"}
	s.ask("PUT", "/job-templates/t", `{"document":"{}",`+configs+`,"schedulingConfig":{"startTime":"x"},"maintenanceWindows":[{"startTime":"* * * * ? *","durationInMinutes":60}]}`)
	template := s.ask("GET", "/job-templates/t", "")
	if template["schedulingConfig"] != nil { // R-SCH-13
		t.Errorf("a template has windows only: %v", names(template))
	}
	if !cmp.Equal(template["destinationPackageVersions"], []any{"arn:aws:iot:us-east-1:000000000000:package/p/version/1"}) { // R-PKG-1
		t.Errorf("packages %v", template["destinationPackageVersions"])
	}
	from := `"targets":["` + group + `"],"jobTemplateArn":"` + s.ARN("jobtemplate", "t") + `"`
	answer := s.ask("PUT", "/jobs/all", "{"+from+"}")
	if answer["description"] != "from the template" { // R-API-4
		t.Errorf("CreateJob answers %v", answer)
	}
	all := job("all")
	for _, name := range members {
		if diff := cmp.Diff(template[name], all[name]); diff != "" || all[name] == nil {
			t.Errorf("R-TPL-4: %s is not the template's (-template +job):\n%s", name, diff)
		}
	}
	// Each member of the request replaces the template's whole: what it does not say is not filled
	// in from there.
	own := map[string]any{
		"description": "own", "presignedUrlConfig": map[string]any{"expiresInSec": 120.0}, "jobExecutionsRolloutConfig": map[string]any{"maximumPerMinute": 9.0},
		"abortConfig":                map[string]any{"criteriaList": []any{map[string]any{"failureType": "FAILED", "action": "CANCEL", "thresholdPercentage": 20.0, "minNumberOfExecutedThings": 2.0}}},
		"timeoutConfig":              map[string]any{},
		"jobExecutionsRetryConfig":   map[string]any{"criteriaList": []any{map[string]any{"failureType": "FAILED", "numberOfRetries": 1.0}}},
		"destinationPackageVersions": []any{},
	}
	for i, name := range members {
		id := fmt.Sprint("own", i)
		text, _ := json.Marshal(map[string]any{name: own[name]})
		s.ask("PUT", "/jobs/"+id, "{"+from+","+string(text[1:]))
		made := job(id)
		for _, other := range members {
			want := template[other]
			if other == name {
				want = own[name]
			}
			if list, empty := want.([]any); empty && len(list) == 0 {
				want = made[other] // an empty list may be left out
				if list, _ := want.([]any); len(list) > 0 {
					t.Errorf("R-TPL-4: with %s: %s is %v", name, other, want)
				}
			}
			if diff := cmp.Diff(want, made[other]); diff != "" {
				t.Errorf("R-TPL-4: with its own %s: %s (-want +got):\n%s", name, other, diff)
			}
		}
	}
	// R-TPL-6: what comes of both is checked like any job.
	s.ask("PUT", "/job-templates/s3", `{"description":"d","document":"{\"a\":\"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}\"}"}`) // R-SUB-8
	s3 := strings.Replace(from, "jobtemplate/t", "jobtemplate/s3", 1)
	if status, exception, text := s.send(call{method: "PUT", path: "/jobs/refused", body: "{" + s3 + "}"}); status != 400 || exception != "InvalidRequestException" || !strings.Contains(text, "roleArn") {
		t.Errorf("R-TPL-6: without a role: %d %s %s", status, exception, text)
	}
	s.ask("PUT", "/jobs/s3", "{"+s3+`,"presignedUrlConfig":{"roleArn":"arn:aws:iam::123456789012:role/r"}}`)
	never := strings.Replace(from, "jobtemplate/t", "jobtemplate/never", 1)
	s.ask("PUT", "/job-templates/never", `{"description":"d","document":"{}","maintenanceWindows":[{"startTime":"0 2 * * ? 1999","durationInMinutes":1}]}`)
	if status, exception, text := s.send(call{method: "PUT", path: "/jobs/refused", body: "{" + never + "}"}); status != 400 || exception != "InvalidRequestException" {
		t.Errorf("R-TPL-6: windows that never open: %d %s %s", status, exception, text)
	}

	// R-TPL-2: a template from a job has no targets, selection, start, end and namespace; R-SCH-13:
	// its windows.
	s.ask("PUT", "/jobs/rich", `{"targets":["`+group+`"],"document":"{\"b\": 2}","targetSelection":"CONTINUOUS","namespaceId":"ns",`+configs+`,
		"schedulingConfig":{"startTime":"`+day(0)+`","endTime":"`+day(48*time.Hour)+`","endBehavior":"CANCEL","maintenanceWindows":[{"startTime":"* * * * ? *","durationInMinutes":60}]}}`)
	s.ask("PUT", "/job-templates/copy", `{"description":"copy","jobArn":"`+s.ARN("job", "rich")+`"}`)
	want := append([]string{"createdAt", "document", "jobTemplateArn", "jobTemplateId", "maintenanceWindows"}, members...)
	slices.Sort(want)
	if diff := cmp.Diff(want, names(s.ask("GET", "/job-templates/copy", ""))); diff != "" {
		t.Errorf("R-TPL-2: members (-want +got):\n%s", diff)
	}
	s.ask("PUT", "/jobs/poor", `{"targets":["`+thing+`"],"jobTemplateArn":"`+s.ARN("jobtemplate", "copy")+`"}`)
	poor := job("poor")
	if poor["status"] != "IN_PROGRESS" || poor["targetSelection"] != "SNAPSHOT" || poor["namespaceId"] != nil || !cmp.Equal(poor["targets"], []any{thing}) ||
		!cmp.Equal(poor["schedulingConfig"], any(map[string]any{"maintenanceWindows": []any{map[string]any{"startTime": "* * * * ? *", "durationInMinutes": 60.0}}})) {
		t.Errorf("R-TPL-2: made from it: %v", poor)
	}
	// R-API-34, R-TPL-7: the job stays as it is when its template goes.
	s.ask("DELETE", "/job-templates/copy", "")
	if diff := cmp.Diff(poor, job("poor")); diff != "" || poor["jobTemplateArn"] != s.ARN("jobtemplate", "copy") {
		t.Errorf("R-API-34: the template is gone (-before +after):\n%s", diff)
	}
	if got := s.ask("GET", "/jobs/poor/job-document", "")["document"]; got != `{"b": 2}` {
		t.Errorf("R-API-34: document %v", got)
	}

	// R-TPL-8: parameters are filled in in what is copied.
	s.ask("PUT", "/jobs/managed", `{"targets":["`+thing+`"],"jobTemplateArn":"arn:aws:iot:us-east-1::jobtemplate/AWS-Run-Command:1.0","documentParameters":{"command":"ls,-l"}}`)
	s.ask("PUT", "/job-templates/run", `{"description":"d","jobArn":"`+s.ARN("job", "managed")+`"}`)
	resolved := s.ask("GET", "/jobs/managed/job-document", "")["document"]
	if got := s.ask("GET", "/job-templates/run", ""); got["document"] != resolved || !strings.Contains(fmt.Sprint(resolved), `"command":"ls,-l"`) || got["documentParameters"] != nil {
		t.Errorf("R-TPL-8: %v", got)
	}
	s.ask("PUT", "/jobs/again", `{"targets":["`+thing+`"],"jobTemplateArn":"`+s.ARN("jobtemplate", "run")+`"}`)
	if got := s.ask("GET", "/jobs/again/job-document?beforeSubstitution=true", "")["document"]; got != resolved {
		t.Errorf("R-TPL-8: document %v", got)
	}
}
