package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/broker"
)

// The defaults are those that the rules name, and 0 is any number where that is allowed.
func TestMQTTLimits(t *testing.T) { // R-BRK-12, R-BRK-20
	t.Parallel()
	limits := Default().MQTTLimits
	for _, row := range []struct{ messages, bytes, wantMessages, wantBytes int }{
		{100, 512 << 10, 100, 524288},
		{0, 0, -1, -1},
	} {
		var got broker.Config
		limits.MessageRate, limits.ByteRate = row.messages, row.bytes
		limits.apply(&got)
		want := broker.Config{
			SessionExpiry:     604800e9,
			MaxPayload:        131072,
			MaxPacket:         149504,
			MaxFilters:        8,
			MaxSubscription:   50,
			MaxInFlight:       100,
			MaxRetained:       10000,
			MaxSessions:       1000000,
			MessagesPerSecond: row.wantMessages,
			BytesPerSecond:    row.wantBytes,
		}
		if !cmp.Equal(got, want) {
			t.Errorf("(-want +got):\n%s", cmp.Diff(want, got))
		}
	}
}
