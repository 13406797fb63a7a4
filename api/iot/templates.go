package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// The name you give a job template.
type JobTemplateID string

func (JobTemplateID) Constraint() schema.Constraint {
	return schema.Length(1, 64).Chars("a-zA-Z0-9_-")
}

type CreateJobTemplateRequest struct {
	JobTemplateID JobTemplateID `json:"jobTemplateId" in:"path"`
	// The job to copy from (R-VAL-35).
	JobArn                     *string                     `json:"jobArn"`
	DocumentSource             *DocumentSource             `json:"documentSource"`
	Document                   *Document                   `json:"document"`
	Description                Text                        `json:"description"`
	PresignedUrlConfig         *PresignedUrlConfig         `json:"presignedUrlConfig"`
	JobExecutionsRolloutConfig *JobExecutionsRolloutConfig `json:"jobExecutionsRolloutConfig"`
	AbortConfig                *AbortConfig                `json:"abortConfig"`
	TimeoutConfig              *TimeoutConfig              `json:"timeoutConfig"`
	Tags                       Tags                        `json:"tags"`
	JobExecutionsRetryConfig   *JobExecutionsRetryConfig   `json:"jobExecutionsRetryConfig"`
	// When jobs made from the template may roll out.
	MaintenanceWindows         []MaintenanceWindow `json:"maintenanceWindows"`
	DestinationPackageVersions PackageVersions     `json:"destinationPackageVersions"`
}

type CreateJobTemplateResponse struct {
	JobTemplateArn JobTemplateArn `json:"jobTemplateArn"`
	JobTemplateID  JobTemplateID  `json:"jobTemplateId"`
}

// Creates a job template, from a job or from a document. Templates never change (R-API-32).
var CreateJobTemplate = schema.Op[CreateJobTemplateRequest, CreateJobTemplateResponse]{
	Name: "CreateJobTemplate", Route: "PUT /job-templates/{jobTemplateId}",
	Role:   schema.Operator,
	Change: schema.Creates("jobtemplate/{jobTemplateId}", DescribeJobTemplate),
	Errors: templateErrors(api.ResourceNotFound, api.Conflict, api.LimitExceeded),
}

// templateErrors are the errors that every operation on custom templates lists, and those given.
func templateErrors(more ...schema.Exception) []schema.Exception {
	return append(more, api.InvalidRequest, api.Throttling, api.InternalFailure)
}

type DescribeJobTemplateRequest struct {
	JobTemplateID JobTemplateID `json:"jobTemplateId" in:"path"`
}

type DescribeJobTemplateResponse struct {
	JobTemplateArn             JobTemplateArn              `json:"jobTemplateArn"`
	JobTemplateID              JobTemplateID               `json:"jobTemplateId"`
	Description                *Text                       `json:"description"`
	DocumentSource             *DocumentSource             `json:"documentSource"`
	Document                   *Document                   `json:"document"`
	CreatedAt                  *schema.Timestamp           `json:"createdAt"`
	PresignedUrlConfig         *PresignedUrlConfig         `json:"presignedUrlConfig"`
	JobExecutionsRolloutConfig *JobExecutionsRolloutConfig `json:"jobExecutionsRolloutConfig"`
	AbortConfig                *AbortConfig                `json:"abortConfig"`
	TimeoutConfig              *TimeoutConfig              `json:"timeoutConfig"`
	JobExecutionsRetryConfig   *JobExecutionsRetryConfig   `json:"jobExecutionsRetryConfig"`
	MaintenanceWindows         []MaintenanceWindow         `json:"maintenanceWindows"`
	DestinationPackageVersions PackageVersions             `json:"destinationPackageVersions"`
}

// Describes a job template.
var DescribeJobTemplate = schema.Op[DescribeJobTemplateRequest, DescribeJobTemplateResponse]{
	Name: "DescribeJobTemplate", Route: "GET /job-templates/{jobTemplateId}",
	Role:   schema.Viewer,
	Errors: templateErrors(api.ResourceNotFound),
}

type ListJobTemplatesRequest struct {
	MaxResults *MaxResults `json:"maxResults" in:"query"`
	NextToken  *NextToken  `json:"nextToken" in:"query"`
}

type ListJobTemplatesResponse struct {
	JobTemplates []JobTemplateSummary `json:"jobTemplates"`
	NextToken    *NextToken           `json:"nextToken"`
}

// Lists job templates, newest first (R-API-35).
var ListJobTemplates = schema.Op[ListJobTemplatesRequest, ListJobTemplatesResponse]{
	Name: "ListJobTemplates", Route: "GET /job-templates",
	Role: schema.Viewer,
	Page: paged("jobTemplates"), Errors: templateErrors(),
}

// A job template in a list.
type JobTemplateSummary struct {
	JobTemplateArn JobTemplateArn    `json:"jobTemplateArn"`
	JobTemplateID  JobTemplateID     `json:"jobTemplateId"`
	Description    *Text             `json:"description"`
	CreatedAt      *schema.Timestamp `json:"createdAt"`
}

type DeleteJobTemplateRequest struct {
	JobTemplateID JobTemplateID `json:"jobTemplateId" in:"path"`
}

// Deletes a job template. Jobs made from it stay as they are (R-API-34).
var DeleteJobTemplate = schema.Op[DeleteJobTemplateRequest, schema.Nothing]{
	Name: "DeleteJobTemplate", Route: "DELETE /job-templates/{jobTemplateId}",
	Role:   schema.Operator,
	Change: schema.Changes("jobtemplate/{jobTemplateId}", DescribeJobTemplate),
	Errors: templateErrors(api.ResourceNotFound),
}

// The name of a managed template.
type ManagedTemplateName string

func (ManagedTemplateName) Constraint() schema.Constraint { return schema.Length(1, 64) }

// The version of a managed template, such as 1.0 (R-WIRE-20).
type ManagedTemplateVersion string

func (ManagedTemplateVersion) Constraint() schema.Constraint {
	return schema.Pattern(`^[1-9][0-9]*\.[0-9]+$`)
}

type DescribeManagedJobTemplateRequest struct {
	TemplateName ManagedTemplateName `json:"templateName" in:"path"`
	// The newest version when not given.
	TemplateVersion *ManagedTemplateVersion `json:"templateVersion" in:"query"`
}

type DescribeManagedJobTemplateResponse struct {
	TemplateName       ManagedTemplateName    `json:"templateName"`
	TemplateArn        JobTemplateArn         `json:"templateArn"`
	Description        *Text                  `json:"description"`
	TemplateVersion    ManagedTemplateVersion `json:"templateVersion"`
	Environments       Environments           `json:"environments"`
	DocumentParameters []DocumentParameter    `json:"documentParameters"`
	Document           *Document              `json:"document"`
}

// Describes a template that comes with the server.
var DescribeManagedJobTemplate = schema.Op[DescribeManagedJobTemplateRequest, DescribeManagedJobTemplateResponse]{
	Name: "DescribeManagedJobTemplate", Route: "GET /managed-job-templates/{templateName}",
	Role:   schema.Viewer,
	Errors: managedErrors(api.ResourceNotFound),
}

// managedErrors are the errors that every operation on managed templates lists, and those given.
func managedErrors(more ...schema.Exception) []schema.Exception {
	return append(more, api.InvalidRequest, api.Throttling, api.InternalServer)
}

// Operating systems that a managed template works on.
type Environments []string

func (Environments) Constraint() schema.Constraint {
	return schema.Constraint{}.Each(schema.Pattern(printable))
}

// A parameter of a managed template's document.
type DocumentParameter struct {
	Key         *ParameterKey  `json:"key"`
	Description *Text          `json:"description"`
	Regex       *string        `json:"regex"`
	Example     *PrintableText `json:"example"`
	Optional    *bool          `json:"optional"`
}

// The name of a document parameter.
type ParameterKey string

func (ParameterKey) Constraint() schema.Constraint {
	return schema.Length(1, 128).Chars("a-zA-Z0-9_-")
}

// Text without control characters.
type PrintableText string

func (PrintableText) Constraint() schema.Constraint { return schema.Pattern(printable) }

type ListManagedJobTemplatesRequest struct {
	// Only versions of this template.
	TemplateName *ManagedTemplateName `json:"templateName" in:"query"`
	MaxResults   *MaxResults          `json:"maxResults" in:"query"`
	NextToken    *NextToken           `json:"nextToken" in:"query"`
}

type ListManagedJobTemplatesResponse struct {
	ManagedJobTemplates []ManagedJobTemplateSummary `json:"managedJobTemplates"`
	NextToken           *NextToken                  `json:"nextToken"`
}

// Lists the templates that come with the server, by name (R-API-35).
var ListManagedJobTemplates = schema.Op[ListManagedJobTemplatesRequest, ListManagedJobTemplatesResponse]{
	Name: "ListManagedJobTemplates", Route: "GET /managed-job-templates",
	Role: schema.Viewer,
	Page: paged("managedJobTemplates"), Errors: managedErrors(api.ResourceNotFound),
}

// A managed template in a list.
type ManagedJobTemplateSummary struct {
	TemplateArn     JobTemplateArn         `json:"templateArn"`
	TemplateName    ManagedTemplateName    `json:"templateName"`
	Description     *Text                  `json:"description"`
	Environments    Environments           `json:"environments"`
	TemplateVersion ManagedTemplateVersion `json:"templateVersion"`
}
