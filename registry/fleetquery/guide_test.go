package fleetquery

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/registry"
)

// The queries that the documentation of AWS IoT shows, and what they find in a small fleet. They
// are what people copy, so each of them must be accepted, also where it asks for what this server
// does not have: shadows and Device Defender.

// guideFleet has, by name, things that the examples find, and beside each of them one that they
// must not find.
func guideFleet() []Subject {
	thing := func(name, kind string, attributes ...string) registry.Thing {
		t := registry.Thing{Name: name, UUID: "id-" + name, Type: kind, Attributes: map[string]string{}}
		for i := 0; i < len(attributes); i += 2 {
			t.Attributes[attributes[i]] = attributes[i+1]
		}
		return t
	}
	return []Subject{
		{Thing: thing("aba", "aa", "myAttribute", "75", "attr1", "abc", "attr2", "4", "attr3", "10"),
			Connectivity: &Connectivity{Connected: true, At: time.UnixMilli(1557651600000)}},
		{Thing: thing("abab", "aab", "myAttribute", "76", "attr1", "abc", "attr2", "5"),
			Connectivity: &Connectivity{At: time.UnixMilli(1557867600001), DisconnectReason: "NONE"}},
		{Thing: thing("enemy", "", "myAttribute", "80.5", "attr1", "abc", "attr2", "4", "attr3", "11"),
			Connectivity: &Connectivity{At: time.UnixMilli(1557867600000), DisconnectReason: "X"}},
		{Thing: thing("myThingName", "LightBulb", "myAttribute", "it", "model", "123"),
			Groups: []string{"a", "root"}},
		{Thing: thing("myx", "", "myAttribute", "insect", "model", "legacy", "serialNumber", "abce"),
			Groups: []string{"ab"}},
		{Thing: thing("room", "", "temperature", "61", "serialNumber", "abcg"), Groups: []string{"ba"},
			Connectivity: &Connectivity{Connected: true, At: time.UnixMilli(1557651600001)}},
		{Thing: thing("TempSensor1", "", "temperature", "80", "note", "abc")},
		{Thing: thing("TempSensor2", "", "temperature", "81", "model", "v2")},
	}
}

const (
	everyone  = "aba abab enemy myThingName myx room TempSensor1 TempSensor2"
	notLegacy = "aba abab enemy myThingName room TempSensor1 TempSensor2"
)

// guideQueries are the queries by the page that shows them.
var guideQueries = []struct{ page, query, finds string }{
	{"example-queries", "abc", "aba abab enemy TempSensor1"},
	{"example-queries", "thingName:myThingName", "myThingName"},
	{"example-queries", "thingName:my*", "myThingName myx"},
	{"example-queries", "thingName:*my", "enemy"},
	{"example-queries", "thingName:*my*", "enemy myThingName myx"},
	{"example-queries", "thingName:ab?", "aba"},
	{"example-queries", "thingTypeName:aa", "aba"},
	{"example-queries", "thingGroupNames:a", "myThingName"},
	{"example-queries", "thingGroupNames:a*", "myThingName myx"},
	{"example-queries", "attributes.myAttribute:75", "aba"},
	{"example-queries", "attributes.myAttribute:[75 TO 80]", "aba abab"},
	{"example-queries", "attributes.myAttribute:{75 TO 80]", "abab"},
	{"example-queries", `attributes.serialNumber:["abcd" TO "abcf"]`, "myx"},
	{"example-queries", "attributes.myAttribute:i*t", "myThingName myx"},
	{"example-queries", "attributes.attr1:abc AND attributes.attr2<5 NOT attributes.attr3>10", "aba"},
	{"example-queries", "shadow.hasDelta:true", ""},
	{"example-queries", "NOT attributes.model:legacy", notLegacy},
	{"example-queries",
		"shadow.reported.stats.battery:{70 TO 100} (v2 OR v3) NOT attributes.model:legacy", ""},
	{"example-queries", "shadow.reported.myvalues:2", ""},
	{"example-queries", "shadow.reported.location:* NOT shadow.desired.stats.battery:*", ""},
	{"example-queries", "shadow.name.myShadow.hasDelta:true", ""},
	{"example-queries", "shadow.name.myShadow.desired.filament:*", ""},
	{"example-queries", "shadow.name.gps.reported.coordinates:geo_distance,47.6204,-122.3491,15.5km",
		""},
	{"example-queries", "connectivity.connected:true", "aba room"},
	{"example-queries", "connectivity.connected:false", "abab enemy"},
	{"example-queries",
		"connectivity.connected:true AND connectivity.timestamp : [1557651600000 TO 1557867600000]",
		"aba room"},
	{"example-queries",
		"connectivity.connected:false AND connectivity.timestamp : [1557651600000 TO 1557867600000]",
		"enemy"},
	{"example-queries", "connectivity.connected:true AND connectivity.timestamp > 1557651600000",
		"room"},
	{"example-queries", "connectivity.connected:*", "aba abab enemy room"},
	{"example-queries", "connectivity.disconnectReason:*", "abab enemy"},
	{"example-queries", "deviceDefender.violationCount:[0 TO 100]", ""},
	{"example-queries", "deviceDefender.profile.behavior.inViolation:true", ""},
	{"example-queries", "deviceDefender.profile.behavior.lastViolationValue.number>2", ""},
	{"example-queries", "deviceDefender.profile.behavior.lastViolationTime>1634227200000", ""},
	{"query-syntax", "thingName:(my* AND -myx)", "myThingName"},
	{"query-syntax", "thingName:aba thingType:aa", "aba"},
	{"query-syntax", "thingName:aba AND thingType:aab", ""},
	{"managing-fleet-index", "registry.thingTypeName:lightbulb", "myThingName"},
	{"managing-fleet-index", "registry.thingGroupNames:root", "myThingName"},
	{"managing-fleet-index", "registry.version>0", ""},
	{"dynamic-thing-groups", "attributes.temperature>60", "room TempSensor1 TempSensor2"},
	{"dynamic-thing-groups", "attributes.temperature>60\n", "room TempSensor1 TempSensor2"},
	{"dynamic-thing-groups", "attributes.temperature>65", "TempSensor1 TempSensor2"},
	{"fleet-metrics", "thingName:TempSensor* AND attributes.temperature >80", "TempSensor2"},
	{"index-aggregate", "connectivity.connected:false AND shadow.reported.stress < 90", ""},
	{"search-index", "thingTypeName:LightBulb", "myThingName"},
	{"search-index", "*", everyone},
}

func TestGuideQueries(t *testing.T) { // R-ID-40, R-ID-60
	t.Parallel()
	fleet := guideFleet()
	for _, tt := range guideQueries {
		q, err := Parse(tt.query)
		if err != nil {
			t.Errorf("%s: %s: %v", tt.page, tt.query, err)
			continue
		}
		var found []string
		for _, s := range fleet {
			if q.Matches(&s) {
				found = append(found, s.Name)
			}
		}
		if diff := cmp.Diff(tt.finds, strings.Join(found, " ")); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", tt.page, tt.query, diff)
		}
	}
}

// Every operator behind a field of every family means the same with white space at every place
// where it may stand, and at every place where a clause may stand (R-ID-60).
func TestWhiteSpace(t *testing.T) {
	t.Parallel()
	s := Subject{
		Thing: registry.Thing{Name: "7", UUID: "7", Type: "7",
			Attributes: map[string]string{"n": "7"}},
		Groups:       []string{"7"},
		Connectivity: &Connectivity{At: time.UnixMilli(7), DisconnectReason: "7"},
	}
	fields := []string{"thingName", "thingId", "thingTypeName", "thingGroupNames", "attributes.n",
		"connectivity.timestamp", "connectivity.disconnectReason", "shadow.reported.n",
		"shadow.name.s.reported.n", "deviceDefender.p.b.number", "registry.version"}
	clauses := []struct {
		operator, value string
		holds           bool
	}{
		{"<", "8", true}, {"<", "7", false}, {"<=", "7", true}, {"<=", "6", false},
		{">", "6", true}, {">", "7", false}, {">=", "7", true}, {">=", "8", false},
		{":", "7", true}, {":", "8", false}, {":", `"7"`, true}, {":", "*", true},
		{":", "[6 TO 8]", true}, {":", "{7 TO 8]", false}, {":", "[7 TO *}", true},
		{":", "(6 OR 7)", true}, {":", "( 6 OR 8 )", false}, {":", "(>6 <8)", true},
		{":", ">6", true}, {":", "> 7", false}, {":", "<= 7", true},
	}
	check := func(query string, want bool) {
		t.Helper()
		if q, err := Parse(query); err != nil {
			t.Errorf("%q: %v", query, err)
		} else if got := q.Matches(&s); got != want {
			t.Errorf("%q: %v, want %v", query, got, want)
		}
	}
	for _, field := range fields {
		absent := strings.HasPrefix(field, "shadow") || strings.HasPrefix(field, "device") ||
			field == "registry.version"
		for _, c := range clauses {
			holds := c.holds && !absent
			for _, blanks := range [][2]string{
				{"", ""}, {" ", ""}, {"", " "}, {" ", " "}, {"\t\n", "\u3000\v"}, {"", "\u2028\x1c"},
			} {
				clause := field + blanks[0] + c.operator + blanks[1] + c.value
				check(clause, holds)
				check("NOT "+clause, !holds)
				check("-"+clause, !holds)
				check("("+clause+")\r\n", holds)
				check("* "+clause+" AND *", holds)
				check("thingId:7 "+clause, holds)
				check(clause+" OR thingId:8", holds)
			}
		}
	}
}
