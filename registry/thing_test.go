package registry

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

// attributes makes n attributes, a0 to a(n-1).
func attributes(n int) map[string]string {
	made := map[string]string{}
	for i := range n {
		made[fmt.Sprintf("a%d", i)] = "v"
	}
	return made
}

// What a repeated CreateThing may say without being a conflict (R-ID-5).
func TestSameThing(t *testing.T) {
	t.Parallel()
	pump := Thing{Name: "p", Type: "pump", Attributes: map[string]string{"site": "north"}}
	for _, tt := range []struct {
		name       string
		thing      Thing
		thingType  string
		attributes map[string]string
		want       bool
	}{
		{"equal", pump, "pump", map[string]string{"site": "north"}, true},
		{"another type", pump, "valve", map[string]string{"site": "north"}, false},
		{"no type", pump, "", map[string]string{"site": "north"}, false},
		{"another value", pump, "pump", map[string]string{"site": "south"}, false},
		{"one more", pump, "pump", map[string]string{"site": "north", "fw": "2"}, false},
		{"one less", pump, "pump", nil, false},
		{"none and none", Thing{}, "", map[string]string{}, true},
	} {
		if got := tt.thing.SameAs(tt.thingType, tt.attributes, 0); got != tt.want {
			t.Errorf("R-ID-5 %s: %v", tt.name, got)
		}
	}
}

// UpdateThing: what stays, what is replaced, the limit of attributes by the type that the thing has
// then, and the order of refusals (R-ID-6, R-ID-8, R-ID-53, R-ERR-9).
func TestUpdateThing(t *testing.T) {
	t.Parallel()
	stored := Thing{Name: "t", Type: "pump", Attributes: map[string]string{"a": "1", "b": "2"},
		Version: 7}
	both := map[string]string{"a": "1", "b": "2"}
	for _, tt := range []struct {
		name       string
		update     ThingUpdate
		thingType  string
		attributes map[string]string
	}{
		{"R-ID-6 nothing given", ThingUpdate{}, "pump", both},
		{"R-ID-6 the right version", ThingUpdate{ExpectedVersion: ptr(int64(7))}, "pump", both},
		{"R-ID-53 another type", ThingUpdate{Type: ptr("valve")}, "valve", both},
		{"R-ID-6 no type", ThingUpdate{Type: ptr("")}, "", both},
		{"R-ID-6 replaces", ThingUpdate{Attributes: map[string]string{"c": "3"}}, "pump",
			map[string]string{"c": "3"}},
		{"R-ID-6 an empty map removes all", ThingUpdate{Attributes: map[string]string{}}, "pump",
			map[string]string{}},
		{"R-ID-6 merges", ThingUpdate{Attributes: map[string]string{"b": "", "c": "3"},
			Merge: true}, "pump",
			map[string]string{"a": "1", "c": "3"}},
		{"R-ID-53 an empty value", ThingUpdate{Attributes: map[string]string{"b": "", "c": "3"}},
			"pump", map[string]string{"c": "3"}},
		{"R-ID-8 50 with a type", ThingUpdate{Attributes: attributes(50)}, "pump", attributes(50)},
		{"R-ID-8 3 without", ThingUpdate{Type: ptr(""), Attributes: attributes(3)}, "",
			attributes(3)},
	} {
		got, err := stored.Update(tt.update, DefaultLimits)
		want := Thing{Name: "t", Type: tt.thingType, Attributes: tt.attributes, Version: 8}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
		}
	}
	if diff := cmp.Diff(both, stored.Attributes); diff != "" {
		t.Errorf("an update changed what is stored: %s", diff)
	}
	tooMany := func(n, limit int) string {
		return fmt.Sprintf("attributePayload.attributes: %d attributes, at most %d are allowed", n,
			limit)
	}
	for _, tt := range []struct {
		name   string
		update ThingUpdate
		code   fault.Code
		says   string
	}{
		{"R-ID-6 an older version", ThingUpdate{ExpectedVersion: ptr(int64(6))},
			fault.VersionDiffers, "expectedVersion 6 does not match 7"},
		{"R-ID-8 51 with a type", ThingUpdate{Attributes: attributes(51)}, fault.Invalid,
			tooMany(51, 50)},
		{"R-ID-8 4 without", ThingUpdate{Type: ptr(""), Attributes: attributes(4)}, fault.Invalid,
			tooMany(4, 3)},
		{"R-ID-8 merged to 51", ThingUpdate{Attributes: attributes(49), Merge: true}, fault.Invalid,
			tooMany(51, 50)},
		{"the version before the attributes",
			ThingUpdate{ExpectedVersion: ptr(int64(8)), Attributes: attributes(51)},
			fault.VersionDiffers, "expectedVersion 8 does not match 7"},
	} {
		_, err := stored.Update(tt.update, DefaultLimits)
		refused(t, tt.name, err, tt.code, tt.says)
	}
}

// DeleteThing: principals must go first, and the state comes before the version (R-ID-7, R-ERR-9).
func TestDeleteThing(t *testing.T) {
	t.Parallel()
	thing := Thing{Name: "t", Version: 3}
	const attached = "thing t has principals attached; detach them first"
	for _, tt := range []struct {
		name     string
		attached bool
		expected *int64
		code     fault.Code
		says     string
	}{
		{"R-ID-7 free", false, nil, "", ""},
		{"R-ID-7 the right version", false, ptr(int64(3)), "", ""},
		{"R-ID-7 attached", true, nil, fault.Invalid, attached},
		{"R-ID-7 another version", false, ptr(int64(2)), fault.VersionDiffers,
			"expectedVersion 2 does not match 3"},
		{"R-ERR-9 both", true, ptr(int64(2)), fault.Invalid, attached},
	} {
		refused(t, tt.name, thing.CheckDelete(tt.attached, tt.expected), tt.code, tt.says)
	}
}

// The fault of a name that is taken carries what has it (R-ERR-4).
func TestExists(t *testing.T) {
	t.Parallel()
	err := Exists(KindThing, "t", "6f2a")
	refused(t, "R-ERR-4", err, fault.Exists, "thing t exists already with other content")
	refused(t, "R-ID-16", ExistsAlready(KindCert, "6a58"), fault.Exists,
		"certificate 6a58 exists already")
	refused(t, "R-ID-51", ExistsAlready(KindPolicy, "p"), fault.Exists, "policy p exists already")
	refused(t, "R-ID-49", Group{Name: "g", UUID: "u"}.Taken(), fault.Exists,
		"thing group g exists already with other content")
	refused(t, "R-ID-12", Group{Name: "g", UUID: "u", Work: Emptying}.Taken(), fault.Exists,
		"thing group g is being deleted; its name is free when its last members have left it")
	f := fault.Of(err)
	if f.ResourceID != "6f2a" || f.ResourceKind != KindThing || f.ResourceName != "t" {
		t.Errorf("R-ERR-4: %s, %s/%s", f.ResourceID, f.ResourceKind, f.ResourceName)
	}
}

// A type is deprecated and made usable again; doing it twice changes nothing (R-ID-48).
func TestDeprecate(t *testing.T) {
	t.Parallel()
	var kind ThingType
	for _, tt := range []struct {
		undo, changed, deprecated bool
	}{
		{true, false, false}, {false, true, true}, {false, false, true}, {true, true, false},
		{true, false, false},
	} {
		if changed := kind.Deprecate(tt.undo, morning); changed != tt.changed ||
			kind.Deprecated() != tt.deprecated {
			t.Errorf("R-ID-48 undo %v: changed %v, deprecated %v", tt.undo, changed,
				kind.Deprecated())
		}
	}
	kind.Deprecate(false, morning)
	if !kind.DeprecatedAt.Equal(morning) {
		t.Errorf("R-ID-48 deprecated at %v", kind.DeprecatedAt)
	}
}
