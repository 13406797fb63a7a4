package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/test/testserver"
)

// The resources of TestTerraform that are about who may do what, and who belongs to what.

func terraformMembership(t *testing.T, s *server) { // R-ID-11, R-ID-52
	ctx, c := within(t, time.Minute), s.Control()
	thing, group := aws.String("tf-member"), aws.String("tf-site")
	list := func() (groups []string) {
		t.Helper()
		answer := must[*iot.ListThingGroupsForThingOutput](t)(c.ListThingGroupsForThing(
			ctx, &iot.ListThingGroupsForThingInput{ThingName: thing}))
		for _, g := range answer.ThingGroups {
			groups = append(groups, *g.GroupName)
		}
		return groups
	}
	ok[*iot.CreateThingOutput](t)(c.CreateThing(ctx, &iot.CreateThingInput{ThingName: thing}))
	ok[*iot.CreateThingGroupOutput](t)(c.CreateThingGroup(
		ctx, &iot.CreateThingGroupInput{ThingGroupName: group}))
	ok[*iot.AddThingToThingGroupOutput](t)(c.AddThingToThingGroup(ctx,
		&iot.AddThingToThingGroupInput{
			ThingName: thing, ThingGroupName: group, OverrideDynamicGroups: true}))
	same(t, "groups", list(), []string{*group})
	leave := &iot.RemoveThingFromThingGroupInput{ThingName: thing, ThingGroupName: group}
	ok[*iot.RemoveThingFromThingGroupOutput](t)(c.RemoveThingFromThingGroup(ctx, leave))
	same(t, "groups", len(list()), 0)
	ok[*iot.DeleteThingOutput](t)(c.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: thing}))
	notFound[*iot.ListThingGroupsForThingOutput](t)(c.ListThingGroupsForThing(
		ctx, &iot.ListThingGroupsForThingInput{ThingName: thing}))
	notFound[*iot.RemoveThingFromThingGroupOutput](t)(c.RemoveThingFromThingGroup(ctx, leave))
}

func terraformBillingGroup(t *testing.T, s *server) { // R-ID-57
	ctx, c, name := within(t, time.Minute), s.Control(), aws.String("tf-billing")
	read := func() *iot.DescribeBillingGroupOutput {
		t.Helper()
		return must[*iot.DescribeBillingGroupOutput](t)(c.DescribeBillingGroup(
			ctx, &iot.DescribeBillingGroupInput{BillingGroupName: name}))
	}
	ok[*iot.CreateBillingGroupOutput](t)(c.CreateBillingGroup(ctx, &iot.CreateBillingGroupInput{
		BillingGroupName: name,
		BillingGroupProperties: &types.BillingGroupProperties{
			BillingGroupDescription: aws.String("plant 1")},
		Tags: newTags,
	}))
	got := read()
	same(t, "arn", *got.BillingGroupArn, s.ARN("billinggroup", *name))
	same(t, "description", *got.BillingGroupProperties.BillingGroupDescription, "plant 1")
	same(t, "creation_date", got.BillingGroupMetadata.CreationDate != nil, true)
	same(t, "version", got.Version, int64(1))
	retagged(t, c, got.BillingGroupArn)
	updated := must[*iot.UpdateBillingGroupOutput](t)(c.UpdateBillingGroup(ctx,
		&iot.UpdateBillingGroupInput{
			BillingGroupName: name,
			BillingGroupProperties: &types.BillingGroupProperties{
				BillingGroupDescription: aws.String("plant 2")},
			ExpectedVersion: aws.Int64(1),
		}))
	same(t, "version", updated.Version, int64(2))
	same(t, "description", *read().BillingGroupProperties.BillingGroupDescription, "plant 2")
	ok[*iot.DeleteBillingGroupOutput](t)(c.DeleteBillingGroup(ctx,
		&iot.DeleteBillingGroupInput{BillingGroupName: name, ExpectedVersion: aws.Int64(2)}))
	notFound[*iot.DescribeBillingGroupOutput](t)(c.DescribeBillingGroup(
		ctx, &iot.DescribeBillingGroupInput{BillingGroupName: name}))
}

// The sixth change of a policy meets the limit of versions: the provider lists them, deletes the
// one with the lowest number that is not the default, and tries again. It deletes all that are not
// the default before the policy.
func terraformPolicy(t *testing.T, s *server) { // R-ID-21
	ctx, c, name := within(t, time.Minute), s.Control(), aws.String("tf-policy")
	document := func(n int) *string {
		return aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
			`"Action":"iot:Connect","Resource":"arn:aws:iot:us-east-1:000000000000:client/c` +
			strconv.Itoa(n) + `"}]}`)
	}
	read := func(n int) *string {
		t.Helper()
		got := must[*iot.GetPolicyOutput](t)(c.GetPolicy(ctx, &iot.GetPolicyInput{PolicyName: name}))
		same(t, "policy", *got.PolicyDocument, *document(n))
		same(t, "default_version_id", *got.DefaultVersionId, strconv.Itoa(n))
		return got.PolicyArn
	}
	ok[*iot.CreatePolicyOutput](t)(c.CreatePolicy(ctx, &iot.CreatePolicyInput{
		PolicyName: name, PolicyDocument: document(1), Tags: newTags}))
	retagged(t, c, read(1))
	change := func(n int) error {
		_, err := c.CreatePolicyVersion(ctx, &iot.CreatePolicyVersionInput{
			PolicyName: name, PolicyDocument: document(n), SetAsDefault: true})
		return err
	}
	for n := 2; n <= 5; n++ {
		if err := change(n); err != nil {
			t.Fatal(err)
		}
	}
	var full *types.VersionsLimitExceededException
	if err := change(6); !errors.As(err, &full) {
		t.Fatalf("a sixth version: %v", err)
	}
	terraformPrune(t, c, name, func(id string) bool { return id == "1" })
	if err := change(6); err != nil {
		t.Fatal(err)
	}
	read(6)
	terraformPrune(t, c, name, func(string) bool { return true })
	ok[*iot.DeletePolicyOutput](t)(c.DeletePolicy(ctx, &iot.DeletePolicyInput{PolicyName: name}))
	notFound[*iot.GetPolicyOutput](t)(c.GetPolicy(ctx, &iot.GetPolicyInput{PolicyName: name}))
	notFound[*iot.ListPolicyVersionsOutput](t)(c.ListPolicyVersions(
		ctx, &iot.ListPolicyVersionsInput{PolicyName: name}))
}

// terraformPrune deletes the chosen versions of a policy that are not its default.
func terraformPrune(t *testing.T, c *iot.Client, policy *string, chosen func(string) bool) {
	t.Helper()
	ctx := within(t, time.Minute)
	versions := must[*iot.ListPolicyVersionsOutput](t)(c.ListPolicyVersions(
		ctx, &iot.ListPolicyVersionsInput{PolicyName: policy})).PolicyVersions
	same(t, "versions", len(versions), 5)
	for _, v := range versions {
		if v.IsDefaultVersion || !chosen(*v.VersionId) {
			continue
		}
		ok[*iot.DeletePolicyVersionOutput](t)(c.DeletePolicyVersion(ctx,
			&iot.DeletePolicyVersionInput{PolicyName: policy, PolicyVersionId: v.VersionId}))
	}
}

func terraformPolicyAttachment(t *testing.T, s *server) { // R-ID-18, R-ID-22, R-ID-56
	ctx, c, policy := within(t, time.Minute), s.Control(), aws.String("tf-attached")
	ok[*iot.CreatePolicyOutput](t)(c.CreatePolicy(ctx, &iot.CreatePolicyInput{
		PolicyName: policy, PolicyDocument: aws.String(testserver.WidePolicy)}))
	group := "tf-with-policy"
	ok[*iot.CreateThingGroupOutput](t)(c.CreateThingGroup(
		ctx, &iot.CreateThingGroupInput{ThingGroupName: &group}))
	certificate := must[*iot.CreateKeysAndCertificateOutput](t)(c.CreateKeysAndCertificate(
		ctx, &iot.CreateKeysAndCertificateInput{SetAsActive: true}))
	for _, target := range []string{*certificate.CertificateArn, s.ARN("thinggroup", group)} {
		list := func() []types.Policy {
			t.Helper()
			return must[*iot.ListAttachedPoliciesOutput](t)(c.ListAttachedPolicies(ctx,
				&iot.ListAttachedPoliciesInput{Target: &target, PageSize: aws.Int32(250)})).Policies
		}
		ok[*iot.AttachPolicyOutput](t)(c.AttachPolicy(
			ctx, &iot.AttachPolicyInput{PolicyName: policy, Target: &target}))
		same(t, "policy", *list()[0].PolicyName, *policy)
		var conflict *types.DeleteConflictException
		_, err := c.DeletePolicy(ctx, &iot.DeletePolicyInput{PolicyName: policy})
		if !errors.As(err, &conflict) {
			t.Errorf("delete a policy that is attached: %v", err)
		}
		ok[*iot.DetachPolicyOutput](t)(c.DetachPolicy(
			ctx, &iot.DetachPolicyInput{PolicyName: policy, Target: &target}))
		same(t, "policies", len(list()), 0)
	}
	gone := s.ARN("thinggroup", "tf-never-made")
	notFound[*iot.ListAttachedPoliciesOutput](t)(c.ListAttachedPolicies(
		ctx, &iot.ListAttachedPoliciesInput{Target: &gone, PageSize: aws.Int32(250)}))
}

// A certificate of keys made here, and one of a request of the user's own.
func terraformCertificate(t *testing.T, s *server) { // R-ID-15, R-ID-17, R-ID-18
	ctx, c := within(t, time.Minute), s.Control()
	made := must[*iot.CreateKeysAndCertificateOutput](t)(c.CreateKeysAndCertificate(
		ctx, &iot.CreateKeysAndCertificateInput{SetAsActive: false}))
	same(t, "keys", *made.KeyPair.PrivateKey != "" && *made.KeyPair.PublicKey != "", true)
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	request := must[[]byte](t)(x509.CreateCertificateRequest(
		rand.Reader, &x509.CertificateRequest{}, key))
	csr := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request}))
	signed := must[*iot.CreateCertificateFromCsrOutput](t)(c.CreateCertificateFromCsr(
		ctx, &iot.CreateCertificateFromCsrInput{CertificateSigningRequest: &csr, SetAsActive: false}))
	for _, id := range []*string{made.CertificateId, signed.CertificateId} {
		for _, status := range []types.CertificateStatus{"ACTIVE", "INACTIVE"} {
			ok[*iot.UpdateCertificateOutput](t)(c.UpdateCertificate(ctx,
				&iot.UpdateCertificateInput{CertificateId: id, NewStatus: status}))
			got := must[*iot.DescribeCertificateOutput](t)(c.DescribeCertificate(
				ctx, &iot.DescribeCertificateInput{CertificateId: id})).CertificateDescription
			same(t, "active", got.Status, status)
			same(t, "arn", *got.CertificateArn, s.ARN("cert", *id))
			same(t, "certificate_pem", *got.CertificatePem != "", true)
		}
		ok[*iot.DeleteCertificateOutput](t)(c.DeleteCertificate(
			ctx, &iot.DeleteCertificateInput{CertificateId: id}))
		notFound[*iot.DescribeCertificateOutput](t)(c.DescribeCertificate(
			ctx, &iot.DescribeCertificateInput{CertificateId: id}))
		notFound[*iot.UpdateCertificateOutput](t)(c.UpdateCertificate(ctx,
			&iot.UpdateCertificateInput{CertificateId: id, NewStatus: "INACTIVE"}))
	}
	// certificate_pem alone: a certificate that was made elsewhere. One with ca_pem is refused unless
	// this server has signed it (R-ID-55).
	ok[*iot.RegisterCertificateWithoutCAOutput](t)(c.RegisterCertificateWithoutCA(ctx,
		&iot.RegisterCertificateWithoutCAInput{
			CertificatePem: signed.CertificatePem, Status: types.CertificateStatusActive}))
}

func terraformPrincipalAttachment(t *testing.T, s *server) { // R-ID-20
	ctx, c := within(t, time.Minute), s.Control()
	certificate := must[*iot.CreateKeysAndCertificateOutput](t)(c.CreateKeysAndCertificate(
		ctx, &iot.CreateKeysAndCertificateInput{SetAsActive: true})).CertificateArn
	for _, kind := range []types.ThingPrincipalType{"", "NON_EXCLUSIVE_THING", "EXCLUSIVE_THING"} {
		thing := aws.String("tf-principal-" + string(kind))
		ok[*iot.CreateThingOutput](t)(c.CreateThing(ctx, &iot.CreateThingInput{ThingName: thing}))
		list := func() []types.ThingPrincipalObject {
			t.Helper()
			return must[*iot.ListThingPrincipalsV2Output](t)(c.ListThingPrincipalsV2(ctx,
				&iot.ListThingPrincipalsV2Input{ThingName: thing})).ThingPrincipalObjects
		}
		ok[*iot.AttachThingPrincipalOutput](t)(c.AttachThingPrincipal(ctx,
			&iot.AttachThingPrincipalInput{
				ThingName: thing, Principal: certificate, ThingPrincipalType: kind}))
		got := list()
		if len(got) != 1 || *got[0].Principal != *certificate {
			t.Fatalf("the principals of %s are %v", *thing, got)
		}
		if kind == "" { // left out, and read as what it means
			kind = types.ThingPrincipalTypeNonExclusiveThing
		}
		same(t, "thing_principal_type", got[0].ThingPrincipalType, kind)
		detach := &iot.DetachThingPrincipalInput{ThingName: thing, Principal: certificate}
		ok[*iot.DetachThingPrincipalOutput](t)(c.DetachThingPrincipal(ctx, detach))
		same(t, "principals", len(list()), 0)
		notFound[*iot.DetachThingPrincipalOutput](t)(c.DetachThingPrincipal(ctx, detach))
	}
	gone := aws.String("tf-never-made")
	notFound[*iot.ListThingPrincipalsV2Output](t)(c.ListThingPrincipalsV2(
		ctx, &iot.ListThingPrincipalsV2Input{ThingName: gone}))
}
