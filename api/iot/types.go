package iot

import "github.com/drover-iot/drover/schema"

// printable is the pattern of free text: at least one character, none of them a control character
// (R-WIRE-19).
const printable = `[^\p{C}]+`

// arn is the pattern of a resource name where the model has one.
const arn = `^arn:[!-~]+$`

// The name you give a job. It must be unique in the account and region.
type JobID string

func (JobID) Constraint() schema.Constraint { return schema.Length(1, 64).Chars("a-zA-Z0-9_-") }

// The name of a thing.
type ThingName string

func (ThingName) Constraint() schema.Constraint { return name() }

// The name of a thing group.
type ThingGroupName string

func (ThingGroupName) Constraint() schema.Constraint { return name() }

// The name of a thing type.
type ThingTypeName string

func (ThingTypeName) Constraint() schema.Constraint { return name() }

// The name of a billing group.
type BillingGroupName string

func (BillingGroupName) Constraint() schema.Constraint { return name() }

// The name of an index: AWS_Things.
type IndexName string

func (IndexName) Constraint() schema.Constraint { return name() }

func name() schema.Constraint { return schema.Length(1, 128).Chars("a-zA-Z0-9:_-") }

// The id that the server gave a thing group.
type ThingGroupID string

func (ThingGroupID) Constraint() schema.Constraint {
	return schema.Length(1, 128).Chars(`a-zA-Z0-9\-`)
}

// A namespace that keeps jobs of different systems apart. At most 64 characters (R-VAL-36).
type NamespaceID string

func (NamespaceID) Constraint() schema.Constraint {
	return schema.Length(0, 64).Chars("a-zA-Z0-9_-")
}

// A short text, at most 2028 characters, without control characters (R-VAL-33).
type Text string

func (Text) Constraint() schema.Constraint { return schema.Length(0, 2028).Matching(printable) }

// A machine-readable reason: up to 128 capitals, digits and underscores (R-VAL-33).
type ReasonCode string

func (ReasonCode) Constraint() schema.Constraint { return schema.Length(0, 128).Chars("A-Z0-9_") }

// The number of results in one page, 1 to 250; the default is 250 (R-WIRE-21, R-WIRE-22).
type MaxResults int32

func (MaxResults) Constraint() schema.Constraint { return schema.Range(1, 250) }

// The token of the page to read, from the answer before. It is opaque (R-WIRE-23).
type NextToken string

// The marker of the page to read, from the answer before. It is opaque.
type Marker string

func (Marker) Constraint() schema.Constraint {
	return schema.Length(0, 1024).Matching(`[A-Za-z0-9+/]+={0,2}`)
}

// Resource names of packages and templates.
type (
	// The ARN of a job template, custom or managed.
	JobTemplateArn string
	// ARNs of the package versions that a job installs, at most 25 (R-VAL-31).
	PackageVersions []string
)

func (JobTemplateArn) Constraint() schema.Constraint { return schema.Length(1, 1600).Matching(arn) }

func (PackageVersions) Constraint() schema.Constraint {
	return schema.Items(0, 25).Each(schema.Length(1, 1600).Matching(arn))
}

// A label on a resource. The members are capitalised on the wire (R-API-38).
type Tag struct {
	Key   TagKey    `json:"Key"`
	Value *TagValue `json:"Value"`
}

// Tags are at most 50 labels with different keys (R-VAL-32).
type Tags []Tag

func (Tags) Constraint() schema.Constraint { return schema.Items(0, 50).Setting(LimitTags) }

// The name of a tag.
type TagKey string

func (TagKey) Constraint() schema.Constraint {
	return schema.Length(1, 128).Matching(`^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`)
}

// The value of a tag.
type TagValue string

func (TagValue) Constraint() schema.Constraint { return schema.Length(0, 256) }

// How the answer to list operations pages, where page size and token have their usual names.
func paged(items string) *schema.Page {
	return &schema.Page{In: "nextToken", Size: "maxResults", Out: "nextToken", Items: items}
}

// How the older list operations page.
func marked(items string) *schema.Page {
	return &schema.Page{In: "marker", Size: "pageSize", Out: "nextMarker", Items: items}
}
