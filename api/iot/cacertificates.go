package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// The code that a verification certificate has as its common name: 64 hexadecimal digits (R-ID-67).
type RegistrationCode string

func (RegistrationCode) Constraint() schema.Constraint {
	return schema.Length(64, 64).Matching(`(0x)?[a-fA-F0-9]+`)
}

// The id of a CA certificate: the SHA-256 of its DER form in 64 hexadecimal digits (R-ID-14).
type CACertificateID string

func (CACertificateID) Constraint() schema.Constraint { return CertificateID("").Constraint() }

// Whether a CA certificate may register certificates.
type CACertificateStatus string

func (CACertificateStatus) Constraint() schema.Constraint { return schema.Enum("ACTIVE", "INACTIVE") }

// Whether certificates are registered when their devices connect for the first time.
type AutoRegistrationStatus string

func (AutoRegistrationStatus) Constraint() schema.Constraint {
	return schema.Enum("ENABLE", "DISABLE")
}

// The name of a provisioning template.
type RegistrationTemplateName string

func (RegistrationTemplateName) Constraint() schema.Constraint {
	return schema.Length(1, 36).Matching(`^[0-9A-Za-z_-]+$`)
}

// A provisioning template, as JSON.
type RegistrationTemplateBody string

func (RegistrationTemplateBody) Constraint() schema.Constraint { return schema.Length(0, 10240) }

// The role of a provisioning template.
type RegistrationRoleArn string

func (RegistrationRoleArn) Constraint() schema.Constraint { return schema.Length(20, 2048) }

// By which template devices are provisioned when they connect for the first time: one of the two is
// given. The role is kept and shown (R-ID-70).
type RegistrationConfig struct {
	TemplateBody *RegistrationTemplateBody `json:"templateBody"`
	RoleArn      *RegistrationRoleArn      `json:"roleArn"`
	TemplateName *RegistrationTemplateName `json:"templateName"`
}

type GetRegistrationCodeResponse struct {
	RegistrationCode RegistrationCode `json:"registrationCode"`
}

// Shows the registration code, and makes it when there is none (R-ID-67).
var GetRegistrationCode = schema.Op[schema.Nothing, GetRegistrationCodeResponse]{
	Name: "GetRegistrationCode", Route: "GET /registrationcode",
	Role:   schema.Admin,
	Change: schema.Changes("configuration/registrationcode"),
	Errors: registryErrors(),
}

// Deletes the registration code; the next one is another one.
var DeleteRegistrationCode = schema.Op[schema.Nothing, schema.Nothing]{
	Name: "DeleteRegistrationCode", Route: "DELETE /registrationcode",
	Role:   schema.Admin,
	Change: schema.Changes("configuration/registrationcode"),
	Errors: []schema.Exception{
		api.ResourceNotFound, api.Throttling, api.Unauthorized, api.ServiceUnavailable,
		api.InternalFailure,
	},
}

type RegisterCACertificateRequest struct {
	CaCertificate CertificatePem `json:"caCertificate"`
	// A certificate that the CA has signed and whose common name is the registration code; needed
	// unless the mode is SNI_ONLY (R-ID-67).
	VerificationCertificate *CertificatePem `json:"verificationCertificate"`
	// Makes the CA certificate ACTIVE at once; without it, it is INACTIVE.
	SetAsActive *bool `json:"setAsActive" in:"query"`
	// Has certificates registered when their devices connect for the first time (R-ID-71).
	AllowAutoRegistration *bool               `json:"allowAutoRegistration" in:"query"`
	RegistrationConfig    *RegistrationConfig `json:"registrationConfig"`
	Tags                  Tags                `json:"tags"`
	CertificateMode       *CertificateMode    `json:"certificateMode"`
}

// Registers the certificate of an authority that signs certificates of devices (R-ID-66).
var RegisterCACertificate = schema.Op[RegisterCACertificateRequest, RegisteredCertificate]{
	Name: "RegisterCACertificate", Route: "POST /cacertificate",
	Role:   schema.Admin,
	Change: schema.Creates("cacert/{certificateId}", DescribeCACertificate),
	Errors: registryErrors(api.ResourceNotFound, api.ResourceAlreadyExists, api.RegistrationCode,
		api.CertificateValidation, api.LimitExceeded),
}

type DescribeCACertificateRequest struct {
	CertificateID CACertificateID `json:"certificateId" in:"path"`
}

type DescribeCACertificateResponse struct {
	CertificateDescription CACertificateDescription `json:"certificateDescription"`
	RegistrationConfig     *RegistrationConfig      `json:"registrationConfig"`
}

// Describes a CA certificate.
var DescribeCACertificate = schema.Op[DescribeCACertificateRequest, DescribeCACertificateResponse]{
	Name: "DescribeCACertificate", Route: "GET /cacertificate/{certificateId}",
	Role:   schema.Viewer,
	Errors: registryErrors(api.ResourceNotFound),
}

// A CA certificate in full.
type CACertificateDescription struct {
	CertificateArn         string                 `json:"certificateArn"`
	CertificateID          CertificateID          `json:"certificateId"`
	Status                 CACertificateStatus    `json:"status"`
	CertificatePem         CertificatePem         `json:"certificatePem"`
	OwnedBy                *string                `json:"ownedBy"`
	CreationDate           schema.Timestamp       `json:"creationDate"`
	AutoRegistrationStatus AutoRegistrationStatus `json:"autoRegistrationStatus"`
	LastModifiedDate       schema.Timestamp       `json:"lastModifiedDate"`
	CustomerVersion        *int32                 `json:"customerVersion"`
	GenerationID           *string                `json:"generationId"`
	Validity               *CertificateValidity   `json:"validity"`
	CertificateMode        CertificateMode        `json:"certificateMode"`
}

type ListCACertificatesRequest struct {
	PageSize *PageSize `json:"pageSize" in:"query"`
	Marker   *Marker   `json:"marker" in:"query"`
	// Oldest first; the default is newest first (R-ID-3).
	AscendingOrder *bool `json:"ascendingOrder" in:"query" wire:"isAscendingOrder"`
	// Keeps those whose registrationConfig names this template.
	TemplateName *RegistrationTemplateName `json:"templateName" in:"query"`
}

type ListCACertificatesResponse struct {
	Certificates []CACertificate `json:"certificates"`
	NextMarker   *Marker         `json:"nextMarker"`
}

// Lists CA certificates by creation date.
var ListCACertificates = schema.Op[ListCACertificatesRequest, ListCACertificatesResponse]{
	Name: "ListCACertificates", Route: "GET /cacertificates",
	Role: schema.Viewer,
	Page: marked("certificates"), Errors: registryErrors(),
}

// A CA certificate in a list.
type CACertificate struct {
	CertificateArn string              `json:"certificateArn"`
	CertificateID  CertificateID       `json:"certificateId"`
	Status         CACertificateStatus `json:"status"`
	CreationDate   schema.Timestamp    `json:"creationDate"`
}

type UpdateCACertificateRequest struct {
	CertificateID             CACertificateID         `json:"certificateId" in:"path"`
	NewStatus                 *CACertificateStatus    `json:"newStatus" in:"query"`
	NewAutoRegistrationStatus *AutoRegistrationStatus `json:"newAutoRegistrationStatus" in:"query"`
	RegistrationConfig        *RegistrationConfig     `json:"registrationConfig"`
	// Switches registration at the first connection off, and removes its template.
	RemoveAutoRegistration *bool `json:"removeAutoRegistration"`
}

// Changes the status of a CA certificate, and whether certificates are registered when their devices
// connect for the first time (R-ID-69).
var UpdateCACertificate = schema.Op[UpdateCACertificateRequest, schema.Nothing]{
	Name: "UpdateCACertificate", Route: "PUT /cacertificate/{certificateId}",
	Role:   schema.Admin,
	Change: schema.Changes("cacert/{certificateId}", DescribeCACertificate),
	Errors: registryErrors(api.ResourceNotFound),
}

type DeleteCACertificateRequest struct {
	CertificateID CACertificateID `json:"certificateId" in:"path"`
}

// Deletes a CA certificate that is not ACTIVE. What was registered with it stays.
var DeleteCACertificate = schema.Op[DeleteCACertificateRequest, schema.Nothing]{
	Name: "DeleteCACertificate", Route: "DELETE /cacertificate/{certificateId}",
	Role:   schema.Admin,
	Change: schema.Changes("cacert/{certificateId}", DescribeCACertificate),
	Errors: registryErrors(api.CertificateState, api.ResourceNotFound),
}

type ListCertificatesByCARequest struct {
	CaCertificateID CACertificateID `json:"caCertificateId" in:"path"`
	PageSize        *PageSize       `json:"pageSize" in:"query"`
	Marker          *Marker         `json:"marker" in:"query"`
	// Oldest first; the default is newest first (R-ID-3).
	AscendingOrder *bool `json:"ascendingOrder" in:"query" wire:"isAscendingOrder"`
}

// Lists the certificates that were registered with a CA certificate, by creation date.
var ListCertificatesByCA = schema.Op[ListCertificatesByCARequest, ListCertificatesResponse]{
	Name: "ListCertificatesByCA", Route: "GET /certificates-by-ca/{caCertificateId}",
	Role: schema.Viewer,
	Page: marked("certificates"), Errors: registryErrors(),
}
