package app

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/store/memory"
)

// The broker counts the connections of a client from 0 again when it was disconnected for
// broker.PresenceMemory. The engine must take a lower count for news after that time, and for old
// news before.
func TestPresenceMemory(t *testing.T) { // R-BRK-33
	t.Parallel()
	e := engine.New(engine.Config{
		Store: memory.Open(),
		Clock: clock.Real{},
		IDs:   ids.Random{},
	})
	go e.Run(t.Context())
	<-e.Ready()
	if _, err := e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "pump"}); err != nil {
		t.Fatal(err)
	}
	server := &Server{engine: e}
	left := time.UnixMilli(1_700_000_000_000)
	for _, row := range []struct {
		away      time.Duration
		connected bool
	}{
		{broker.PresenceMemory - time.Millisecond, false},
		{broker.PresenceMemory, true},
	} {
		server.presence(broker.PresenceEvent{
			ClientID:  "pump",
			EventType: "disconnected",
			SessionID: "known",
			AsThing:   true,
			Version:   7,
			Timestamp: left.UnixMilli(),
			Cause:     broker.ConnectionLost,
		})
		server.presence(broker.PresenceEvent{
			ClientID:  "pump",
			EventType: "connected",
			SessionID: "new",
			AsThing:   true,
			Version:   0,
			Timestamp: left.Add(row.away).UnixMilli(),
		})
		found, _, err := e.Fleet.Search(t.Context(), "thingName:pump", "", 1)
		if err != nil || len(found) != 1 || found[0].Connectivity == nil {
			t.Fatalf("after %v: found %+v, %v", row.away, found, err)
		}
		if got := found[0].Connectivity.Connected; got != row.connected {
			t.Errorf("disconnected for %v: connected is %v, want %v", row.away, got, row.connected)
		}
	}
}
