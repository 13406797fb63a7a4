package job

import (
	"cmp"
	"time"
)

// Template is a stored document with configurations that jobs are made from. It never changes
// (R-API-32), and has no targets, start or end time, tags or namespace (R-TPL-2).
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
	// DocumentSource is the link that the document was read from, empty for one given inline.
	DocumentSource string `json:"documentSource,omitzero"`
	// Document is the text as given or read; lists of templates leave it out.
	Document string `json:"-"`
}

// Check refuses a template that breaks a rule over several members. Whether presigned URLs have a
// role is checked when a job is made from it (R-SUB-8).
func (t Template) Check(stores Stores, l RequestLimits) error {
	placeholders, err := CheckDocument(t.Document, stores.Own, l)
	if err != nil {
		return err
	}
	if err := CheckUploads(placeholders, stores); err != nil {
		return err
	}
	return t.CheckConfigs(l)
}

// CheckConfigs is Check without the document, for a request that takes the document from a job.
func (t Template) CheckConfigs(l RequestLimits) error {
	if err := l.checkConfigs(t.PresignedURL, t.Rollout, t.Abort); err != nil {
		return err
	}
	if err := checkConfigs(t.Rollout, t.Retry); err != nil {
		return err
	}
	if err := checkPackageVersions(t.PackageVersions); err != nil {
		return err
	}
	return CheckWindows("maintenanceWindows", t.Windows)
}

// Override replaces the members that are given, each as a whole (R-TPL-1).
func (t Template) Override(given Template) Template {
	t.ID, t.CreatedAt, t.DocumentSource = given.ID, given.CreatedAt, given.DocumentSource
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

// ToTemplate copies what a template can have from a job (R-TPL-1). document is the job's, with its
// parameters filled in (R-TPL-8).
func (d Definition) ToTemplate(document string) Template {
	t := Template{
		Description:     d.Description,
		Document:        document,
		PresignedURL:    d.PresignedURL,
		Rollout:         d.Rollout,
		Abort:           d.Abort,
		Timeout:         d.Timeout,
		Retry:           d.Retry,
		PackageVersions: d.PackageVersions,
	}
	if d.Schedule != nil {
		t.Windows = d.Schedule.Windows
	}
	return t
}

// Fill takes from the template the members that a new job does not give itself, each as a whole
// (R-TPL-4). A job with a start time and no windows gets the template's windows beside its start
// time; a job with windows of its own gets none of the template's (R-TPL-5).
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
