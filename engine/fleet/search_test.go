package fleet_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A search by the beginning of a name finds the last things of a large fleet with its first
// request, in whatever letters the names and the query are written, and in the order of their names
// (R-WIRE-27, R-ID-41).
func TestSearchByName(t *testing.T) {
	t.Parallel()
	c := someThings(5 * store.MaxLooked)
	for i, name := range []string{"PUMP-1", "Pump-1", "Zone", "pUMP-2", "pump-0", "pumq", "z"} {
		c.Registry.CreatedThings = append(c.Registry.CreatedThings, registry.Thing{
			ID:         registry.ThingID(100_000 + i),
			Name:       name,
			UUID:       fmt.Sprint("p", i),
			Attributes: map[string]string{"n": fmt.Sprint(i)},
		})
	}
	s := listed(t, c)
	for _, row := range []struct {
		query, after string
		limit        int
		want         []string
	}{
		{"thingName:t00999*", "", 3, []string{"t009990", "t009991", "t009992"}},
		{"thingName:T009999", "", 9, []string{"t009999"}},
		{"thingName:pump*", "", 9, []string{"PUMP-1", "Pump-1", "pUMP-2", "pump-0"}},
		{"thingName:Pump*", "PUMP-1", 2, []string{"Pump-1", "pUMP-2"}},
		{"thingName:pump* AND attributes.n:>1", "", 9, []string{"pUMP-2", "pump-0"}},
		{"thingName:(z OR zone)", "", 9, []string{"Zone", "z"}},
		{"thingName:none*", "", 9, nil},
	} {
		found, more, err := s.Search(t.Context(), row.query, row.after, row.limit)
		if err != nil || more != "" {
			t.Errorf("%s: more after %q, %v", row.query, more, err)
		}
		var names []string
		for _, thing := range found {
			names = append(names, thing.Name)
		}
		if diff := cmp.Diff(row.want, names); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.query, diff)
		}
	}
}
