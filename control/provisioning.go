package control

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/provision"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/provisioning"
	"github.com/drover-iot/drover/schema"
)

// The operations of provisioning: templates with their versions, temporary claims to them, and
// RegisterThing, by which an operator makes at once what a template asks for. Devices provision
// themselves over MQTT: see package device/provision.

func (p *Plane) bindProvisioning(r *schema.Router) {
	schema.Handle(r, iot.CreateProvisioningTemplate, p.CreateProvisioningTemplate)
	schema.Handle(r, iot.DescribeProvisioningTemplate, p.DescribeProvisioningTemplate)
	schema.Handle(r, iot.ListProvisioningTemplates, p.ListProvisioningTemplates)
	schema.Handle(r, iot.UpdateProvisioningTemplate, p.UpdateProvisioningTemplate)
	schema.Handle(r, iot.DeleteProvisioningTemplate, p.DeleteProvisioningTemplate)
	schema.Handle(r, iot.CreateProvisioningTemplateVersion, p.CreateProvisioningTemplateVersion)
	schema.Handle(r, iot.DescribeProvisioningTemplateVersion, p.DescribeProvisioningTemplateVersion)
	schema.Handle(r, iot.ListProvisioningTemplateVersions, p.ListProvisioningTemplateVersions)
	schema.Handle(r, iot.DeleteProvisioningTemplateVersion, p.DeleteProvisioningTemplateVersion)
	schema.Handle(r, iot.CreateProvisioningClaim, p.CreateProvisioningClaim)
	schema.Handle(r, iot.RegisterThing, p.RegisterThing)
}

// CreateProvisioningTemplate creates a template. Its body becomes version 1, the default. Repeating
// it is an error, as with policies (R-ID-76).
func (p *Plane) CreateProvisioningTemplate(
	ctx context.Context, in *iot.CreateProvisioningTemplateRequest,
) (*iot.CreateProvisioningTemplateResponse, error) {
	kind := registry.FleetProvisioning
	if in.Type != nil {
		kind = registry.ProvisioningKind(*in.Type)
	}
	t, err := p.Provision.CreateTemplate(ctx, registry.ProvisioningTemplate{
		Name:        string(in.TemplateName),
		Kind:        kind,
		Description: string(value(in.Description)),
		Enabled:     value(in.Enabled),
		RoleARN:     string(in.ProvisioningRoleArn),
		Hook:        givenHook(in.PreProvisioningHook),
	}, string(in.TemplateBody), givenTags(in.Tags))
	if err != nil {
		return nil, err
	}
	return &iot.CreateProvisioningTemplateResponse{
		TemplateArn:      p.arn(ctx, registry.KindProvisioningTemplate, t.Name),
		TemplateName:     in.TemplateName,
		DefaultVersionID: templateVersion(t.Default),
	}, nil
}

func givenHook(h *iot.ProvisioningHook) *registry.ProvisioningHook {
	if h == nil {
		return nil
	}
	return &registry.ProvisioningHook{
		Target:         string(h.TargetArn),
		PayloadVersion: string(value(h.PayloadVersion)),
	}
}

func shownHook(h *registry.ProvisioningHook) *iot.ProvisioningHook {
	if h == nil {
		return nil
	}
	shown := &iot.ProvisioningHook{TargetArn: iot.HookTarget(h.Target)}
	if h.PayloadVersion != "" {
		shown.PayloadVersion = new(iot.HookPayloadVersion(h.PayloadVersion))
	}
	return shown
}

func templateVersion(number int) iot.ProvisioningTemplateVersionID {
	return iot.ProvisioningTemplateVersionID(number)
}

// DescribeProvisioningTemplate describes a template with the body that is in force.
func (p *Plane) DescribeProvisioningTemplate(
	ctx context.Context, in *iot.DescribeProvisioningTemplateRequest,
) (*iot.DescribeProvisioningTemplateResponse, error) {
	t, err := p.Provision.DescribeTemplate(ctx, string(in.TemplateName))
	if err != nil {
		return nil, err
	}
	return &iot.DescribeProvisioningTemplateResponse{
		TemplateArn:         p.arn(ctx, registry.KindProvisioningTemplate, t.Name),
		TemplateName:        in.TemplateName,
		Description:         iot.ProvisioningTemplateDescription(t.Description),
		CreationDate:        schema.At(t.CreatedAt),
		LastModifiedDate:    schema.At(t.UpdatedAt),
		DefaultVersionID:    templateVersion(t.Default),
		TemplateBody:        iot.ProvisioningTemplateBody(t.Body()),
		Enabled:             t.Enabled,
		ProvisioningRoleArn: iot.ProvisioningRoleArn(t.RoleARN),
		PreProvisioningHook: shownHook(t.Hook),
		Type:                iot.ProvisioningTemplateType(t.Kind),
	}, nil
}

// ListProvisioningTemplates lists templates by name.
func (p *Plane) ListProvisioningTemplates(
	ctx context.Context, in *iot.ListProvisioningTemplatesRequest,
) (*iot.ListProvisioningTemplatesResponse, error) {
	return list(p, iot.ListProvisioningTemplates, in,
		func(after *string, limit int) ([]registry.ProvisioningTemplate, error) {
			return p.Provision.ListTemplates(ctx, value(after), limit)
		},
		func(t registry.ProvisioningTemplate) string { return t.Name },
		func(t registry.ProvisioningTemplate) iot.ProvisioningTemplateSummary {
			return iot.ProvisioningTemplateSummary{
				TemplateArn:      p.arn(ctx, registry.KindProvisioningTemplate, t.Name),
				TemplateName:     iot.ProvisioningTemplateName(t.Name),
				Description:      iot.ProvisioningTemplateDescription(t.Description),
				CreationDate:     schema.At(t.CreatedAt),
				LastModifiedDate: schema.At(t.UpdatedAt),
				Enabled:          t.Enabled,
				Type:             iot.ProvisioningTemplateType(t.Kind),
			}
		})
}

// UpdateProvisioningTemplate changes what the request names.
func (p *Plane) UpdateProvisioningTemplate(
	ctx context.Context, in *iot.UpdateProvisioningTemplateRequest,
) (*schema.Nothing, error) {
	u := registry.ProvisioningUpdate{
		Description: (*string)(in.Description),
		Enabled:     in.Enabled,
		RoleARN:     (*string)(in.ProvisioningRoleArn),
		Hook:        givenHook(in.PreProvisioningHook),
		RemoveHook:  value(in.RemovePreProvisioningHook),
	}
	if in.DefaultVersionID != nil {
		u.Default = new(int(*in.DefaultVersionID))
	}
	return &schema.Nothing{}, p.Provision.UpdateTemplate(ctx, string(in.TemplateName), u)
}

// DeleteProvisioningTemplate deletes a template with its versions.
func (p *Plane) DeleteProvisioningTemplate(
	ctx context.Context, in *iot.DeleteProvisioningTemplateRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Provision.DeleteTemplate(ctx, string(in.TemplateName))
}

// CreateProvisioningTemplateVersion adds a version, and puts it in force if the request says so.
func (p *Plane) CreateProvisioningTemplateVersion(
	ctx context.Context, in *iot.CreateProvisioningTemplateVersionRequest,
) (*iot.CreateProvisioningTemplateVersionResponse, error) {
	name, asDefault := string(in.TemplateName), value(in.SetAsDefault)
	v, err := p.Provision.CreateVersion(ctx, name, string(in.TemplateBody), asDefault)
	if err != nil {
		return nil, err
	}
	return &iot.CreateProvisioningTemplateVersionResponse{
		TemplateArn:      p.arn(ctx, registry.KindProvisioningTemplate, name),
		TemplateName:     in.TemplateName,
		VersionID:        templateVersion(v.Number),
		IsDefaultVersion: asDefault,
	}, nil
}

// DescribeProvisioningTemplateVersion describes one version of a template.
func (p *Plane) DescribeProvisioningTemplateVersion(
	ctx context.Context, in *iot.DescribeProvisioningTemplateVersionRequest,
) (*iot.DescribeProvisioningTemplateVersionResponse, error) {
	t, err := p.Provision.DescribeTemplate(ctx, string(in.TemplateName))
	if err != nil {
		return nil, err
	}
	v, err := t.Version(int(in.VersionID))
	if err != nil {
		return nil, err
	}
	return &iot.DescribeProvisioningTemplateVersionResponse{
		VersionID:        in.VersionID,
		CreationDate:     schema.At(v.CreatedAt),
		TemplateBody:     iot.ProvisioningTemplateBody(v.Body),
		IsDefaultVersion: v.Number == t.Default,
	}, nil
}

// ListProvisioningTemplateVersions lists the versions of a template, of which there are five at
// most, by number.
func (p *Plane) ListProvisioningTemplateVersions(
	ctx context.Context, in *iot.ListProvisioningTemplateVersionsRequest,
) (*iot.ListProvisioningTemplateVersionsResponse, error) {
	inForce := 0
	return list(p, iot.ListProvisioningTemplateVersions, in,
		func(after *int, limit int) (page []registry.TemplateVersion, err error) {
			t, err := p.Provision.DescribeTemplate(ctx, string(in.TemplateName))
			inForce = t.Default
			for _, v := range t.Versions {
				if v.Number > value(after) && len(page) < limit {
					page = append(page, v)
				}
			}
			return page, err
		},
		func(v registry.TemplateVersion) int { return v.Number },
		func(v registry.TemplateVersion) iot.ProvisioningTemplateVersionSummary {
			return iot.ProvisioningTemplateVersionSummary{
				VersionID:        templateVersion(v.Number),
				CreationDate:     schema.At(v.CreatedAt),
				IsDefaultVersion: v.Number == inForce,
			}
		})
}

// DeleteProvisioningTemplateVersion deletes a version that is not the default.
func (p *Plane) DeleteProvisioningTemplateVersion(
	ctx context.Context, in *iot.DeleteProvisioningTemplateVersionRequest,
) (*schema.Nothing, error) {
	err := p.Provision.DeleteVersion(ctx, string(in.TemplateName), int(in.VersionID))
	return &schema.Nothing{}, err
}

// CreateProvisioningClaim makes a key and a certificate that is good for provisioning by one
// template, for five minutes (R-ID-86). The private key is in the answer and nowhere else.
func (p *Plane) CreateProvisioningClaim(
	ctx context.Context, in *iot.CreateProvisioningClaimRequest,
) (*iot.CreateProvisioningClaimResponse, error) {
	template := string(in.TemplateName)
	if _, err := p.Provision.DescribeTemplate(ctx, template); err != nil {
		return nil, err // making a key costs much
	}
	key, err := p.Issuer.NewKey()
	if err != nil {
		return nil, err
	}
	pair, err := keyPair(key)
	if err != nil {
		return nil, err
	}
	der, err := p.Issuer.IssueUntil(key.Public(), p.RealNow().Add(registry.ClaimLasts))
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	c := registry.NewCertificate(parsed, registry.CertificateActive, registry.ModeDefault)
	nameOf(ctx, "certificateId", c.ID)
	until, err := p.Provision.AddClaim(ctx, template, c, provisioning.ClaimPolicy(p.Scope, template))
	if err != nil {
		return nil, err
	}
	return &iot.CreateProvisioningClaimResponse{
		CertificateID:  iot.CertificateID(c.ID),
		CertificatePem: iot.CertificatePem(c.PEM),
		KeyPair:        pair,
		Expiration:     schema.At(until),
	}, nil
}

// keyPair is a key as answers show it (R-ID-54).
func keyPair(key *rsa.PrivateKey) (pair iot.KeyPair, err error) {
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return pair, err
	}
	return iot.KeyPair{
		PublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		PrivateKey: string(pem.EncodeToMemory(&pem.Block{
			Type:  "RSA PRIVATE KEY",
			Bytes: x509.MarshalPKCS1PrivateKey(key),
		})),
	}, nil
}

// RegisterThing makes what a template asks for (R-ID-85).
func (p *Plane) RegisterThing(
	ctx context.Context, in *iot.RegisterThingRequest,
) (*iot.RegisterThingResponse, error) {
	template, err := provisioning.Parse(string(in.TemplateBody))
	if err != nil {
		return nil, err
	}
	plan, err := template.Evaluate(provisioning.Values{Parameters: in.Parameters})
	if err != nil {
		return nil, err
	}
	made, err := p.certificateOfPlan(plan.Certificate)
	if err != nil {
		return nil, registrationFault(err)
	}
	if made != nil {
		plan.Certificate.ID = made.ID()
	}
	nameOf(ctx, "certificateId", plan.Certificate.ID)
	c, err := p.Provision.Register(ctx, plan, made, p.Scope, p.RealNow())
	if err != nil {
		return nil, registrationFault(err)
	}
	arns := iot.ResourceArns{
		plan.Certificate.LogicalID: p.arn(ctx, registry.KindCert, c.ID),
	}
	if plan.Thing != nil {
		arns[plan.Thing.ID] = p.arn(ctx, registry.KindThing, plan.Thing.Name)
	}
	for _, policy := range plan.Policies {
		arns[policy.ID] = p.arn(ctx, registry.KindPolicy, policy.Name)
	}
	return &iot.RegisterThingResponse{
		CertificatePem: iot.CertificatePem(c.PEM),
		ResourceArns:   arns,
	}, nil
}

// certificateOfPlan makes the certificate that a template has a signing request for, or reads the one
// that it has in PEM form; nil when it names one that is registered.
func (p *Plane) certificateOfPlan(
	asked provisioning.Certificate,
) (made *provision.NewCertificate, err error) {
	if asked.Request != "" {
		public, err := registry.CheckCSR(asked.Request)
		if err != nil {
			return nil, err
		}
		der, err := p.Issuer.Issue(public)
		if err != nil {
			return nil, err
		}
		parsed, err := x509.ParseCertificate(der)
		return &provision.NewCertificate{Parsed: parsed, Own: true}, err
	}
	if asked.PEM == "" {
		return nil, nil
	}
	made = &provision.NewCertificate{}
	if made.Parsed, err = registry.CheckCertificate(asked.PEM, p.RealNow()); err != nil {
		return nil, err
	}
	if asked.CA != "" {
		made.CA, err = registry.CertificateID("caCertificatePem", asked.CA)
		return made, err
	}
	made.Own, err = p.Issuer.Issued(made.Parsed.Raw)
	return made, err
}

// registrationFault is a fault as RegisterThing lists it: what a template names that is not there, or
// cannot be used as it is.
func registrationFault(err error) error {
	for _, code := range []fault.Code{
		fault.NotFound, fault.CertificateInvalid, fault.CertificateTaken, fault.CertificateState,
		fault.Limit, fault.MalformedPolicy,
	} {
		if fault.Is(err, code) {
			return fault.New(fault.RegistrationFailed, "%s", fault.Of(err).Message)
		}
	}
	return err
}
