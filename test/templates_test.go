package test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

// Custom templates: from a document and from a job, what a job takes from them, what they refuse (R-TPL-1 to R-TPL-9,
// R-API-31 to R-API-35, R-VAL-3, R-VAL-35).
func TestJobTemplates(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual", "--max-job-templates", "3")
	s.fleet("g", 2)
	ctx, client := within(t, time.Minute), s.control()
	windows := []types.MaintenanceWindow{{StartTime: aws.String("cron(0 2 * * ? *)"), DurationInMinutes: aws.Int32(60)}}
	made := must[*iot.CreateJobTemplateOutput](t)(client.CreateJobTemplate(ctx, &iot.CreateJobTemplateInput{
		JobTemplateId: aws.String("t1"), Description: aws.String("from a document"), Document: aws.String(`{"a": 1}`),
		TimeoutConfig: &types.TimeoutConfig{InProgressTimeoutInMinutes: aws.Int64(5)}, MaintenanceWindows: windows,
	}))
	if *made.JobTemplateArn != s.arn("jobtemplate", "t1") {
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
		"no such job":      {iot.CreateJobTemplateInput{JobTemplateId: aws.String("t9"), JobArn: aws.String(s.arn("job", "nope"))}, "ResourceNotFoundException"},
		"no ARN of a job":  {iot.CreateJobTemplateInput{JobTemplateId: aws.String("t9"), JobArn: aws.String(s.arn("thing", "t0001"))}, "InvalidRequestException"},
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
	_, err = client.CreateJob(ctx, &iot.CreateJobInput{JobId: aws.String("j2"), Targets: []string{s.arn("thinggroup", "g")}, JobTemplateArn: made.JobTemplateArn})
	wantError(t, err, "ResourceNotFoundException") // R-TPL-7
}

// Managed templates: the catalogue, parameters, both views of the document (R-MT-1 to R-MT-7, R-PAR-1 to R-PAR-6, R-SUB-10).
func TestManagedTemplates(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	ctx, client := within(t, time.Minute), s.control()
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
		_, err := client.CreateJob(ctx, &iot.CreateJobInput{JobId: &id, Targets: []string{s.arn("thinggroup", "g")}, JobTemplateArn: &template, DocumentParameters: parameters})
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
	_, err := client.CreateJob(ctx, &iot.CreateJobInput{JobId: aws.String("refused"), Targets: []string{s.arn("thinggroup", "g")}, JobTemplateArn: &reboot, Document: aws.String("{}")})
	wantError(t, err, "InvalidRequestException") // R-VAL-3
	_, err = client.CreateJob(ctx, &iot.CreateJobInput{JobId: aws.String("refused"), Targets: []string{s.arn("thinggroup", "g")}, Document: aws.String("{}"), DocumentParameters: map[string]string{"a": "b"}})
	wantError(t, err, "InvalidRequestException") // R-VAL-4
	_, err = client.DescribeManagedJobTemplate(ctx, &iot.DescribeManagedJobTemplateInput{TemplateName: aws.String("AWS-Boot")})
	wantError(t, err, "ResourceNotFoundException") // R-MT-2
	_, err = client.ListManagedJobTemplates(ctx, &iot.ListManagedJobTemplatesInput{TemplateName: aws.String("AWS-Boot")})
	wantError(t, err, "ResourceNotFoundException")
}
