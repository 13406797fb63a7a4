package migrate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
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

// fill makes one of everything that can be copied. No job of it is open-ended, and none has ended.
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
	after := target.contents()
	if again, _ := copied(t, source.Client, target.Client, Options{}); len(again) > 0 {
		t.Errorf("a second copy found\n%s", strings.Join(again, "\n"))
	}
	if diff := cmp.Diff(after, target.contents()); diff != "" {
		t.Errorf("a second copy has changed the target (-before +after):\n%s", diff)
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
	site := must[*iot.DescribeThingOutput](t)(target.DescribeThing(ctx,
		&iot.DescribeThingInput{ThingName: aws.String("t0")})).Attributes["site"]
	if site != "south" {
		t.Errorf("the thing of the target was changed: site is %s", site)
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

// errKilled is how a copy ends that is interrupted.
var errKilled = errors.New("killed")

// interrupted lets so many requests through. The next one arrives and its answer does not; all that
// follow do not arrive either.
type interrupted struct {
	left   atomic.Int64
	cancel context.CancelCauseFunc
}

// Do implements iot.HTTPClient.
func (i *interrupted) Do(r *http.Request) (*http.Response, error) {
	left := i.left.Add(-1)
	if left < 0 {
		return nil, errKilled
	}
	answer, err := http.DefaultClient.Do(r.WithContext(context.WithoutCancel(r.Context())))
	if left > 0 || err != nil {
		return answer, err
	}
	answer.Body.Close()
	i.cancel(errKilled)
	return nil, errKilled
}

// A copy that is interrupted at any request to the target, with the answer to it lost, and is started
// again, ends as one that was not. R-MOV-4
func TestInterrupted(t *testing.T) {
	t.Parallel()
	source, whole := newWorld(t, sourceAccount), newWorld(t, targetAccount)
	source.fill()
	count := &interrupted{}
	const plenty = 1 << 30
	count.left.Store(plenty)
	copied(t, source.Client, whole.through(count), Options{})
	requests, want := plenty-count.left.Load(), whole.contents()

	// Every request in its turn; each target is interrupted at several, far apart, one after the other.
	const perTarget = 6
	stride := requests / perTarget
	step := int64(1)
	if os.Getenv("DROVER_EXHAUSTIVE") == "" {
		step = 7
	}
	for first := int64(1); first <= stride; first += step {
		t.Run(fmt.Sprint(first), func(t *testing.T) {
			t.Parallel()
			target := newWorld(t, targetAccount)
			for at := first; at <= requests; at += stride {
				ctx, cancel := context.WithCancelCause(t.Context())
				broken := &interrupted{cancel: cancel}
				broken.left.Store(at)
				_, err := Copy(ctx, source.Client, target.through(broken), Options{})
				if err == nil && broken.left.Load() < 0 {
					t.Errorf("interrupted at request %d, the copy says that it is complete", at)
				}
			}
			copied(t, source.Client, target.Client, Options{})
			if diff := cmp.Diff(want, target.contents()); diff != "" {
				t.Errorf("interrupted copies and a whole one differ (-whole +interrupted):\n%s", diff)
			}
		})
	}
}
