package test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/drover-iot/drover/test/testserver"
)

// SIGHUP has a server read its certificate and its file again. Who is connected stays so; new
// connections get the new certificate; a file or a certificate that is wrong changes nothing.
func TestReload(t *testing.T) { // R-CFG-9, R-CFG-10, R-CFG-11
	t.Parallel()
	file := filepath.Join(t.TempDir(), "drover.yaml")
	settings := func(lines ...string) {
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings("log: info", "max-snapshot-jobs: 2", "audit-days: 10")
	s := &server{Server: testserver.New(t), t: t}
	s.Start("--config", file, "--log-format", "json", "--control-rate", "1000")
	s.fleet("g", 1)
	s.create("first", "g", nil)
	reload := func(want string) string {
		t.Helper()
		before := len(s.Output.String())
		s.Signal(syscall.SIGHUP)
		eventually(t, "the log has "+want, func() bool { return strings.Contains(s.Output.String()[before:], want) })
		return s.Output.String()[before:]
	}
	held := connectTLS(t, s)
	s.Policy("jobs", s.JobsPolicy())
	id := s.Identify(thingName(0), "jobs")
	d := must[*v3](t)(connect3(t, s.MQTTS, thingName(0), s.TLS(&id), newInbox(t)))

	// What is wrong changes nothing, not even what is right beside it.
	made := held.name
	replaceCertificate(t, s.Dir, "first.example.org")
	settings("log: debug", "max-snapshot-jobs: some")
	reload(file + ":2: max-snapshot-jobs: some must be a whole number, 0 or more; 0: any number")
	if got := connectTLS(t, s).name; got != made {
		t.Errorf("with a wrong file the certificate is that of %s", got)
	}
	settings("log: debug", "max-snapshot-jobs: 1")
	key := filepath.Join(s.Dir, "server.key")
	if err := os.WriteFile(key, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	reload("everything stays as it was")
	s.create("second", "g", nil)
	if strings.Contains(s.Output.String(), `"level":"DEBUG"`) {
		t.Error("with a wrong certificate the level of the log changed")
	}

	// What is right is in force, and the log says what needs a restart.
	replaceCertificate(t, s.Dir, "second.example.org")
	settings("log: debug", "max-snapshot-jobs: 1", "audit-days: 20", "control-rate: 1")
	said := reload(`"settings":"audit-days"`)
	if !strings.Contains(said, `"changed":"max-snapshot-jobs=1, log=debug","certificate":"another one, until `) {
		t.Errorf("the log says\n%s", said)
	}
	if got := connectTLS(t, s).name; got != "second.example.org" {
		t.Errorf("the certificate is that of %s", got)
	}
	held.ask()
	if !d.client.IsConnected() {
		t.Error("the device was disconnected")
	}
	_, err := s.Control().CreateJob(within(t, 20*time.Second), &iot.CreateJobInput{
		JobId: aws.String("third"), Targets: []string{s.ARN("thinggroup", "g")}, Document: aws.String("{}"),
	})
	if err == nil || !strings.Contains(err.Error(), "LimitExceeded") {
		t.Errorf("a third job: %v", err)
	}
	eventually(t, "requests are logged", func() bool { return strings.Contains(s.Output.String(), `"level":"DEBUG"`) })
	if said := reload(`"certificate":"as it was"`); !strings.Contains(said, `"changed":""`) {
		t.Errorf("when nothing has changed the log says\n%s", said)
	}
}

// A limit on MQTT clients that is a setting holds for them.
func TestMQTTSettings(t *testing.T) { // R-BRK-20
	t.Parallel()
	s := serve(t, "--mqtt-max-payload", "262144", "--mqtt-byte-rate", "0")
	in := newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTT, "large", nil, in))
	d.subscribe("large/#")
	d.publish("large/text", strings.Repeat("x", 262144))
	in.expect("large/text")
	d.client.Publish("large/text", 1, false, strings.Repeat("x", 262145))
	eventually(t, "the connection is closed", func() bool { return !d.client.IsConnected() })
}

// A tlsConnection is a connection to the HTTPS listener.
type tlsConnection struct {
	t       testing.TB
	conn    *tls.Conn
	answers *bufio.Reader
	name    string // of the server's certificate
}

// connectTLS connects and makes one request.
func connectTLS(t testing.TB, s *server) tlsConnection {
	t.Helper()
	address := strings.TrimPrefix(s.HTTPS, "https://")
	conn := must[*tls.Conn](t)(tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}))
	t.Cleanup(func() { _ = conn.Close() })
	c := tlsConnection{t, conn, bufio.NewReader(conn), conn.ConnectionState().PeerCertificates[0].DNSNames[0]}
	c.ask()
	return c
}

// ask makes a request that anybody may make.
func (c tlsConnection) ask() {
	c.t.Helper()
	request := must[*http.Request](c.t)(http.NewRequestWithContext(c.t.Context(), http.MethodGet, "https://localhost/", nil))
	if err := request.Write(c.conn); err != nil {
		c.t.Fatal(err)
	}
	answer := must[*http.Response](c.t)(http.ReadResponse(c.answers, request))
	if answer.Close {
		c.t.Fatalf("%s ends the connection", answer.Status)
	}
	must[[]byte](c.t)(io.ReadAll(answer.Body)) // the next answer stands behind it
	_ = answer.Body.Close()
}

// replaceCertificate puts a certificate for a host into a data folder.
func replaceCertificate(t testing.TB, dir, host string) {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: host},
		DNSNames:     []string{host},
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	certificate := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	for name, block := range map[string]*pem.Block{
		"server.pem": {Type: "CERTIFICATE", Bytes: certificate},
		"server.key": {Type: "PRIVATE KEY", Bytes: must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path+".new", pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}
