package overview

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/client"
)

// The list of things.

// A ThingFilter says which things are listed; "" is any.
type ThingFilter struct {
	Type, Group string // names
	Query       string // of the fleet index (R-ID-40)
	Limit       int    // how many at most
	Jobs        bool   // ask for the jobs of each, which is a request for each
}

// A Thing is one of the list. Its JSON is for scripts.
type Thing struct {
	ThingName string   `json:"thingName"`
	ThingType string   `json:"thingTypeName,omitempty"`
	Groups    []string `json:"thingGroupNames"`

	// Connected and since when it is or is not; nil for a thing that was not seen.
	Connected *bool      `json:"connected,omitempty"`
	Since     *time.Time `json:"since,omitempty"`

	// Pending is how many executions wait or are in progress; nil when nobody asked. There may be
	// more of them when More is set.
	Pending *int `json:"pendingJobs,omitempty"`
	More    bool `json:"morePendingJobs,omitempty"`
}

// Search is the query of a filter: all its parts must be true of a thing.
func (f ThingFilter) Search() string {
	var parts []string
	if f.Type != "" {
		parts = append(parts, "thingTypeName:"+quoted(f.Type))
	}
	if f.Group != "" {
		parts = append(parts, "thingGroupNames:"+quoted(f.Group))
	}
	switch {
	case parts == nil && f.Query == "":
		return "*"
	case parts == nil:
		return f.Query
	case f.Query != "":
		parts = append(parts, "("+f.Query+")")
	}
	return strings.Join(parts, " AND ")
}

// quoted is a name as a phrase of a query.
func quoted(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// Things finds things, by name; more is whether there are more than the limit.
func Things(
	ctx context.Context, c *client.Client, f ThingFilter,
) (things []Thing, more bool, err error) {
	things = []Thing{}
	request := &iot.SearchIndexRequest{QueryString: iot.QueryString(f.Search())}
	for {
		// A page may be empty and have a token all the same (R-ID-41).
		page, err := client.Call(ctx, c, iot.SearchIndex, request)
		if err != nil {
			return nil, false, err
		}
		for _, found := range page.Things {
			if len(things) == f.Limit {
				return things, true, nil
			}
			thing := thingOf(found)
			if f.Jobs {
				if err := thing.countJobs(ctx, c); err != nil {
					return nil, false, err
				}
			}
			things = append(things, thing)
		}
		if page.NextToken == nil {
			return things, false, nil
		}
		request.NextToken = page.NextToken
	}
}

// thingOf is the row of a thing.
func thingOf(d iot.ThingDocument) Thing {
	t := Thing{ThingName: string(d.ThingName), Groups: []string{}}
	if d.ThingTypeName != nil {
		t.ThingType = string(*d.ThingTypeName)
	}
	for _, g := range d.ThingGroupNames {
		t.Groups = append(t.Groups, string(g))
	}
	if c := d.Connectivity; c != nil {
		t.Connected = c.Connected
		if c.Timestamp != nil && *c.Timestamp > 0 {
			t.Since = new(time.UnixMilli(*c.Timestamp).UTC())
		}
	}
	return t
}

// countJobs asks for the executions of a thing that have not ended: for one page of each status,
// however many there are.
func (t *Thing) countJobs(ctx context.Context, c *client.Client) error {
	t.Pending = new(int)
	for _, status := range []iot.ExecutionStatus{"QUEUED", "IN_PROGRESS"} {
		page, err := client.Call(ctx, c, iot.ListJobExecutionsForThing,
			&iot.ListJobExecutionsForThingRequest{
				ThingName:  iot.ThingName(t.ThingName),
				Status:     &status,
				MaxResults: new(iot.MaxResults(pageOfExecutions)),
			})
		if err != nil {
			return err
		}
		*t.Pending += len(page.ExecutionSummaries)
		t.More = t.More || page.NextToken != nil
	}
	return nil
}

// ThingTable is the list of things as a table at a time, with a column of jobs where they were
// asked for. wall is the machine's time: connections are noted by it, whatever the server's clock
// is.
func ThingTable(things []Thing, jobs bool, wall time.Time) Table {
	t := Table{
		Titles:  []string{"THING", "TYPE", "GROUPS", "CONNECTED", "SINCE"},
		Shrinks: []int{0, 1, 2},
	}
	if jobs {
		t.Titles = append(t.Titles, "JOBS")
	}
	for _, thing := range things {
		connected, since := Cell{"—", terminal.Dim}, ""
		if thing.Connected != nil {
			connected = Cell{"no", terminal.Plain}
			if *thing.Connected {
				connected = Cell{"yes", terminal.Green}
			}
			if thing.Since != nil {
				since = follow.Ago(*thing.Since, wall)
			}
		}
		row := []Cell{
			{Text: thing.ThingName},
			{Text: thing.ThingType},
			{Text: strings.Join(thing.Groups, ", ")},
			connected,
			{since, terminal.Dim},
		}
		if jobs {
			count := ""
			if thing.Pending != nil {
				count = fmt.Sprint(*thing.Pending)
			}
			if thing.More {
				count += "+"
			}
			row = append(row, Cell{Text: count})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
