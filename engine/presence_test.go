package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
)

// Things enter and leave groups as their clients come and go (R-ID-38, R-ID-40, R-ID-61).
func TestPresence(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	seen := time.UnixMilli(1_700_000_000_000)
	tell := func(client, session string, version int64, reason string) {
		t.Helper()
		seen = seen.Add(time.Second)
		w.Fleet.SetPresence(fleet.Presence{Client: client, Session: session, Version: version, Connectivity: fleetquery.Connectivity{
			Connected: reason == "", At: seen, DisconnectReason: reason,
		}})
		w.must(w.WaitIdle(ctx))
	}
	w.thing("a", "")
	w.thing("b", "")
	w.dynamic("online", "connectivity.connected:true")
	w.dynamic("lost", "connectivity.disconnectReason:*")
	w.dynamic("other", "thingName:*")
	w.members("online")
	tell("a", "s1", 0, "")
	tell("late", "s9", 0, "")
	w.members("online", "a")
	w.thing("late", "") // its client is there already
	w.members("online", "a", "late")
	tell("a", "s2", 1, "")                   // takes over
	tell("a", "s1", 0, "DUPLICATE_CLIENTID") // what it took over from ends afterwards
	w.members("online", "a", "late")
	tell("a", "s2", 1, "CONNECTION_LOST")
	w.members("online", "late")
	w.members("lost", "a")
	tell("a", "s3", 0, "") // old news
	w.members("online", "late")
	seen = seen.Add(time.Hour)
	tell("a", "s4", 0, "") // counted anew
	w.members("online", "a", "late")
	w.members("lost")
	found, _, err := w.Fleet.Search(ctx, "connectivity.timestamp:>0", "", 10)
	if err != nil || len(found) != 2 || !found[0].Connectivity.Connected || !found[0].Connectivity.At.Equal(seen) {
		t.Errorf("found %+v, %v", found, err)
	}
	for i := range 3 * jobs.BackgroundStep { // strangers are forgotten when they go
		client := fmt.Sprint("x", i)
		w.Fleet.SetPresence(fleet.Presence{Client: client, Connectivity: fleetquery.Connectivity{Connected: true}})
		w.Fleet.SetPresence(fleet.Presence{Client: client, Connectivity: fleetquery.Connectivity{DisconnectReason: "CLIENT_ERROR"}})
	}
	w.must(w.WaitIdle(ctx))

	// A server that starts has seen nobody yet. For a while, who was connected stays where it was,
	// unless there is news of it; then who has not come back leaves (R-ID-61).
	tell("b", "s5", 1, "")
	w.members("online", "a", "b", "late")
	w.stop()
	config := w.config
	config.PresenceGrace = time.Hour
	again := New(config)
	done := make(chan error, 1)
	go func() { done <- again.Run(ctx) }()
	<-again.Ready()
	next := registryWorld{t, again, nil}
	next.thing("c", "")
	next.must(again.Fleet.UpdateThing(ctx, "late", registry.ThingUpdate{Attributes: map[string]string{"x": "1"}}))
	next.must(again.WaitIdle(ctx))
	next.members("online", "a", "b", "late")
	again.Fleet.SetPresence(fleet.Presence{Client: "a", Session: "s6", Connectivity: fleetquery.Connectivity{Connected: true, At: seen}})
	again.Fleet.SetPresence(fleet.Presence{Client: "b", Session: "s7", Connectivity: fleetquery.Connectivity{DisconnectReason: "CLIENT_ERROR", At: seen}})
	next.must(again.WaitIdle(ctx))
	next.members("online", "a", "late")
	again.Fleet.PresenceGrace = 0
	again.Fleet.BeginPresences()() // the time is over
	next.must(again.WaitIdle(ctx))
	next.members("online", "a")
	next.members("other", "a", "b", "c", "late")
	_, err = again.Fleet.DescribeGroup(ctx, "none")
	next.refused(err, fault.NotFound)
}

// Who comes back is looked at a page at a time, between steps of what else is due: a fleet that
// comes and goes without end holds up no timer.
func TestPresencesAreFollowedInSteps(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t)
	w.stop()
	for i := range 2*jobs.BackgroundStep + 1 {
		w.Fleet.SetPresence(fleet.Presence{Client: fmt.Sprint("x", i), Connectivity: fleetquery.Connectivity{Connected: true}})
	}
	for step := range 3 {
		if goesOn, err := w.Fleet.FollowPresences(t.Context()); err != nil || goesOn != (step < 2) {
			t.Errorf("step %d: there is more: %t, %v", step, goesOn, err)
		}
	}
}

// What was known of the client of a thing goes with the thing, unless it is connected: a thing of the
// same name that is created later starts with no history (R-CON-12).
func TestPresenceOfADeletedThing(t *testing.T) {
	t.Parallel()
	for _, connected := range []bool{false, true} {
		w := newRegistryWorld(t)
		ctx := t.Context()
		w.thing("a", "")
		w.Fleet.SetPresence(fleet.Presence{Client: "a", Connectivity: fleetquery.Connectivity{Connected: connected}})
		w.must(w.WaitIdle(ctx))
		w.must(w.Fleet.DeleteThing(ctx, "a", nil))
		w.thing("a", "")
		found, _, err := w.Fleet.Search(ctx, "thingName:a", "", 10)
		if err != nil || len(found) != 1 || (found[0].Connectivity != nil) != connected {
			t.Errorf("connected %t: found %+v, %v", connected, found, err)
		}
	}
}
