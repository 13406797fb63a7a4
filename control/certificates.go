package control

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

// CreateKeysAndCertificate makes a key and a certificate. The private key is in the answer and nowhere else (R-ID-15).
func (p *Plane) CreateKeysAndCertificate(ctx context.Context, in *iot.CreateKeysAndCertificateRequest) (*iot.CreateKeysAndCertificateResponse, error) {
	key, err := p.Issuer.NewKey()
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	certificate, err := p.issue(ctx, key.Public(), value(in.SetAsActive))
	if err != nil {
		return nil, err
	}
	return &iot.CreateKeysAndCertificateResponse{
		CertificateArn: p.arn(ctx, registry.KindCert, certificate.ID), CertificateID: iot.CertificateID(certificate.ID),
		CertificatePem: iot.CertificatePem(certificate.PEM),
		KeyPair: iot.KeyPair{ // R-ID-54
			PublicKey:  string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
			PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		},
	}, nil
}

// CreateCertificateFromCsr makes a certificate for the key of a signing request. The same one may be used again.
func (p *Plane) CreateCertificateFromCsr(ctx context.Context, in *iot.CreateCertificateFromCsrRequest) (*iot.CreateCertificateFromCsrResponse, error) {
	public, err := signingRequest(string(in.CertificateSigningRequest))
	if err != nil {
		return nil, err
	}
	certificate, err := p.issue(ctx, public, value(in.SetAsActive))
	if err != nil {
		return nil, err
	}
	return &iot.CreateCertificateFromCsrResponse{
		CertificateArn: p.arn(ctx, registry.KindCert, certificate.ID), CertificateID: iot.CertificateID(certificate.ID),
		CertificatePem: iot.CertificatePem(certificate.PEM),
	}, nil
}

// signingRequest returns the public key of a CSR whose signature it has checked: RSA of 2048 bits or more, or ECDSA on
// P-256, P-384 or P-521 (R-ID-15).
func signingRequest(text string) (any, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, fault.New(fault.Invalid, "certificateSigningRequest: not PEM")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, fault.New(fault.Invalid, "certificateSigningRequest: %v", err)
	}
	if err := request.CheckSignature(); err != nil {
		return nil, fault.New(fault.Invalid, "certificateSigningRequest: %v", err)
	}
	switch key := request.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return nil, fault.New(fault.Invalid, "certificateSigningRequest: an RSA key of %d bits, at least 2048 are needed", key.N.BitLen())
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P224() {
			return nil, fault.New(fault.Invalid, "certificateSigningRequest: an ECDSA key on P-224; P-256, P-384 or P-521 is needed")
		}
	default:
		return nil, fault.New(fault.Invalid, "certificateSigningRequest: the key must be RSA or ECDSA")
	}
	return request.PublicKey, nil
}

// issue makes and registers a certificate for a public key.
func (p *Plane) issue(ctx context.Context, public any, active bool) (c registry.Certificate, err error) {
	der, err := p.Issuer.Issue(public)
	if err != nil {
		return c, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return c, err
	}
	status := registry.CertificateInactive
	if active {
		status = registry.CertificateActive
	}
	c = certificate(parsed, status, "DEFAULT")
	return c, p.Engine.Identity.AddCertificate(ctx, c)
}

// certificate is a certificate as it is registered. Its PEM form is written anew: what stood beside it in a request, which
// may be the private key, is not kept.
func certificate(parsed *x509.Certificate, status registry.CertificateStatus, mode string) registry.Certificate {
	return registry.Certificate{
		ID: tlsutil.Fingerprint(parsed.Raw), PEM: string(tlsutil.EncodeCertificate(parsed.Raw)), Status: status, Mode: mode,
		NotBefore: parsed.NotBefore.UTC(), NotAfter: parsed.NotAfter.UTC(),
	}
}

// RegisterCertificateWithoutCA registers a certificate of any issuer; nobody checks its chain (R-ID-16).
func (p *Plane) RegisterCertificateWithoutCA(ctx context.Context, in *iot.RegisterCertificateWithoutCARequest) (*iot.RegisteredCertificate, error) {
	status, err := keptStatus("status", in.Status)
	if err != nil {
		return nil, err
	}
	parsed, err := parseCertificate(string(in.CertificatePem))
	if err != nil {
		return nil, err
	}
	return p.register(ctx, certificate(parsed, status, "SNI_ONLY"))
}

// RegisterCertificate registers a certificate that this server's device authority has signed (R-ID-55).
func (p *Plane) RegisterCertificate(ctx context.Context, in *iot.RegisterCertificateRequest) (*iot.RegisteredCertificate, error) {
	status, err := keptStatus("status", in.Status)
	if err != nil {
		return nil, err
	}
	if in.Status == nil && value(in.SetAsActive) {
		status = registry.CertificateActive
	}
	parsed, err := parseCertificate(string(in.CertificatePem))
	if err != nil {
		return nil, err
	}
	if in.CaCertificatePem != nil || !p.Issuer.Issued(parsed.Raw) {
		return nil, fault.New(fault.Invalid, "certificatePem: only certificates that this server has issued can be registered; "+
			"for those of other authorities use RegisterCertificateWithoutCA")
	}
	return p.register(ctx, certificate(parsed, status, "DEFAULT"))
}

func (p *Plane) register(ctx context.Context, c registry.Certificate) (*iot.RegisteredCertificate, error) {
	if err := p.Engine.Identity.AddCertificate(ctx, c); err != nil {
		return nil, err
	}
	return &iot.RegisteredCertificate{CertificateArn: p.arn(ctx, registry.KindCert, c.ID), CertificateID: iot.CertificateID(c.ID)}, nil
}

// keptStatus is a status that a certificate can be given: INACTIVE when absent.
func keptStatus(member string, s *iot.CertificateStatus) (registry.CertificateStatus, error) {
	if s == nil {
		return registry.CertificateInactive, nil
	}
	switch status := registry.CertificateStatus(*s); status {
	case registry.CertificateActive, registry.CertificateInactive, registry.CertificateRevoked:
		return status, nil
	}
	return "", fault.New(fault.Invalid, "%s: %s is not one of ACTIVE, INACTIVE, REVOKED", member, *s)
}

// parseCertificate reads a certificate that a device could use now: RSA or ECDSA with SHA-256 or better, not expired
// (R-ID-16).
func parseCertificate(text string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fault.New(fault.CertificateInvalid, "certificatePem: not a PEM certificate")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fault.New(fault.CertificateInvalid, "certificatePem: %v", err)
	}
	switch parsed.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
	default:
		return nil, fault.New(fault.CertificateInvalid, "certificatePem: signed with %s; RSA or ECDSA with SHA-256, SHA-384 or SHA-512 is needed",
			parsed.SignatureAlgorithm)
	}
	if time.Now().After(parsed.NotAfter) { // the real clock: what secures a connection does not follow a virtual one
		return nil, fault.New(fault.CertificateInvalid, "certificatePem: expired at %s", parsed.NotAfter.UTC().Format(time.RFC3339))
	}
	return parsed, nil
}

// certificateID is an id as it is stored: 64 lower-case hexadecimal digits.
func certificateID(id iot.CertificateID) string { return strings.ToLower(string(id)) }

// DescribeCertificate describes a certificate.
func (p *Plane) DescribeCertificate(ctx context.Context, in *iot.DescribeCertificateRequest) (*iot.DescribeCertificateResponse, error) {
	c, err := p.Engine.Identity.DescribeCertificate(ctx, certificateID(in.CertificateID))
	if err != nil {
		return nil, err
	}
	return &iot.DescribeCertificateResponse{CertificateDescription: iot.CertificateDescription{
		CertificateArn: p.arn(ctx, registry.KindCert, c.ID), CertificateID: iot.CertificateID(c.ID), Status: iot.CertificateStatus(c.Status),
		CertificatePem: iot.CertificatePem(c.PEM), OwnedBy: optional(p.Scope.Account), CreationDate: schema.At(c.CreatedAt),
		LastModifiedDate: schema.At(c.UpdatedAt), CustomerVersion: new(int32(1)), CertificateMode: new(iot.CertificateMode(c.Mode)),
		Validity: &iot.CertificateValidity{NotBefore: schema.At(c.NotBefore), NotAfter: schema.At(c.NotAfter)},
	}}, nil
}

// UpdateCertificate moves a certificate to another status.
func (p *Plane) UpdateCertificate(ctx context.Context, in *iot.UpdateCertificateRequest) (*schema.Nothing, error) {
	status, err := keptStatus("newStatus", &in.NewStatus)
	if err != nil {
		return nil, err
	}
	return &schema.Nothing{}, p.Engine.Identity.SetCertificateStatus(ctx, certificateID(in.CertificateID), status)
}

// DeleteCertificate deletes a certificate.
func (p *Plane) DeleteCertificate(ctx context.Context, in *iot.DeleteCertificateRequest) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Engine.Identity.DeleteCertificate(ctx, certificateID(in.CertificateID), value(in.ForceDelete))
}

// ListCertificates lists certificates by creation, newest first unless asked otherwise (R-ID-3).
func (p *Plane) ListCertificates(ctx context.Context, in *iot.ListCertificatesRequest) (*iot.ListCertificatesResponse, error) {
	request, err := openPage[store.IdentityCursor](p.Pages, "ListCertificates", value(in.AscendingOrder), in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	found, err := p.Engine.Identity.ListCertificates(ctx, store.IdentityQuery{
		Ascending: value(in.AscendingOrder), After: request.after, Limit: request.limit(),
	})
	if err != nil {
		return nil, err
	}
	found, next := cut(request, found, func(c registry.Certificate) store.IdentityCursor {
		return store.IdentityCursor{CreatedAt: c.CreatedAt, Key: c.ID}
	})
	return &iot.ListCertificatesResponse{NextMarker: (*iot.Marker)(next), Certificates: convert(found, func(c registry.Certificate) iot.Certificate {
		return iot.Certificate{
			CertificateArn: p.arn(ctx, registry.KindCert, c.ID), CertificateID: iot.CertificateID(c.ID), Status: iot.CertificateStatus(c.Status),
			CertificateMode: new(iot.CertificateMode(c.Mode)), CreationDate: schema.At(c.CreatedAt),
		}
	})}, nil
}
