package control

import (
	"context"
	"crypto/x509"
	"strings"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

// The operations of certificates, by which devices are known. A certificate is made by the device
// authority of this server, or made elsewhere and registered; its id is the fingerprint of its
// DER form (R-ID-14).

func (p *Plane) bindCertificates(r *schema.Router) {
	schema.Handle(r, iot.CreateKeysAndCertificate, p.CreateKeysAndCertificate)
	schema.Handle(r, iot.CreateCertificateFromCsr, p.CreateCertificateFromCsr)
	schema.Handle(r, iot.RegisterCertificateWithoutCA, p.RegisterCertificateWithoutCA)
	schema.Handle(r, iot.RegisterCertificate, p.RegisterCertificate)
	schema.Handle(r, iot.DescribeCertificate, p.DescribeCertificate)
	schema.Handle(r, iot.UpdateCertificate, p.UpdateCertificate)
	schema.Handle(r, iot.DeleteCertificate, p.DeleteCertificate)
	schema.Handle(r, iot.ListCertificates, p.ListCertificates)
}

// CreateKeysAndCertificate makes a key and a certificate for it. The private key is in the answer
// and nowhere else (R-ID-15).
func (p *Plane) CreateKeysAndCertificate(
	ctx context.Context, in *iot.CreateKeysAndCertificateRequest,
) (*iot.CreateKeysAndCertificateResponse, error) {
	key, err := p.Issuer.NewKey()
	if err != nil {
		return nil, err
	}
	pair, err := keyPair(key)
	if err != nil {
		return nil, err
	}
	certificate, err := p.issue(ctx, key.Public(), value(in.SetAsActive))
	if err != nil {
		return nil, err
	}
	return &iot.CreateKeysAndCertificateResponse{
		CertificateArn: p.arn(ctx, registry.KindCert, certificate.ID),
		CertificateID:  iot.CertificateID(certificate.ID),
		CertificatePem: iot.CertificatePem(certificate.PEM),
		KeyPair:        pair,
	}, nil
}

// CreateCertificateFromCsr makes a certificate for the key of a signing request. The same request
// may be used again and gives another certificate (R-ID-15).
func (p *Plane) CreateCertificateFromCsr(
	ctx context.Context, in *iot.CreateCertificateFromCsrRequest,
) (*iot.CreateCertificateFromCsrResponse, error) {
	public, err := registry.CheckCSR(string(in.CertificateSigningRequest))
	if err != nil {
		return nil, err
	}
	certificate, err := p.issue(ctx, public, value(in.SetAsActive))
	if err != nil {
		return nil, err
	}
	return &iot.CreateCertificateFromCsrResponse{
		CertificateArn: p.arn(ctx, registry.KindCert, certificate.ID),
		CertificateID:  iot.CertificateID(certificate.ID),
		CertificatePem: iot.CertificatePem(certificate.PEM),
	}, nil
}

// issue makes a certificate for a public key and registers it.
func (p *Plane) issue(
	ctx context.Context, public any, active bool,
) (c registry.Certificate, err error) {
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
	c = registry.NewCertificate(parsed, status, registry.ModeDefault)
	nameOf(ctx, "certificateId", c.ID)
	return c, p.Identity.AddCertificate(ctx, c)
}

// RegisterCertificateWithoutCA registers a certificate of any issuer. Its chain is not checked,
// then or later (R-ID-16).
func (p *Plane) RegisterCertificateWithoutCA(
	ctx context.Context, in *iot.RegisterCertificateWithoutCARequest,
) (*iot.RegisteredCertificate, error) {
	status, err := certificateStatus("status", in.Status)
	if err != nil {
		return nil, err
	}
	parsed, err := registry.CheckCertificate(string(in.CertificatePem), p.RealNow())
	if err != nil {
		return nil, err
	}
	return p.register(ctx, registry.NewCertificate(parsed, status, registry.ModeSNIOnly))
}

// RegisterCertificate registers a certificate with the CA certificate that has signed it (R-ID-68).
// One that the device authority of this server has signed needs none: it is how one that was deleted
// comes back (R-ID-55).
func (p *Plane) RegisterCertificate(
	ctx context.Context, in *iot.RegisterCertificateRequest,
) (*iot.RegisteredCertificate, error) {
	status, err := certificateStatus("status", in.Status)
	if err != nil {
		return nil, err
	}
	if in.Status == nil && value(in.SetAsActive) {
		status = registry.CertificateActive
	}
	parsed, err := registry.CheckCertificate(string(in.CertificatePem), p.RealNow())
	if err != nil {
		return nil, err
	}
	given := ""
	if in.CaCertificatePem != nil {
		if given, err = registry.CertificateID("caCertificatePem", string(*in.CaCertificatePem)); err != nil {
			return nil, err
		}
	}
	c := registry.NewCertificate(parsed, status, registry.ModeDefault)
	nameOf(ctx, "certificateId", c.ID)
	signed, err := p.Identity.AddSignedCertificate(ctx, c, parsed, given, p.RealNow())
	switch {
	case err != nil:
		return nil, err
	case signed:
		return p.registered(ctx, c), nil
	}
	issued, err := p.Issuer.Issued(parsed.Raw)
	if err != nil {
		return nil, err
	}
	if !issued {
		return nil, fault.New(fault.CertificateInvalid,
			"certificatePem: no CA certificate that is registered has signed it; for one without a "+
				"CA use RegisterCertificateWithoutCA")
	}
	return p.register(ctx, c)
}

// register adds a certificate and answers its ARN and id.
func (p *Plane) register(
	ctx context.Context, c registry.Certificate,
) (*iot.RegisteredCertificate, error) {
	nameOf(ctx, "certificateId", c.ID)
	if err := p.Identity.AddCertificate(ctx, c); err != nil {
		return nil, err
	}
	return p.registered(ctx, c), nil
}

// registered is the answer that a certificate is registered.
func (p *Plane) registered(ctx context.Context, c registry.Certificate) *iot.RegisteredCertificate {
	return &iot.RegisteredCertificate{
		CertificateArn: p.arn(ctx, registry.KindCert, c.ID),
		CertificateID:  iot.CertificateID(c.ID),
	}
}

// certificateStatus reads a status that a certificate can be given, INACTIVE when it was not
// sent. The API knows more: those of transfers and of registrations by another authority are
// refused (R-ID-17). member names it in the fault.
func certificateStatus(
	member string, s *iot.CertificateStatus,
) (registry.CertificateStatus, error) {
	if s == nil {
		return registry.CertificateInactive, nil
	}
	return registry.ParseStatus(member, string(*s))
}

// certificateID is an id as it is stored, with lower-case digits. Requests may have either case.
func certificateID(id iot.CertificateID) string { return strings.ToLower(string(id)) }

// DescribeCertificate describes a certificate. It belongs to the account of the server, and its
// version is always 1.
func (p *Plane) DescribeCertificate(
	ctx context.Context, in *iot.DescribeCertificateRequest,
) (*iot.DescribeCertificateResponse, error) {
	c, err := p.Identity.DescribeCertificate(ctx, certificateID(in.CertificateID))
	if err != nil {
		return nil, err
	}
	return &iot.DescribeCertificateResponse{
		CertificateDescription: iot.CertificateDescription{
			CertificateArn:   p.arn(ctx, registry.KindCert, c.ID),
			CertificateID:    iot.CertificateID(c.ID),
			CaCertificateID:  optional(iot.CertificateID(c.CA)),
			Status:           iot.CertificateStatus(c.Status),
			CertificatePem:   iot.CertificatePem(c.PEM),
			OwnedBy:          optional(p.Scope.Account),
			CreationDate:     schema.At(c.CreatedAt),
			LastModifiedDate: schema.At(c.UpdatedAt),
			CustomerVersion:  new(int32(1)),
			CertificateMode:  new(iot.CertificateMode(c.Mode)),
			Validity: &iot.CertificateValidity{
				NotBefore: schema.At(c.NotBefore),
				NotAfter:  schema.At(c.NotAfter),
			},
		},
	}, nil
}

// UpdateCertificate gives a certificate another status. Connections that use one which is not
// ACTIVE any more are closed (R-ID-17).
func (p *Plane) UpdateCertificate(
	ctx context.Context, in *iot.UpdateCertificateRequest,
) (*schema.Nothing, error) {
	status, err := certificateStatus("newStatus", &in.NewStatus)
	if err != nil {
		return nil, err
	}
	id := certificateID(in.CertificateID)
	nameOf(ctx, "certificateId", id)
	return &schema.Nothing{}, p.Identity.SetCertificateStatus(ctx, id, status)
}

// DeleteCertificate deletes a certificate that is not ACTIVE and is attached to nothing; with
// force, its policies are detached first (R-ID-18).
func (p *Plane) DeleteCertificate(
	ctx context.Context, in *iot.DeleteCertificateRequest,
) (*schema.Nothing, error) {
	id := certificateID(in.CertificateID)
	nameOf(ctx, "certificateId", id)
	return &schema.Nothing{}, p.Identity.DeleteCertificate(ctx, id, value(in.ForceDelete))
}

// ListCertificates lists certificates by creation, newest first unless asked otherwise (R-ID-3).
func (p *Plane) ListCertificates(
	ctx context.Context, in *iot.ListCertificatesRequest,
) (*iot.ListCertificatesResponse, error) {
	return list(p, iot.ListCertificates, in,
		func(after *store.IdentityCursor, limit int) ([]registry.Certificate, error) {
			return p.Identity.ListCertificates(ctx, store.IdentityQuery{
				Ascending: value(in.AscendingOrder),
				After:     after,
				Limit:     limit,
			})
		}, createdCertificate, p.listedCertificate(ctx))
}

// createdCertificate is the cursor of a certificate in a list.
func createdCertificate(c registry.Certificate) store.IdentityCursor {
	return store.IdentityCursor{CreatedAt: c.CreatedAt, Key: c.ID}
}

// listedCertificate returns the function that shows certificates in a list.
func (p *Plane) listedCertificate(ctx context.Context) func(registry.Certificate) iot.Certificate {
	return func(c registry.Certificate) iot.Certificate {
		return iot.Certificate{
			CertificateArn:  p.arn(ctx, registry.KindCert, c.ID),
			CertificateID:   iot.CertificateID(c.ID),
			Status:          iot.CertificateStatus(c.Status),
			CertificateMode: new(iot.CertificateMode(c.Mode)),
			CreationDate:    schema.At(c.CreatedAt),
		}
	}
}
