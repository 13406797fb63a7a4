package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

// The operations that attach certificates to things. An attachment is exclusive, then the
// certificate is that of one thing only, or it is not, and the certificate may be attached to
// many (R-ID-20). The second form of the two lists shows which it is and filters by it.

func (p *Plane) bindPrincipals(r *schema.Router) {
	schema.Handle(r, iot.AttachThingPrincipal, p.AttachThingPrincipal)
	schema.Handle(r, iot.DetachThingPrincipal, p.DetachThingPrincipal)
	schema.Handle(r, iot.ListThingPrincipals, p.ListThingPrincipals)
	schema.Handle(r, iot.ListPrincipalThings, p.ListPrincipalThings)
	schema.Handle(r, iot.ListThingPrincipalsV2, p.ListThingPrincipalsV2)
	schema.Handle(r, iot.ListPrincipalThingsV2, p.ListPrincipalThingsV2)
}

// AttachThingPrincipal attaches a certificate to a thing, exclusively or not. Repeating it
// succeeds.
func (p *Plane) AttachThingPrincipal(
	ctx context.Context, in *iot.AttachThingPrincipalRequest,
) (*schema.Nothing, error) {
	certificate, err := p.certificateOf(in.Principal)
	if err != nil {
		return nil, err
	}
	thing, exclusive := string(in.ThingName), value(in.ThingPrincipalType) == exclusiveThing
	return &schema.Nothing{}, p.Identity.AttachPrincipal(ctx, thing, certificate, exclusive)
}

// DetachThingPrincipal detaches a certificate from a thing. One that is not attached is not found
// (R-ID-20).
func (p *Plane) DetachThingPrincipal(
	ctx context.Context, in *iot.DetachThingPrincipalRequest,
) (*schema.Nothing, error) {
	certificate, err := p.certificateOf(in.Principal)
	if err != nil {
		return nil, err
	}
	return &schema.Nothing{}, p.Identity.DetachPrincipal(ctx, string(in.ThingName), certificate)
}

// ListThingPrincipals lists the certificates attached to a thing.
func (p *Plane) ListThingPrincipals(
	ctx context.Context, in *iot.ListThingPrincipalsRequest,
) (*iot.ListThingPrincipalsResponse, error) {
	thing := string(in.ThingName)
	return scan(p, iot.ListThingPrincipals, in,
		func(after *string, limit int) ([]registry.Principal, *string, error) {
			found, stopped, err := p.Identity.PrincipalsOfThing(ctx, thing, nil, value(after), limit)
			return found, optional(stopped), err
		},
		attachedCertificate,
		func(a registry.Principal) iot.Principal { return p.principal(ctx, a) })
}

// attachedCertificate is the cursor of an attachment in a list of certificates.
func attachedCertificate(a registry.Principal) string { return a.Certificate }

// attachedThing is the cursor of an attachment in a list of things.
func attachedThing(a registry.Principal) string { return a.ThingName }

// principal is the ARN of an attached certificate.
func (p *Plane) principal(ctx context.Context, a registry.Principal) iot.Principal {
	return iot.Principal(p.arn(ctx, registry.KindCert, a.Certificate))
}

// ListPrincipalThings lists the things that a certificate is attached to.
func (p *Plane) ListPrincipalThings(
	ctx context.Context, in *iot.ListPrincipalThingsRequest,
) (*iot.ThingNames, error) {
	return scan(p, iot.ListPrincipalThings, in,
		func(after *string, limit int) ([]registry.Principal, *string, error) {
			return p.thingsOf(ctx, in.Principal, nil, value(after), limit)
		},
		attachedThing,
		func(a registry.Principal) iot.ThingName { return iot.ThingName(a.ThingName) })
}

// thingsOf loads the things that a certificate, named by its ARN, is attached to.
func (p *Plane) thingsOf(
	ctx context.Context, principal iot.Principal, exclusive *bool, after string, limit int,
) ([]registry.Principal, *string, error) {
	certificate, err := p.certificateOf(principal)
	if err != nil {
		return nil, nil, err
	}
	found, stopped, err := p.Identity.ThingsOfPrincipal(ctx, certificate, exclusive, after, limit)
	return found, optional(stopped), err
}

// The two kinds of attachment. One that is not sent is not exclusive.
const (
	exclusiveThing iot.ThingPrincipalType = "EXCLUSIVE_THING"
	sharedThing    iot.ThingPrincipalType = "NON_EXCLUSIVE_THING"
)

// exclusive reads a filter by the kind of attachment; nil is both kinds.
func exclusive(t *iot.ThingPrincipalType) *bool {
	if t == nil {
		return nil
	}
	return new(*t == exclusiveThing)
}

// showAttachment is the kind of an attachment.
func showAttachment(a registry.Principal) *iot.ThingPrincipalType {
	if a.Exclusive {
		return new(exclusiveThing)
	}
	return new(sharedThing)
}

// ListThingPrincipalsV2 lists the certificates attached to a thing, and how each is.
func (p *Plane) ListThingPrincipalsV2(
	ctx context.Context, in *iot.ListThingPrincipalsV2Request,
) (*iot.ListThingPrincipalsV2Response, error) {
	thing, only := string(in.ThingName), exclusive(in.ThingPrincipalType)
	return scan(p, iot.ListThingPrincipalsV2, in,
		func(after *string, limit int) ([]registry.Principal, *string, error) {
			found, stopped, err := p.Identity.PrincipalsOfThing(ctx, thing, only, value(after), limit)
			return found, optional(stopped), err
		},
		attachedCertificate,
		func(a registry.Principal) iot.ThingPrincipalObject {
			return iot.ThingPrincipalObject{
				Principal:          p.principal(ctx, a),
				ThingPrincipalType: showAttachment(a),
			}
		})
}

// ListPrincipalThingsV2 lists the things that a certificate is attached to, and how each is.
func (p *Plane) ListPrincipalThingsV2(
	ctx context.Context, in *iot.ListPrincipalThingsV2Request,
) (*iot.ListPrincipalThingsV2Response, error) {
	only := exclusive(in.ThingPrincipalType)
	return scan(p, iot.ListPrincipalThingsV2, in,
		func(after *string, limit int) ([]registry.Principal, *string, error) {
			return p.thingsOf(ctx, in.Principal, only, value(after), limit)
		},
		attachedThing,
		func(a registry.Principal) iot.PrincipalThingObject {
			return iot.PrincipalThingObject{
				ThingName:          iot.ThingName(a.ThingName),
				ThingPrincipalType: showAttachment(a),
			}
		})
}
