package migrate

import (
	"context"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// page is how many items one request for a list asks for: the most that the lists of things, groups
// and certificates give.
const page = 250

// A pager is one of the SDK's.
type pager[P any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*iot.Options)) (P, error)
}

// items goes through the items of a list, page by page. An error ends it.
func items[P, T any](
	ctx context.Context, pages pager[P], of func(P) []T,
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for pages.HasMorePages() {
			p, err := pages.NextPage(ctx)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range of(p) {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// set gathers names. What is not there has none.
func set(names iter.Seq2[string, error]) (map[string]struct{}, error) {
	all := map[string]struct{}{}
	for name, err := range names {
		if missing(err) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all[name] = struct{}{}
	}
	return all, nil
}

// tags are the tags of a resource of the source. Those whose key begins with aws: belong to the
// service itself. A source that does not answer is reported once, and not asked again.
func (c *copier) tags(ctx context.Context, arn *string) ([]types.Tag, error) {
	if c.noTags || aws.ToString(arn) == "" {
		return nil, nil
	}
	tags, err := tagsOf(ctx, c.source, arn)
	if err == nil || missing(err) {
		return tags, nil
	}
	c.noTags = true
	return nil, c.refuse(Tags, "*", err)
}

// tagsOf are the tags of a resource.
func tagsOf(ctx context.Context, client *iot.Client, arn *string) (tags []types.Tag, err error) {
	pages := iot.NewListTagsForResourcePaginator(client,
		&iot.ListTagsForResourceInput{ResourceArn: arn})
	of := func(p *iot.ListTagsForResourceOutput) []types.Tag { return p.Tags }
	for tag, err := range items(ctx, pages, of) {
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(aws.ToString(tag.Key), "aws:") {
			tags = append(tags, tag)
		}
	}
	return tags, nil
}

// compareTags adds a difference in the tags of a resource that both ends have. Where the source does
// not say its tags, or the target does not, nothing is compared.
func (c *copier) compareTags(
	ctx context.Context, d *differences, source []types.Tag, target *string,
) error {
	if c.noTags {
		return nil
	}
	there, err := tagsOf(ctx, c.target, target)
	if err != nil {
		if stops(err) {
			return err
		}
		return nil
	}
	d.tags(source, there)
	return nil
}

// learn remembers how ARNs of the target begin.
func (c *copier) learn(arn *string) {
	parts := strings.SplitAfterN(aws.ToString(arn), ":", 6)
	const beforeName = 5 // arn, partition, service, region, account
	if c.prefix == "" && len(parts) > beforeName {
		c.prefix = strings.Join(parts[:beforeName], "")
	}
}

// resource is what an ARN names: cert/ID, thinggroup/NAME. It is "" for a text that is no ARN.
func resource(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[5]
}

// named is the name of a resource of a kind; ok is false when the ARN names another kind.
func named(arn, kind string) (name string, ok bool) {
	return strings.CutPrefix(resource(arn), kind+"/")
}
