package registry

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

// morning is some time, and noon is later.
var (
	morning = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	noon    = morning.Add(4 * time.Hour)
)

// The life of a policy's versions: five at most, one in force, numbers never used again (R-ID-21).
func TestPolicyVersions(t *testing.T) {
	t.Parallel()
	p := NewPolicy("p", "one", morning)
	if p.Document() != "one" || p.Default != 1 || !p.UpdatedAt.Equal(morning) {
		t.Errorf("new: %+v", p)
	}
	want := Policy{
		Name:       "p",
		Versions:   []PolicyVersion{{Number: 1, Document: "one", CreatedAt: morning}},
		Default:    1,
		LastNumber: 1,
		CreatedAt:  morning,
		UpdatedAt:  morning,
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("R-ID-21 new (-want +got):\n%s", diff)
	}
	before := p
	for i, document := range []string{"two", "three", "four", "five"} {
		v, err := p.AddVersion(document, document == "three", noon)
		if err != nil || v.Number != 2+i || v.Document != document || !v.CreatedAt.Equal(noon) {
			t.Errorf("%s: %+v, %v", document, v, err)
		}
	}
	if len(before.Versions) != 1 || p.Document() != "three" || !p.UpdatedAt.Equal(noon) {
		t.Errorf("before %+v, in force %q", before, p.Document())
	}
	_, err := p.AddVersion("six", true, noon)
	refused(t, "R-ID-21 a sixth", err, fault.VersionsLimit,
		"policy p has 5 versions, at most 5 are kept")
	refused(t, "R-ID-21 the one in force", p.DeleteVersion(3, noon), fault.DeleteConflict,
		"version 3 of policy p is the default")
	refused(t, "R-ID-21 one that is not there", p.DeleteVersion(9, noon), fault.NotFound,
		"policy p has no version 9")
	refused(t, "R-ID-21 the last", p.DeleteVersion(5, noon), "", "")
	v, err := p.AddVersion("six", false, noon)
	if err != nil || v.Number != 6 {
		t.Errorf("R-ID-21: number %d is used again, %v", v.Number, err)
	}
	refused(t, "R-ID-21 put in force", p.SetDefault(6, noon), "", "")
	refused(t, "R-ID-21 one that was deleted", p.SetDefault(5, noon), fault.NotFound,
		"policy p has no version 5")
	if p.Document() != "six" {
		t.Errorf("in force is %q", p.Document())
	}
	var numbers []int
	for _, v := range p.Versions {
		numbers = append(numbers, v.Number)
	}
	if diff := cmp.Diff([]int{1, 2, 3, 4, 6}, numbers); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A change of versions never touches what another copy of the policy holds.
func TestPolicyCopies(t *testing.T) {
	t.Parallel()
	p := NewPolicy("p", "one", morning)
	if _, err := p.AddVersion("two", true, noon); err != nil {
		t.Fatal(err)
	}
	stored := p
	stored.Versions = append([]PolicyVersion(nil), p.Versions...)
	kept := p
	if err := p.DeleteVersion(1, noon); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(stored, kept); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	facts := NewPolicy("p", "one", morning)
	facts.Versions = append(make([]PolicyVersion, 0, 8), facts.Versions...)
	first, second := facts, facts
	if _, err := first.AddVersion("first", true, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := second.AddVersion("second", true, noon); err != nil {
		t.Fatal(err)
	}
	if first.Document() != "first" || second.Document() != "second" {
		t.Errorf("two changes of one policy: %q and %q", first.Document(), second.Document())
	}
	if (Policy{Default: 3}).Document() != "" {
		t.Error("a policy without its default has a document")
	}
}

// DeletePolicy wants one version and no target (R-ID-21).
func TestDeletePolicy(t *testing.T) {
	t.Parallel()
	one := NewPolicy("p", "{}", morning)
	two := one
	if _, err := two.AddVersion("{}", false, noon); err != nil {
		t.Fatal(err)
	}
	attached := []Attachment{{Policy: "p", Kind: GroupTarget, Key: "g"}}
	const versions = "policy p has 2 versions; delete those that are not the default first"
	refused(t, "R-ID-21", one.CheckDelete(nil), "", "")
	refused(t, "R-ID-21 two versions", two.CheckDelete(nil), fault.DeleteConflict, versions)
	refused(t, "R-ID-21 attached", one.CheckDelete(attached), fault.DeleteConflict,
		"policy p is attached to thinggroup/g; detach it first")
	refused(t, "R-ID-21 both", two.CheckDelete(attached), fault.DeleteConflict, versions)
}

// Ten policies for one target; attaching one again is no error, also at the limit (R-ID-22,
// R-ID-56).
func TestCheckAttach(t *testing.T) {
	t.Parallel()
	attached := func(n int) (list []Policy) {
		for i := range n {
			list = append(list, Policy{Name: fmt.Sprintf("p%d", i)})
		}
		return list
	}
	for _, tt := range []struct {
		name     string
		policy   string
		attached int
		attaches bool
		says     string
	}{
		{"R-ID-56 the first", "new", 0, true, ""},
		{"R-ID-56 the tenth", "new", 9, true, ""},
		{"R-ID-56 one more", "new", 10, false, "ARN has 10 policies, the most that are allowed"},
		{"R-ID-22 again", "p3", 5, false, ""},
		{"R-ID-22 again at the limit", "p3", 10, false, ""},
	} {
		attaches, err := CheckAttach(tt.policy, "ARN", attached(tt.attached))
		code := fault.Code("")
		if tt.says != "" {
			code = fault.Limit
		}
		refused(t, tt.name, err, code, tt.says)
		if attaches != tt.attaches {
			t.Errorf("%s: attaches %v", tt.name, attaches)
		}
	}
}

// A policy that is in effect in several ways counts once (R-ID-28).
func TestUniquePolicies(t *testing.T) {
	t.Parallel()
	got := UniquePolicies([]Policy{{Name: "b"}, {Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "a"}})
	if diff := cmp.Diff([]Policy{{Name: "a"}, {Name: "b"}, {Name: "c"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
