package follow

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
)

// Paused is why a job is paused that goes on: the value of its tag drover:paused (R-STR-10). Empty
// for one that is not, and on a server that does not say.
func Paused(ctx context.Context, c *client.Client, j *iot.Job) string {
	if j.JobArn == "" || j.Status != "SCHEDULED" && j.Status != "IN_PROGRESS" {
		return ""
	}
	in := &iot.ListTagsForResourceRequest{ResourceArn: iot.TaggedArn(j.JobArn)}
	for {
		page, err := client.Call(ctx, c, iot.ListTagsForResource, in)
		if err != nil {
			return "" // it is beside the point; what the job is doing is known
		}
		for _, tag := range page.Tags {
			if tag.Key == "drover:paused" && tag.Value != nil {
				return string(*tag.Value)
			}
		}
		if page.NextToken == nil {
			return ""
		}
		in.NextToken = page.NextToken
	}
}
