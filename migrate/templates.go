package migrate

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// copyTemplates copies job templates of the account's own.
func (c *copier) copyTemplates(ctx context.Context) error {
	pages := iot.NewListJobTemplatesPaginator(c.source,
		&iot.ListJobTemplatesInput{MaxResults: aws.Int32(page)})
	of := func(p *iot.ListJobTemplatesOutput) []types.JobTemplateSummary { return p.JobTemplates }
	for listed, err := range items(ctx, pages, of) {
		if err != nil {
			return c.refuse(Templates, "*", err)
		}
		if err := c.copyTemplate(ctx, aws.ToString(listed.JobTemplateId)); err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) copyTemplate(ctx context.Context, id string) error {
	o := object{kind: Templates, name: id}
	in := &iot.DescribeJobTemplateInput{JobTemplateId: &id}
	here, err := c.source.DescribeJobTemplate(ctx, in)
	if err != nil {
		return c.refuse(o.kind, o.name, err)
	}
	tags, err := c.tags(ctx, here.JobTemplateArn)
	if err != nil {
		return err
	}
	there, err := c.target.DescribeJobTemplate(ctx, in)
	switch {
	case err == nil:
		o.there = true
		d := compareTemplates(here, there)
		if err := c.compareTags(ctx, &d, tags, there.JobTemplateArn); err != nil {
			return err
		}
		o.differs = d.String()
	case !missing(err):
		return c.refuse(o.kind, o.name, err)
	}
	if len(here.DestinationPackageVersions) > 0 {
		return c.found(o.kind, o.name, Refused, packageVersions)
	}
	o.create = func() error {
		_, err := c.target.CreateJobTemplate(ctx, &iot.CreateJobTemplateInput{
			JobTemplateId:              &id,
			Description:                here.Description,
			Document:                   here.Document,
			PresignedUrlConfig:         here.PresignedUrlConfig,
			JobExecutionsRolloutConfig: here.JobExecutionsRolloutConfig,
			AbortConfig:                here.AbortConfig,
			TimeoutConfig:              here.TimeoutConfig,
			JobExecutionsRetryConfig:   here.JobExecutionsRetryConfig,
			MaintenanceWindows:         here.MaintenanceWindows,
			Tags:                       tags,
		})
		return err
	}
	return c.put(o)
}

// packageVersions is why what names software packages cannot come.
const packageVersions = "destinationPackageVersions: software packages cannot be copied"

// compareTemplates compares what can be set of templates.
func compareTemplates(source, target *iot.DescribeJobTemplateOutput) (d differences) {
	d.text("description", source.Description, target.Description)
	if !sameDocument(source.Document, target.Document) {
		d = append(d, "document")
	}
	d.value("presignedUrlConfig", source.PresignedUrlConfig, target.PresignedUrlConfig)
	d.value("jobExecutionsRolloutConfig",
		source.JobExecutionsRolloutConfig, target.JobExecutionsRolloutConfig)
	d.value("abortConfig", source.AbortConfig, target.AbortConfig)
	d.value("timeoutConfig", source.TimeoutConfig, target.TimeoutConfig)
	d.value("jobExecutionsRetryConfig",
		source.JobExecutionsRetryConfig, target.JobExecutionsRetryConfig)
	if len(source.MaintenanceWindows)+len(target.MaintenanceWindows) > 0 {
		d.value("maintenanceWindows", source.MaintenanceWindows, target.MaintenanceWindows)
	}
	return d
}
