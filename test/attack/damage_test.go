package attack

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/test/testserver"
)

// One damaged value among those of MQTT sessions keeps neither the server from starting nor any
// other session from its messages. The log names the client (R-BRK-45).
func TestDamagedSession(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, sql string
		want      []string // what the damaged session gets afterwards; nil: it is lost
	}{
		{"record", `UPDATE session SET value = x'00' WHERE client = 'damaged' AND seq = 0`, nil},
		{"record of nothing", `UPDATE session SET value = x'' WHERE client = 'damaged' AND seq = 0`, nil},
		{"record that is a number", `UPDATE session SET value = 7 WHERE client = 'damaged' AND seq = 0`, nil},
		{"record is gone", `DELETE FROM session WHERE client = 'damaged' AND seq = 0`, nil},
		{"head", `UPDATE session SET value = x'80' WHERE client = 'damaged' AND seq = 2`, []string{"0", "2"}},
		{"head of an earlier version", `UPDATE session SET value = x'00' WHERE client = 'damaged' AND seq = 2`,
			[]string{"0", "2"}},
		{"body", `UPDATE session SET body = x'3101' WHERE client = 'damaged' AND seq = 2`, []string{"0", "2"}},
		{"no body", `UPDATE session SET body = NULL WHERE client = 'damaged' AND seq = 2`, []string{"0", "2"}},
		{"shared body that is not there", `UPDATE session SET body = NULL, shared = 999
			WHERE client = 'damaged' AND seq = 2`, []string{"0", "2"}},
		{"key beyond all", `UPDATE session SET seq = -7 WHERE client = 'damaged' AND seq = 2`, []string{"0", "2"}},
		{"retained message", `UPDATE session SET value = x'FF' WHERE client = ''`, []string{"0", "1", "2"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := testserver.Serve(t)
			sleep(t, s, "damaged", "damaged")
			sleep(t, s, "sound", "sound")
			c := joinPlain(t, s, mqtt.Connect{ClientID: "publisher", CleanStart: true})
			for i := range 3 {
				c.publish(uint16(i+1), "damaged", fmt.Sprint(i))
				c.publish(uint16(i+4), "sound", fmt.Sprint(i))
			}
			c.send(mqtt.AppendPublish(nil, c.version,
				&mqtt.Publish{Topic: "kept", Payload: []byte("x"), QoS: 1, ID: 9, Retain: true}))
			c.wantPuback(9)
			if err := s.Stop(); err != nil {
				t.Fatal(err)
			}
			if n := change(t, filepath.Join(s.Dir, "drover.db"), row.sql); n != 1 {
				t.Fatalf("%d rows were changed", n)
			}

			s.Start()
			for client, want := range map[string][]string{"sound": {"0", "1", "2"}, "damaged": row.want} {
				c := connect(t, dial(t, s.MQTT, nil), mqtt.Connect{ClientID: client, SessionExpiry: 3600})
				if present := c.wantConnack(mqtt.Success); present != (want != nil) {
					t.Errorf("%s: session present %v", client, present)
				}
				for _, payload := range want {
					if got := c.wantPublish(client); got != payload {
						t.Errorf("%s: message %q, want %q", client, got, payload)
					}
				}
				c.sync()
				c.leave()
			}
			if printed := s.Output.String(); !strings.Contains(printed, "lost") ||
				!strings.Contains(printed, `client=damaged`) && !strings.Contains(printed, "retained") {
				t.Errorf("the log does not say what is lost:\n%s", printed)
			}
			if err := s.Stop(); err != nil {
				t.Fatal(err)
			}
			s.Start() // what was damaged is gone
			if printed := s.Output.String(); strings.Contains(printed, "lost") {
				t.Errorf("it is said again:\n%s", printed)
			}
		})
	}
}
