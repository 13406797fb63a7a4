package registry

import (
	"testing"

	"github.com/drover-iot/drover/internal/fault"
)

// refused compares an answer with the code and the text of its fault; an empty code means accepted.
func refused(t *testing.T, name string, err error, code fault.Code, says string) {
	t.Helper()
	f := fault.Of(err)
	if (code == "") != (err == nil) || f != nil && (f.Code != code || f.Message != says) {
		t.Errorf("%s: %v, want %s %q", name, err, code, says)
	}
}

func ptr[T any](v T) *T { return &v }
