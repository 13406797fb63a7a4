package provision

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/provisioning"
)

// stage stages all that a plan asks for, for a certificate that is registered or staged, and returns
// the name of the thing. All of it is checked before anything is applied, so that a plan that cannot
// be carried out changes nothing (R-ID-79).
func (s *Service) stage(
	tx *commit.Tx, p provisioning.Plan, c registry.Certificate, scope registry.Scope,
) (thing string, err error) {
	status, err := p.Certificate.StatusOf(c)
	if err != nil {
		return "", err
	}
	if err := s.Identity.PutStatus(tx, c, status); err != nil {
		return "", err
	}
	return s.stageRest(tx, p, c, scope)
}

// stageRest stages what a plan asks for beside the certificate itself.
func (s *Service) stageRest(
	tx *commit.Tx, p provisioning.Plan, c registry.Certificate, scope registry.Scope,
) (thing string, err error) {
	if p.Thing != nil {
		made, err := s.Fleet.PutThing(tx, *p.Thing)
		if err != nil {
			return "", err
		}
		thing = made.Name
		err = s.Identity.AttachProvisioned(tx, made, c.ID, p.Certificate.Exclusive)
		if err != nil {
			return "", err
		}
	}
	arn := scope.ARN(registry.KindCert, c.ID)
	return thing, s.Identity.AttachPolicies(tx, p.Policies, c.ID, arn)
}

// A NewCertificate is one that a plan brings along, and that may be registered already.
type NewCertificate struct {
	Parsed *x509.Certificate
	Own    bool   // this server has signed it
	CA     string // the id of the CA certificate that has, empty for whichever has
}

// ID is the id of the certificate.
func (n NewCertificate) ID() string { return n.certificate("").ID }

func (n NewCertificate) certificate(status registry.CertificateStatus) registry.Certificate {
	return registry.NewCertificate(n.Parsed, status, registry.ModeDefault)
}

// Register makes what a plan asks for, for RegisterThing. made is the certificate that the plan
// brings along; nil when it names one that is registered. It returns the certificate (R-ID-85).
func (s *Service) Register(
	ctx context.Context, p provisioning.Plan, made *NewCertificate, scope registry.Scope,
	realNow time.Time,
) (c registry.Certificate, err error) {
	return c, s.Commits.Do(ctx, func(tx *commit.Tx) error {
		c, err = tx.Certificate(p.Certificate.ID)
		switch {
		case err == nil:
			if err := notClaim(tx, c.ID); err != nil {
				return err
			}
			_, err = s.stage(tx, p, c, scope)
			return err
		case !commit.Missing(err):
			return err
		case made == nil:
			return fault.New(fault.RegistrationFailed,
				"certificate %s does not exist", p.Certificate.ID)
		}
		if c, err = s.signed(tx, *made, p.Certificate.Status, realNow); err != nil {
			return err
		}
		if err := s.Identity.PutNew(tx, c); err != nil {
			return err
		}
		_, err = s.stageRest(tx, p, c, scope)
		return err
	})
}

// signed is a certificate as it is registered: with the CA certificate that has signed it, or as one
// of this server.
func (s *Service) signed(
	tx *commit.Tx, made NewCertificate, status registry.CertificateStatus, realNow time.Time,
) (registry.Certificate, error) {
	c := made.certificate(status)
	if made.Own {
		return c, nil
	}
	c, signed, err := s.Identity.SignedBy(tx, c, made.Parsed, made.CA, realNow)
	if err == nil && !signed {
		err = fault.New(fault.CertificateInvalid,
			"certificatePem: no CA certificate that is registered has signed it")
	}
	return c, err
}

// notClaim refuses a temporary claim, which would stay for good by being provisioned.
func notClaim(tx *commit.Tx, id string) error {
	temporary, err := tx.TemporaryCertificate(id)
	switch {
	case commit.Missing(err):
		return nil
	case err == nil && temporary.Policy != "":
		return fault.New(fault.RegistrationFailed,
			"certificate %s is a temporary claim and no certificate of a device", id)
	}
	return err
}

// ProvisionFirst stages what a template asks for, for a certificate that is staged because its device
// has connected with it, and returns the status that it has then. from says which template (R-ID-75).
// A hook of the template is not asked: AWS has none for these templates.
func (s *Service) ProvisionFirst(
	tx *commit.Tx, from registry.RegistrationConfig, c registry.Certificate, leaf *x509.Certificate,
	scope registry.Scope,
) (registry.CertificateStatus, error) {
	body := from.TemplateBody
	if from.TemplateName != "" {
		t, err := usable(tx, from.TemplateName, registry.JITProvisioning)
		if err != nil {
			return "", err
		}
		body = t.Body()
	}
	template, err := s.templates.Get(body)
	if err != nil {
		return "", err
	}
	plan, err := template.Evaluate(provisioning.Values{
		Pseudo: provisioning.FromCertificate(c.ID, leaf),
	})
	if err != nil {
		return "", err
	}
	if err := ofDevice(plan, c.ID); err != nil {
		return "", err
	}
	status, err := plan.Certificate.StatusOf(c)
	if err != nil {
		return "", err
	}
	thing, err := s.stage(tx, plan, c, scope)
	if err != nil {
		return "", err
	}
	return status, record(tx, shown{
		ThingName:     thing,
		CertificateID: c.ID,
		TemplateName:  from.TemplateName,
	})
}

// ofDevice refuses a plan for another certificate than that of the device that provisions itself.
func ofDevice(p provisioning.Plan, certificate string) error {
	if p.Certificate.ID == certificate {
		return nil
	}
	return fault.New(fault.Invalid, "templateBody: Resources.%s.Properties.CertificateId: must be "+
		"{\"Ref\": \"AWS::IoT::Certificate::Id\"} where devices provision themselves",
		p.Certificate.LogicalID)
}
