package drover

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// Why a thing is held: 1 to 256 characters that a tag may have.
type HoldReason string

func (HoldReason) Constraint() schema.Constraint { return schema.Length(1, 256).Matching(tagChars) }

type HoldThingRequest struct {
	ThingName iot.ThingName `json:"thingName" in:"path"`
	Reason    HoldReason    `json:"reason"`
	// When the hold ends by itself; without it only ReleaseThing ends it.
	Until *schema.Timestamp `json:"until"`
}

// Holds a thing: what is QUEUED for it is hidden and cannot be started, whatever its job is
// (R-STR-14). A thing that is held already gets the new reason and the new end.
var HoldThing = schema.Op[HoldThingRequest, Hold]{
	Name: "HoldThing", Route: "PUT /_drover/things/{thingName}/hold",
	Role:   schema.Operator,
	Change: schema.Changes("thing/{thingName}", DescribeHold),
	Errors: jobErrors(),
}

type DescribeHoldRequest struct {
	ThingName iot.ThingName `json:"thingName" in:"path"`
}

// Describes the hold of a thing.
var DescribeHold = schema.Op[DescribeHoldRequest, Hold]{
	Name: "DescribeHold", Route: "GET /_drover/things/{thingName}/hold",
	Role:   schema.Viewer,
	Errors: jobErrors(),
}

type ReleaseThingRequest struct {
	ThingName iot.ThingName `json:"thingName" in:"path"`
}

// Releases a thing that is held.
var ReleaseThing = schema.Op[ReleaseThingRequest, schema.Nothing]{
	Name: "ReleaseThing", Route: "DELETE /_drover/things/{thingName}/hold",
	Role:   schema.Operator,
	Change: schema.Changes("thing/{thingName}", DescribeHold),
	Errors: jobErrors(),
}

type ListHoldsRequest struct {
	MaxResults *iot.MaxResults `json:"maxResults" in:"query"`
	NextToken  *iot.NextToken  `json:"nextToken" in:"query"`
}

type ListHoldsResponse struct {
	Holds     []Hold         `json:"holds"`
	NextToken *iot.NextToken `json:"nextToken"`
}

// Items are the holds of the page.
func (r ListHoldsResponse) Items() []Hold { return r.Holds }

// Lists the things that are held, in the order in which they were created.
var ListHolds = schema.Op[ListHoldsRequest, ListHoldsResponse]{
	Name: "ListHolds", Route: "GET /_drover/holds",
	Role: schema.Viewer,
	Page: &schema.Page{
		In:    "nextToken",
		Size:  "maxResults",
		Out:   "nextToken",
		Items: "holds",
	},
	Errors: jobErrors(),
}

// That a thing is held.
type Hold struct {
	ThingName iot.ThingName    `json:"thingName"`
	Reason    HoldReason       `json:"reason"`
	Since     schema.Timestamp `json:"since"`
	// When the hold ends by itself; absent when only ReleaseThing ends it.
	Until *schema.Timestamp `json:"until"`
}
