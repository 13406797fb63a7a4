package migrate

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// A job of the target begins anew: it knows nothing of executions elsewhere, and would be given to
// all its targets. So that no thing gets it that has begun it in the source, it has other targets
// there (R-MOV-5):
//
//   - A snapshot job goes to a static group, import-JOB-…, of those things whose execution is QUEUED.
//   - A continuous job, and one whose start is still to come, must go on taking in what joins its
//     groups. Things that have begun it are put into a static group, import-JOB-…-done. For each of the
//     groups the job goes to a dynamic one: who is in that group and not in the one that is done.
//
// The groups are filled before the job is created, so an interruption leaves no job with wrong targets.
// In a Drover the job is paused: no execution is created before an operator resumes it, and until then
// another import takes out what has begun in the source since (catchup.go).

// originTag is the tag of a job that says from which job it was copied, by the ARN of that.
const originTag = "imported-from"

// The tag that pauses a job of a Drover, and the reason that an import gives (R-STR-10).
const (
	pausedTag   = "drover:paused"
	pauseReason = "imported - run the import again before you resume"
)

// ended are the statuses of jobs that cannot run any more.
var ended = []types.JobStatus{
	types.JobStatusCompleted, types.JobStatusCanceled, types.JobStatusDeletionInProgress,
}

// copyJobs copies the jobs that can still run.
func (c *copier) copyJobs(ctx context.Context) error {
	pages := iot.NewListJobsPaginator(c.source, &iot.ListJobsInput{MaxResults: aws.Int32(page)})
	of := func(p *iot.ListJobsOutput) []types.JobSummary { return p.Jobs }
	for listed, err := range items(ctx, pages, of) {
		if err != nil {
			return c.refuse(Jobs, "*", err)
		}
		if slices.Contains(ended, listed.Status) {
			continue
		}
		id := aws.ToString(listed.JobId)
		if err := c.refuse(Jobs, id, c.copyJob(ctx, id)); err != nil {
			return err
		}
	}
	return nil
}

// copyJob copies one job. An error that does not end the copy is the reason why it cannot come.
func (c *copier) copyJob(ctx context.Context, id string) error {
	described, err := c.source.DescribeJob(ctx, &iot.DescribeJobInput{JobId: &id})
	if err != nil {
		return err
	}
	m := &movedJob{copier: c, job: described.Job, groups: groupsFor(described.Job)}
	there, err := c.target.DescribeJob(ctx, &iot.DescribeJobInput{JobId: &id})
	switch {
	case err == nil:
		return m.compare(ctx, there.Job)
	case !missing(err):
		return err
	}
	if m.tags, err = c.tags(ctx, m.job.JobArn); err != nil {
		return err
	}
	if why, err := m.prepare(ctx); why != "" || err != nil {
		if err != nil {
			return err
		}
		return c.found(Jobs, id, Refused, why)
	}
	return m.bring(ctx)
}

// movedJob is a job that is copied.
type movedJob struct {
	*copier
	job      *types.Job
	tags     []types.Tag
	document *string
	schedule *types.SchedulingConfig
	groups   jobGroups
	things   recipients
}

// id is the id of the job, which is the same at both ends.
func (m *movedJob) id() string { return aws.ToString(m.job.JobId) }

// compare looks at the job of the same id in the target. One that was copied from here is equal,
// whatever has become of it since.
func (m *movedJob) compare(ctx context.Context, there *types.Job) error {
	tags, err := tagsOf(ctx, m.target, there.JobArn)
	if err != nil {
		return err
	}
	origin := tagMap(tags)[originTag]
	if origin != aws.ToString(m.job.JobArn) {
		return m.found(Jobs, m.id(), Differs, "is another job, and no copy of this one")
	}
	if err := m.mark(ctx); err != nil {
		return err
	}
	return m.found(Jobs, m.id(), Equal, "")
}

// prepare reads what is needed to create the job. why is the reason for which it cannot come.
func (m *movedJob) prepare(ctx context.Context) (why string, err error) {
	if _, paused := tagMap(m.tags)[pausedTag]; m.Export && !paused {
		return "an account knows no pause: pause the job here first, so that no thing begins it " +
			"at both ends", nil
	}
	if len(m.job.DestinationPackageVersions) > 0 {
		return packageVersions, nil
	}
	if m.schedule, why = schedule(m.job.SchedulingConfig, m.Now()); why != "" {
		return why, nil
	}
	given, err := m.givenBefore(ctx)
	if err != nil || given != "" {
		return given, err
	}
	document, err := m.source.GetJobDocument(ctx, &iot.GetJobDocumentInput{JobId: m.job.JobId})
	if err != nil {
		return "", err
	}
	m.document = document.Document
	return m.findRecipients(ctx)
}

// bring creates the groups of the job, and the job.
func (m *movedJob) bring(ctx context.Context) error {
	o := object{kind: Jobs, name: m.id(), why: m.things.report(m.Unreleased)}
	if m.Plan {
		return m.put(o)
	}
	targets, why, err := m.createTargets(ctx)
	if err != nil {
		return err
	}
	if why != "" {
		return m.found(Jobs, m.id(), Refused, why)
	}
	o.create = func() error {
		if _, err := m.target.CreateJob(ctx, m.request(targets)); err != nil {
			return err
		}
		return m.mark(ctx)
	}
	return m.put(o)
}

// request is the request that creates the job.
func (m *movedJob) request(targets []string) *iot.CreateJobInput {
	selection := m.job.TargetSelection
	if selection == "" {
		selection = types.TargetSelectionSnapshot
	}
	return &iot.CreateJobInput{
		JobId:                      m.job.JobId,
		Targets:                    targets,
		Document:                   m.document,
		Description:                m.job.Description,
		TargetSelection:            selection,
		PresignedUrlConfig:         m.job.PresignedUrlConfig,
		JobExecutionsRolloutConfig: m.job.JobExecutionsRolloutConfig,
		AbortConfig:                m.job.AbortConfig,
		TimeoutConfig:              m.job.TimeoutConfig,
		JobExecutionsRetryConfig:   m.job.JobExecutionsRetryConfig,
		SchedulingConfig:           m.schedule,
		NamespaceId:                m.job.NamespaceId,
		Tags:                       m.jobTags(),
	}
}

// jobTags are the tags of the job with its origin. In a Drover it is paused; an account does not
// know what that means.
func (m *movedJob) jobTags() []types.Tag {
	tags := slices.DeleteFunc(slices.Clone(m.tags), func(t types.Tag) bool {
		key := aws.ToString(t.Key)
		return key == pausedTag || key == originTag
	})
	tags = append(tags, types.Tag{Key: aws.String(originTag), Value: m.job.JobArn})
	if !m.Export {
		tags = append(tags, types.Tag{Key: aws.String(pausedTag), Value: aws.String(pauseReason)})
	}
	return tags
}

// report says who gets the job, and who is left out and why.
func (r recipients) report(unreleased bool) string {
	text := fmt.Sprintf("for %d things that have not begun", len(r.take))
	if r.open {
		text = "for what is in its groups or joins them"
	}
	if len(r.begun) > 0 {
		text += "; left out: " + counts(r.begun)
	}
	if n := len(r.without); n > 0 && unreleased {
		text += fmt.Sprintf("; among them %d without an execution", n)
	} else if n > 0 {
		text += fmt.Sprintf("; left out: %d without an execution, which nothing shows not to have "+
			"begun (--unreleased takes them along)", n)
	}
	return text
}
