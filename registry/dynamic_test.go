package registry

import (
	"fmt"
	"testing"
)

func TestSelect(t *testing.T) { // R-ID-42
	t.Parallel()
	compile := func(text string) *Query {
		q, err := ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	groups := []DynamicGroup{
		{Group{ID: 1, Name: "a"}, compile("thingName:x")}, {Group{ID: 2, Name: "b"}, compile("thingName:y")},
		{Group{ID: 3, Name: "c"}, nil}, {Group{ID: 4, Name: "d"}, compile("*")},
	}
	names := func(groups []Group) (all string) {
		for _, g := range groups {
			all += g.Name
		}
		return all
	}
	for _, row := range []struct {
		thing  string
		static int
		want   string // in, and after the slash those without room
	}{
		{"x", 0, "ad/"}, {"y", 0, "bd/"}, {"z", 9, "d/"}, {"z", 10, "/d"}, {"x", 8, "ad/"}, {"x", 9, "a/d"}, {"x", 10, "/ad"}, {"x", 11, "/ad"},
	} {
		in, full := SelectDynamicGroups(&Subject{Thing: Thing{Name: row.thing}}, row.static, groups)
		if got := fmt.Sprintf("%s/%s", names(in), names(full)); got != row.want {
			t.Errorf("%s in %d static groups: %s, want %s", row.thing, row.static, got, row.want)
		}
	}
}
