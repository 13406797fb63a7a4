package timeline

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// texts are what is said of kinds about which nothing else is known.
var texts = map[Kind]string{
	Created:      "created",
	Held:         "held",
	Connected:    "connected",
	Disconnected: "disconnected",
	Queued:       "queued",
	Started:      "started",
	Reported:     "reported",
}

// Text says in a few words what has happened, without the job: "queued, retry 1", "FAILED:
// reason=no room", "UpdateThing by alice".
func (e Event) Text() string {
	text, more := texts[e.Kind], e.Reason
	switch x := e.Execution; {
	case e.Record != nil:
		return e.Record.Operation + " by " + e.Record.Operator.Name
	case e.Kind == Queued && x.Attempt > 0:
		text += ", retry " + strconv.Itoa(x.Attempt)
	case e.Kind == Ended:
		text, more = x.Status.String(), details(x.Details)
	case e.Kind == Reported:
		more = details(x.Details)
	}
	if more != "" {
		text += ": " + more
	}
	return text
}

// details are status details as NAME=VALUE, by name.
func details(of map[string]string) string {
	var each []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		each = append(each, name+"="+of[name])
	}
	return strings.Join(each, ", ")
}
