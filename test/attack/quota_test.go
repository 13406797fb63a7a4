package attack

import (
	"strconv"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/test/testserver"
)

// One certificate retains as much as it can on many connections: it gets a tenth of the messages
// and a tenth of the bytes, and others retain theirs; after a restart too (R-BRK-20, R-BRK-23).
func TestRetainedQuota(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	s.Policy("all", testserver.WidePolicy)
	many, large, other := s.Identify("", "all"), s.Identify("", "all"), s.Identify("", "all")
	const share, shareBytes, largest = 1000, 64 << 20 / 10, 120 << 10
	if got := retainAll(t, s, &many, share+50, 10); got != share {
		t.Errorf("%d messages of one certificate are retained, want %d", got, share)
	}
	most := shareBytes / largest
	if got := retainAll(t, s, &large, most+10, largest); got < most-1 || got > most {
		t.Errorf("%d messages of 120 KiB of one certificate are retained, want %d", got, most)
	}
	if got := retainAll(t, s, &other, 10, 100); got != 10 {
		t.Errorf("%d of 10 messages of another certificate are retained", got)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	s.Start()
	c := join(t, s, &many, mqtt.Connect{ClientID: "again", CleanStart: true})
	c.send(mqtt.AppendPublish(nil, c.version, &mqtt.Publish{
		Topic: "r/again", Payload: []byte("x"), QoS: 1, ID: 1, Retain: true}))
	if got := c.wantPuback(1); got != mqtt.QuotaExceeded {
		t.Errorf("one more after a restart: 0x%02X, want 0x97", byte(got))
	}
}

// retainAll retains n messages of a size on ten connections, and returns how many were accepted.
func retainAll(t *testing.T, s *testserver.Server, id *testserver.Identity, n, size int) int {
	t.Helper()
	const conns = 10
	var retained atomic.Int64
	var all errgroup.Group
	payload := make([]byte, size)
	for i := range conns {
		name := id.CertificateID[:8] + "-" + strconv.Itoa(i)
		c := join(t, s, id, mqtt.Connect{ClientID: name, CleanStart: true})
		all.Go(func() error {
			for k := i; k < n; k += conns {
				packet := mqtt.AppendPublish(nil, c.version, &mqtt.Publish{
					Topic: "r/" + name + "/" + strconv.Itoa(k), Payload: payload, QoS: 1, ID: 1, Retain: true})
				if _, err := c.nc.Write(packet); err != nil {
					return err
				}
				answer, err := c.in.Next()
				if err != nil {
					return err
				}
				if len(answer.Body) == 2 || answer.Body[2] == 0 {
					retained.Add(1)
				} else if got := mqtt.Reason(answer.Body[2]); got != mqtt.QuotaExceeded {
					t.Errorf("PUBACK with reason 0x%02X", byte(got))
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	return int(retained.Load())
}
