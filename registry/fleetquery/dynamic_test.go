package fleetquery

import (
	"fmt"
	"testing"

	"github.com/drover-iot/drover/registry"
)

func TestSelect(t *testing.T) { // R-ID-42
	t.Parallel()
	compile := func(text string) *Query {
		q, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	groups := []DynamicGroup{
		{registry.Group{ID: 1, Name: "a"}, compile("thingName:x")},
		{registry.Group{ID: 2, Name: "b"}, compile("thingName:y")},
		{registry.Group{ID: 3, Name: "c"}, nil}, {registry.Group{ID: 4, Name: "d"}, compile("*")},
	}
	names := func(groups []registry.Group) (all string) {
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
		{"x", 0, "ad/"}, {"y", 0, "bd/"}, {"z", 9, "d/"}, {"z", 10, "/d"}, {"x", 8, "ad/"},
		{"x", 9, "a/d"}, {"x", 10, "/ad"}, {"x", 11, "/ad"},
	} {
		in, full := Select(&Subject{Thing: registry.Thing{Name: row.thing}}, row.static, groups)
		if got := fmt.Sprintf("%s/%s", names(in), names(full)); got != row.want {
			t.Errorf("%s in %d static groups: %s, want %s", row.thing, row.static, got, row.want)
		}
	}
}
