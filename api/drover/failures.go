package drover

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

type DescribeFailuresRequest struct {
	JobID iot.JobID `json:"jobId" in:"path"`
}

// Says which things of a job fail, of those whose first attempt has ended: by status, by reason, and
// by what the things have in common (R-FAIL-1).
var DescribeFailures = schema.Op[DescribeFailuresRequest, Failures]{
	Name: "DescribeFailures", Route: "GET /_drover/jobs/{jobId}/failures",
	Role:   schema.Viewer,
	Errors: jobErrors(),
}

// Which things of a job fail.
type Failures struct {
	JobID iot.JobID `json:"jobId"`
	// First attempts that have ended, and those of them that have not succeeded. Attempts that were
	// canceled or removed are not among them.
	Ended    int64         `json:"ended"`
	Failed   int64         `json:"failed"`
	Statuses []StatusCount `json:"statuses" required:"true"`
	// Why attempts have failed, the most frequent reason first: the detail called reason of
	// statusDetails, else the first detail by name, as NAME=VALUE.
	Reasons []FailureReason `json:"reasons" required:"true"`
	// Failures with reasons that are not listed, because there are too many of them.
	OtherReasons int64 `json:"otherReasons"`
	// How many jobs before this one were looked at for the same reasons.
	ComparedJobs int64 `json:"comparedJobs"`
	// Things with something in common, those that fail more than chance explains first. At most 200.
	Groups []FailureGroup `json:"groups" required:"true"`
	// Attributes with more than 50 values, which are no groups.
	LeftOutAttributes []string `json:"leftOutAttributes" required:"true"`
}

// What things have in common, in the form of DescribeFailures: thing-type=TYPE, group=GROUP, or
// attribute.NAME=VALUE.
type TraitText string

func (TraitText) Constraint() schema.Constraint {
	return schema.Length(1, 1024).Matching(`(thing-type|group|attribute\.[^=]+)=.*`)
}

// What things have in common that are left out.
type TraitTexts []TraitText

func (TraitTexts) Constraint() schema.Constraint { return schema.Items(0, 50) }

type ListJobTargetThingsRequest struct {
	JobID iot.JobID `json:"jobId" in:"path"`
	// Things that have any of these are left out.
	Without    TraitTexts      `json:"without"`
	MaxResults *iot.MaxResults `json:"maxResults"`
	NextToken  *iot.NextToken  `json:"nextToken"`
}

type ListJobTargetThingsResponse struct {
	ThingNames []iot.ThingName `json:"thingNames"`
	NextToken  *iot.NextToken  `json:"nextToken"`
}

// Items are the things of the page.
func (r ListJobTargetThingsResponse) Items() []iot.ThingName { return r.ThingNames }

// Lists the things that are targets of a job now, without those that have something in common
// (R-FAIL-2). A thing that is in several targets may come with each of them.
var ListJobTargetThings = schema.Op[ListJobTargetThingsRequest, ListJobTargetThingsResponse]{
	Name: "ListJobTargetThings", Route: "POST /_drover/jobs/{jobId}/target-things",
	Role: schema.Viewer,
	Page: &schema.Page{
		In:    "nextToken",
		Size:  "maxResults",
		Out:   "nextToken",
		Items: "thingNames",
	},
	Errors: jobErrors(),
}

// How many first attempts have ended with a status.
type StatusCount struct {
	Status iot.ExecutionStatus `json:"status"`
	Count  int64               `json:"count"`
}

// Why attempts have failed.
type FailureReason struct {
	// Empty for those that gave none.
	Reason string `json:"reason"`
	Failed int64  `json:"failed"`
	// None of the jobs before that were looked at has it.
	New bool `json:"new"`
}

// What things of a group have in common.
type GroupKind string

func (GroupKind) Constraint() schema.Constraint {
	return schema.Enum("THING_TYPE", "ATTRIBUTE", "TARGET_GROUP")
}

// The things of a job that have something in common, against all others.
type FailureGroup struct {
	Kind GroupKind `json:"kind"`
	// Of the attribute; absent for another kind.
	Name  *string `json:"name"`
	Value string  `json:"value"`
	// First attempts that have ended, and those of them that have failed.
	Ended  int64 `json:"ended"`
	Failed int64 `json:"failed"`
	// The share of those that have failed, in percent.
	FailedPercentage schema.Decimal `json:"failedPercentage"`
	// That share divided by the share of all others; absent when none of those has failed.
	Lift *schema.Decimal `json:"lift"`
	// How probable a difference as large is when what they have in common has no influence: Fisher's
	// exact test, two-sided, corrected by Holm for the number of groups.
	P schema.Decimal `json:"p"`
	// The probability is below 0.05, and at least five have failed, more than of the others.
	Significant bool `json:"significant"`
}
