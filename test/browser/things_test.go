package browser

import "testing"

// Things are found by the beginning of a name and by a query; a query that is none says so in
// place.
func TestThings(t *testing.T) {
	t.Parallel()
	b := serveFleet(t, 12).signIn("/")
	b.click("link", "Things")
	b.find("link", "pump-01")
	b.find("link", "pump-12")
	b.fill("Search", "pump-1")
	b.missing("link", "pump-01")
	b.find("link", "pump-12")
	b.fill("Search", "thingName:pump-03")
	b.missing("link", "pump-12")
	b.click("link", "pump-03")
	b.find("heading", "pump-03")
}

// A thing is held and released on its page, which says why it does not update.
func TestHoldThing(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 2)
	f.job("firmware-7", nil)
	b := f.signIn("/#/things/pump-01")
	b.find("link", "Why is firmware-7 queued?")
	b.click("button", "Hold")
	b.fill("Why", "on the bench")
	b.click("button", "Hold") // that of the dialog
	b.see("on the bench")
	b.inspect("held")
	b.click("button", "Release")
	b.click("button", "Release") // that of the dialog
	b.find("button", "Hold")
	b.gone("on the bench")
}

// A thing and a group are created in the console, and the thing is added to the group.
func TestCreateThingAndGroup(t *testing.T) {
	t.Parallel()
	b := serveFleet(t, 0).signIn("/#/things")
	b.click("button", "Create a thing")
	b.fill("Name", "valve-01")
	b.click("button", "Create")
	b.find("heading", "valve-01")

	b.open("/#/groups")
	b.click("button", "Create a group")
	b.fill("Name", "valves")
	b.click("button", "Create")
	b.find("heading", "valves")
	b.click("button", "Add a thing")
	b.fill("Thing", "valve-01")
	b.click("button", "Add")
	b.find("link", "valve-01")
	b.click("button", "Remove valve-01")
	b.click("button", "Remove") // that of the dialog
	b.see("No thing is in this group itself.")
}

// The number of things that match is that of the query which the group gets: what is typed may be the
// beginning of a name. Of a query that is refused there is no number (R-WEB-33).
func TestCreateDynamicGroup(t *testing.T) {
	t.Parallel()
	b := serveFleet(t, 2).signIn("/#/groups")
	b.click("button", "Create a dynamic group")
	b.fill("Name", "all-pumps")
	b.fill("Query", "pump")
	b.see("The query is thingName:pump*.")
	b.see("2 things match now.")
	b.fill("Query", "pump(")
	b.see("the query ends where a term is due")
	b.fault("400 GET /_drover/things/count")
	b.gone("things match now.")
	b.fill("Query", "pump")
	b.see("2 things match now.")
	b.click("button", "Create")
	b.find("heading", "all-pumps")
	b.see("thingName:pump*")
	b.find("link", thing(1))
}
