package broker

import (
	"strings"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// Use is what happens to a client's publish on a reserved topic.
type Use byte

// What a row of the reserved table says about publishing.
const (
	Refuse Use = iota // close the connection or refuse the packet (R-BRK-18)
	Drop              // accept and ignore
	Ask               // hand to the Service, which answers, drops or refuses
)

// A Reserved is one row of the table of reserved topics: those that start with $. What no row covers is refused.
type Reserved struct {
	Filter    string
	Publish   Use
	Subscribe bool
	// OneThing restricts a subscription to exactly this filter with a name in place of each +.
	OneThing bool
}

// AWS is the reserved tree of spec 32, section 5. The first row that covers a topic decides.
var AWS = []Reserved{
	{Filter: "$aws/things/+/jobs/#", Publish: Ask, Subscribe: true},
	{Filter: "$aws/things/+/shadow/#", Publish: Drop, Subscribe: true},
	{Filter: "$aws/things/+/streams/#", Publish: Drop, Subscribe: true},
	{Filter: "$aws/things/+/tunnels/notify", Publish: Drop, Subscribe: true},
	{Filter: "$aws/things/+/defender/#", Publish: Drop, Subscribe: true},
	{Filter: "$aws/things/+/#", Subscribe: true, OneThing: true},
	{Filter: "$aws/events/job/#", Subscribe: true},
	{Filter: "$aws/events/jobExecution/#", Subscribe: true},
	{Filter: "$aws/events/presence/#", Subscribe: true},
	{Filter: "$aws/events/subscriptions/#", Subscribe: true},
	{Filter: "$aws/events/thing/#", Subscribe: true},
	{Filter: "$aws/events/thingGroup/#", Subscribe: true},
	{Filter: "$aws/events/thingGroupHierarchy/#", Subscribe: true},
	{Filter: "$aws/events/thingGroupMembership/#", Subscribe: true},
	{Filter: "$aws/events/thingType/#", Subscribe: true},
	{Filter: "$aws/events/thingTypeAssociation/#", Subscribe: true},
	{Filter: "$aws/rules/+/#", Publish: Drop},
}

// publishUse says what happens to a client's publish on a reserved topic.
func publishUse(table []Reserved, topic string) Use {
	for i := range table {
		if mqtt.TopicMatches(table[i].Filter, topic) {
			return table[i].Publish
		}
	}
	return Refuse
}

// subscribeReserved says whether a client may subscribe to a filter that starts with $: Success or why not.
func subscribeReserved(table []Reserved, filter string) mqtt.Reason {
	if mqtt.IsShared(filter) {
		return mqtt.SharedNotSupported
	}
	for _, row := range table {
		if row.Subscribe && !row.OneThing && mqtt.FilterCovers(row.Filter, filter) ||
			row.OneThing && sameShape(row.Filter, filter) {
			return mqtt.Success
		}
	}
	return mqtt.TopicFilterInvalid
}

// sameShape reports whether filter is shape with a literal level in place of each +.
func sameShape(shape, filter string) bool {
	for {
		s, shapeRest, shapeMore := strings.Cut(shape, "/")
		f, filterRest, filterMore := strings.Cut(filter, "/")
		literal := s == "+" && f != "+" && f != "#" && f != ""
		if shapeMore != filterMore || s != f && !literal || s == "+" && !literal {
			return false
		}
		if !shapeMore {
			return true
		}
		shape, filter = shapeRest, filterRest
	}
}
