package browser

import "testing"

// The page offers nobody what their role may not do (R-WEB-4): a viewer nothing that changes
// anything, an operator what concerns jobs, things, groups and artifacts (R-WEB-47).
func TestRoles(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 1)
	f.job("firmware-7", nil)
	offers := []struct{ path, heading, role, name string }{
		{"/#/jobs", "Jobs", "link", "Create a job"},
		{"/#/jobs/firmware-7", "firmware-7", "button", "Pause"},
		{"/#/things", "Things", "button", "Create a thing"},
		{"/#/groups/pumps", "pumps", "button", "Add a thing"},
		{"/#/artifacts", "Artifacts", "button", "Upload"},
		{"/#/policies", "Policies", "button", "Create a policy"},
	}
	for role, offered := range map[string]int{"viewer": 0, "operator": 5, "admin": 6} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			id, secret := f.key(role)
			f := &fleet{Server: f.Server, t: t}
			b := f.signInAs("/", id, secret)
			b.see(role)
			for i, offer := range offers {
				b.open(offer.path)
				b.find("heading", offer.heading)
				b.idle()
				if i < offered {
					b.find(offer.role, offer.name)
				} else {
					b.missing(offer.role, offer.name)
				}
			}
		})
	}
}
