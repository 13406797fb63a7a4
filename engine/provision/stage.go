package provision

import (
	"context"

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

// Register makes what a plan asks for, for RegisterThing. issued is the certificate that the plan
// asks to be made or registered; nil when the plan names one that is registered. It returns the
// certificate (R-ID-85).
func (s *Service) Register(
	ctx context.Context, p provisioning.Plan, issued *registry.Certificate, scope registry.Scope,
) (c registry.Certificate, err error) {
	return c, s.Commits.Do(ctx, func(tx *commit.Tx) error {
		if issued != nil {
			c = *issued
			c.Status = p.Certificate.Status
			stored, err := tx.Certificate(c.ID)
			if err == nil { // a certificate that was given whole may be registered already
				c = stored
				_, err = s.stage(tx, p, c, scope)
				return err
			}
			if !commit.Missing(err) {
				return err
			}
			if err := s.Identity.PutNew(tx, c); err != nil {
				return err
			}
			_, err = s.stageRest(tx, p, c, scope)
			return err
		}
		if c, err = tx.Certificate(p.Certificate.ID); err != nil {
			return commit.OrNotFound(err, fault.New(fault.RegistrationFailed,
				"certificate %s does not exist", p.Certificate.ID))
		}
		if err := notClaim(tx, c.ID); err != nil {
			return err
		}
		_, err = s.stage(tx, p, c, scope)
		return err
	})
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

// JITTemplate returns the body of a template by which certificates are provisioned just in time.
func (s *Service) JITTemplate(ctx context.Context, name string) (body string, err error) {
	t, err := s.DescribeTemplate(ctx, name)
	switch {
	case err != nil:
		return "", err
	case t.Kind != registry.JITProvisioning:
		return "", fault.New(fault.Invalid, "provisioning template %s is of type %s", name, t.Kind)
	case !t.Enabled:
		return "", fault.New(fault.Invalid, "provisioning template %s is not enabled", name)
	}
	return t.Body(), nil
}

// ProvisionCertificate makes what a template asks for, for a certificate that was registered just in
// time and waits to be activated: the body of a template, and the pseudo parameters of the
// certificate (provisioning.FromCertificate). It is where just-in-time provisioning plugs in.
func (s *Service) ProvisionCertificate(
	ctx context.Context, body, certificate string, pseudo map[string]string, scope registry.Scope,
) (done Provisioned, err error) {
	template, err := s.templates.Get(body)
	if err != nil {
		return done, err
	}
	plan, err := template.Evaluate(provisioning.Values{Pseudo: pseudo})
	if err != nil {
		return done, err
	}
	if plan.Certificate.ID != certificate {
		return done, fault.New(fault.Invalid, "templateBody: Resources.%s.Properties.CertificateId: "+
			"must be {\"Ref\": \"AWS::IoT::Certificate::Id\"}", plan.Certificate.LogicalID)
	}
	done.Configuration = plan.Configuration
	return done, s.Commits.Do(ctx, func(tx *commit.Tx) error {
		c, err := tx.Certificate(certificate)
		if err != nil {
			return commit.OrNotFound(err, fault.New(fault.NotFound,
				"certificate %s does not exist", certificate))
		}
		if done.Thing, err = s.stage(tx, plan, c, scope); err != nil {
			return err
		}
		return record(tx, shown{ThingName: done.Thing, CertificateID: c.ID})
	})
}
