package registry

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

// The decisions of the registry against the plainest version of each, over all small cases or over
// random ones.

// Whether a thing may join a group, for every number of static and dynamic groups that it may be
// in, with the target, or another group of the target's tree, among them or not (R-ID-11, R-ID-13).
func TestCanJoinInEveryCase(t *testing.T) {
	t.Parallel()
	target := Path{{ID: 100, Name: "root"}, {ID: 101, Name: "target"}}
	sister := Path{{ID: 100, Name: "root"}, {ID: 102, Name: "sister"}}
	for statics := range 12 {
		for dynamics := range 12 - statics {
			var in []Path
			for i := range statics {
				in = append(in, Path{{ID: GroupID(1 + i)}})
			}
			for i := range dynamics {
				in = append(in, Path{{ID: GroupID(50 + i), Query: "*"}})
			}
			for _, override := range []bool{false, true} {
				counted := statics + dynamics
				if override {
					counted = statics
				}
				name := fmt.Sprintf("%d and %d, override %v", statics, dynamics, override)
				joins, err := CanJoin("t", in, target, override)
				if room := counted < 10; joins != room || (err == nil) != room {
					t.Errorf("R-ID-13 %s: joins %v, %v", name, joins, err)
				}
				with := func(other Path) []Path {
					return slices.Insert(slices.Clone(in), len(in)/2, other)
				}
				joins, err = CanJoin("t", with(target), target, override)
				if joins || err != nil {
					t.Errorf("R-ID-11 %s, in it already: joins %v, %v", name, joins, err)
				}
				joins, err = CanJoin("t", with(sister), target, override)
				if joins || !fault.Is(err, fault.Invalid) {
					t.Errorf("R-ID-11 %s, in its sister: joins %v, %v", name, joins, err)
				}
			}
		}
	}
}

// Random changes of a policy's versions. After each of them there are one to five versions, each
// with a number of its own and in the order of numbers; the one in force is among them; no number
// comes back; and a refusal changes nothing (R-ID-21).
func TestPolicyVersionsAtRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 21))
		p := NewPolicy("p", "1", morning)
		latest := 1
		for step := range 200 {
			before, number := p, 1+r.IntN(latest+1)
			before.Versions = slices.Clone(p.Versions)
			there := slices.ContainsFunc(p.Versions, func(v PolicyVersion) bool {
				return v.Number == number
			})
			var err error
			var allowed bool
			switch r.IntN(3) {
			case 0:
				allowed = len(p.Versions) < 5
				if _, err = p.AddVersion(fmt.Sprint(latest+1), r.IntN(2) == 0, noon); err == nil {
					latest++
				}
			case 1:
				allowed = there
				err = p.SetDefault(number, noon)
			case 2:
				allowed = there && number != p.Default
				err = p.DeleteVersion(number, noon)
			}
			if (err == nil) != allowed {
				t.Fatalf("seed %d, step %d: %v, allowed %v: %+v", seed, step, err, allowed, before)
			}
			if err != nil && !reflect.DeepEqual(before, p) {
				t.Fatalf("seed %d, step %d: a refusal changed %+v to %+v", seed, step, before, p)
			}
			checkVersions(t, p, latest)
		}
	}
}

// checkVersions checks what holds of a policy's versions at all times. Each document of the test
// says the number that its version must have.
func checkVersions(t *testing.T, p Policy, latest int) {
	t.Helper()
	var numbers []int
	for _, v := range p.Versions {
		numbers = append(numbers, v.Number)
		if v.Document != fmt.Sprint(v.Number) {
			t.Fatalf("R-ID-21: version %d is %q", v.Number, v.Document)
		}
	}
	ascending := slices.IsSorted(numbers) && len(slices.Compact(numbers)) == len(p.Versions)
	if len(numbers) < 1 || len(numbers) > 5 || !ascending || numbers[len(numbers)-1] > latest {
		t.Fatalf("R-ID-21: versions %v, %d were made", numbers, latest)
	}
	if !slices.Contains(numbers, p.Default) || p.Document() != fmt.Sprint(p.Default) {
		t.Fatalf("R-ID-21: in force is %d of %v, %q", p.Default, numbers, p.Document())
	}
}

// Random updates of attributes, against a version that decides about one name at a time (R-ID-6,
// R-ID-53).
func TestMergeAttributesAtRandom(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(6, 53))
	names, values := []string{"a", "b", "c", "d"}, []string{"", "1", "2"}
	attributes := func() map[string]string {
		made := map[string]string{}
		for range r.IntN(4) {
			made[names[r.IntN(len(names))]] = values[r.IntN(len(values))]
		}
		return made
	}
	stored := map[string]string{}
	for range 2000 {
		given, merge := attributes(), r.IntN(2) == 0
		want := map[string]string{}
		for _, name := range names {
			value, named := given[name]
			if !named && merge {
				value = stored[name]
			}
			if value != "" {
				want[name] = value
			}
		}
		got := MergeAttributes(stored, given, merge)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("R-ID-53 %v over %v, merge %v (-want +got):\n%s", given, stored, merge, diff)
		}
		stored = got
	}
}

// What is updated is a new value: the group or the thing that the update was decided from, which
// the store may still have, does not change (R-ID-6, R-ID-50).
func TestUpdatesLeaveTheFacts(t *testing.T) {
	t.Parallel()
	for _, merge := range []bool{false, true} {
		given := map[string]string{"a": "", "b": "2"}
		stored := map[string]string{"a": "1"}
		group := Group{ID: 1, Description: "old", Attributes: stored, Version: 4}
		if _, err := group.Update(GroupUpdate{Description: ptr("new"), Attributes: given,
			Merge: merge}); err != nil {
			t.Fatal(err)
		}
		thing := Thing{ID: 1, Type: "pump", Attributes: stored, Version: 4}
		if _, err := thing.Update(ThingUpdate{Type: ptr(""), Attributes: given,
			Merge: merge}, DefaultLimits); err != nil {
			t.Fatal(err)
		}
		if _, err := AddTags(stored, given, 50); err != nil {
			t.Fatal(err)
		}
		RemoveTags(stored, []string{"a"})
		if diff := cmp.Diff(map[string]string{"a": "1"}, stored); diff != "" ||
			group.Version != 4 || group.Description != "old" || thing.Type != "pump" {
			t.Errorf("R-ID-6 merge %v: %+v, %+v (-want +got):\n%s", merge, group, thing, diff)
		}
		if diff := cmp.Diff(map[string]string{"a": "", "b": "2"}, given); diff != "" {
			t.Errorf("R-ID-6 merge %v, what was given (-want +got):\n%s", merge, diff)
		}
	}
}

// A resource has 50 tags at most, counted after the request: overwriting counts once, and what is
// given alone may be too much (R-API-37, R-VAL-32).
func TestTagLimit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		stored, given, common int
		ok                    bool
	}{
		{0, 50, 0, true},
		{0, 51, 0, false},
		{49, 1, 0, true},
		{49, 2, 0, false},
		{49, 2, 1, true},
		{50, 50, 50, true},
		{50, 1, 0, false},
		{50, 0, 0, true},
	} {
		stored, given := map[string]string{}, map[string]string{}
		for i := range tt.stored {
			stored[fmt.Sprint(i)] = "old"
		}
		for i := range tt.given {
			given[fmt.Sprint(tt.stored-tt.common+i)] = "new"
		}
		after, err := AddTags(stored, given, 50)
		if (err == nil) != tt.ok || err != nil && !fault.Is(err, fault.Limit) {
			t.Errorf("R-API-37 %d to %d, %d in common: %v", tt.given, tt.stored, tt.common, err)
		}
		if want := tt.stored + tt.given - tt.common; tt.ok && len(after) != want {
			t.Errorf("R-API-37 %d to %d: %d tags, want %d", tt.given, tt.stored, len(after), want)
		}
	}
}
