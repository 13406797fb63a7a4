package registry

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// A provisioning template says what a device gets that comes with a claim. It has up to five
// versions of its body, one of which is in force: the default. Versions are numbered from 1, and a
// number is never used again (R-ID-76). What a body says is the business of registry/provisioning.

// ProvisioningKind is what a template is for.
type ProvisioningKind string

// The kinds of template.
const (
	FleetProvisioning ProvisioningKind = "FLEET_PROVISIONING" // by devices that have a claim
	JITProvisioning   ProvisioningKind = "JITP"               // of certificates of a registered CA
)

// ProvisioningTemplate is a template with all its versions.
type ProvisioningTemplate struct {
	Name        string            `json:"-"`
	Kind        ProvisioningKind  `json:"type"`
	Description string            `json:"description,omitzero"`
	Enabled     bool              `json:"enabled"`
	RoleARN     string            `json:"provisioningRoleArn"` // kept and shown; it decides nothing
	Hook        *ProvisioningHook `json:"hook,omitzero"`       // nil without one
	Versions    []TemplateVersion `json:"versions"`            // by Number
	Default     int               `json:"default"`             // the Number that is in force
	LastNumber  int               `json:"lastNumber"`          // the largest Number ever given to one
	CreatedAt   time.Time         `json:"createdAt"`
	UpdatedAt   time.Time         `json:"updatedAt"`
}

// ProvisioningHook is what is asked before a device is provisioned.
type ProvisioningHook struct {
	Target         string `json:"target"` // a URL
	PayloadVersion string `json:"payloadVersion,omitzero"`
}

// TemplateVersion is one body of a template, stored byte for byte.
type TemplateVersion struct {
	Number    int       `json:"number"`
	Body      string    `json:"body"`
	CreatedAt time.Time `json:"createdAt"`
}

// MaxTemplateVersions is how many versions of a template are kept.
const MaxTemplateVersions = 5

// MaxProvisioningTemplates is how many templates there may be.
const MaxProvisioningTemplates = 256

// Body returns the body that is in force.
func (t ProvisioningTemplate) Body() string {
	v, _ := t.Version(t.Default)
	return v.Body
}

// Version returns a version. fault.NotFound: there is none with the number.
func (t ProvisioningTemplate) Version(number int) (TemplateVersion, error) {
	for _, v := range t.Versions {
		if v.Number == number {
			return v, nil
		}
	}
	return TemplateVersion{}, fault.New(fault.NotFound,
		"provisioning template %s has no version %d", t.Name, number)
}

// CheckHook refuses a hook on a template that devices do not ask for by themselves.
func (t ProvisioningTemplate) CheckHook() error {
	if t.Hook != nil && t.Kind != FleetProvisioning {
		return fault.New(fault.Invalid,
			"preProvisioningHook: a template of type %s has none, only one of type %s",
			t.Kind, FleetProvisioning)
	}
	return nil
}

// AddVersion adds a version, with setDefault as the one in force. A sixth is refused: an old one
// must be deleted first.
func (t *ProvisioningTemplate) AddVersion(
	body string, setDefault bool, now time.Time,
) (v TemplateVersion, err error) {
	if len(t.Versions) >= MaxTemplateVersions {
		return v, fault.New(fault.VersionsLimit,
			"provisioning template %s has %d versions, at most %d are kept",
			t.Name, len(t.Versions), MaxTemplateVersions)
	}
	t.LastNumber++
	v = TemplateVersion{Number: t.LastNumber, Body: body, CreatedAt: now}
	t.Versions = append(slices.Clone(t.Versions), v)
	if setDefault {
		t.Default = v.Number
	}
	t.UpdatedAt = now
	return v, nil
}

// DeleteVersion deletes a version that is not in force.
func (t *ProvisioningTemplate) DeleteVersion(number int, now time.Time) error {
	if _, err := t.Version(number); err != nil {
		return err
	}
	if t.Default == number {
		return fault.New(fault.DeleteConflict,
			"version %d of provisioning template %s is the default", number, t.Name)
	}
	t.Versions = slices.DeleteFunc(slices.Clone(t.Versions),
		func(v TemplateVersion) bool { return v.Number == number })
	t.UpdatedAt = now
	return nil
}

// ProvisioningUpdate is what UpdateProvisioningTemplate asks for; nil leaves a property.
type ProvisioningUpdate struct {
	Description *string
	Enabled     *bool
	Default     *int
	RoleARN     *string
	Hook        *ProvisioningHook
	RemoveHook  bool
}

// Update changes the properties of a template, all or none.
func (t *ProvisioningTemplate) Update(u ProvisioningUpdate, now time.Time) error {
	after := *t
	if u.Default != nil {
		if _, err := t.Version(*u.Default); err != nil {
			return fault.New(fault.Invalid, "defaultVersionId: %d is no version of the template",
				*u.Default)
		}
		after.Default = *u.Default
	}
	if u.RemoveHook && u.Hook != nil {
		return fault.New(fault.Invalid,
			"removePreProvisioningHook: cannot be given together with preProvisioningHook")
	}
	if u.Hook != nil || u.RemoveHook {
		after.Hook = u.Hook
	}
	if u.Description != nil {
		after.Description = *u.Description
	}
	if u.Enabled != nil {
		after.Enabled = *u.Enabled
	}
	if u.RoleARN != nil {
		after.RoleARN = *u.RoleARN
	}
	if err := after.CheckHook(); err != nil {
		return err
	}
	after.UpdatedAt = now
	*t = after
	return nil
}

// TemporaryCertificate says that a certificate is removed at a time. One that a device with a claim
// was given stays when the device is provisioned with it (R-ID-81); a claim that was made for a few
// minutes goes in any case (R-ID-86).
type TemporaryCertificate struct {
	Certificate string    // its id
	Until       time.Time // by the real clock
	// Policy is the document that says what a temporary claim may do: to provision with one
	// template. Empty for the certificate of a device.
	Policy string
}

// CertificateLasts is how long a device that got a certificate has to be provisioned with it, and
// ClaimLasts how long a temporary claim is good.
const (
	CertificateLasts = time.Hour
	ClaimLasts       = 5 * time.Minute
)
