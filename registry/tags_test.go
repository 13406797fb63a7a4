package registry

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

func TestCheckTags(t *testing.T) { // R-VAL-32
	t.Parallel()
	got, err := CheckTags([]Tag{{"a", "1"}, {"A", ""}, {"aws", "x"}, {"xaws:", "y"}})
	if diff := cmp.Diff(map[string]string{"a": "1", "A": "", "aws": "x", "xaws:": "y"},
		got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for want, tags := range map[string][]Tag{
		`tags[1].Key: "a" is given twice`:                          {{"a", "1"}, {"a", "1"}},
		`tags[0].Key: "aws:x" begins with aws:, which is reserved`: {{"aws:x", ""}},
		`tags[0].Key: "aws:" begins with aws:, which is reserved`:  {{"aws:", ""}},
		`tags[2].Key: "AWS:team" begins with aws:, which is reserved`: {{"a", "1"}, {"b", "1"},
			{"AWS:team", ""}},
	} {
		if _, err := CheckTags(tags); !fault.Is(err, fault.Invalid) ||
			!strings.HasSuffix(err.Error(), want) {
			t.Errorf("%v: %v, want %s", tags, err, want)
		}
	}
}

func TestAddAndRemoveTags(t *testing.T) { // R-API-37
	t.Parallel()
	stored := map[string]string{}
	for i := range DefaultLimits.Tags {
		stored[fmt.Sprint(i)] = "old"
	}
	after, err := AddTags(stored, map[string]string{"7": "new"}, 50)
	if err != nil || len(after) != DefaultLimits.Tags || after["7"] != "new" || stored["7"] != "old" {
		t.Errorf("overwriting at the limit: %v", err)
	}
	if _, err := AddTags(stored, map[string]string{"one more": ""}, 50); !fault.Is(err, fault.Limit) {
		t.Errorf("51 tags: %v", err)
	}
	if after := RemoveTags(map[string]string{"a": "1", "b": "2"},
		[]string{"b", "none"}); len(after) != 1 || after["a"] != "1" {
		t.Errorf("left are %v", after)
	}
}

func TestThingTypes(t *testing.T) { // R-ID-5, R-ID-10, R-ID-48
	t.Parallel()
	p := TypeProperties{Description: "d", Searchable: []string{"a", "b"}}
	for _, row := range []struct {
		other TypeProperties
		equal bool
	}{
		{TypeProperties{Description: "d", Searchable: []string{"b", "a", "b"}}, true},
		{TypeProperties{Description: "d", Searchable: []string{"a"}}, false},
		{TypeProperties{Searchable: []string{"a", "b"}}, false},
		{TypeProperties{Description: "d", Searchable: []string{"a", "b"},
			Propagating: []Propagated{{"k", "a", ""}}}, false},
	} {
		if p.Equal(row.other) != row.equal {
			t.Errorf("%+v equal to %+v: %v", p, row.other, !row.equal)
		}
	}
	if !(TypeProperties{}).Equal(TypeProperties{Searchable: []string{},
		Propagating: []Propagated{}}) {
		t.Error("empty lists are not absent ones")
	}
	current, deprecated := ThingType{Name: "t"}, ThingType{Name: "t", DeprecatedAt: time.Unix(1, 0)}
	if current.CheckUsable() != nil || !fault.Is(deprecated.CheckUsable(), fault.Invalid) {
		t.Error("only a deprecated type takes no thing")
	}
	if deprecated.CheckDelete(false) != nil ||
		!fault.Is(deprecated.CheckDelete(true), fault.Invalid) ||
		!fault.Is(current.CheckDelete(false), fault.Invalid) {
		t.Error("only a deprecated type without things is deletable")
	}
	if DefaultLimits.OfType("") != 3 || DefaultLimits.OfType("t") != 50 {
		t.Error("3 attributes without a type, 50 with (R-ID-8)")
	}
}
