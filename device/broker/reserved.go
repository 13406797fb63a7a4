package broker

import (
	"strings"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// PublishRule is what happens to a client's publish to a reserved topic.
type PublishRule byte

// The rules for publishing.
const (
	Refuse PublishRule = iota // refuse the packet or close the connection (R-BRK-18)
	Ignore                    // accept it and do nothing
	Serve                     // hand it to the Service
)

// A Reserved is one row of the table of reserved topics, which are those that start with $.
type Reserved struct {
	Filter  string // which topics the row is about
	Publish PublishRule
	// Subscribe allows clients to subscribe to these topics.
	Subscribe bool
	// OneThing limits that to the row's filter with a name in place of each +, so that nobody
	// listens to all things.
	OneThing bool
}

// AWS is the table of docs/spec/32, section 5. The first row that selects a topic decides; what no
// row selects is refused.
var AWS = []Reserved{
	{Filter: "$aws/things/+/jobs/#", Publish: Serve, Subscribe: true},
	{Filter: "$aws/things/+/shadow/#", Publish: Ignore, Subscribe: true},
	{Filter: "$aws/things/+/streams/#", Publish: Ignore, Subscribe: true},
	{Filter: "$aws/things/+/tunnels/notify", Publish: Ignore, Subscribe: true},
	{Filter: "$aws/things/+/defender/#", Publish: Ignore, Subscribe: true},
	{Filter: "$aws/things/+/#", Subscribe: true, OneThing: true},
	{Filter: "$aws/events/job/#", Subscribe: true},
	{Filter: "$aws/events/jobExecution/#", Subscribe: true},
	{Filter: "$aws/events/presence/#", Subscribe: true},
	{Filter: "$aws/events/certificates/registered/#", Subscribe: true},
	{Filter: "$aws/events/subscriptions/#", Subscribe: true},
	{Filter: "$aws/events/thing/#", Subscribe: true},
	{Filter: "$aws/events/thingGroup/#", Subscribe: true},
	{Filter: "$aws/events/thingGroupHierarchy/#", Subscribe: true},
	{Filter: "$aws/events/thingGroupMembership/#", Subscribe: true},
	{Filter: "$aws/events/thingType/#", Subscribe: true},
	{Filter: "$aws/events/thingTypeAssociation/#", Subscribe: true},
	{Filter: "$aws/certificates/create/#", Publish: Serve, Subscribe: true},
	{Filter: "$aws/certificates/create-from-csr/#", Publish: Serve, Subscribe: true},
	{Filter: "$aws/provisioning-templates/+/provision/#", Publish: Serve, Subscribe: true},
	{Filter: "$aws/rules/+/#", Publish: Ignore},
}

// publishRule returns the rule for a reserved topic.
func publishRule(table []Reserved, topic string) PublishRule {
	for i := range table {
		if mqtt.TopicMatches(table[i].Filter, topic) {
			return table[i].Publish
		}
	}
	return Refuse
}

// checkReservedFilter says whether clients may subscribe to a filter that starts with $: Success,
// or why not.
func checkReservedFilter(table []Reserved, filter string) mqtt.Reason {
	for _, row := range table {
		if row.Subscribe && !row.OneThing && mqtt.FilterCovers(row.Filter, filter) ||
			row.OneThing && fillsIn(row.Filter, filter) {
			return mqtt.Success
		}
	}
	return mqtt.TopicFilterInvalid
}

// fillsIn reports whether a filter is the pattern with a name in place of each +:
// $aws/things/pump-07/# fills in $aws/things/+/#, and $aws/things/+/# itself does not.
func fillsIn(pattern, filter string) bool {
	for {
		p, patternRest, patternMore := strings.Cut(pattern, "/")
		f, filterRest, filterMore := strings.Cut(filter, "/")
		if patternMore != filterMore {
			return false
		}
		isName := f != "+" && f != "#" && f != ""
		if p == "+" && !isName || p != "+" && p != f {
			return false
		}
		if !patternMore {
			return true
		}
		pattern, filter = patternRest, filterRest
	}
}
