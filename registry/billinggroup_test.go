package registry

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

// A thing enters a billing group when it is in none, and a group that it is in already changes
// nothing (R-ID-44).
func TestCanBill(t *testing.T) {
	t.Parallel()
	a, b := BillingGroup{ID: 1, Name: "a"}, BillingGroup{ID: 2, Name: "b"}
	for _, tt := range []struct {
		name    string
		current *BillingGroup
		enters  bool
		code    fault.Code
		says    string
	}{
		{"R-ID-44 in none", nil, true, "", ""},
		{"R-ID-44 in it already", &a, false, "", ""},
		{"R-ID-44 in another", &b, false, fault.Invalid,
			"thing t is in billing group b; remove it from there first"},
	} {
		enters, err := CanBill("t", tt.current, a)
		refused(t, tt.name, err, tt.code, tt.says)
		if enters != tt.enters {
			t.Errorf("%s: enters %v", tt.name, enters)
		}
	}
}

// An update raises the version, and leaves a description that is not given (R-ID-44).
func TestUpdateBillingGroup(t *testing.T) {
	t.Parallel()
	stored := BillingGroup{ID: 1, Name: "g", Description: "d", Version: 3}
	for _, tt := range []struct {
		name        string
		description *string
		expected    *int64
		want        string
		code        fault.Code
		says        string
	}{
		{"R-ID-44 another description", ptr("e"), nil, "e", "", ""},
		{"R-ID-44 none given", nil, nil, "d", "", ""},
		{"R-ID-44 cleared", ptr(""), ptr(int64(3)), "", "", ""},
		{"R-ID-44 another version", ptr("e"), ptr(int64(2)), "", fault.VersionDiffers,
			"expectedVersion 2 does not match 3"},
	} {
		got, err := stored.Update(tt.description, tt.expected)
		refused(t, tt.name, err, tt.code, tt.says)
		want := BillingGroup{ID: 1, Name: "g", Description: tt.want, Version: 4}
		if diff := cmp.Diff(want, got); err == nil && diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	refused(t, "R-ID-44 delete", stored.CheckDelete(ptr(int64(3))), "", "")
	refused(t, "R-ID-44 delete", stored.CheckDelete(ptr(int64(4))), fault.VersionDiffers,
		"expectedVersion 4 does not match 3")
	if !stored.SameAs("d") || stored.SameAs("") {
		t.Error("R-ID-44: the same group is the one with the same description")
	}
}

// A repeated CreateThing that names no billing group is the same whatever group the thing is in;
// one that names a group must name that one (R-ID-44).
func TestSameThingInBillingGroup(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		stored, named BillingGroupID
		same          bool
	}{{0, 0, true}, {1, 0, true}, {1, 1, true}, {1, 2, false}, {0, 1, false}} {
		if got := (Thing{BillingGroup: tt.stored}).SameAs("", nil, tt.named); got != tt.same {
			t.Errorf("R-ID-44 in %d, %d is named: %v, want %v", tt.stored, tt.named, got, tt.same)
		}
	}
}
