package help

import (
	"slices"
	"testing"
)

// Every subject has its place on the page of a service: without one, its operations would not be
// shown.
func TestSubjectOrder(t *testing.T) {
	t.Parallel()
	order := slices.Sorted(slices.Values(subjectOrder))
	for i := range subjects {
		if i >= len(order) || order[i] != i {
			t.Fatalf("%d subjects, and the order is %v", len(subjects), subjectOrder)
		}
	}
}
