package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// The id of a certificate: the SHA-256 of its DER form in 64 hexadecimal digits (R-ID-14).
type CertificateID string

func (CertificateID) Constraint() schema.Constraint {
	return schema.Length(64, 64).Matching(`(0x)?[a-fA-F0-9]+`)
}

// A certificate in PEM form.
type CertificatePem string

func (CertificatePem) Constraint() schema.Constraint {
	return schema.Length(1, 65536).Secret().AsDigest()
}

// A certificate signing request in PEM form.
type SigningRequest string

func (SigningRequest) Constraint() schema.Constraint {
	return schema.Length(1, 4096).Secret().AsDigest()
}

// Whether a certificate may be used.
type CertificateStatus string

func (CertificateStatus) Constraint() schema.Constraint {
	return schema.Enum("ACTIVE", "INACTIVE", "REVOKED", "PENDING_TRANSFER", "REGISTER_INACTIVE", "PENDING_ACTIVATION")
}

// DEFAULT for a CA whose key the operator has shown to have, and for certificates that were
// registered with such a CA or made by this server; SNI_ONLY for others (R-ID-68).
type CertificateMode string

func (CertificateMode) Constraint() schema.Constraint { return schema.Enum("DEFAULT", "SNI_ONLY") }

// The number of results in one page, 1 to 250.
type PageSize int32

func (PageSize) Constraint() schema.Constraint { return schema.Range(1, 250) }

type CreateKeysAndCertificateRequest struct {
	// Makes the certificate ACTIVE at once; without it, it is INACTIVE.
	SetAsActive *bool `json:"setAsActive" in:"query"`
}

type CreateKeysAndCertificateResponse struct {
	CertificateArn string         `json:"certificateArn"`
	CertificateID  CertificateID  `json:"certificateId"`
	CertificatePem CertificatePem `json:"certificatePem"`
	KeyPair        KeyPair        `json:"keyPair"`
}

// A pair of keys in PEM form. The members are capitalised on the wire; the private key is shown
// once (R-ID-15).
type KeyPair struct {
	PublicKey  string `json:"PublicKey"`
	PrivateKey string `json:"PrivateKey"`
}

// Makes a key pair and a certificate for it.
var CreateKeysAndCertificate = schema.Op[CreateKeysAndCertificateRequest, CreateKeysAndCertificateResponse]{
	Name: "CreateKeysAndCertificate", Route: "POST /keys-and-certificate",
	Role:   schema.Admin,
	Change: schema.Creates("cert/{certificateId}", DescribeCertificate),
	Errors: registryErrors(),
}

type CreateCertificateFromCsrRequest struct {
	CertificateSigningRequest SigningRequest `json:"certificateSigningRequest"`
	// Makes the certificate ACTIVE at once; without it, it is INACTIVE.
	SetAsActive *bool `json:"setAsActive" in:"query"`
}

type CreateCertificateFromCsrResponse struct {
	CertificateArn string         `json:"certificateArn"`
	CertificateID  CertificateID  `json:"certificateId"`
	CertificatePem CertificatePem `json:"certificatePem"`
}

// Makes a certificate for a key that stays with its owner.
var CreateCertificateFromCsr = schema.Op[CreateCertificateFromCsrRequest, CreateCertificateFromCsrResponse]{
	Name: "CreateCertificateFromCsr", Route: "POST /certificates",
	Role:   schema.Admin,
	Change: schema.Creates("cert/{certificateId}", DescribeCertificate),
	Errors: registryErrors(),
}

type RegisterCertificateWithoutCARequest struct {
	CertificatePem CertificatePem     `json:"certificatePem"`
	Status         *CertificateStatus `json:"status"`
}

// RegisteredCertificate is what the operations that register a certificate answer.
type RegisteredCertificate struct {
	CertificateArn string        `json:"certificateArn"`
	CertificateID  CertificateID `json:"certificateId"`
}

// Registers a certificate of any issuer.
var RegisterCertificateWithoutCA = schema.Op[RegisterCertificateWithoutCARequest, RegisteredCertificate]{
	Name: "RegisterCertificateWithoutCA", Route: "POST /certificate/register-no-ca",
	Role:   schema.Admin,
	Change: schema.Creates("cert/{certificateId}", DescribeCertificate),
	Errors: registryErrors(api.ResourceAlreadyExists, api.CertificateState, api.CertificateValidation),
}

type RegisterCertificateRequest struct {
	CertificatePem CertificatePem `json:"certificatePem"`
	// The CA certificate that has signed it, where several have its issuer as their subject.
	CaCertificatePem *CertificatePem `json:"caCertificatePem"`
	// Makes the certificate ACTIVE at once; status says the same and wins.
	SetAsActive *bool              `json:"setAsActive" in:"query"`
	Status      *CertificateStatus `json:"status"`
}

// Registers a certificate that a registered CA has signed (R-ID-68), or this server's own (R-ID-55).
var RegisterCertificate = schema.Op[RegisterCertificateRequest, RegisteredCertificate]{
	Name: "RegisterCertificate", Route: "POST /certificate/register",
	Role:   schema.Admin,
	Change: schema.Creates("cert/{certificateId}", DescribeCertificate),
	Errors: registryErrors(api.ResourceAlreadyExists, api.CertificateValidation, api.CertificateState,
		api.CertificateConflict),
}

type DescribeCertificateRequest struct {
	CertificateID CertificateID `json:"certificateId" in:"path"`
}

type DescribeCertificateResponse struct {
	CertificateDescription CertificateDescription `json:"certificateDescription"`
}

// Describes a certificate.
var DescribeCertificate = schema.Op[DescribeCertificateRequest, DescribeCertificateResponse]{
	Name: "DescribeCertificate", Route: "GET /certificates/{certificateId}",
	Role:   schema.Viewer,
	Errors: registryErrors(api.ResourceNotFound),
}

// A certificate in full.
type CertificateDescription struct {
	CertificateArn   string               `json:"certificateArn"`
	CertificateID    CertificateID        `json:"certificateId"`
	CaCertificateID  *CertificateID       `json:"caCertificateId"`
	Status           CertificateStatus    `json:"status"`
	CertificatePem   CertificatePem       `json:"certificatePem"`
	OwnedBy          *string              `json:"ownedBy"`
	PreviousOwnedBy  *string              `json:"previousOwnedBy"`
	CreationDate     schema.Timestamp     `json:"creationDate"`
	LastModifiedDate schema.Timestamp     `json:"lastModifiedDate"`
	CustomerVersion  *int32               `json:"customerVersion"`
	TransferData     *TransferData        `json:"transferData"`
	GenerationID     *string              `json:"generationId"`
	Validity         *CertificateValidity `json:"validity"`
	CertificateMode  *CertificateMode     `json:"certificateMode"`
}

// A transfer between accounts. A server has one account, so it is never shown.
type TransferData struct {
	TransferMessage *string           `json:"transferMessage"`
	RejectReason    *string           `json:"rejectReason"`
	TransferDate    *schema.Timestamp `json:"transferDate"`
	AcceptDate      *schema.Timestamp `json:"acceptDate"`
	RejectDate      *schema.Timestamp `json:"rejectDate"`
}

// The time in which a certificate is good.
type CertificateValidity struct {
	NotBefore schema.Timestamp `json:"notBefore"`
	NotAfter  schema.Timestamp `json:"notAfter"`
}

type UpdateCertificateRequest struct {
	CertificateID CertificateID     `json:"certificateId" in:"path"`
	NewStatus     CertificateStatus `json:"newStatus" in:"query"`
}

// Changes a certificate's status to ACTIVE, INACTIVE or REVOKED (R-ID-17).
var UpdateCertificate = schema.Op[UpdateCertificateRequest, schema.Nothing]{
	Name: "UpdateCertificate", Route: "PUT /certificates/{certificateId}",
	Role:   schema.Admin,
	Change: schema.Changes("cert/{certificateId}", DescribeCertificate),
	Errors: registryErrors(api.ResourceNotFound, api.CertificateState),
}

type ListCertificatesRequest struct {
	PageSize *PageSize `json:"pageSize" in:"query"`
	Marker   *Marker   `json:"marker" in:"query"`
	// Oldest first; the default is newest first (R-ID-3).
	AscendingOrder *bool `json:"ascendingOrder" in:"query" wire:"isAscendingOrder"`
}

type ListCertificatesResponse struct {
	Certificates []Certificate `json:"certificates"`
	NextMarker   *Marker       `json:"nextMarker"`
}

// Lists certificates by creation date.
var ListCertificates = schema.Op[ListCertificatesRequest, ListCertificatesResponse]{
	Name: "ListCertificates", Route: "GET /certificates",
	Role: schema.Viewer,
	Page: marked("certificates"), Errors: registryErrors(),
}

// A certificate in a list.
type Certificate struct {
	CertificateArn  string            `json:"certificateArn"`
	CertificateID   CertificateID     `json:"certificateId"`
	Status          CertificateStatus `json:"status"`
	CertificateMode *CertificateMode  `json:"certificateMode"`
	CreationDate    schema.Timestamp  `json:"creationDate"`
}

type DeleteCertificateRequest struct {
	CertificateID CertificateID `json:"certificateId" in:"path"`
	// Detaches the certificate's policies first (R-ID-18).
	ForceDelete *bool `json:"forceDelete" in:"query"`
}

// Deletes a certificate that is not ACTIVE and not attached to a thing.
var DeleteCertificate = schema.Op[DeleteCertificateRequest, schema.Nothing]{
	Name: "DeleteCertificate", Route: "DELETE /certificates/{certificateId}",
	Role:   schema.Admin,
	Change: schema.Changes("cert/{certificateId}", DescribeCertificate),
	Errors: registryErrors(api.CertificateState, api.DeleteConflict, api.ResourceNotFound),
}
