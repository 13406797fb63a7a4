package job

import (
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// What a request to create a job says is completed before it is stored: absent members get their
// defaults, and the document comes from the request or from a template.

// Complete fills in what a new job leaves out and what follows from its document, of which
// placeholders are those that CheckDocument found with this store.
func (d Definition) Complete(placeholders []Placeholder, store ObjectStore) Definition {
	for _, p := range placeholders {
		if p.isArtifact(store) {
			d.HasArtifacts = true
		} else {
			d.NeedsRole = true
		}
	}
	d.Targets = UniqueTargets(d.Targets)
	if d.TargetSelection == "" {
		d.TargetSelection = Snapshot // R-VAL-8
	}
	return d
}

// TemplateKind says what a new job is made from.
type TemplateKind uint8

// What a new job may be made from.
const (
	NoTemplate      TemplateKind = iota // the request says all
	CustomTemplate                      // made by CreateJobTemplate
	BuiltInTemplate                     // a managed one, whose document has parameters
)

// CheckSource refuses a new job that has no document, or two. document is the one in the request,
// empty when absent or given by a link. Without a template it is required (R-VAL-1), with a custom
// one it replaces the template's, with a managed one it is not allowed (R-VAL-3). Parameters belong
// to managed templates (R-VAL-4).
func (d Definition) CheckSource(document string, from TemplateKind) error {
	given := document != "" || d.DocumentSource != ""
	switch {
	case d.Parameters != nil && from != BuiltInTemplate:
		return fault.New(fault.Invalid,
			"documentParameters: allowed only with the jobTemplateArn of a managed template")
	case !given && from == NoTemplate:
		return fault.New(fault.Invalid,
			"document: required, because neither documentSource nor jobTemplateArn is given")
	case given && from == BuiltInTemplate:
		return fault.New(fault.Invalid,
			"document: not allowed with the jobTemplateArn of a managed template")
	}
	return nil
}

// ParseTemplateARN reads the jobTemplateArn of a new job. That of a managed template has no account
// (R-CON-5).
func ParseTemplateARN(text string) (arn registry.ARN, kind TemplateKind, err error) {
	arn, ok := registry.ParseARN(text)
	if !ok || arn.Kind != registry.KindTemplate {
		return arn, NoTemplate, fault.New(fault.Invalid,
			"jobTemplateArn: %q is not an ARN of a job template", text)
	}
	if arn.Account == "" {
		return arn, BuiltInTemplate, nil
	}
	return arn, CustomTemplate, nil
}

// ManagedName is the name and version in the ARN of a managed template, which are parted by a
// colon, as in jobtemplate/AWS-Reboot:1.0.
func ManagedName(scope registry.Scope, arn registry.ARN) (name, version string, err error) {
	scope.Account = ""
	name, version, versioned := strings.Cut(arn.Name, ":")
	if !scope.Contains(arn) || !versioned {
		return "", "", fault.New(fault.Invalid,
			"jobTemplateArn: %s is not a managed template of this server, which are like %s",
			arn, scope.ARN(registry.KindTemplate, "AWS-Reboot:1.0"))
	}
	return name, version, nil
}

// CheckTemplateSource refuses to make a template from a job that is being deleted (R-TPL-9).
func (j Job) CheckTemplateSource() error {
	if j.Status == DeletionInProgress {
		return fault.New(fault.Invalid, "jobArn: job %s is being deleted", j.ID)
	}
	return nil
}
