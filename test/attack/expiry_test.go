package attack

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/test/testserver"
)

// A certificate expires while its device is connected: nothing is published after its last moment,
// all its connections end, also an idle one, one on HTTPS that was kept is refused, and what waits
// for the thing is there for its next certificate (R-BRK-19, R-ID-14).
func TestExpiryWhileConnected(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	s.Policy("all", testserver.WidePolicy)
	s.Thing("pump-07")
	pair, text := selfSigned(t, -time.Hour, 4*time.Second) // to whole seconds: three to four
	register(t, s, text, "all", "pump-07")
	end := must[*x509.Certificate](t)(x509.ParseCertificate(pair.Certificate[0])).NotAfter
	config := s.TLS(nil)
	config.Certificates = []tls.Certificate{pair}
	config.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	kept := &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: patience}
	get := func() int {
		out := must[*http.Response](t)(kept.Get(s.HTTPS + "/things/pump-07/jobs"))
		defer out.Body.Close()
		_, _ = io.Copy(io.Discard, out.Body) // so that the connection is kept
		return out.StatusCode
	}

	idle := connect(t, dial(t, s.MQTTS, config), mqtt.Connect{ClientID: "pump-07", SessionExpiry: 3600})
	idle.wantConnack(mqtt.Success)
	idle.subscribe("q")
	busy := connect(t, dial(t, s.MQTTS, config), mqtt.Connect{ClientID: "busy", CleanStart: true})
	busy.wantConnack(mqtt.Success)
	if got := get(); got != http.StatusOK {
		t.Fatalf("HTTPS before: %d", got)
	}
	publishUntil(t, busy, end)
	idle.wantClosed(mqtt.AdministrativeAction)
	if late := time.Since(end); late > 10*time.Second {
		t.Errorf("an idle connection was closed after %v", late)
	}
	if got := get(); got < 400 || got >= 500 {
		t.Errorf("a connection on HTTPS that was kept: %d", got)
	}
	if letsIn(t, s.MQTTS, config, "pump-07") {
		t.Error("a resumed TLS session is let in")
	}

	if got := joinPlain(t, s, mqtt.Connect{ClientID: "other"}).publish(1, "q", "waits"); got != 0 {
		t.Fatalf("publish: 0x%02X", byte(got))
	}
	next := s.Identify("pump-07", "all")
	rotated := connect(t, dial(t, s.MQTTS, s.TLS(&next)),
		mqtt.Connect{ClientID: "pump-07", SessionExpiry: 3600})
	if !rotated.wantConnack(mqtt.Success) {
		t.Error("the next certificate of the thing does not find its session")
	}
	if got := rotated.wantPublish("q"); got != "waits" {
		t.Errorf("got %q", got)
	}
}

// publishUntil publishes without a pause until the connection is closed, which must be right after
// a time.
func publishUntil(t *testing.T, c *client, end time.Time) {
	t.Helper()
	for deadline := end.Add(patience); time.Now().Before(deadline); {
		sent := time.Now()
		c.send(mqtt.AppendPublish(nil, c.version, &mqtt.Publish{Topic: "said", QoS: 1, ID: 1}))
		switch packet := c.read(); packet.Type {
		case mqtt.TypePuback:
			if sent.After(end) {
				t.Fatalf("a message was accepted %v after the end", sent.Sub(end))
			}
		case mqtt.TypeDisconnect:
			if got := mqtt.Reason(packet.Body[0]); got != mqtt.AdministrativeAction {
				t.Errorf("DISCONNECT with reason 0x%02X", byte(got))
			}
			if time.Now().Before(end) {
				t.Errorf("closed %v before the end", time.Until(end))
			}
			return
		default:
			t.Fatalf("packet type %d %x", packet.Type, packet.Body)
		}
	}
	t.Fatal("the connection was not closed")
}
