package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// The ARN of something that can have tags (R-API-36, R-ID-43).
type TaggedArn string

type TagResourceRequest struct {
	ResourceArn TaggedArn `json:"resourceArn"`
	// The tags that are added, or changed where the key is there.
	Tags []Tag `json:"tags" required:"true"`
}

// Adds tags to a resource; a key that it has takes the new value (R-API-37).
var TagResource = schema.Op[TagResourceRequest, schema.Nothing]{
	Name: "TagResource", Route: "POST /tags",
	Role:   schema.Operator,
	Change: schema.Changes("{resource}", ListTagsForResource),
	Errors: groupErrors(api.ResourceNotFound, api.LimitExceeded),
}

type UntagResourceRequest struct {
	ResourceArn TaggedArn `json:"resourceArn"`
	// The keys of the tags that are removed.
	TagKeys []TagKey `json:"tagKeys" required:"true"`
}

// Takes tags off a resource; keys that it does not have are ignored.
var UntagResource = schema.Op[UntagResourceRequest, schema.Nothing]{
	Name: "UntagResource", Route: "POST /untag",
	Role:   schema.Operator,
	Change: schema.Changes("{resource}", ListTagsForResource),
	Errors: groupErrors(api.ResourceNotFound),
}

type ListTagsForResourceRequest struct {
	ResourceArn TaggedArn  `json:"resourceArn" in:"query"`
	NextToken   *NextToken `json:"nextToken" in:"query"`
}

type ListTagsForResourceResponse struct {
	Tags      []Tag      `json:"tags"`
	NextToken *NextToken `json:"nextToken"`
}

// Lists the tags of a resource, all at once (R-WIRE-24).
var ListTagsForResource = schema.Op[ListTagsForResourceRequest, ListTagsForResourceResponse]{
	Name: "ListTagsForResource", Route: "GET /tags",
	Role:   schema.Viewer,
	Page:   &schema.Page{In: "nextToken", Out: "nextToken", Items: "tags"},
	Errors: groupErrors(api.ResourceNotFound),
}
