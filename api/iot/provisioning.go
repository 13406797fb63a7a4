package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// The name of a provisioning template.
type ProvisioningTemplateName string

func (ProvisioningTemplateName) Constraint() schema.Constraint {
	return schema.Length(1, 36).Matching(`^[0-9A-Za-z_-]+$`)
}

// What a provisioning template is for.
type ProvisioningTemplateDescription string

func (ProvisioningTemplateDescription) Constraint() schema.Constraint {
	return schema.Length(0, 500).Matching(`[^\p{C}]*`)
}

// A provisioning template in JSON, stored and shown byte for byte (R-ID-77).
type ProvisioningTemplateBody string

func (ProvisioningTemplateBody) Constraint() schema.Constraint {
	return schema.Length(0, 10240).Secret().AsDigest()
}

// The role of a provisioning template. It is kept and shown, and decides nothing here: what a
// template may ask for is what whoever makes it may do (R-ID-76).
type ProvisioningRoleArn string

func (ProvisioningRoleArn) Constraint() schema.Constraint { return schema.Length(20, 2048) }

// Who provisions by a template: devices that have a claim (FLEET_PROVISIONING), or the server when a
// certificate of a registered CA connects first (JITP).
type ProvisioningTemplateType string

func (ProvisioningTemplateType) Constraint() schema.Constraint {
	return schema.Enum("FLEET_PROVISIONING", "JITP")
}

// The number of a provisioning template's version.
type ProvisioningTemplateVersionID int32

// A service that is asked before a device is provisioned (R-ID-84).
type ProvisioningHook struct {
	PayloadVersion *HookPayloadVersion `json:"payloadVersion"`
	TargetArn      HookTarget          `json:"targetArn"`
}

// The form of what the service is asked: 2020-04-01. It is kept and shown.
type HookPayloadVersion string

func (HookPayloadVersion) Constraint() schema.Constraint {
	return schema.Length(10, 32).Matching(`^[0-9-]+$`)
}

// The https URL of the service; http for one on this machine. A function of AWS Lambda cannot be
// called from here.
type HookTarget string

func (HookTarget) Constraint() schema.Constraint { return schema.Length(0, 2048) }

// templateExceptions are the errors that every operation on provisioning templates lists, and those
// given.
func templateExceptions(more ...schema.Exception) []schema.Exception {
	return append(more, api.InvalidRequest, api.Throttling, api.Unauthorized, api.InternalFailure)
}

type CreateProvisioningTemplateRequest struct {
	TemplateName ProvisioningTemplateName         `json:"templateName"`
	Description  *ProvisioningTemplateDescription `json:"description"`
	TemplateBody ProvisioningTemplateBody         `json:"templateBody"`
	// Whether devices can be provisioned by it; false when not given.
	Enabled             *bool                     `json:"enabled"`
	ProvisioningRoleArn ProvisioningRoleArn       `json:"provisioningRoleArn"`
	PreProvisioningHook *ProvisioningHook         `json:"preProvisioningHook"`
	Tags                Tags                      `json:"tags"`
	Type                *ProvisioningTemplateType `json:"type"`
}

type CreateProvisioningTemplateResponse struct {
	TemplateArn      string                        `json:"templateArn"`
	TemplateName     ProvisioningTemplateName      `json:"templateName"`
	DefaultVersionID ProvisioningTemplateVersionID `json:"defaultVersionId"`
}

// Creates a provisioning template with its first version.
var CreateProvisioningTemplate = schema.Op[
	CreateProvisioningTemplateRequest, CreateProvisioningTemplateResponse,
]{
	Name: "CreateProvisioningTemplate", Route: "POST /provisioning-templates",
	Role:   schema.Admin,
	Change: schema.Creates("provisioningtemplate/{templateName}", DescribeProvisioningTemplate),
	Errors: templateExceptions(api.LimitExceeded, api.ResourceAlreadyExists),
}

type DescribeProvisioningTemplateRequest struct {
	TemplateName ProvisioningTemplateName `json:"templateName" in:"path"`
}

type DescribeProvisioningTemplateResponse struct {
	TemplateArn         string                          `json:"templateArn"`
	TemplateName        ProvisioningTemplateName        `json:"templateName"`
	Description         ProvisioningTemplateDescription `json:"description"`
	CreationDate        schema.Timestamp                `json:"creationDate"`
	LastModifiedDate    schema.Timestamp                `json:"lastModifiedDate"`
	DefaultVersionID    ProvisioningTemplateVersionID   `json:"defaultVersionId"`
	TemplateBody        ProvisioningTemplateBody        `json:"templateBody"`
	Enabled             bool                            `json:"enabled"`
	ProvisioningRoleArn ProvisioningRoleArn             `json:"provisioningRoleArn"`
	PreProvisioningHook *ProvisioningHook               `json:"preProvisioningHook"`
	Type                ProvisioningTemplateType        `json:"type"`
}

// Describes a provisioning template with the body that is in force.
var DescribeProvisioningTemplate = schema.Op[
	DescribeProvisioningTemplateRequest, DescribeProvisioningTemplateResponse,
]{
	Name: "DescribeProvisioningTemplate", Route: "GET /provisioning-templates/{templateName}",
	Role:   schema.Operator, // the address of a hook is in it
	Errors: templateExceptions(api.ResourceNotFound),
}

type ListProvisioningTemplatesRequest struct {
	MaxResults *MaxResults `json:"maxResults" in:"query"`
	NextToken  *NextToken  `json:"nextToken" in:"query"`
}

type ListProvisioningTemplatesResponse struct {
	Templates []ProvisioningTemplateSummary `json:"templates"`
	NextToken *NextToken                    `json:"nextToken"`
}

// A provisioning template in a list.
type ProvisioningTemplateSummary struct {
	TemplateArn      string                          `json:"templateArn"`
	TemplateName     ProvisioningTemplateName        `json:"templateName"`
	Description      ProvisioningTemplateDescription `json:"description"`
	CreationDate     schema.Timestamp                `json:"creationDate"`
	LastModifiedDate schema.Timestamp                `json:"lastModifiedDate"`
	Enabled          bool                            `json:"enabled"`
	Type             ProvisioningTemplateType        `json:"type"`
}

// Lists provisioning templates by name.
var ListProvisioningTemplates = schema.Op[
	ListProvisioningTemplatesRequest, ListProvisioningTemplatesResponse,
]{
	Name: "ListProvisioningTemplates", Route: "GET /provisioning-templates",
	Role: schema.Viewer,
	Page: paged("templates"), Errors: templateExceptions(),
}

type UpdateProvisioningTemplateRequest struct {
	TemplateName ProvisioningTemplateName         `json:"templateName" in:"path"`
	Description  *ProvisioningTemplateDescription `json:"description"`
	// Whether devices can be provisioned by it.
	Enabled             *bool                          `json:"enabled"`
	DefaultVersionID    *ProvisioningTemplateVersionID `json:"defaultVersionId"`
	ProvisioningRoleArn *ProvisioningRoleArn           `json:"provisioningRoleArn"`
	PreProvisioningHook *ProvisioningHook              `json:"preProvisioningHook"`
	// Takes the hook away.
	RemovePreProvisioningHook *bool `json:"removePreProvisioningHook"`
}

// Changes a provisioning template, and which of its versions is in force.
var UpdateProvisioningTemplate = schema.Op[UpdateProvisioningTemplateRequest, schema.Nothing]{
	Name: "UpdateProvisioningTemplate", Route: "PATCH /provisioning-templates/{templateName}",
	Role:   schema.Admin,
	Change: schema.Changes("provisioningtemplate/{templateName}", DescribeProvisioningTemplate),
	Errors: []schema.Exception{
		api.ResourceNotFound, api.ConflictingUpdate, api.InvalidRequest, api.Unauthorized,
		api.InternalFailure,
	},
}

type DeleteProvisioningTemplateRequest struct {
	TemplateName ProvisioningTemplateName `json:"templateName" in:"path"`
}

// Deletes a provisioning template with its versions; what was provisioned by it stays.
var DeleteProvisioningTemplate = schema.Op[DeleteProvisioningTemplateRequest, schema.Nothing]{
	Name: "DeleteProvisioningTemplate", Route: "DELETE /provisioning-templates/{templateName}",
	Role:   schema.Admin,
	Change: schema.Changes("provisioningtemplate/{templateName}", DescribeProvisioningTemplate),
	Errors: templateExceptions(api.ResourceNotFound, api.DeleteConflict, api.ConflictingUpdate),
}

type CreateProvisioningTemplateVersionRequest struct {
	TemplateName ProvisioningTemplateName `json:"templateName" in:"path"`
	TemplateBody ProvisioningTemplateBody `json:"templateBody"`
	// Puts the version in force.
	SetAsDefault *bool `json:"setAsDefault" in:"query"`
}

type CreateProvisioningTemplateVersionResponse struct {
	TemplateArn      string                        `json:"templateArn"`
	TemplateName     ProvisioningTemplateName      `json:"templateName"`
	VersionID        ProvisioningTemplateVersionID `json:"versionId"`
	IsDefaultVersion bool                          `json:"isDefaultVersion"`
}

// Adds a version to a provisioning template; at most five are kept.
var CreateProvisioningTemplateVersion = schema.Op[
	CreateProvisioningTemplateVersionRequest, CreateProvisioningTemplateVersionResponse,
]{
	Name: "CreateProvisioningTemplateVersion", Route: "POST /provisioning-templates/{templateName}/versions",
	Role: schema.Admin,
	Change: schema.Changes("provisioningtemplate/{templateName}", DescribeProvisioningTemplate,
		ListProvisioningTemplateVersions),
	Errors: templateExceptions(
		api.VersionsLimitExceeded, api.ResourceNotFound, api.ConflictingUpdate),
}

type DescribeProvisioningTemplateVersionRequest struct {
	TemplateName ProvisioningTemplateName      `json:"templateName" in:"path"`
	VersionID    ProvisioningTemplateVersionID `json:"versionId" in:"path"`
}

type DescribeProvisioningTemplateVersionResponse struct {
	VersionID        ProvisioningTemplateVersionID `json:"versionId"`
	CreationDate     schema.Timestamp              `json:"creationDate"`
	TemplateBody     ProvisioningTemplateBody      `json:"templateBody"`
	IsDefaultVersion bool                          `json:"isDefaultVersion"`
}

// Describes one version of a provisioning template.
var DescribeProvisioningTemplateVersion = schema.Op[
	DescribeProvisioningTemplateVersionRequest, DescribeProvisioningTemplateVersionResponse,
]{
	Name:   "DescribeProvisioningTemplateVersion",
	Route:  "GET /provisioning-templates/{templateName}/versions/{versionId}",
	Role:   schema.Viewer,
	Errors: templateExceptions(api.ResourceNotFound),
}

type ListProvisioningTemplateVersionsRequest struct {
	TemplateName ProvisioningTemplateName `json:"templateName" in:"path"`
	MaxResults   *MaxResults              `json:"maxResults" in:"query"`
	NextToken    *NextToken               `json:"nextToken" in:"query"`
}

type ListProvisioningTemplateVersionsResponse struct {
	Versions  []ProvisioningTemplateVersionSummary `json:"versions"`
	NextToken *NextToken                           `json:"nextToken"`
}

// A version of a provisioning template in a list.
type ProvisioningTemplateVersionSummary struct {
	VersionID        ProvisioningTemplateVersionID `json:"versionId"`
	CreationDate     schema.Timestamp              `json:"creationDate"`
	IsDefaultVersion bool                          `json:"isDefaultVersion"`
}

// Lists the versions of a provisioning template by number.
var ListProvisioningTemplateVersions = schema.Op[
	ListProvisioningTemplateVersionsRequest, ListProvisioningTemplateVersionsResponse,
]{
	Name: "ListProvisioningTemplateVersions", Route: "GET /provisioning-templates/{templateName}/versions",
	Role: schema.Viewer,
	Page: paged("versions"), Errors: templateExceptions(api.ResourceNotFound),
}

type DeleteProvisioningTemplateVersionRequest struct {
	TemplateName ProvisioningTemplateName      `json:"templateName" in:"path"`
	VersionID    ProvisioningTemplateVersionID `json:"versionId" in:"path"`
}

// Deletes a version of a provisioning template that is not in force.
var DeleteProvisioningTemplateVersion = schema.Op[
	DeleteProvisioningTemplateVersionRequest, schema.Nothing,
]{
	Name:  "DeleteProvisioningTemplateVersion",
	Route: "DELETE /provisioning-templates/{templateName}/versions/{versionId}",
	Role:  schema.Admin,
	Change: schema.Changes("provisioningtemplate/{templateName}", DescribeProvisioningTemplate,
		ListProvisioningTemplateVersions),
	Errors: templateExceptions(api.ResourceNotFound, api.ConflictingUpdate, api.DeleteConflict),
}

type CreateProvisioningClaimRequest struct {
	TemplateName ProvisioningTemplateName `json:"templateName" in:"path"`
}

type CreateProvisioningClaimResponse struct {
	CertificateID  CertificateID    `json:"certificateId"`
	CertificatePem CertificatePem   `json:"certificatePem"`
	KeyPair        KeyPair          `json:"keyPair"`
	Expiration     schema.Timestamp `json:"expiration"`
}

// Makes a key pair and a certificate with which a device can provision itself by one template, for
// five minutes.
var CreateProvisioningClaim = schema.Op[
	CreateProvisioningClaimRequest, CreateProvisioningClaimResponse,
]{
	Name:   "CreateProvisioningClaim",
	Route:  "POST /provisioning-templates/{templateName}/provisioning-claim",
	Role:   schema.Operator,
	Change: schema.Creates("cert/{certificateId}", DescribeCertificate),
	Errors: registryErrors(api.ResourceNotFound),
}

type RegisterThingRequest struct {
	TemplateBody ProvisioningTemplateBody `json:"templateBody"`
	Parameters   ProvisioningParameters   `json:"parameters"`
}

// Values of the parameters of a template, at most 100.
type ProvisioningParameters map[string]string

func (ProvisioningParameters) Constraint() schema.Constraint {
	return schema.Items(0, 100).Keys(schema.Length(0, 2048)).
		Each(schema.Length(0, 4096).Secret().AsDigest())
}

type RegisterThingResponse struct {
	CertificatePem CertificatePem `json:"certificatePem"`
	// The ARNs of the thing, the certificate and the policies, by their names in the template.
	ResourceArns ResourceArns `json:"resourceArns"`
}

// The ARNs of what a template names.
type ResourceArns map[string]string

// Makes what a template asks for, all of it or nothing.
var RegisterThing = schema.Op[RegisterThingRequest, RegisterThingResponse]{
	Name: "RegisterThing", Route: "POST /things",
	Role:   schema.Admin,
	Change: schema.Changes("cert/{certificateId}", DescribeCertificate),
	Errors: registryErrors(api.ConflictingUpdate, api.RegistrationFailure),
}
