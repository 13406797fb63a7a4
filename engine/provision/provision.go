package provision

import (
	"context"
	"maps"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/provisioning"
	"github.com/drover-iot/drover/store"
)

// Request is what a device with a claim asks for.
type Request struct {
	Template string
	// Certificate is the id of the one that the device was given by a claim, from a token of this
	// server that is valid.
	Certificate string
	Parameters  map[string]string
	// Claim is the id of the certificate that the device is connected with, and ClientID that of the
	// connection, for hooks.
	Claim, ClientID string
	// Scope makes the ARNs in questions and messages.
	Scope registry.Scope
}

// Provisioned is what has become of a request.
type Provisioned struct {
	Thing         string // its name; empty for a template without a thing
	Configuration string // for the device, a JSON object; empty for none
}

// notAllowed is what a device is told that is not to be provisioned.
const notAllowed = "the hook of the template does not allow it"

// Provision makes what a template asks for, for a device with a claim: in one commit, all of it or
// nothing. The hook of the template is asked before, while nothing waits for it but the device
// (R-ID-82 to R-ID-84).
func (s *Service) Provision(ctx context.Context, r Request) (done Provisioned, err error) {
	t, c, err := s.load(ctx, r)
	if err != nil {
		return done, err
	}
	template, err := s.templates.Get(t.Body())
	if err != nil {
		return done, err
	}
	parameters, err := s.allowed(ctx, r, t, c)
	if err != nil {
		return done, err
	}
	plan, err := template.Evaluate(provisioning.Values{
		Parameters: parameters,
		Pseudo:     provisioning.CertificateID(r.Certificate),
	})
	if err != nil {
		return done, err
	}
	if err := ofDevice(plan, r.Certificate); err != nil {
		return done, err
	}
	done.Configuration = plan.Configuration
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		// While the hook was asked all may have changed.
		if _, err := usable(tx, t.Name, registry.FleetProvisioning); err != nil {
			return err
		}
		pending, err := pendingCertificate(tx, r.Certificate, tx.RealTime())
		if err != nil {
			return err
		}
		if done.Thing, err = s.stage(tx, plan, pending, r.Scope); err != nil {
			return err
		}
		return record(tx, shown{
			ThingName:          done.Thing,
			CertificateID:      pending.ID,
			TemplateName:       t.Name,
			ClaimCertificateID: r.Claim,
			ClientID:           r.ClientID,
		})
	})
	return done, err
}

// reader is what a request needs to know. Both a read of the store and a commit in progress are
// such.
type reader interface {
	ProvisioningTemplate(name string) (registry.ProvisioningTemplate, error)
	Certificate(id string) (registry.Certificate, error)
	TemporaryCertificate(id string) (registry.TemporaryCertificate, error)
}

// load reads the template and the certificate of a request, if both can be used.
func (s *Service) load(
	ctx context.Context, r Request,
) (t registry.ProvisioningTemplate, c registry.Certificate, err error) {
	err = s.Store.Read(ctx, func(reads store.Reader) error {
		if t, err = usable(reads, r.Template, registry.FleetProvisioning); err != nil {
			return err
		}
		c, err = pendingCertificate(reads, r.Certificate, clock.Real{}.Now())
		return err
	})
	return t, c, err
}

// usable returns a template of a kind that is enabled.
func usable(
	r reader, name string, kind registry.ProvisioningKind,
) (registry.ProvisioningTemplate, error) {
	t, err := r.ProvisioningTemplate(name)
	switch {
	case err != nil:
		return t, commit.OrNotFound(err, NoTemplate(name))
	case t.Kind != kind:
		return t, fault.New(fault.Invalid, "provisioning template %s is of type %s", name, t.Kind)
	case !t.Enabled:
		return t, fault.New(fault.Invalid, "provisioning template %s is not enabled", name)
	}
	return t, nil
}

// ErrToken is the fault of a token that is good for nothing. It does not say why.
var ErrToken = fault.New(fault.Invalid, "certificateOwnershipToken: not a token of this server, or "+
	"it has expired or was used; ask for another certificate")

// pendingCertificate returns a certificate that waits to be provisioned. That it does not any more
// means that its token was used, or that its time is over.
func pendingCertificate(
	r reader, id string, now time.Time,
) (c registry.Certificate, err error) {
	temporary, err := r.TemporaryCertificate(id)
	if err != nil {
		return c, commit.OrNotFound(err, ErrToken)
	}
	if temporary.Policy != "" || temporary.Until.Before(now) {
		return c, ErrToken
	}
	if c, err = r.Certificate(id); err != nil {
		return c, commit.OrNotFound(err, ErrToken)
	}
	if c.Status != registry.CertificatePending {
		return c, ErrToken
	}
	return c, nil
}

// allowed asks the hook of a template, if it has one, and returns the parameters that it has made of
// those of the device. fault.Forbidden: it was not allowed, or the hook has not answered.
func (s *Service) allowed(
	ctx context.Context, r Request, t registry.ProvisioningTemplate, c registry.Certificate,
) (map[string]string, error) {
	if t.Hook == nil {
		return r.Parameters, nil
	}
	given := maps.Clone(r.Parameters)
	if given == nil {
		given = map[string]string{}
	}
	if s.Ask == nil {
		return nil, fault.New(fault.Forbidden, "%s", notAllowed)
	}
	var answer provisioning.Answer
	err := s.Ask(ctx, t.Hook.Target, provisioning.Question{
		ClaimCertificateID: r.Claim,
		CertificateID:      c.ID,
		CertificatePEM:     c.PEM,
		TemplateARN:        r.Scope.ARN(registry.KindProvisioningTemplate, t.Name),
		ClientID:           r.ClientID,
		Parameters:         given,
	}, &answer)
	if err == nil {
		var parameters map[string]string
		var allowed bool
		if parameters, allowed, err = answer.Parameters(given); err == nil && allowed {
			return parameters, nil
		}
	}
	if s.Refused != nil {
		s.Refused(t.Name, c.ID, err)
	}
	return nil, fault.New(fault.Forbidden, "%s", notAllowed)
}
