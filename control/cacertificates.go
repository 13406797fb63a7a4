package control

import (
	"context"
	"strings"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

// The operations of CA certificates, whose authorities sign certificates of devices (R-ID-66).

func (p *Plane) bindCACertificates(r *schema.Router) {
	schema.Handle(r, iot.GetRegistrationCode, p.GetRegistrationCode)
	schema.Handle(r, iot.DeleteRegistrationCode, p.DeleteRegistrationCode)
	schema.Handle(r, iot.RegisterCACertificate, p.RegisterCACertificate)
	schema.Handle(r, iot.DescribeCACertificate, p.DescribeCACertificate)
	schema.Handle(r, iot.ListCACertificates, p.ListCACertificates)
	schema.Handle(r, iot.UpdateCACertificate, p.UpdateCACertificate)
	schema.Handle(r, iot.DeleteCACertificate, p.DeleteCACertificate)
	schema.Handle(r, iot.ListCertificatesByCA, p.ListCertificatesByCA)
}

// caCertificateID is an id as it is stored, as certificateID is.
func caCertificateID(id iot.CACertificateID) string { return strings.ToLower(string(id)) }

// GetRegistrationCode shows the registration code, and makes it when there is none (R-ID-67).
func (p *Plane) GetRegistrationCode(
	ctx context.Context, _ *schema.Nothing,
) (*iot.GetRegistrationCodeResponse, error) {
	code, err := p.Identity.RegistrationCode(ctx)
	if err != nil {
		return nil, err
	}
	return &iot.GetRegistrationCodeResponse{RegistrationCode: iot.RegistrationCode(code)}, nil
}

// DeleteRegistrationCode deletes the registration code.
func (p *Plane) DeleteRegistrationCode(
	ctx context.Context, _ *schema.Nothing,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Identity.DeleteRegistrationCode(ctx)
}

// RegisterCACertificate registers the certificate of an authority (R-ID-66).
func (p *Plane) RegisterCACertificate(
	ctx context.Context, in *iot.RegisterCACertificateRequest,
) (*iot.RegisteredCertificate, error) {
	parsed, err := registry.CheckCACertificate(string(in.CaCertificate), p.RealNow())
	if err != nil {
		return nil, err
	}
	c := registry.NewCACertificate(parsed, registry.CAMode(string(value(in.CertificateMode))))
	if value(in.SetAsActive) {
		c.Status = registry.CertificateActive
	}
	c.AutoRegister = value(in.AllowAutoRegistration)
	if in.RegistrationConfig != nil {
		c.Registration = registrationConfig(in.RegistrationConfig)
		if err := c.Registration.Check(); err != nil {
			return nil, err
		}
	}
	nameOf(ctx, "certificateId", c.ID)
	err = p.Identity.AddCACertificate(ctx, identity.NewCACertificate{
		CACertificate: c,
		Parsed:        parsed,
		Verification:  string(value(in.VerificationCertificate)),
		Tags:          givenTags(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &iot.RegisteredCertificate{
		CertificateArn: p.arn(ctx, registry.KindCACert, c.ID),
		CertificateID:  iot.CertificateID(c.ID),
	}, nil
}

// registrationConfig reads by which template devices are provisioned.
func registrationConfig(in *iot.RegistrationConfig) registry.RegistrationConfig {
	return registry.RegistrationConfig{
		TemplateName: string(value(in.TemplateName)),
		TemplateBody: string(value(in.TemplateBody)),
		RoleARN:      string(value(in.RoleArn)),
	}
}

// showRegistrationConfig shows by which template devices are provisioned; nil for none.
func showRegistrationConfig(c registry.RegistrationConfig) *iot.RegistrationConfig {
	if c == (registry.RegistrationConfig{}) {
		return nil
	}
	return &iot.RegistrationConfig{
		TemplateBody: optional(iot.RegistrationTemplateBody(c.TemplateBody)),
		RoleArn:      optional(iot.RegistrationRoleArn(c.RoleARN)),
		TemplateName: optional(iot.RegistrationTemplateName(c.TemplateName)),
	}
}

// autoRegistration shows whether certificates are registered when their devices connect.
func autoRegistration(on bool) iot.AutoRegistrationStatus {
	if on {
		return "ENABLE"
	}
	return "DISABLE"
}

// DescribeCACertificate describes a CA certificate. It belongs to the account of the server, and its
// version is always 1.
func (p *Plane) DescribeCACertificate(
	ctx context.Context, in *iot.DescribeCACertificateRequest,
) (*iot.DescribeCACertificateResponse, error) {
	c, err := p.Identity.DescribeCACertificate(ctx, caCertificateID(in.CertificateID))
	if err != nil {
		return nil, err
	}
	return &iot.DescribeCACertificateResponse{
		CertificateDescription: iot.CACertificateDescription{
			CertificateArn:         p.arn(ctx, registry.KindCACert, c.ID),
			CertificateID:          iot.CertificateID(c.ID),
			Status:                 iot.CACertificateStatus(c.Status),
			CertificatePem:         iot.CertificatePem(c.PEM),
			OwnedBy:                optional(p.Scope.Account),
			CreationDate:           schema.At(c.CreatedAt),
			AutoRegistrationStatus: autoRegistration(c.AutoRegister),
			LastModifiedDate:       schema.At(c.UpdatedAt),
			CustomerVersion:        new(int32(1)),
			CertificateMode:        iot.CertificateMode(c.Mode),
			Validity: &iot.CertificateValidity{
				NotBefore: schema.At(c.NotBefore),
				NotAfter:  schema.At(c.NotAfter),
			},
		},
		RegistrationConfig: showRegistrationConfig(c.Registration),
	}, nil
}

// ListCACertificates lists CA certificates by creation, newest first unless asked otherwise
// (R-ID-3).
func (p *Plane) ListCACertificates(
	ctx context.Context, in *iot.ListCACertificatesRequest,
) (*iot.ListCACertificatesResponse, error) {
	return scan(p, iot.ListCACertificates, in,
		func(after *store.IdentityCursor, limit int) (
			[]registry.CACertificate, *store.IdentityCursor, error,
		) {
			return p.Identity.ListCACertificates(ctx, store.IdentityQuery{
				Ascending: value(in.AscendingOrder),
				After:     after,
				Limit:     limit,
			}, string(value(in.TemplateName)))
		},
		func(c registry.CACertificate) store.IdentityCursor {
			return store.IdentityCursor{CreatedAt: c.CreatedAt, Key: c.ID}
		},
		func(c registry.CACertificate) iot.CACertificate {
			return iot.CACertificate{
				CertificateArn: p.arn(ctx, registry.KindCACert, c.ID),
				CertificateID:  iot.CertificateID(c.ID),
				Status:         iot.CACertificateStatus(c.Status),
				CreationDate:   schema.At(c.CreatedAt),
			}
		})
}

// UpdateCACertificate changes the status of a CA certificate, and whether and by which template it
// registers certificates by itself (R-ID-69).
func (p *Plane) UpdateCACertificate(
	ctx context.Context, in *iot.UpdateCACertificateRequest,
) (*schema.Nothing, error) {
	update := registry.CAUpdate{
		Status:                 registry.CertificateStatus(value(in.NewStatus)),
		RemoveAutoRegistration: value(in.RemoveAutoRegistration),
	}
	if in.NewAutoRegistrationStatus != nil {
		update.AutoRegister = new(*in.NewAutoRegistrationStatus == autoRegistration(true))
	}
	if in.RegistrationConfig != nil {
		update.Registration = new(registrationConfig(in.RegistrationConfig))
	}
	id := caCertificateID(in.CertificateID)
	nameOf(ctx, "certificateId", id)
	return &schema.Nothing{}, p.Identity.UpdateCACertificate(ctx, id, update)
}

// DeleteCACertificate deletes a CA certificate that is not ACTIVE (R-ID-69).
func (p *Plane) DeleteCACertificate(
	ctx context.Context, in *iot.DeleteCACertificateRequest,
) (*schema.Nothing, error) {
	id := caCertificateID(in.CertificateID)
	nameOf(ctx, "certificateId", id)
	return &schema.Nothing{}, p.Identity.DeleteCACertificate(ctx, id)
}

// ListCertificatesByCA lists the certificates that were registered with a CA certificate, as
// ListCertificates lists all.
func (p *Plane) ListCertificatesByCA(
	ctx context.Context, in *iot.ListCertificatesByCARequest,
) (*iot.ListCertificatesResponse, error) {
	ca := caCertificateID(in.CaCertificateID)
	return list(p, iot.ListCertificatesByCA, in,
		func(after *store.IdentityCursor, limit int) ([]registry.Certificate, error) {
			return p.Identity.ListCertificatesByCA(ctx, ca, store.IdentityQuery{
				Ascending: value(in.AscendingOrder),
				After:     after,
				Limit:     limit,
			})
		}, createdCertificate, p.listedCertificate(ctx))
}
