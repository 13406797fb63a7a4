package job

import (
	"cmp"
	"time"
)

// Template is a stored set of a document and configurations that jobs are made from. It never changes (R-API-32), and
// has no targets, start or end time, tags or namespace (R-TPL-2).
type Template struct {
	ID              string              `json:"id"` // 1..64 of [a-zA-Z0-9_-]
	Description     string              `json:"description,omitzero"`
	PresignedURL    *PresignedURLConfig `json:"presignedUrlConfig,omitzero"`
	Rollout         *RolloutConfig      `json:"rolloutConfig,omitzero"`
	Abort           *AbortConfig        `json:"abortConfig,omitzero"`
	Timeout         *TimeoutConfig      `json:"timeoutConfig,omitzero"`
	Retry           *RetryConfig        `json:"retryConfig,omitzero"`
	Windows         []Window            `json:"maintenanceWindows,omitempty"`
	PackageVersions []string            `json:"destinationPackageVersions,omitempty"`
	CreatedAt       time.Time           `json:"createdAt"`
	// Document is the text as given; lists of templates leave it out.
	Document string `json:"-"`
}

// Check refuses a template that breaks a rule over several members. The role of its presigned URLs is a matter of the
// job that is made from it (R-SUB-8).
func (t Template) Check() error {
	if _, err := CheckDocument(t.Document); err != nil {
		return err
	}
	return t.CheckConfigs()
}

// CheckConfigs is Check without the document, for what replaces members of a job that the template is copied from.
func (t Template) CheckConfigs() error {
	if err := checkConfigs(t.Rollout, t.Abort, t.Retry); err != nil {
		return err
	}
	if err := checkPackageVersions(t.PackageVersions); err != nil {
		return err
	}
	return CheckWindows("maintenanceWindows", t.Windows)
}

// Override replaces whole what is given, and keeps the rest (R-TPL-1).
func (t Template) Override(given Template) Template {
	t.ID, t.CreatedAt = given.ID, given.CreatedAt
	t.Description = cmp.Or(given.Description, t.Description)
	t.Document = cmp.Or(given.Document, t.Document)
	t.PresignedURL = cmp.Or(given.PresignedURL, t.PresignedURL)
	t.Rollout = cmp.Or(given.Rollout, t.Rollout)
	t.Abort = cmp.Or(given.Abort, t.Abort)
	t.Timeout = cmp.Or(given.Timeout, t.Timeout)
	t.Retry = cmp.Or(given.Retry, t.Retry)
	if given.Windows != nil {
		t.Windows = given.Windows
	}
	if given.PackageVersions != nil {
		t.PackageVersions = given.PackageVersions
	}
	return t
}

// ToTemplate copies what a template can hold from a job with its resolved document (R-TPL-1, R-TPL-8).
func (d Definition) ToTemplate(document string) Template {
	t := Template{
		Description: d.Description, Document: document, PresignedURL: d.PresignedURL, Rollout: d.Rollout, Abort: d.Abort,
		Timeout: d.Timeout, Retry: d.Retry, PackageVersions: d.PackageVersions,
	}
	if d.Schedule != nil {
		t.Windows = d.Schedule.Windows
	}
	return t
}

// Fill takes from the template what a new job does not say itself, whole members only (R-TPL-4). A schedule of the job
// replaces the template's windows only if it has windows of its own (R-TPL-5).
func (t Template) Fill(d Definition) Definition {
	d.Description = cmp.Or(d.Description, t.Description)
	d.PresignedURL = cmp.Or(d.PresignedURL, t.PresignedURL)
	d.Rollout = cmp.Or(d.Rollout, t.Rollout)
	d.Abort = cmp.Or(d.Abort, t.Abort)
	d.Timeout = cmp.Or(d.Timeout, t.Timeout)
	d.Retry = cmp.Or(d.Retry, t.Retry)
	if d.PackageVersions == nil {
		d.PackageVersions = t.PackageVersions
	}
	if len(t.Windows) > 0 && (d.Schedule == nil || d.Schedule.Windows == nil) {
		var schedule ScheduleConfig
		if d.Schedule != nil {
			schedule = *d.Schedule
		}
		schedule.Windows = t.Windows
		d.Schedule = &schedule
	}
	return d
}
