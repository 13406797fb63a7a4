package agent

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/agent/link"
	"github.com/drover-iot/drover/agent/place"
)

// An outcome is forgotten when the server knows it, loses its details when the server refuses them, and
// is kept otherwise.
func TestAfterReport(t *testing.T) { // R-AGT-10
	t.Parallel()
	whole := place.Outcome{Status: "FAILED", Details: map[string]string{"stderr": "x"}}
	bare := place.Outcome{Status: "FAILED"}
	refused := &link.Rejection{Code: "InvalidRequest"}
	for _, tt := range []struct {
		name    string
		outcome place.Outcome
		err     error
		again   *place.Outcome
		known   bool
	}{
		{"accepted", whole, nil, nil, true},
		{"ended before", whole, &link.Rejection{Code: "InvalidStateTransition"}, nil, true},
		{"throttled while the agent stops", whole, &link.Rejection{Code: "RequestThrottled"}, nil, false},
		{"the server fails while the agent stops", whole, &link.Rejection{Code: "InternalError"}, nil, false},
		{"deleted", bare, &link.Rejection{Code: "ResourceNotFound"}, nil, true},
		{"refused", whole, refused, &bare, false},
		{"refused without details", bare, refused, nil, false},
		{"the agent stops", whole, context.Canceled, nil, false},
	} {
		again, known := afterReport(tt.outcome, tt.err)
		if d := cmp.Diff(tt.again, again); d != "" || known != tt.known {
			t.Errorf("%s: known %t, %s", tt.name, known, d)
		}
	}
}
