package gateway_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/events"
	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
)

// signer is the authority of an operator, with its certificate as crypto/tls has it.
type signer struct{ tls.Certificate }

// newSigner makes an authority.
func newSigner(t *testing.T) signer {
	t.Helper()
	return signer{newSigned(t, nil, valid, "Pumps Ltd CA")}
}

// device makes a key and a certificate of it that the authority has signed.
func (a signer) device(t *testing.T, v validity) *tls.Certificate {
	t.Helper()
	c := newSigned(t, &a.Certificate, v, "pump")
	return &c
}

// newSigned makes a key and a certificate of it; without a parent one of an authority.
func newSigned(t *testing.T, by *tls.Certificate, v validity, name string) tls.Certificate {
	t.Helper()
	key, err := tlsutil.NewECKey()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(v.from), NotAfter: now.Add(v.to),
		IsCA: by == nil, BasicConstraintsValid: by == nil,
	}
	made := tls.Certificate{PrivateKey: key}
	if by == nil {
		by = &tls.Certificate{PrivateKey: key, Leaf: template}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.Leaf, key.Public(), by.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	if made.Leaf, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	made.Certificate = [][]byte{der}
	return made
}

// registerCA registers the certificate of an authority, such that it registers by itself, and
// returns its id.
func (s *server) registerCA(a signer, status registry.CertificateStatus) string {
	s.t.Helper()
	c := registry.NewCACertificate(a.Leaf, registry.ModeSNIOnly)
	c.Status, c.AutoRegister = status, true
	err := s.engine.Identity.AddCACertificate(s.t.Context(),
		identity.NewCACertificate{CACertificate: c, Parsed: a.Leaf})
	if err != nil {
		s.t.Fatal(err)
	}
	return c.ID
}

// knows is a certificate as it is registered; the zero value for one that is not.
func (s *server) knows(c *tls.Certificate) registry.Certificate {
	s.t.Helper()
	found, err := s.engine.Identity.DescribeCertificate(
		s.t.Context(), tlsutil.Fingerprint(c.Leaf.Raw))
	if err != nil && !fault.Is(err, fault.NotFound) {
		s.t.Fatal(err)
	}
	return found
}

// subscribe subscribes to a filter.
func (c *mqttClient) subscribe(t *testing.T, filter string) {
	t.Helper()
	packet := []byte{mqtt.TypeSubscribe<<4 | 2, byte(6 + len(filter)), 0, 1, 0, 0, byte(len(filter))}
	if _, err := c.conn.Write(append(append(packet, filter...), 1)); err != nil {
		t.Fatal(err)
	}
	answer, err := c.in.Next()
	if err != nil || answer.Type != mqtt.TypeSuback || answer.Body[len(answer.Body)-1] > 1 {
		t.Fatalf("%s: %+v, %v", filter, answer, err)
	}
}

// registrations are the events of certificates that a client gets. Events are published a while after
// what they are about, and in its order: when so many are there, end is called, which publishes to
// topic end, and what comes until then belongs to them.
func (c *mqttClient) registrations(
	t *testing.T, so int, end func(),
) (topics []string, found []events.Certificate) {
	t.Helper()
	for {
		if len(found) == so {
			end()
		}
		packet, err := c.in.Next()
		if err != nil {
			t.Fatal(err)
		}
		message, err := mqtt.DecodePublish(packet, mqtt.V5)
		if err != nil {
			t.Fatal(err)
		}
		if message.Topic == "end" {
			return topics, found
		}
		var event events.Certificate
		if err := json.Unmarshal(message.Payload, &event); err != nil {
			t.Fatal(err)
		}
		topics, found = append(topics, message.Topic), append(found, event)
	}
}

// A device that connects with a certificate of a CA that registers by itself has it registered, and
// is refused until an operator has made it ACTIVE. That is published once (R-ID-71, R-ID-72,
// R-BRK-6, R-BRK-19). The CA is registered in mode SNI_ONLY, and the device is served though it says
// no SNI: it calls the server by its address (R-ID-74).
func TestFirstConnect(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ca := newSigner(t)
	id := s.registerCA(ca, registry.CertificateActive)
	listener := s.dial(t, s.mqtt, nil)
	listener.connect("listener", "")
	listener.subscribe(t, "$aws/events/certificates/registered/#")
	listener.subscribe(t, "end")

	pump, lamp := ca.device(t, valid), ca.device(t, valid)
	connect := func(c *tls.Certificate, protocols ...string) string {
		address := s.mqtts
		if len(protocols) > 0 {
			address = s.https
		}
		config := s.tlsConfig(credentials{certificate: c}, protocols...)
		return s.dial(t, address, config).connect("pump-1", "")
	}
	var all sync.WaitGroup
	for range 4 { // at once, and by both listeners
		all.Go(func() {
			if got := connect(pump); got != closed {
				t.Errorf("a first connection: %s, want %s", got, closed)
			}
		})
		all.Go(func() {
			if got := connect(pump, "x-amzn-mqtt-ca"); got != closed {
				t.Errorf("a first connection by ALPN: %s, want %s", got, closed)
			}
		})
	}
	all.Wait()
	pending := s.knows(pump)
	if pending.Status != registry.CertificatePending || pending.CA != id ||
		pending.Mode != registry.ModeSNIOnly {
		t.Errorf("registered as %+v", pending)
	}
	answer, _ := s.send(t, "https://"+s.https, credentials{certificate: lamp},
		call{method: "GET", path: "/things/lamp/jobs"})
	if answer != denied || s.knows(lamp).Status != registry.CertificatePending {
		t.Errorf("by HTTPS: %s, registered as %+v", answer, s.knows(lamp))
	}

	err := s.engine.Identity.SetCertificateStatus(
		t.Context(), pending.ID, registry.CertificateActive)
	if err != nil {
		t.Fatal(err)
	}
	s.createPolicy("all", fullAccess("pump"))
	s.attach("all", pending.ID)
	if got := connect(pump); got != "CONNACK 00" {
		t.Errorf("when it is ACTIVE: %s", got)
	}

	topics, got := listener.registrations(t, 2, func() { s.dial(t, s.mqtt, nil).publishTo(t, "end") })
	want := []events.Certificate{}
	for _, c := range []*tls.Certificate{pump, lamp} {
		at := s.knows(c).CreatedAt.UnixMilli()
		want = append(want, events.Certificate{
			CertificateID:   s.knows(c).ID,
			CACertificateID: id,
			Timestamp:       at,
			Status:          "PENDING_ACTIVATION",
			AccountID:       "000000000000",
			RegisteredAt:    fmt.Sprint(at),
		})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the events (-want +got):\n%s", diff)
	}
	shown, err := s.engine.Identity.DescribeCACertificate(t.Context(), id)
	if err != nil || shown.Mode != registry.ModeSNIOnly {
		t.Errorf("the CA is shown as %+v, %v", shown, err)
	}
	topic := "$aws/events/certificates/registered/" + id
	if diff := cmp.Diff([]string{topic, topic}, topics); diff != "" {
		t.Errorf("the topics (-want +got):\n%s", diff)
	}
}

// publishTo connects and publishes to a topic.
func (c *mqttClient) publishTo(t *testing.T, topic string) {
	t.Helper()
	c.connect("publisher", "")
	if got := c.publish(topic, ""); got != "PUBACK 00" {
		t.Fatalf("published to %s: %s", topic, got)
	}
}

// What is not registered by connecting: what another key has signed, what has expired, and what a CA
// has signed that is INACTIVE, does not register by itself, or was deleted (R-ID-69, R-ID-71,
// R-ID-73). What is registered stays.
func TestNoFirstConnect(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ca, forger := newSigner(t), newSigner(t)
	id := s.registerCA(ca, registry.CertificateActive)
	refused := func(what string, c *tls.Certificate) {
		t.Helper()
		got := s.dial(t, s.mqtts, s.tlsConfig(credentials{certificate: c})).connect("pump-1", "")
		if got != closed || s.knows(c).ID != "" {
			t.Errorf("%s: %s, and registered as %+v", what, got, s.knows(c))
		}
	}
	update := func(u registry.CAUpdate) {
		t.Helper()
		if err := s.engine.Identity.UpdateCACertificate(t.Context(), id, u); err != nil {
			t.Fatal(err)
		}
	}
	refused("of a key that only has the name", forger.device(t, valid))
	refused("expired", ca.device(t, expired))
	own := newCertificate(t, valid)
	refused("of an unknown issuer", &own)

	kept := ca.device(t, valid)
	s.dial(t, s.mqtts, s.tlsConfig(credentials{certificate: kept})).connect("pump-1", "")
	update(registry.CAUpdate{RemoveAutoRegistration: true})
	refused("of a CA that does not register by itself", ca.device(t, valid))
	update(registry.CAUpdate{AutoRegister: new(true), Status: registry.CertificateInactive})
	refused("of a CA that is INACTIVE", ca.device(t, valid))
	if err := s.engine.Identity.DeleteCACertificate(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	refused("of a CA that was deleted", ca.device(t, valid))
	if got := s.knows(kept); got.Status != registry.CertificatePending || got.CA != id {
		t.Errorf("what was registered before is %+v", got)
	}
}
