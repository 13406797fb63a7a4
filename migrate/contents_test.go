package migrate

import (
	"context"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// gather reads all that a world has, by kinds and names.
func (w *world) gather() map[string]any {
	return map[string]any{
		"types":        w.typesNow(),
		"billing":      w.billingNow(),
		"groups":       w.groupsNow(),
		"things":       w.thingsNow(),
		"policies":     w.policiesNow(),
		"certificates": w.certificatesNow(),
		"templates":    w.templatesNow(),
		"jobs":         w.jobsNow(),
	}
}

// all are the items of a list.
func all[P, T any](w *world, pages pager[P], of func(P) []T) (list []T) {
	return gatherAll(w, items(w.t.Context(), pages, of))
}

func gatherAll[T any](w *world, seq iter.Seq2[T, error]) (list []T) {
	w.t.Helper()
	for one, err := range seq {
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, one)
	}
	return list
}

// tagsNow are the tags of a resource.
func (w *world) tagsNow(arn *string) map[string]string {
	return tagMap(must[[]types.Tag](w.t)(tagsOf(w.t.Context(), w.Client, arn)))
}

// sorted are the texts of a list in order.
func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func (w *world) typesNow() map[string]any {
	now := map[string]any{}
	pages := iot.NewListThingTypesPaginator(w.Client, &iot.ListThingTypesInput{})
	for _, t := range all(w, pages,
		func(p *iot.ListThingTypesOutput) []types.ThingTypeDefinition { return p.ThingTypes }) {
		now[aws.ToString(t.ThingTypeName)] = []any{
			t.ThingTypeProperties, t.ThingTypeMetadata.Deprecated, w.tagsNow(t.ThingTypeArn),
		}
	}
	return now
}

func (w *world) billingNow() map[string]any {
	now, c := map[string]any{}, &copier{source: w.Client}
	for _, g := range gatherAll(w, c.billingGroups(w.t.Context())) {
		name := aws.ToString(g.GroupName)
		d := must[*iot.DescribeBillingGroupOutput](w.t)(w.DescribeBillingGroup(w.t.Context(),
			&iot.DescribeBillingGroupInput{BillingGroupName: &name}))
		now[name] = []any{
			d.BillingGroupProperties, w.tagsNow(d.BillingGroupArn),
			sorted(gatherAll(w, billed(w.t.Context(), w.Client, name))),
		}
	}
	return now
}

func (w *world) groupsNow() map[string]any {
	now, c := map[string]any{}, &copier{source: w.Client}
	for _, g := range must[[]group](w.t)(c.sourceGroups(w.t.Context())) {
		now[g.name] = []any{
			g.parent, g.QueryString, g.ThingGroupProperties, w.tagsNow(g.ThingGroupArn),
			sorted(gatherAll(w, members(w.t.Context(), w.Client, g.name, false))),
		}
	}
	return now
}

func (w *world) thingsNow() map[string]any {
	now := map[string]any{}
	pages := iot.NewListThingsPaginator(w.Client, &iot.ListThingsInput{})
	for _, t := range all(w, pages,
		func(p *iot.ListThingsOutput) []types.ThingAttribute { return p.Things }) {
		now[aws.ToString(t.ThingName)] = []any{t.ThingTypeName, t.Attributes}
	}
	return now
}

func (w *world) policiesNow() map[string]any {
	now := map[string]any{}
	pages := iot.NewListPoliciesPaginator(w.Client, &iot.ListPoliciesInput{})
	for _, listed := range all(w, pages,
		func(p *iot.ListPoliciesOutput) []types.Policy { return p.Policies }) {
		name := aws.ToString(listed.PolicyName)
		p := must[*iot.GetPolicyOutput](w.t)(
			w.GetPolicy(w.t.Context(), &iot.GetPolicyInput{PolicyName: &name}))
		now[name] = []any{
			p.PolicyDocument, must[[]*string](w.t)(otherVersions(w.t.Context(), w.Client, p)),
			w.tagsNow(p.PolicyArn), sorted(gatherAll(w, targetsOf(w.t.Context(), w.Client, name))),
		}
	}
	return now
}

func (w *world) certificatesNow() map[string]any {
	now, ctx := map[string]any{}, w.t.Context()
	pages := iot.NewListCertificatesPaginator(w.Client, &iot.ListCertificatesInput{})
	for _, c := range all(w, pages,
		func(p *iot.ListCertificatesOutput) []types.Certificate { return p.Certificates }) {
		things := map[string]string{}
		for _, t := range gatherAll(w, principalThings(ctx, w.Client, *c.CertificateArn)) {
			things[aws.ToString(t.ThingName)] = string(t.ThingPrincipalType)
		}
		now[aws.ToString(c.CertificateId)] = []any{c.Status, things}
	}
	return now
}

func (w *world) templatesNow() map[string]any {
	now := map[string]any{}
	pages := iot.NewListJobTemplatesPaginator(w.Client, &iot.ListJobTemplatesInput{})
	for _, t := range all(w, pages,
		func(p *iot.ListJobTemplatesOutput) []types.JobTemplateSummary { return p.JobTemplates }) {
		d := must[*iot.DescribeJobTemplateOutput](w.t)(w.DescribeJobTemplate(w.t.Context(),
			&iot.DescribeJobTemplateInput{JobTemplateId: t.JobTemplateId}))
		now[aws.ToString(t.JobTemplateId)] = []any{
			d.Description, d.Document, d.JobExecutionsRolloutConfig, d.AbortConfig, d.TimeoutConfig,
			d.JobExecutionsRetryConfig, d.MaintenanceWindows, w.tagsNow(t.JobTemplateArn),
		}
	}
	return now
}

func (w *world) jobsNow() map[string]any {
	now := map[string]any{}
	pages := iot.NewListJobsPaginator(w.Client, &iot.ListJobsInput{})
	for _, listed := range all(w, pages,
		func(p *iot.ListJobsOutput) []types.JobSummary { return p.Jobs }) {
		id := aws.ToString(listed.JobId)
		now[id] = w.jobNow(w.t.Context(), id)
	}
	return now
}

func (w *world) jobNow(ctx context.Context, id string) []any {
	job := must[*iot.DescribeJobOutput](w.t)(
		w.DescribeJob(ctx, &iot.DescribeJobInput{JobId: &id})).Job
	document := must[*iot.GetJobDocumentOutput](w.t)(
		w.GetJobDocument(ctx, &iot.GetJobDocumentInput{JobId: &id}))
	return []any{
		job.Status, job.Targets, job.TargetSelection, job.Description, document.Document,
		job.JobExecutionsRolloutConfig, job.AbortConfig, job.TimeoutConfig,
		job.JobExecutionsRetryConfig, job.SchedulingConfig, job.PresignedUrlConfig,
		w.tagsNow(job.JobArn), w.executionsOf(id),
	}
}
