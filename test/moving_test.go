package test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/test/testserver"
)

// A moveReport is what drover import and export print with --output json.
type moveReport struct {
	Plan, Complete bool
	Findings       []struct{ Outcome, Kind, Name, Why string }
	Summary        map[string]map[string]int
}

// lines are the findings of an outcome, as KIND NAME WHY.
func (r moveReport) lines(outcome string) (lines []string) {
	for _, f := range r.Findings {
		if f.Outcome == outcome {
			lines = append(lines, strings.TrimSpace(f.Kind+" "+f.Name+" "+f.Why))
		}
	}
	slices.Sort(lines)
	return lines
}

// mover calls drover import and export with the credentials of an account.
func (s *server) mover(t *testing.T) commandLine {
	home := t.TempDir()
	return commandLine{
		t: t, program: []string{testserver.Binary}, dir: home,
		env: []string{
			"HOME=" + home, "AWS_ACCESS_KEY_ID=moto", "AWS_SECRET_ACCESS_KEY=moto", "AWS_MAX_ATTEMPTS=1",
		},
	}
}

// moves runs a command that must end with a status, and reads its report.
func (c commandLine) moves(status int, args ...string) (r moveReport) {
	c.t.Helper()
	out, problem, got := c.run(append(args, "--output", "json", "--rate", "1000")...)
	if err := json.Unmarshal([]byte(out), &r); err != nil || got != status || !r.Complete {
		c.t.Fatalf("%s: status %d, want %d, %v\n%s\n%s", strings.Join(args, " "), got, status, err, out, problem)
	}
	return r
}

// wantLines compares findings with those that are wanted.
func wantLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// policyText is a policy document on one topic.
func policyText(topic string) *string {
	return aws.String(fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
		`"Action":"iot:Publish","Resource":"arn:aws:iot:*:*:topic/%s"}]}`, topic))
}

// fill makes of each kind what moto knows. It returns the certificate's id in moto, and its key.
func (e emulator) fill(t *testing.T) (certificate, key string) {
	ctx := within(t, time.Minute)
	for _, name := range []string{"pump", "valve"} {
		must[*iot.CreateThingTypeOutput](t)(e.CreateThingType(ctx, &iot.CreateThingTypeInput{
			ThingTypeName: &name, ThingTypeProperties: &types.ThingTypeProperties{
				ThingTypeDescription: aws.String("a " + name), SearchableAttributes: []string{"site"},
			},
		}))
	}
	must[*iot.CreateBillingGroupOutput](t)(e.CreateBillingGroup(ctx,
		&iot.CreateBillingGroupInput{BillingGroupName: aws.String("bill")}))
	must[*iot.CreateThingGroupOutput](t)(e.CreateThingGroup(ctx,
		&iot.CreateThingGroupInput{ThingGroupName: aws.String("site")}))
	must[*iot.CreateThingGroupOutput](t)(e.CreateThingGroup(ctx, &iot.CreateThingGroupInput{
		ThingGroupName: aws.String("hall"), ParentGroupName: aws.String("site"),
	}))
	for i, name := range []string{"pump-1", "pump-2", "valve-1"} {
		kind, _, _ := strings.Cut(name, "-")
		must[*iot.CreateThingOutput](t)(e.CreateThing(ctx, &iot.CreateThingInput{
			ThingName: &name, ThingTypeName: &kind, AttributePayload: &types.AttributePayload{
				Attributes: map[string]string{"site": fmt.Sprintf("s%d", i)},
			},
		}))
		must[*iot.AddThingToThingGroupOutput](t)(e.AddThingToThingGroup(ctx,
			&iot.AddThingToThingGroupInput{ThingName: &name, ThingGroupName: aws.String("hall")}))
	}
	must[*iot.AddThingToBillingGroupOutput](t)(e.AddThingToBillingGroup(ctx,
		&iot.AddThingToBillingGroupInput{ThingName: aws.String("pump-1"), BillingGroupName: aws.String("bill")}))
	must[*iot.DeprecateThingTypeOutput](t)(e.DeprecateThingType(ctx,
		&iot.DeprecateThingTypeInput{ThingTypeName: aws.String("valve")}))
	must[*iot.CreateJobTemplateOutput](t)(e.CreateJobTemplate(ctx, &iot.CreateJobTemplateInput{
		JobTemplateId: aws.String("update"), Description: aws.String("an update"), Document: aws.String(`{"do":"it"}`),
		PresignedUrlConfig:         &types.PresignedUrlConfig{RoleArn: aws.String("arn:aws:iam::123456789012:role/r"), ExpiresInSec: aws.Int64(100)},
		JobExecutionsRolloutConfig: &types.JobExecutionsRolloutConfig{MaximumPerMinute: aws.Int32(10)},
		AbortConfig: &types.AbortConfig{CriteriaList: []types.AbortCriteria{{
			Action: types.AbortActionCancel, FailureType: types.JobExecutionFailureTypeAll,
			MinNumberOfExecutedThings: aws.Int32(10), ThresholdPercentage: aws.Float64(20),
		}}},
		TimeoutConfig: &types.TimeoutConfig{InProgressTimeoutInMinutes: aws.Int64(10)},
	}))
	must[*iot.CreateJobOutput](t)(e.CreateJob(ctx, &iot.CreateJobInput{
		JobId: aws.String("fw"), Targets: []string{"arn:aws:iot:eu-west-1:123456789012:thing/pump-1"}, Document: aws.String(`{"do":"it"}`),
	}))
	return e.fillIdentities(t)
}

// fillIdentities makes a policy with two versions and a certificate.
func (e emulator) fillIdentities(t *testing.T) (certificate, key string) {
	ctx := within(t, time.Minute)
	must[*iot.CreatePolicyOutput](t)(e.CreatePolicy(ctx,
		&iot.CreatePolicyInput{PolicyName: aws.String("devices"), PolicyDocument: policyText("one")}))
	must[*iot.CreatePolicyVersionOutput](t)(e.CreatePolicyVersion(ctx, &iot.CreatePolicyVersionInput{
		PolicyName: aws.String("devices"), PolicyDocument: policyText("two"), SetAsDefault: true,
	}))
	made := must[*iot.CreateKeysAndCertificateOutput](t)(e.CreateKeysAndCertificate(ctx,
		&iot.CreateKeysAndCertificateInput{SetAsActive: true}))
	must[*iot.AttachPolicyOutput](t)(e.AttachPolicy(ctx,
		&iot.AttachPolicyInput{PolicyName: aws.String("devices"), Target: made.CertificateArn}))
	must[*iot.AttachThingPrincipalOutput](t)(e.AttachThingPrincipal(ctx,
		&iot.AttachThingPrincipalInput{ThingName: aws.String("pump-1"), Principal: made.CertificateArn}))
	return *made.CertificateId, *made.KeyPair.PrivateKey
}

// What moto has comes into a Drover by the commands, and what moto does not know is a line of the
// report. R-MOV-1, R-MOV-3, R-MOV-10, R-MOV-11, R-MOV-12
func TestImportFromMoto(t *testing.T) {
	t.Parallel()
	s, moto := serve(t), startMoto(t)
	_, key := moto.fill(t)
	c := s.mover(t)
	words := []string{"import", "aws", "--region", motoRegion, "--source-endpoint-url", moto.url, "--data", s.Dir}
	plan := c.moves(1, append(words, "--plan")...)
	wantLines(t, "things after the plan", s.thingNames())
	done := c.moves(1, words...)

	cannot := []string{
		"jobs fw no thing is left that may be given it: for 0 things that have not begun; left out: 1 QUEUED again",
		"tags * ListTagsForResource: the server does not know this call: status 500",
	}
	wantLines(t, "what cannot come by the plan", plan.lines("cannot"), cannot...)
	wantLines(t, "what could not come", done.lines("cannot"), cannot...)
	wantLines(t, "what differs", done.lines("differs"))
	deprecated := "types valve is deprecated in the source, and now here"
	created := slices.DeleteFunc(done.lines("create"), func(line string) bool { return line == deprecated })
	wantLines(t, "what was created", created, plan.lines("create")...)
	if !plan.Plan || done.Plan {
		t.Errorf("plan: %v and %v", plan.Plan, done.Plan)
	}

	want := map[string]int{
		"types": 3, "billing-groups": 1, "groups": 2, "things": 3, "memberships": 4,
		"policies": 2, "certificates": 1, "attachments": 2, "templates": 1,
	}
	got := map[string]int{}
	for kind, counts := range done.Summary {
		if n := counts["create"]; n > 0 {
			got[kind] = n
		}
	}
	if !maps.Equal(want, got) {
		t.Errorf("created %v, want %v", got, want)
	}
	again := c.moves(1, words...)
	wantLines(t, "what a second import created", again.lines("create"))
	wantLines(t, "what differs in a second import", again.lines("differs"))
	s.wantFromMoto(t)

	// The report for people, which is read for the private key, too.
	out, problem, status := c.run(append(words, "--rate", "1000")...)
	for _, part := range []string{"cannot   tags", "KIND            CREATED  EQUAL  DIFFER  CANNOT COME\n", "things          0        3      0       0\n"} {
		if !strings.Contains(out, part) || status != 1 {
			t.Errorf("status %d, and nothing printed has %q:\n%s\n%s", status, part, out, problem)
		}
	}
	secret := strings.Split(key, "\n")[1]
	if all := out + problem + s.Output.String(); strings.Contains(all, secret) {
		t.Error("a private key was printed")
	}
}

// thingNames are the names of the things of the server.
func (s *server) thingNames() (names []string) {
	s.t.Helper()
	for _, thing := range must[*iot.ListThingsOutput](s.t)(s.Control().ListThings(s.t.Context(), &iot.ListThingsInput{})).Things {
		names = append(names, *thing.ThingName)
	}
	return names
}

// wantFromMoto checks what has come from moto one by one.
func (s *server) wantFromMoto(t *testing.T) {
	t.Helper()
	ctx, client := within(t, time.Minute), s.Control()
	thing := must[*iot.DescribeThingOutput](t)(client.DescribeThing(ctx, &iot.DescribeThingInput{ThingName: aws.String("pump-1")}))
	if aws.ToString(thing.ThingTypeName) != "pump" || thing.Attributes["site"] != "s0" || aws.ToString(thing.BillingGroupName) != "bill" {
		t.Errorf("pump-1 is %v %v %v", aws.ToString(thing.ThingTypeName), thing.Attributes, aws.ToString(thing.BillingGroupName))
	}
	policy := must[*iot.GetPolicyOutput](t)(client.GetPolicy(ctx, &iot.GetPolicyInput{PolicyName: aws.String("devices")}))
	if !strings.Contains(*policy.PolicyDocument, "topic/two") {
		t.Errorf("the policy in force is %s", *policy.PolicyDocument)
	}
	group := must[*iot.DescribeThingGroupOutput](t)(client.DescribeThingGroup(ctx, &iot.DescribeThingGroupInput{ThingGroupName: aws.String("hall")}))
	if aws.ToString(group.ThingGroupMetadata.ParentGroupName) != "site" {
		t.Errorf("hall is below %v", group.ThingGroupMetadata)
	}
	kind := must[*iot.DescribeThingTypeOutput](t)(client.DescribeThingType(ctx, &iot.DescribeThingTypeInput{ThingTypeName: aws.String("valve")}))
	if !kind.ThingTypeMetadata.Deprecated {
		t.Error("valve is not deprecated")
	}
	principals := must[*iot.ListThingPrincipalsOutput](t)(client.ListThingPrincipals(ctx, &iot.ListThingPrincipalsInput{ThingName: aws.String("pump-1")})).Principals
	if len(principals) != 1 {
		t.Fatalf("pump-1 has the principals %v", principals)
	}
	policies := must[*iot.ListAttachedPoliciesOutput](t)(client.ListAttachedPolicies(ctx, &iot.ListAttachedPoliciesInput{Target: &principals[0]})).Policies
	if len(policies) != 1 || *policies[0].PolicyName != "devices" {
		t.Errorf("its certificate has the policies %v", policies)
	}
}

// withoutIDs are lines without ids of certificates, sorted.
func withoutIDs(lines []string) (out []string) {
	id := regexp.MustCompile(`[0-9a-f]{64}`)
	for _, line := range lines {
		out = append(out, id.ReplaceAllString(line, "ID"))
	}
	slices.Sort(out)
	return out
}

// What a Drover has goes to moto. R-MOV-9, R-MOV-11
func TestExportToMoto(t *testing.T) {
	t.Parallel()
	s, moto := serve(t), startMoto(t)
	ctx := within(t, time.Minute)
	s.Policy("devices", *policyText("one"))
	for _, thing := range []string{"pump-1", "pump-2"} {
		s.Thing(thing)
		s.Identify(thing, "devices")
	}
	s.fleet2("site", "pump-1", "pump-2")
	s.create("fw", "site", nil)
	c := s.mover(t)
	words := []string{"export", "aws", "--region", motoRegion, "--target-endpoint-url", moto.url, "--data", s.Dir}
	plan := c.moves(1, append(words, "--plan")...)
	if things := must[*iot.ListThingsOutput](t)(moto.ListThings(ctx, &iot.ListThingsInput{})).Things; len(things) > 0 {
		t.Errorf("the plan has created %d things", len(things))
	}
	const paused = "jobs fw an account knows no pause: pause the job here first, so that no thing begins it at both ends"
	done := c.moves(1, words...)
	wantLines(t, "what cannot come", done.lines("cannot"), paused)
	wantLines(t, "what was created", withoutIDs(done.lines("create")), withoutIDs(plan.lines("create"))...)
	// moto gives certificates an id that is not their SHA-256, and registers one twice without a word.
	again := slices.DeleteFunc(c.moves(1, words...).lines("create"), func(line string) bool {
		return strings.HasPrefix(line, "certificates ")
	})
	wantLines(t, "what a second export created", again)
	for _, thing := range []string{"pump-1", "pump-2"} {
		principals := must[*iot.ListThingPrincipalsOutput](t)(moto.ListThingPrincipals(ctx, &iot.ListThingPrincipalsInput{ThingName: &thing})).Principals
		if len(principals) != 1 {
			t.Errorf("%s has the principals %v", thing, principals)
		}
	}
}
