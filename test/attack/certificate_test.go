package attack

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/test/testserver"
)

// selfSigned makes a certificate that is valid between two times from now, and nobody's.
func selfSigned(t testing.TB, from, until time.Duration) (pair tls.Certificate, text string) {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "a device"},
		NotBefore:    time.Now().Add(from),
		NotAfter:     time.Now().Add(until),
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	text = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, text
}

// register registers a certificate of a device's own, with a policy, for a thing.
func register(t testing.TB, s *testserver.Server, text, policy, thing string) (arn string) {
	t.Helper()
	ctx, client := t.Context(), s.Control()
	out := must[*iot.RegisterCertificateWithoutCAOutput](t)(client.RegisterCertificateWithoutCA(ctx,
		&iot.RegisterCertificateWithoutCAInput{
			CertificatePem: &text, Status: types.CertificateStatusActive}))
	must[*iot.AttachPolicyOutput](t)(client.AttachPolicy(ctx,
		&iot.AttachPolicyInput{PolicyName: &policy, Target: out.CertificateArn}))
	must[*iot.AttachThingPrincipalOutput](t)(client.AttachThingPrincipal(ctx,
		&iot.AttachThingPrincipalInput{ThingName: &thing, Principal: out.CertificateArn}))
	return aws.ToString(out.CertificateArn)
}

// setStatus changes the status of a certificate.
func setStatus(t testing.TB, s *testserver.Server, id testserver.Identity, status types.CertificateStatus) {
	t.Helper()
	must[*iot.UpdateCertificateOutput](t)(s.Control().UpdateCertificate(t.Context(),
		&iot.UpdateCertificateInput{CertificateId: &id.CertificateID, NewStatus: status}))
}

// letsIn reports whether MQTT over TLS answers a CONNECT with success.
func letsIn(t testing.TB, address string, config *tls.Config, client string) bool {
	t.Helper()
	nc, err := tryDial(address, config)
	if err != nil {
		return false
	}
	defer nc.Close()
	return accepts(nc, client)
}

// accepts sends a CONNECT and reports whether it was accepted. A connection that breaks off is an
// answer too.
func accepts(nc net.Conn, id string) bool {
	p := mqtt.Connect{Version: mqtt.V5, ClientID: id, CleanStart: true}
	nc.SetDeadline(time.Now().Add(patience))
	if _, err := nc.Write(mqtttest.Connect(&p, "")); err != nil {
		return false
	}
	var in mqtt.Reader
	in.Reset(nc, 1<<20)
	packet, err := in.Next()
	return err == nil && packet.Type == mqtt.TypeConnack && packet.Body[1] == 0
}

// No certificate but one that is registered, ACTIVE and valid, with its own key, lets a device in:
// over MQTT, over MQTT by ALPN, and over HTTPS (R-BRK-6, R-HTTP-32, R-ID-14).
func TestCertificates(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	s.Policy("all", testserver.WidePolicy)
	s.Thing("pump-07")
	good := s.Identify("pump-07", "all")
	inactive, revoked, deleted := s.Identify("pump-07", "all"), s.Identify("pump-07", "all"), s.Identify("", "all")
	setStatus(t, s, inactive, types.CertificateStatusInactive)
	setStatus(t, s, revoked, types.CertificateStatusRevoked)
	setStatus(t, s, deleted, types.CertificateStatusInactive)
	must[*iot.DeleteCertificateOutput](t)(s.Control().DeleteCertificate(t.Context(),
		&iot.DeleteCertificateInput{CertificateId: &deleted.CertificateID, ForceDelete: true}))
	unknown, _ := selfSigned(t, -time.Hour, time.Hour)
	early, earlyText := selfSigned(t, time.Hour, 2*time.Hour)
	late, lateText := selfSigned(t, -time.Hour, 2*time.Second)
	own, ownText := selfSigned(t, -time.Hour, time.Hour)
	register(t, s, earlyText, "all", "pump-07")
	register(t, s, lateText, "all", "pump-07")
	register(t, s, ownText, "all", "pump-07")

	time.Sleep(3 * time.Second) // until the certificate that is late has expired: to whole seconds
	another := good.Pair
	another.PrivateKey = unknown.PrivateKey
	second := unknown
	second.Certificate = [][]byte{unknown.Certificate[0], good.Pair.Certificate[0]}
	for _, row := range []struct {
		name string
		pair *tls.Certificate
		good bool
	}{
		{"its own", &good.Pair, true},
		{"self-signed and registered", &own, true},
		{"none", nil, false},
		{"unknown", &unknown, false},
		{"INACTIVE", &inactive.Pair, false},
		{"REVOKED", &revoked.Pair, false},
		{"deleted", &deleted.Pair, false},
		{"not yet valid", &early, false},
		{"expired", &late, false},
		{"another key", &another, false},
		{"second in the chain", &second, false},
	} {
		config := func(protocols ...string) *tls.Config {
			config := s.TLS(nil, protocols...)
			if row.pair != nil {
				config.Certificates = []tls.Certificate{*row.pair}
			}
			return config
		}
		if got := letsIn(t, s.MQTTS, config(), "pump-07"); got != row.good {
			t.Errorf("%s: MQTT lets it in: %v", row.name, got)
		}
		if got := letsIn(t, s.HTTPS, config("x-amzn-mqtt-ca"), "pump-07"); got != row.good {
			t.Errorf("%s: MQTT by ALPN lets it in: %v", row.name, got)
		}
		got := overHTTPS(t, s, config(), "GET", "/things/pump-07/jobs", "")
		if (got.status == http.StatusOK) != row.good || got.status >= 500 {
			t.Errorf("%s: HTTPS answers %d: %s", row.name, got.status, got.body)
		}
	}
}

// overHTTPS sends an unsigned request on a connection of its own; its status is 0 when that fails.
func overHTTPS(t testing.TB, s *testserver.Server, config *tls.Config, method, path, body string) answer {
	t.Helper()
	client := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: config},
		Timeout:   patience,
	}
	r := request{method: method, path: path, body: body, unsigned: true}.signed(s)
	r.URL = must[*url.URL](t)(url.Parse(s.HTTPS + path))
	r.Host = ""
	out, err := client.Do(r)
	if err != nil {
		return answer{}
	}
	defer out.Body.Close()
	return answer{out.StatusCode, string(must[[]byte](t)(io.ReadAll(out.Body))), out.Header}
}

// What is revoked stays out: a resumed TLS session, a connection that was kept, and one between its
// handshake and its CONNECT end too (R-BRK-19).
func TestRevocation(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	s.Policy("all", testserver.WidePolicy)
	s.Thing("pump-07")
	id := s.Identify("pump-07", "all")
	config := s.TLS(&id)
	config.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	device := connect(t, dial(t, s.MQTTS, config), mqtt.Connect{ClientID: "pump-07", CleanStart: true})
	device.wantConnack(mqtt.Success)
	waiting := dial(t, s.MQTTS, s.TLS(&id))
	kept := &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: patience}
	get := func() int {
		out := must[*http.Response](t)(kept.Get(s.HTTPS + "/things/pump-07/jobs"))
		defer out.Body.Close()
		_, _ = io.Copy(io.Discard, out.Body) // so that the connection is kept
		return out.StatusCode
	}
	if got := get(); got != http.StatusOK {
		t.Fatalf("before: %d", got)
	}
	setStatus(t, s, id, types.CertificateStatusRevoked)
	device.wantClosed(mqtt.AdministrativeAction)
	if accepts(waiting, "pump-07") {
		t.Error("a connection that had not sent its CONNECT is let in")
	}
	if got := get(); got < 400 || got >= 500 {
		t.Errorf("a connection that was kept: %d", got)
	}
	if letsIn(t, s.MQTTS, config, "pump-07") {
		t.Error("a resumed TLS session is let in")
	}
}

// TLS is 1.2 or newer with forward secrecy, and says nothing of who may come.
func TestTLS(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	s.Policy("all", testserver.WidePolicy)
	s.Thing("pump-07")
	id := s.Identify("pump-07", "all")
	for _, address := range []string{s.MQTTS, s.HTTPS} {
		for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
			config := s.TLS(&id)
			config.MinVersion, config.MaxVersion = version, version
			if nc, err := tryDial(address, config); err == nil {
				nc.Close()
				t.Errorf("%s: %s is accepted", address, tls.VersionName(version))
			}
		}
		for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
			config := s.TLS(&id)
			config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
			config.CipherSuites = []uint16{suite.ID}
			nc, err := tryDial(address, config)
			if err != nil {
				continue
			}
			nc.Close()
			if name := suite.Name; len(name) < 9 || name[:9] != "TLS_ECDHE" {
				t.Errorf("%s: %s is accepted", address, name)
			}
		}
		config := s.TLS(&id)
		config.GetClientCertificate = func(r *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if len(r.AcceptableCAs) > 0 {
				t.Errorf("%s names %d authorities", address, len(r.AcceptableCAs))
			}
			return &id.Pair, nil
		}
		nc := dial(t, address, config).(*tls.Conn)
		if state := nc.ConnectionState(); state.Version != tls.VersionTLS13 {
			t.Errorf("%s: %s", address, tls.VersionName(state.Version))
		}
	}
}
