package migrate

import (
	"context"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// copyAttachments attaches policies to certificates and groups, and certificates to things.
func (c *copier) copyAttachments(ctx context.Context) error {
	if err := c.findPrefix(ctx); err != nil {
		return c.refuse(Attachments, "*", err)
	}
	pages := iot.NewListPoliciesPaginator(c.source,
		&iot.ListPoliciesInput{PageSize: aws.Int32(page)})
	of := func(p *iot.ListPoliciesOutput) []types.Policy { return p.Policies }
	for p, err := range items(ctx, pages, of) {
		if err != nil {
			return c.refuse(Attachments, "*", err)
		}
		if err := c.attachPolicy(ctx, aws.ToString(p.PolicyName)); err != nil {
			return err
		}
	}
	certificates := iot.NewListCertificatesPaginator(c.source,
		&iot.ListCertificatesInput{PageSize: aws.Int32(page)})
	for listed, err := range items(ctx, certificates,
		func(p *iot.ListCertificatesOutput) []types.Certificate { return p.Certificates }) {
		if err != nil {
			return c.refuse(Attachments, "*", err)
		}
		if err := c.attachThings(ctx, listed); err != nil {
			return err
		}
	}
	return nil
}

// findPrefix finds how ARNs of the target begin, by one certificate, policy or group that it has. A
// target without any has nothing to attach either.
func (c *copier) findPrefix(ctx context.Context) error {
	if c.prefix != "" {
		return nil
	}
	certificates, err := c.target.ListCertificates(ctx,
		&iot.ListCertificatesInput{PageSize: aws.Int32(1)})
	if err != nil {
		return err
	}
	for _, one := range certificates.Certificates {
		c.learn(one.CertificateArn)
	}
	policies, err := c.target.ListPolicies(ctx, &iot.ListPoliciesInput{PageSize: aws.Int32(1)})
	if err != nil {
		return err
	}
	for _, one := range policies.Policies {
		c.learn(one.PolicyArn)
	}
	return nil
}

// targetsOf goes through what a policy is attached to: ARNs of certificates and groups, and ids of
// Amazon Cognito.
func targetsOf(ctx context.Context, client *iot.Client, policy string) iter.Seq2[string, error] {
	pages := iot.NewListTargetsForPolicyPaginator(client,
		&iot.ListTargetsForPolicyInput{PolicyName: &policy, PageSize: aws.Int32(page)})
	return items(ctx, pages, func(p *iot.ListTargetsForPolicyOutput) []string { return p.Targets })
}

// attachPolicy attaches one policy to what it is attached to in the source.
func (c *copier) attachPolicy(ctx context.Context, policy string) error {
	attached, err := set(targetsOf(ctx, c.target, policy))
	if err != nil {
		return c.refuse(Attachments, policy, err)
	}
	there := make(map[string]struct{}, len(attached))
	for arn := range attached {
		there[resource(arn)] = struct{}{}
	}
	for arn, err := range targetsOf(ctx, c.source, policy) {
		if err != nil {
			return c.refuse(Attachments, policy, err)
		}
		to, err := c.principal(ctx, arn)
		if err != nil {
			return c.refuse(Attachments, policy, err)
		}
		if to == "" {
			to := policy + " to " + arn
			err := c.found(Attachments, to, Refused, "is neither a certificate nor a thing group")
			if err != nil {
				return err
			}
			continue
		}
		o := object{kind: Attachments, name: policy + " to " + to}
		_, o.there = there[to]
		o.create = func() error {
			_, err := c.target.AttachPolicy(ctx, &iot.AttachPolicyInput{
				PolicyName: &policy, Target: aws.String(c.prefix + to),
			})
			return err
		}
		if err := c.put(o); err != nil {
			return err
		}
	}
	return nil
}

// principal is what an ARN of the source names, as the target names it: cert/ID, thinggroup/NAME; ""
// for anything else.
func (c *copier) principal(ctx context.Context, arn string) (string, error) {
	if id, ok := named(arn, "cert"); ok {
		id, err := c.certificateID(ctx, id)
		return "cert/" + id, err
	}
	if name := resource(arn); strings.HasPrefix(name, "thinggroup/") {
		return name, nil
	}
	return "", nil
}

// certificateID is the id in the target of a certificate of the source. When the target does not know
// it by the same, its PEM says which id it has there: certificates may not have been copied by this
// copy.
func (c *copier) certificateID(ctx context.Context, id string) (string, error) {
	if other, ok := c.renamed[id]; ok {
		return other, nil
	}
	_, err := c.target.DescribeCertificate(ctx, &iot.DescribeCertificateInput{CertificateId: &id})
	if missing(err) {
		_, _, err = c.sourceCertificate(ctx, id)
	}
	return c.targetID(id), err
}

// principalThings goes through the things that a certificate is attached to.
func principalThings(
	ctx context.Context, client *iot.Client, arn string,
) iter.Seq2[types.PrincipalThingObject, error] {
	pages := iot.NewListPrincipalThingsV2Paginator(client,
		&iot.ListPrincipalThingsV2Input{Principal: &arn, MaxResults: aws.Int32(page)})
	return items(ctx, pages, func(p *iot.ListPrincipalThingsV2Output) []types.PrincipalThingObject {
		return p.PrincipalThingObjects
	})
}

// attachThings attaches a certificate to the things that it is attached to in the source.
func (c *copier) attachThings(ctx context.Context, listed types.Certificate) error {
	id, err := c.certificateID(ctx, aws.ToString(listed.CertificateId))
	if err != nil {
		return c.refuse(Attachments, aws.ToString(listed.CertificateId), err)
	}
	there := map[string]struct{}{}
	if c.prefix != "" {
		for thing, err := range principalThings(ctx, c.target, c.prefix+"cert/"+id) {
			if missing(err) {
				break
			}
			if err != nil {
				return c.refuse(Attachments, "cert/"+id, err)
			}
			there[aws.ToString(thing.ThingName)] = struct{}{}
		}
	}
	for thing, err := range principalThings(ctx, c.source, aws.ToString(listed.CertificateArn)) {
		if err != nil {
			return c.refuse(Attachments, "cert/"+id, err)
		}
		name := aws.ToString(thing.ThingName)
		o := object{kind: Attachments, name: "cert/" + id + " to thing " + name}
		_, o.there = there[name]
		o.create = func() error {
			_, err := c.target.AttachThingPrincipal(ctx, &iot.AttachThingPrincipalInput{
				ThingName:          &name,
				Principal:          aws.String(c.prefix + "cert/" + id),
				ThingPrincipalType: thing.ThingPrincipalType,
			})
			return err
		}
		if err := c.put(o); err != nil {
			return err
		}
	}
	return nil
}
