package attack

import (
	"fmt"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/test/testserver"
)

// dockerPatience is how long Docker waits after SIGTERM before it kills.
const dockerPatience = 10 * time.Second

// wantEnd sends SIGTERM and expects that the server ends in time, with status 0.
func wantEnd(t testing.TB, s *testserver.Server, within time.Duration) {
	t.Helper()
	started := time.Now()
	if err := s.Stop(); err != nil {
		t.Errorf("the server ended with %v:\n%s", err, s.Output)
	}
	if took := time.Since(started); took > within {
		t.Errorf("the server took %v to end, want at most %v", took, within)
	}
}

// No client keeps a server from ending: neither one that is stuck, of any kind, nor one that never
// reads its answers.
func TestShutdownWithStuckClients(t *testing.T) { // R-WIRE-33
	t.Parallel()
	kinds := [][]stuckClient{stuckClients()}
	if scale(0, 1) == 1 {
		for _, c := range stuckClients() {
			kinds = append(kinds, []stuckClient{c})
		}
	}
	for _, clients := range kinds {
		name := "all kinds"
		if len(clients) == 1 {
			name = clients[0].name
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testserver.Serve(t)
			largeJob(t, s)
			for _, c := range clients {
				c.attack(t, s, 20)
			}
			for range 5 {
				pipeline(t, s)
			}
			wantEnd(t, s, 7*time.Second)
		})
	}
}

// Hundreds of devices are disconnected one after the other, within what Docker waits, and all of
// them are told why.
func TestShutdownWithManyDevices(t *testing.T) { // R-BRK-30, R-WIRE-33
	t.Parallel()
	s := testserver.Serve(t)
	var devices []*client
	for i := range scale(300, 2000) {
		devices = append(devices, joinPlain(t, s, mqtt.Connect{
			ClientID:   fmt.Sprintf("device-%d", i),
			CleanStart: true,
		}))
	}
	wantEnd(t, s, dockerPatience)
	for _, device := range devices {
		device.wantClosed(mqtt.ServerShuttingDown)
	}
}

// What was acknowledged before and while the server ended is there when it is back.
func TestShutdownKeepsWhatWasAcknowledged(t *testing.T) { // R-WIRE-33
	t.Parallel()
	s := testserver.Serve(t)
	for _, c := range stuckClients() {
		c.attack(t, s, 5)
	}
	acknowledged := make(chan string, 1000)
	go func() {
		defer close(acknowledged)
		for i := range cap(acknowledged) {
			name := fmt.Sprintf("thing-%d", i)
			if send(t, s, request{method: "POST", path: "/things/" + name}).status != 200 {
				return // the server ends
			}
			acknowledged <- name
		}
	}()
	first := <-acknowledged
	wantEnd(t, s, 7*time.Second)
	things := []string{first}
	for name := range acknowledged {
		things = append(things, name)
	}
	s.Start()
	for _, name := range things {
		if got := send(t, s, request{method: "GET", path: "/things/" + name}); got.status != 200 {
			t.Errorf("%s was acknowledged, and now: %d %s", name, got.status, got.body)
		}
	}
}
