package migrate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

// The accounts of the two ends.
const (
	sourceAccount = "111122223333"
	targetAccount = "000000000000"
)

// policyOf is a policy document on one topic.
func policyOf(topic string) *string {
	return aws.String(fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
		`"Action":"iot:Publish","Resource":"arn:aws:iot:*:*:topic/%s"}]}`, topic))
}

// fill makes one of everything that can be copied.
func (w *world) fill() {
	ctx, t := w.t.Context(), w.t
	tags := []types.Tag{{Key: aws.String("team"), Value: aws.String("pumps")}}
	for _, name := range []string{"pump", "valve-old"} {
		must[*iot.CreateThingTypeOutput](t)(w.CreateThingType(ctx, &iot.CreateThingTypeInput{
			ThingTypeName: &name,
			ThingTypeProperties: &types.ThingTypeProperties{
				ThingTypeDescription: aws.String("of " + name), SearchableAttributes: []string{"site"},
			},
			Tags: tags,
		}))
	}
	must[*iot.CreateBillingGroupOutput](t)(w.CreateBillingGroup(ctx, &iot.CreateBillingGroupInput{
		BillingGroupName: aws.String("bill"), Tags: tags,
		BillingGroupProperties: &types.BillingGroupProperties{
			BillingGroupDescription: aws.String("pays"),
		},
	}))
	w.fillGroups(tags)
	w.fillThings()
	w.fillPolicies(tags)
	must[*iot.CreateJobTemplateOutput](t)(w.CreateJobTemplate(ctx, &iot.CreateJobTemplateInput{
		JobTemplateId: aws.String("update"), Description: aws.String("an update"),
		Document:      aws.String(`{"operation":"update"}`),
		TimeoutConfig: &types.TimeoutConfig{InProgressTimeoutInMinutes: aws.Int64(30)},
		AbortConfig:   abortAt(20), Tags: tags,
	}))
	w.newJob("fw-2", func(in *iot.CreateJobInput) {
		in.Description, in.Tags, in.AbortConfig = aws.String("firmware 2"), tags, abortAt(10)
		in.JobExecutionsRolloutConfig = &types.JobExecutionsRolloutConfig{MaximumPerMinute: aws.Int32(100)}
	}, "thinggroup/site", "thing/t3")
	w.newJob("rolling", continuous, "thinggroup/hall", "thing/t3")
	w.report("t1", "rolling", "SUCCEEDED")
}

func abortAt(percentage float64) *types.AbortConfig {
	return &types.AbortConfig{CriteriaList: []types.AbortCriteria{{
		Action: types.AbortActionCancel, FailureType: types.JobExecutionFailureTypeFailed,
		MinNumberOfExecutedThings: aws.Int32(2), ThresholdPercentage: aws.Float64(percentage),
	}}}
}

func (w *world) fillGroups(tags []types.Tag) {
	ctx, t := w.t.Context(), w.t
	// The parent comes last in the order of names.
	for _, name := range []string{"site", "hall", "b-line"} {
		in := &iot.CreateThingGroupInput{
			ThingGroupName: &name, Tags: tags,
			ThingGroupProperties: &types.ThingGroupProperties{
				ThingGroupDescription: aws.String("of " + name),
				AttributePayload:      &types.AttributePayload{Attributes: map[string]string{"place": name}},
			},
		}
		if parent := map[string]string{"hall": "site", "b-line": "hall"}[name]; parent != "" {
			in.ParentGroupName = &parent
		}
		must[*iot.CreateThingGroupOutput](t)(w.CreateThingGroup(ctx, in))
	}
	must[*iot.CreateDynamicThingGroupOutput](t)(w.CreateDynamicThingGroup(ctx,
		&iot.CreateDynamicThingGroupInput{
			ThingGroupName: aws.String("a-north"), QueryString: aws.String("attributes.site:north"),
		}))
}

func (w *world) fillThings() {
	ctx, t := w.t.Context(), w.t
	for i, group := range []string{"site", "hall", "b-line", ""} {
		in := &iot.CreateThingInput{
			ThingName: aws.String(fmt.Sprintf("t%d", i)), ThingTypeName: aws.String("pump"),
			AttributePayload: &types.AttributePayload{Attributes: map[string]string{"site": "north"}},
		}
		if i == 3 {
			in.ThingTypeName, in.BillingGroupName = aws.String("valve-old"), aws.String("bill")
		}
		must[*iot.CreateThingOutput](t)(w.CreateThing(ctx, in))
		if group != "" {
			must[*iot.AddThingToThingGroupOutput](t)(w.AddThingToThingGroup(ctx,
				&iot.AddThingToThingGroupInput{ThingName: in.ThingName, ThingGroupName: &group}))
		}
	}
	must[*iot.DeprecateThingTypeOutput](t)(w.DeprecateThingType(ctx,
		&iot.DeprecateThingTypeInput{ThingTypeName: aws.String("valve-old")}))
}

func (w *world) fillPolicies(tags []types.Tag) {
	ctx, t := w.t.Context(), w.t
	must[*iot.CreatePolicyOutput](t)(w.CreatePolicy(ctx, &iot.CreatePolicyInput{
		PolicyName: aws.String("devices"), PolicyDocument: policyOf("one"), Tags: tags,
	}))
	for _, topic := range []string{"two", "three"} {
		must[*iot.CreatePolicyVersionOutput](t)(w.CreatePolicyVersion(ctx,
			&iot.CreatePolicyVersionInput{
				PolicyName: aws.String("devices"), PolicyDocument: policyOf(topic),
				SetAsDefault: topic == "two",
			}))
	}
	for i, status := range statuses {
		id := w.certificate(status)
		arn := w.arn + "cert/" + id
		must[*iot.AttachPolicyOutput](t)(w.AttachPolicy(ctx, &iot.AttachPolicyInput{
			PolicyName: aws.String("devices"), Target: &arn,
		}))
		in := &iot.AttachThingPrincipalInput{
			ThingName: aws.String(fmt.Sprintf("t%d", i)), Principal: &arn,
		}
		if i == 0 {
			in.ThingPrincipalType = types.ThingPrincipalTypeExclusiveThing
		}
		must[*iot.AttachThingPrincipalOutput](t)(w.AttachThingPrincipal(ctx, in))
	}
	must[*iot.AttachPolicyOutput](t)(w.AttachPolicy(ctx, &iot.AttachPolicyInput{
		PolicyName: aws.String("devices"), Target: aws.String(w.arn + "thinggroup/hall"),
	}))
}

// withoutJobs are contents without jobs, and the groups that a copy makes for them.
func (w *world) withoutJobs() string {
	now := w.gather()
	delete(now, "jobs")
	groups, _ := now["groups"].(map[string]any)
	for name := range groups {
		if strings.HasPrefix(name, "import-") {
			delete(groups, name)
		}
	}
	return w.text(now)
}

// A plan changes nothing. A copy then makes what the plan has said, the target has what the source
// has, and a second copy has nothing to do. R-MOV-1, R-MOV-2, R-MOV-3
func TestCopy(t *testing.T) {
	t.Parallel()
	source, target := newWorld(t, sourceAccount), newWorld(t, targetAccount)
	source.fill()
	before, empty := source.contents(), target.contents()

	plan, planned := copied(t, source.Client, target.Client, Options{Plan: true})
	if diff := cmp.Diff(empty, target.contents()); diff != "" {
		t.Errorf("the plan has changed the target (-before +after):\n%s", diff)
	}
	found, made := copied(t, source.Client, target.Client, Options{})
	deprecated := "create types valve-old: is deprecated in the source, and now here"
	found = slices.DeleteFunc(found, func(line string) bool { return line == deprecated })
	if diff := cmp.Diff(sorted(plan), sorted(found)); diff != "" {
		t.Errorf("planned and done differ (-planned +done):\n%s", diff)
	}
	made[Types][Created]-- // the deprecation
	if diff := cmp.Diff(planned, made); diff != "" {
		t.Errorf("the summaries differ (-planned +done):\n%s", diff)
	}
	if n := made.Count(Differs) + made.Count(Refused); n != 0 {
		t.Errorf("%d objects differ or cannot come:\n%s", n, strings.Join(found, "\n"))
	}
	if diff := cmp.Diff(source.withoutJobs(), target.withoutJobs()); diff != "" {
		t.Errorf("the ends differ (-source +target):\n%s", diff)
	}
	if diff := cmp.Diff(before, source.contents()); diff != "" {
		t.Errorf("the source was changed (-before +after):\n%s", diff)
	}
	wantSameJob(t, source, target, "fw-2")
	wantSameJob(t, source, target, "rolling")
	after := target.contents()
	if again, _ := copied(t, source.Client, target.Client, Options{}); len(again) > 0 {
		t.Errorf("a second copy found\n%s", strings.Join(again, "\n"))
	}
	if diff := cmp.Diff(after, target.contents()); diff != "" {
		t.Errorf("a second copy has changed the target (-before +after):\n%s", diff)
	}
}

// wantSameJob compares what an operator has said of a job at both ends. In the target it has other
// targets, and its tags say where it comes from and that it is paused.
func wantSameJob(t *testing.T, source, target *world, id string) {
	t.Helper()
	ctx := t.Context()
	here, there := source.jobNow(ctx, id), target.jobNow(ctx, id)
	const status, targets, tags, executions = 0, 1, 11, 12
	wanted, _ := here[tags].(map[string]string)
	wanted[originTag], wanted[pausedTag] = source.arn+"job/"+id, pauseReason
	here[targets], here[executions] = there[targets], []string(nil) // none before it is resumed
	want, got := target.text(map[string]any{id: here}), target.text(map[string]any{id: there})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s, which is %v, differs (-source +target):\n%s", id, there[status], diff)
	}
}

// What is in the target already and differs stays as it is, and is reported with the member that
// differs. R-MOV-2
func TestDiffers(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	source, target := newWorld(t, sourceAccount), newWorld(t, targetAccount)
	source.fill()
	must[*iot.CreateThingOutput](t)(target.CreateThing(ctx, &iot.CreateThingInput{
		ThingName: aws.String("t0"),
		AttributePayload: &types.AttributePayload{
			Attributes: map[string]string{"site": "south", "own": "1"},
		},
	}))
	target.staticGroup("hall")
	must[*iot.CreatePolicyOutput](t)(target.CreatePolicy(ctx, &iot.CreatePolicyInput{
		PolicyName: aws.String("devices"), PolicyDocument: policyOf("other"),
	}))
	target.thing("t3")
	must[*iot.CreateBillingGroupOutput](t)(target.CreateBillingGroup(ctx,
		&iot.CreateBillingGroupInput{BillingGroupName: aws.String("own")}))
	must[*iot.AddThingToBillingGroupOutput](t)(target.AddThingToBillingGroup(ctx,
		&iot.AddThingToBillingGroupInput{
			ThingName: aws.String("t3"), BillingGroupName: aws.String("own"),
		}))
	target.newJob("fw-2", nil, "thing/t3")

	found, _ := copied(t, source.Client, target.Client, Options{})
	for _, want := range []string{
		`differs things t0: thingTypeName: "pump" in the source, "" in the target; attributes.own: "" in ` +
			`the source, "1" in the target; attributes.site: "north" in the source, "south" in the target`,
		`differs groups hall: parentGroupName: "site" in the source, "" in the target; description: ` +
			`"of hall" in the source, "" in the target; attributes.place: "hall" in the source, "" in the ` +
			`target; tags`,
		"differs policies devices: policyDocument of the default version; tags",
		"differs memberships t3 in billing group bill: is in billing group own in the target",
		"differs jobs fw-2: is another job, and no copy of this one",
	} {
		if !slices.Contains(found, want) {
			t.Errorf("nothing says %s\nin\n%s", want, strings.Join(found, "\n"))
		}
	}
	versions := must[*iot.ListPolicyVersionsOutput](t)(target.ListPolicyVersions(ctx,
		&iot.ListPolicyVersionsInput{PolicyName: aws.String("devices")})).PolicyVersions
	if len(versions) != 1 {
		t.Errorf("the policy of the target has %d versions, want its own", len(versions))
	}
	site := must[*iot.DescribeThingOutput](t)(target.DescribeThing(ctx,
		&iot.DescribeThingInput{ThingName: aws.String("t0")})).Attributes["site"]
	if site != "south" {
		t.Errorf("the thing of the target was changed: site is %s", site)
	}
}

// A policy that names the account of the source is said to, unless the target has the same account.
// R-MOV-3
func TestForeignPolicy(t *testing.T) {
	t.Parallel()
	for targetOf, want := range map[string]string{
		sourceAccount: "create policies own",
		targetAccount: "create policies own: names arn:aws:iot:us-east-1:" + sourceAccount +
			":…, and allows that in a target of this account and region only",
	} {
		source, target := newWorld(t, sourceAccount), newWorld(t, targetOf)
		source.staticGroup("g")
		must[*iot.CreatePolicyOutput](t)(source.CreatePolicy(t.Context(), &iot.CreatePolicyInput{
			PolicyName: aws.String("own"),
			PolicyDocument: aws.String(strings.ReplaceAll(
				*policyOf("one"), "arn:aws:iot:*:*:", source.arn)),
		}))
		found, _ := copied(t, source.Client, target.Client, Options{})
		if !slices.Contains(found, want) {
			t.Errorf("nothing says %s\n%s", want, strings.Join(found, "\n"))
		}
	}
}

// Only copies the kinds that are asked for. R-MOV-2
func TestOnly(t *testing.T) {
	t.Parallel()
	source, target := newWorld(t, sourceAccount), newWorld(t, targetAccount)
	source.fill()
	_, made := copied(t, source.Client, target.Client, Options{Only: []Kind{Types, Things}})
	want := Summary{
		Types: {Created: 3}, Things: {Created: 3, Refused: 1}, // one is for a billing group
	}
	want[Things] = map[Outcome]int{Created: 4}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
