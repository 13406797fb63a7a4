package drover

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

type CountThingsRequest struct {
	// The query, as SearchIndex takes it.
	QueryString iot.QueryString `json:"queryString" in:"query" required:"true"`
}

// Says how many things a fleet query matches, for whoever makes a dynamic group of it. It counts up
// to 10,000 things and looks at up to 50,000, in the order of their names (R-WEB-34).
var CountThings = schema.Op[CountThingsRequest, ThingCount]{
	Name: "CountThings", Route: "GET /_drover/things/count",
	Role: schema.Viewer,
	Errors: []schema.Exception{
		api.InvalidRequest, api.InvalidQuery, api.Throttling, api.ServiceUnavailable,
	},
}

// How many things a query matches.
type ThingCount struct {
	Count int64 `json:"count"`
	// There may be more of them, among things that were not looked at.
	AtLeast bool `json:"atLeast"`
	// How many things were looked at.
	Looked int64 `json:"looked"`
}
