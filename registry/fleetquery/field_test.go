package fleetquery

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// Each field by what it looks at, and by what it does not (R-ID-40).
func TestFields(t *testing.T) {
	t.Parallel()
	s := Subject{
		Thing: registry.Thing{Name: "name", UUID: "uuid", Type: "kind",
			Attributes: map[string]string{"a": "value", "empty": ""}},
		Groups:       []string{"group", "root"},
		Connectivity: &Connectivity{At: time.UnixMilli(5000), DisconnectReason: "CLIENT_ERROR"},
	}
	fields := map[string]string{
		"thingName": "name", "thingId": "uuid", "thingTypeName": "kind", "thingGroupNames": "root",
		"attributes.a":           "value",
		"connectivity.connected": "false", "connectivity.timestamp": "5000",
		"connectivity.disconnectReason": "client_error",
	}
	for field := range fields {
		for other, value := range fields {
			q, err := Parse(field + ":" + value)
			if err != nil {
				t.Fatal(err)
			}
			if got := q.Matches(&s); got != (field == other) {
				t.Errorf("%s:%s matches %v", field, value, got)
			}
		}
	}
	for query, want := range map[string]bool{
		"name": true, "uuid": true, "kind": true, "group": true, "root": true, "value": true,
		"false": false, "5000": false, "client_error": false,
		"shadow.x:*": false, "deviceDefender.x:*": false, "version:*": false,
		"registry.version:*": false,
		"attributes.empty:*": true, "attributes.none:*": false, "NOT attributes.none:*": true,
	} {
		q, err := Parse(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
		} else if got := q.Matches(&s); got != want {
			t.Errorf("%s matches %v", query, got)
		}
	}
}

// What is known of a connection by whether it stands (R-ID-40, R-ID-61): while it does there is no
// reason, and no time where none is known.
func TestConnection(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		connectivity *Connectivity
		query        string
		want         bool
	}{
		{"connected", &Connectivity{Connected: true, At: time.UnixMilli(1)},
			"connectivity.connected:TRUE", true},
		{"no reason", &Connectivity{Connected: true}, "connectivity.disconnectReason:*", false},
		{"no time", &Connectivity{Connected: true}, "connectivity.timestamp:*", false},
		{"since then", &Connectivity{At: time.UnixMilli(1700)},
			"connectivity.timestamp:[1700 TO 1700]", true},
		{"before", &Connectivity{At: time.UnixMilli(1699)}, "connectivity.timestamp:[1700 TO 1800]",
			false},
		{"R-ID-61 not seen: not true", nil, "connectivity.connected:true", false},
		{"R-ID-61 not seen: not false", nil, "connectivity.connected:false", false},
	} {
		q, err := Parse(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		if got := q.Matches(&Subject{Connectivity: tt.connectivity}); got != tt.want ||
			!q.OfConnectivity() {
			t.Errorf("%s: %s is %v", tt.name, tt.query, got)
		}
	}
}

// Bounds of ranges, open and closed, as numbers and as text (R-ID-40).
func TestRanges(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value string
		holds []string
		fails []string
	}{
		{"7", []string{"[7 TO 8]", "[6 TO 7]", "{6 TO 8}", ">=7", "<=7", ">6.9", "<7.1",
			"[-1 TO 1e3]", "[07 TO 7.00]"},
			[]string{"{7 TO 8]", "[6 TO 7}", "[8 TO 9]", "[1 TO 6]", ">7", "<7", "[8 TO 6]"}},
		{"10", []string{"[9 TO 11]", `["10" TO b]`, "[1 TO a]"}, []string{"[2 TO b]", "[a TO b]"}},
		{"-2.5", []string{"[-3 TO -2]", "<-2", ">-3"}, []string{">-2", "[2 TO 3]"}},
		{"Beta", []string{"[alpha TO gamma]", "[BETA TO beta]", ">alpha", "<=beta"},
			[]string{"{beta TO gamma]", "<beta", "[1 TO 2]", ">5"}},
		{"inf", []string{"[a TO z]"}, []string{">5", "[0 TO 9]"}},
		{"", nil, []string{">0", "[1 TO 2]"}},
	} {
		s := Subject{Thing: registry.Thing{Attributes: map[string]string{"v": tt.value}}}
		check := func(span string, want bool) {
			t.Helper()
			q, err := Parse("attributes.v:" + span)
			if err != nil {
				t.Errorf("%s: %v", span, err)
			} else if got := q.Matches(&s); got != want {
				t.Errorf("%q in %s is %v", tt.value, span, got)
			}
		}
		for _, span := range tt.holds {
			check(span, true)
		}
		for _, span := range tt.fails {
			check(span, false)
		}
	}
}

// The index and the version of the language that requests may name, and which refusal comes first
// (R-ID-38, R-ERR-9).
func TestCheckIndex(t *testing.T) {
	t.Parallel()
	p := func(s string) *string { return &s }
	for _, tt := range []struct {
		name                  string
		index, version, query *string
		code                  fault.Code
		says                  string
	}{
		{"nothing given", nil, nil, nil, "", ""},
		{"all given", p("AWS_Things"), p("2017-09-30"), p("*"), "", ""},
		{"another index", p("AWS_ThingGroups"), nil, p("*"), fault.NotFound,
			"indexName: there is no index AWS_ThingGroups; the only one is AWS_Things"},
		{"another version", nil, p("2016-01-01"), p("*"), fault.Invalid,
			`queryVersion: "2016-01-01" is not known; it is 2017-09-30`},
		{"no query", nil, nil, p(""), fault.InvalidQuery,
			"queryString, character 1: the query ends where a term is due"},
		{"the version before the query", nil, p("x"), p(""), fault.Invalid,
			`queryVersion: "x" is not known; it is 2017-09-30`},
		{"the query before the index", p("x"), nil, p(""), fault.InvalidQuery,
			"queryString, character 1: the query ends where a term is due"},
	} {
		err := CheckIndex(tt.index, tt.version, tt.query)
		f := fault.Of(err)
		if (tt.code == "") != (err == nil) || f != nil &&
			(f.Code != tt.code || f.Message != tt.says) {
			t.Errorf("R-ID-38 %s: %v, want %s %s", tt.name, err, tt.code, tt.says)
		}
	}
}

// What selecting leaves alone: groups without a query, and the order (R-ID-42).
func TestSelectOrder(t *testing.T) {
	t.Parallel()
	var groups []DynamicGroup
	for id := range registry.GroupID(12) {
		groups = append(groups, DynamicGroup{Group: registry.Group{ID: id + 1}, Query: Everything})
	}
	groups[3].Query = nil // its members are leaving it
	ids := func(groups []registry.Group) (ids []registry.GroupID) {
		for _, g := range groups {
			ids = append(ids, g.ID)
		}
		return ids
	}
	in, full := Select(&Subject{}, 2, groups)
	if diff := cmp.Diff([]registry.GroupID{1, 2, 3, 5, 6, 7, 8, 9}, ids(in)); diff != "" {
		t.Errorf("R-ID-42 in (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]registry.GroupID{10, 11, 12}, ids(full)); diff != "" {
		t.Errorf("R-ID-42 full (-want +got):\n%s", diff)
	}
	if !Everything.Matches(&Subject{}) || Everything.OfConnectivity() {
		t.Error("everything")
	}
}
