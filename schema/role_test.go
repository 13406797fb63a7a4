package schema_test

import (
	"strings"
	"testing"

	"github.com/drover-iot/drover/schema"
)

// A role includes those before it; what is no role includes nothing, and asks for all when an
// operation has it.
func TestRoles(t *testing.T) { // R-WEB-1
	t.Parallel()
	all := schema.Roles()
	for i, role := range all {
		for j, needed := range all {
			if got := role.Includes(needed); got != (i >= j) {
				t.Errorf("%s includes %s: %t", role, needed, got)
			}
		}
		for _, none := range []schema.Role{"", "root", "Admin"} {
			if none.Includes(role) {
				t.Errorf("%q includes %s", none, role)
			}
			if got := role.Includes(none); got != (role == schema.Admin) {
				t.Errorf("%s may what needs %q: %t", role, none, got)
			}
		}
		if got, err := schema.ParseRole(string(role)); err != nil || got != role {
			t.Errorf("%s: %q, %v", role, got, err)
		}
	}
	if _, err := schema.ParseRole("root"); err == nil || !strings.Contains(err.Error(), `"root"`) {
		t.Errorf("root: %v", err)
	}
	type nothing struct{}
	op := schema.Op[nothing, nothing]{Name: "Forgotten", Route: "GET /forgotten"}
	if got := op.Describe().Role; got != schema.Admin {
		t.Errorf("an operation without a role needs %s", got)
	}
}
