package registry

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

// How many attributes a thing or a group may have, on both sides of the limit (R-ID-8).
func TestCheckAttributes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		limit int
		n     int
		ok    bool
	}{
		{"none", DefaultLimits.OfType(""), 0, true},
		{"three without a type", DefaultLimits.OfType(""), 3, true},
		{"four without a type", DefaultLimits.OfType(""), 4, false},
		{"four with one", DefaultLimits.OfType("t"), 4, true},
		{"fifty with one", DefaultLimits.OfType("t"), 50, true},
		{"fifty-one with one", DefaultLimits.OfType("t"), 51, false},
		{"fifty of a group", MaxGroupAttributes, 50, true},
		{"fifty-one of a group", MaxGroupAttributes, 51, false},
	} {
		code, says := fault.Code(""), ""
		if !tt.ok {
			code = fault.Invalid
			says = fmt.Sprintf("attributePayload.attributes: %d attributes, at most %d are allowed",
				tt.n, tt.limit)
		}
		refused(t, "R-ID-8 "+tt.name, CheckAttributes(attributes(tt.n), tt.limit), code, says)
	}
}

// Merging and replacing never touch what is stored, and always give a map (R-ID-5, R-ID-6,
// R-ID-53).
func TestMergeLeavesStored(t *testing.T) {
	t.Parallel()
	stored := map[string]string{"a": "1", "b": "2"}
	for _, tt := range []struct {
		name   string
		stored map[string]string
		given  map[string]string
		merge  bool
		want   map[string]string
	}{
		{"nothing, merged", stored, nil, true, stored},
		{"nothing, replaced", stored, nil, false, map[string]string{}},
		{"a new thing", nil, map[string]string{"a": "1", "b": ""}, false,
			map[string]string{"a": "1"}},
		{"a new thing, merged", nil, map[string]string{"a": "1"}, true,
			map[string]string{"a": "1"}},
		{"another value", stored, map[string]string{"a": "9"}, true,
			map[string]string{"a": "9", "b": "2"}},
		{"removed", stored, map[string]string{"a": "", "b": ""}, true, map[string]string{}},
		{"removed though it is not there", stored, map[string]string{"c": ""}, true, stored},
		{"a removal replaces all", stored, map[string]string{"a": ""}, false, map[string]string{}},
	} {
		got := MergeAttributes(tt.stored, tt.given, tt.merge)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if diff := cmp.Diff(map[string]string{"a": "1", "b": "2"}, stored); diff != "" {
		t.Errorf("what is stored has changed: %s", diff)
	}
}

// What each refusal of an ARN says (R-CON-8).
func TestScopeTexts(t *testing.T) {
	t.Parallel()
	const other = "is not of this server, which serves aws, us-east-1, account 000000000000"
	for _, tt := range []struct{ text, says string }{
		{DefaultScope.ARN(KindThing, "a/b:c"), ""},
		{DefaultScope.ARN(KindGroup, "g"), ""},
		{"t", `target: "t" is not an ARN of a thing or a thing group`},
		{"arn:aws:iot:us-east-1:000000000000:job/j",
			`target: "arn:aws:iot:us-east-1:000000000000:job/j" is not an ARN of a thing or a thing group`},
		{"arn:aws:iot:eu-west-1:000000000000:thing/t",
			`target: "arn:aws:iot:eu-west-1:000000000000:thing/t" ` + other},
		{"arn:aws:iot:us-east-1:1:thing/t", `target: "arn:aws:iot:us-east-1:1:thing/t" ` + other},
		{"arn:aws-cn:iot:us-east-1:000000000000:thing/t",
			`target: "arn:aws-cn:iot:us-east-1:000000000000:thing/t" ` + other},
	} {
		arn, err := DefaultScope.Parse("target", tt.text, KindThing, KindGroup)
		code := fault.Code("")
		if tt.says != "" {
			code = fault.Invalid
		}
		refused(t, "R-CON-8 "+tt.text, err, code, tt.says)
		if err == nil && arn.String() != tt.text {
			t.Errorf("%s reads as %s", tt.text, arn)
		}
	}
}

// The numbers of the API, in one place (R-ID-8, R-ID-11, R-ID-21, R-ID-22, R-ID-38, R-ID-56,
// R-VAL-32).
func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule      string
		got, want int
	}{
		{"R-ID-8 without a type", DefaultLimits.AttributesUntyped, 3},
		{"R-ID-8", DefaultLimits.Attributes, 50},
		{"R-ID-11 attributes", MaxGroupAttributes, 50},
		{"R-ID-11 depth", MaxGroupDepth, 7},
		{"R-ID-11 children", MaxGroupChildren, 100},
		{"R-ID-11 groups", MaxGroupsPerThing, 10},
		{"R-ID-38", MaxDynamicGroups, 100},
		{"R-VAL-32", DefaultLimits.Tags, 50},
		{"R-ID-56", MaxPoliciesPerTarget, 10},
		{"R-ID-21", MaxPolicyVersions, 5},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %d, want %d", tt.rule, tt.got, tt.want)
		}
	}
}

// What a thing type refuses, and in which order (R-ID-5, R-ID-10).
func TestThingTypeTexts(t *testing.T) {
	t.Parallel()
	current, deprecated := ThingType{Name: "k"}, ThingType{Name: "k", DeprecatedAt: morning}
	const notYet = "thing type k is not deprecated; deprecate it first"
	refused(t, "R-ID-5", current.CheckUsable(), "", "")
	refused(t, "R-ID-5", deprecated.CheckUsable(), fault.Invalid,
		"thingTypeName: thing type k is deprecated")
	refused(t, "R-ID-10", deprecated.CheckDelete(false), "", "")
	refused(t, "R-ID-10 used", deprecated.CheckDelete(true), fault.Invalid,
		"thing type k has things; give them another type or none first")
	refused(t, "R-ID-10 not deprecated", current.CheckDelete(false), fault.Invalid, notYet)
	refused(t, "R-ID-10 neither", current.CheckDelete(true), fault.Invalid, notYet)
}
