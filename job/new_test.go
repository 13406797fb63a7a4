package job

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// Where the document of a new job comes from: every combination of what may be given (R-VAL-1,
// R-VAL-3, R-VAL-4).
func TestCheckSource(t *testing.T) {
	t.Parallel()
	const (
		required   = "document: required, because neither documentSource nor jobTemplateArn is given"
		notAllowed = "document: not allowed with the jobTemplateArn of a managed template"
		parameters = "documentParameters: allowed only with the jobTemplateArn of a managed template"
	)
	given := map[string]string{"p": "v"}
	for _, tt := range []struct {
		name       string
		document   string
		from       TemplateKind
		parameters map[string]string
		says       string
	}{
		{"R-VAL-1 a document", "{}", NoTemplate, nil, ""},
		{"R-VAL-1 nothing", "", NoTemplate, nil, required},
		{"R-VAL-3 a custom template", "", CustomTemplate, nil, ""},
		{"R-VAL-3 a document in place of its own", "{}", CustomTemplate, nil, ""},
		{"R-VAL-3 a managed template", "", BuiltInTemplate, nil, ""},
		{"R-VAL-3 and a document", "{}", BuiltInTemplate, nil, notAllowed},
		{"R-VAL-4 parameters of a managed template", "", BuiltInTemplate, given, ""},
		{"R-VAL-4 of a custom one", "", CustomTemplate, given, parameters},
		{"R-VAL-4 of none", "{}", NoTemplate, given, parameters},
		{"R-VAL-4 of none, and no document", "", NoTemplate, given, parameters},
		{"R-VAL-4 an empty map is given too", "{}", NoTemplate, map[string]string{}, parameters},
	} {
		invalid(t, tt.name, Definition{Parameters: tt.parameters}.CheckSource(tt.document, tt.from),
			tt.says)
	}
}

// What a new job leaves out is filled in, and nothing else (R-VAL-7, R-VAL-8, R-API-40).
func TestComplete(t *testing.T) {
	t.Parallel()
	d := Definition{Targets: targetsNamed("a", "b", "a"), Rollout: &RolloutConfig{}}
	got := d.Complete([]Placeholder{{Kind: PresignedURL, Argument: "u"}}, "")
	want := Definition{Targets: targetsNamed("a", "b"), TargetSelection: Snapshot, NeedsRole: true,
		Rollout: &RolloutConfig{}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d.TargetSelection = Continuous
	if got := d.Complete(nil, ""); got.TargetSelection != Continuous || got.NeedsRole {
		t.Errorf("%+v", got)
	}
}

// The ARN of a template says which kind it is (R-CON-4, R-CON-5).
func TestParseTemplateARN(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		kind TemplateKind
		says string
	}{
		{"arn:aws:iot:us-east-1:000000000000:jobtemplate/t", CustomTemplate, ""},
		{"arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot:1.0", BuiltInTemplate, ""},
		{"t", NoTemplate, `jobTemplateArn: "t" is not an ARN of a job template`},
		{"arn:aws:iot:us-east-1:000000000000:job/j", NoTemplate,
			`jobTemplateArn: "arn:aws:iot:us-east-1:000000000000:job/j" is not an ARN of a job template`},
	} {
		_, kind, err := ParseTemplateARN(tt.text)
		invalid(t, tt.text, err, tt.says)
		if kind != tt.kind {
			t.Errorf("%s: kind %d, want %d", tt.text, kind, tt.kind)
		}
	}
}

// The name and the version of a managed template stand in its ARN (R-CON-5, R-MT-1).
func TestManagedName(t *testing.T) {
	t.Parallel()
	const like = " is not a managed template of this server, which are like arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot:1.0"
	for _, tt := range []struct{ text, name, version, says string }{
		{"arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot:1.0", "AWS-Reboot", "1.0", ""},
		{"arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot", "", "",
			"jobTemplateArn: arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot" + like},
		{"arn:aws:iot:eu-west-1::jobtemplate/AWS-Reboot:1.0", "", "",
			"jobTemplateArn: arn:aws:iot:eu-west-1::jobtemplate/AWS-Reboot:1.0" + like},
	} {
		arn, _, err := ParseTemplateARN(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		name, version, err := ManagedName(registry.DefaultScope, arn)
		invalid(t, tt.text, err, tt.says)
		if name != tt.name || version != tt.version {
			t.Errorf("%s: %s %s", tt.text, name, version)
		}
	}
}

// What else a request about a job or an execution asks first (R-TPL-9, R-UPD-5, R-EXE-39, R-EXE-48,
// R-HTTP-15).
func TestAskedFirst(t *testing.T) {
	t.Parallel()
	for _, status := range []Status{Scheduled, InProgress, Completed, Canceled,
		DeletionInProgress} {
		j := Job{ID: "j", State: State{Status: status}}
		says := ""
		if status == DeletionInProgress {
			says = "jobArn: job j is being deleted"
		}
		invalid(t, "R-TPL-9 "+string(status), j.CheckTemplateSource(), says)
		if j.ShowsExecutions() != (says == "") {
			t.Errorf("R-EXE-39 %s: shows executions %v", status, j.ShowsExecutions())
		}
	}
	j := Job{Definition: Definition{Namespace: "n"}}
	if !j.InNamespace(nil) || !j.InNamespace(text("n")) || j.InNamespace(text("m")) ||
		j.InNamespace(text("")) {
		t.Error("R-UPD-5: a namespace that is given must be the job's")
	}
	if !(Job{}).InNamespace(text("")) {
		t.Error("R-UPD-5: the empty namespace is that of a job without one")
	}
	for _, status := range ExecutionStatuses() {
		err := Execution{ExecutionKey: ExecutionKey{Number: 3}, Status: status}.CheckPending("j")
		if f := fault.Of(err); (f != nil) != status.Terminal() ||
			f != nil && (f.Code != fault.Terminal ||
				f.Message != "execution 3 of job j is "+status.String()) {
			t.Errorf("R-HTTP-15 %s: %v", status, err)
		}
	}
}
