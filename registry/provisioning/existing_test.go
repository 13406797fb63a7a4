package provisioning

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// Each setting for each property of a thing that is there and differs (R-ID-79).
func TestExistingThing(t *testing.T) {
	t.Parallel()
	stored := registry.Thing{Name: "a", Type: "old", Attributes: map[string]string{"x": "1", "y": "2"}}
	kind, other := "new", map[string]string{"x": "3", "z": "4"}
	for _, row := range []struct {
		name   string
		thing  Thing
		want   *registry.ThingUpdate
		refuse bool
	}{
		{"nothing is named", Thing{OnType: Fail, OnAttributes: Fail}, nil, false},
		{"equal", Thing{Type: "old", Attributes: map[string]string{"y": "2", "x": "1", "empty": ""}, OnType: Fail, OnAttributes: Fail}, nil, false},
		{"left", Thing{Type: kind, Attributes: other, OnType: DoNothing, OnAttributes: DoNothing}, nil, false},
		{"replaced", Thing{Type: kind, Attributes: other, OnType: Replace, OnAttributes: Replace},
			&registry.ThingUpdate{Type: &kind, Attributes: other}, false},
		{"merged", Thing{Attributes: other, OnAttributes: Merge},
			&registry.ThingUpdate{Attributes: map[string]string{"x": "3", "y": "2", "z": "4"}}, false},
		{"merged already", Thing{Attributes: map[string]string{"x": "1"}, OnAttributes: Merge}, nil, false},
		{"type fails", Thing{Type: kind, OnType: Fail}, nil, true},
		{"attributes fail", Thing{Attributes: other, OnAttributes: Fail}, nil, true},
	} {
		got, err := row.thing.UpdateOf(stored)
		if diff := cmp.Diff(row.want, got); diff != "" || fault.Is(err, fault.RegistrationFailed) != row.refuse {
			t.Errorf("%s: %v (-want +got):\n%s", row.name, err, diff)
		}
	}
}

func TestExistingGroups(t *testing.T) { // R-ID-79
	t.Parallel()
	has := []string{"a", "b"}
	for _, row := range []struct {
		name          string
		groups        []string
		on            string
		leaves, joins []string
		refuse        bool
	}{
		{"not named", nil, Replace, nil, nil, false},
		{"equal", []string{"b", "a"}, Fail, nil, nil, false},
		{"left", []string{"c"}, DoNothing, nil, nil, false},
		{"replaced", []string{"b", "c"}, Replace, []string{"a"}, []string{"c"}, false},
		{"emptied", []string{}, Replace, []string{"a", "b"}, nil, false},
		{"merged", []string{"b", "c"}, Merge, nil, []string{"c"}, false},
		{"fails", []string{"b"}, Fail, nil, nil, true},
	} {
		leaves, joins, err := Thing{Groups: row.groups, OnGroups: row.on}.GroupsOf(has)
		if diff := cmp.Diff([][]string{row.leaves, row.joins}, [][]string{leaves, joins}); diff != "" ||
			fault.Is(err, fault.RegistrationFailed) != row.refuse {
			t.Errorf("%s: %v (-want +got):\n%s", row.name, err, diff)
		}
	}
}

func TestExistingCertificate(t *testing.T) { // R-ID-79, R-ID-81
	t.Parallel()
	const pending, active, inactive = registry.CertificatePending, registry.CertificateActive, registry.CertificateInactive
	for _, row := range []struct {
		stored, asked registry.CertificateStatus
		on            string
		want          registry.CertificateStatus
	}{
		{pending, active, DoNothing, active},
		{pending, inactive, Fail, inactive},
		{active, active, Fail, active},
		{inactive, active, DoNothing, inactive},
		{inactive, active, Replace, active},
		{active, inactive, Fail, ""},
	} {
		got, err := Certificate{Status: row.asked, OnStatus: row.on}.StatusOf(registry.Certificate{Status: row.stored})
		if got != row.want || (err != nil) != (row.want == "") {
			t.Errorf("%s to %s by %s: got %s, %v", row.stored, row.asked, row.on, got, err)
		}
	}
}
