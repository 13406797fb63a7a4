package control

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/job/timeline"
)

// The description of the API names the kinds of event that there are (R-WEB-35).
func TestThingEventKinds(t *testing.T) {
	t.Parallel()
	var kinds []string
	for _, kind := range timeline.Kinds() {
		kinds = append(kinds, string(kind))
	}
	if diff := cmp.Diff(drover.ThingEventKind("").Constraint().OneOf, kinds); diff != "" {
		t.Errorf("(-api +timeline):\n%s", diff)
	}
}
