package app

import (
	"strings"
	"testing"
)

// Nodes with the same secret have the same subject, others another one, and none shows its secret
// (R-NODE-12).
func TestBusSubject(t *testing.T) {
	t.Parallel()
	one, other := busSubject([]byte("one secret")), busSubject([]byte("another"))
	if one != busSubject([]byte("one secret")) || one == other {
		t.Errorf("%s and %s", one, other)
	}
	if name, found := strings.CutPrefix(one, "drover.bus."); !found || len(name) != 32 || strings.Contains(name, ".") {
		t.Errorf("the subject is %s", one)
	}
}
