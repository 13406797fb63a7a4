package migrate

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// A policy is created with the version that is the default one, and the others are added to it. So
// no other version is in force at any moment, however the copy ends. Ids of versions are given by the
// target, which counts from 1, and are not compared.

// copyPolicies copies policies with all their versions.
func (c *copier) copyPolicies(ctx context.Context) error {
	pages := iot.NewListPoliciesPaginator(c.source,
		&iot.ListPoliciesInput{PageSize: aws.Int32(page)})
	of := func(p *iot.ListPoliciesOutput) []types.Policy { return p.Policies }
	for p, err := range items(ctx, pages, of) {
		if err != nil {
			return c.refuse(Policies, "*", err)
		}
		if err := c.copyPolicy(ctx, aws.ToString(p.PolicyName)); err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) copyPolicy(ctx context.Context, name string) error {
	o := object{kind: Policies, name: name}
	in := &iot.GetPolicyInput{PolicyName: &name}
	here, err := c.source.GetPolicy(ctx, in)
	if err != nil {
		return c.refuse(o.kind, o.name, err)
	}
	others, err := otherVersions(ctx, c.source, here)
	if err != nil {
		return c.refuse(o.kind, o.name, err)
	}
	tags, err := c.tags(ctx, here.PolicyArn)
	if err != nil {
		return err
	}
	there, err := c.target.GetPolicy(ctx, in)
	switch {
	case err == nil:
		o.there = true
		var d differences
		if !sameDocument(here.PolicyDocument, there.PolicyDocument) {
			d = append(d, "policyDocument of the default version")
		}
		if err := c.compareTags(ctx, &d, tags, there.PolicyArn); err != nil {
			return err
		}
		o.differs = d.String()
	case !missing(err):
		return c.refuse(o.kind, o.name, err)
	}
	o.create = func() error {
		_, err := c.target.CreatePolicy(ctx, &iot.CreatePolicyInput{
			PolicyName:     &name,
			PolicyDocument: here.PolicyDocument,
			Tags:           tags,
		})
		return err
	}
	if err := c.put(o); err != nil || o.differs != "" {
		return err
	}
	return c.copyVersions(ctx, name, others)
}

// otherVersions are the documents of a policy's versions that are not the default one, the oldest
// first.
func otherVersions(
	ctx context.Context, client *iot.Client, p *iot.GetPolicyOutput,
) (documents []*string, err error) {
	listed, err := client.ListPolicyVersions(ctx,
		&iot.ListPolicyVersionsInput{PolicyName: p.PolicyName})
	if err != nil {
		return nil, err
	}
	versions := listed.PolicyVersions
	slices.SortStableFunc(versions, func(a, b types.PolicyVersion) int {
		return aws.ToTime(a.CreateDate).Compare(aws.ToTime(b.CreateDate))
	})
	for _, v := range versions {
		if v.IsDefaultVersion || aws.ToString(v.VersionId) == aws.ToString(p.DefaultVersionId) {
			continue
		}
		version, err := client.GetPolicyVersion(ctx, &iot.GetPolicyVersionInput{
			PolicyName: p.PolicyName, PolicyVersionId: v.VersionId,
		})
		if err != nil {
			return nil, err
		}
		documents = append(documents, version.PolicyDocument)
	}
	return documents, nil
}

// copyVersions adds those versions to a policy that it lacks.
func (c *copier) copyVersions(ctx context.Context, name string, documents []*string) error {
	if len(documents) == 0 {
		return nil
	}
	there, err := c.target.GetPolicy(ctx, &iot.GetPolicyInput{PolicyName: &name})
	if missing(err) {
		there, err = nil, nil // of a plan, or it was refused
	}
	if err != nil {
		return c.refuse(Policies, name, err)
	}
	var have []*string
	if there != nil {
		if have, err = otherVersions(ctx, c.target, there); err != nil {
			return c.refuse(Policies, name, err)
		}
	} else if !c.Plan {
		return nil
	}
	for i, document := range documents {
		o := object{kind: Policies, name: fmt.Sprintf("%s, version %d of %d that are not the default",
			name, i+1, len(documents))}
		same := func(other *string) bool { return sameDocument(document, other) }
		if at := slices.IndexFunc(have, same); at >= 0 {
			have, o.there = slices.Delete(have, at, at+1), true // a document may be there twice
		}
		o.create = func() error {
			_, err := c.target.CreatePolicyVersion(ctx,
				&iot.CreatePolicyVersionInput{PolicyName: &name, PolicyDocument: document})
			return err
		}
		if err := c.put(o); err != nil {
			return err
		}
	}
	return nil
}
