package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/store"
)

// A filtered list looks at a bounded number of rows for each page, and the pages together hold what
// the list holds (R-WIRE-27).
func TestFilter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		rows  int
		every int // a row is kept when its number is a multiple of this
		limit int
		found []int // how many rows each page has
	}{
		{"nothing is there", 0, 1, 5, []int{0}},
		{"one short of the bound", store.MaxLooked - 1, store.MaxLooked, 5, []int{0}},
		{"as many as the bound", store.MaxLooked, store.MaxLooked, 5, []int{1, 0}},
		{"the last of many", 2*store.MaxLooked + 1000, 2*store.MaxLooked + 1000, 5, []int{0, 0, 1}},
		{"full pages", 12, 1, 5, []int{5, 5, 2}},
		{"full at the last row", 10, 1, 5, []int{5, 5, 0}},
	} {
		looked, place := 0, 0
		page := func(after *int, limit int) (rows []int, err error) {
			from := place
			if after != nil {
				from = *after
			}
			for n := from + 1; n <= tt.rows && len(rows) < limit; n++ {
				rows = append(rows, n)
			}
			return rows, nil
		}
		keep := func(n int) (bool, error) {
			looked++
			return n%tt.every == 0, nil
		}
		var found []int
		for more := true; more; {
			looked = 0
			rows, stopped, err := store.Filter(t.Context(), tt.limit, page, keep)
			if err != nil || looked > store.MaxLooked {
				t.Fatalf("%s: looked at %d rows, %v", tt.name, looked, err)
			}
			found = append(found, len(rows))
			switch {
			case stopped != nil:
				place = *stopped
			case len(rows) == tt.limit:
				place = rows[len(rows)-1]
			default:
				more = false
			}
		}
		if diff := cmp.Diff(tt.found, found); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// A list whose caller has gone stops at the next page.
func TestFilterStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	pages := 0
	page := func(_ *int, limit int) ([]int, error) {
		pages++
		cancel()
		return make([]int, limit), nil
	}
	_, _, err := store.Filter(ctx, 1, page, func(int) (bool, error) { return false, nil })
	if !errors.Is(err, context.Canceled) || pages != 1 {
		t.Errorf("%d pages, %v, want 1, %v", pages, err, context.Canceled)
	}
}
