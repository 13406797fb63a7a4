package test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/drover-iot/drover/test/testserver"
)

// authority is an authority of an operator's own, as its tools make it.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  crypto.Signer
}

// certify makes a certificate of a name for a new key; of the authority itself when it has none yet.
func (a *authority) certify(name string) tls.Certificate {
	a.t.Helper()
	key := must[*ecdsa.PrivateKey](a.t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	parent, by := a.cert, a.key
	if parent == nil {
		template.IsCA, template.BasicConstraintsValid = true, true
		template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
		parent, by = template, key
	}
	der := must[[]byte](a.t)(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by))
	return tls.Certificate{
		Certificate: [][]byte{der},
		PrivateKey:  key,
		Leaf:        must[*x509.Certificate](a.t)(x509.ParseCertificate(der)),
	}
}

// write writes a certificate as PEM.
func (a *authority) write(path string, c tls.Certificate) {
	a.t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Leaf.Raw})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// The whole way of a device whose certificate an authority of the operator's own has signed, with the
// stock aws command line: the authority is registered, the device connects and is refused, whoever
// may hears of it, activates the certificate, and the device is let in.
func TestRegistrationByConnecting(t *testing.T) { // R-ID-19, R-ID-66, R-ID-67, R-ID-71, R-ID-72, R-ID-75, R-BRK-6
	t.Parallel()
	stock := must[string](t)(filepath.Abs("../.tools/aws/bin/aws"))
	if _, err := os.Stat(stock); err != nil {
		t.Fatalf("the aws command line is missing: run make setup: %v", err)
	}
	s, home := serve(t), t.TempDir()
	c := commandLine{t: t, program: []string{stock}, env: s.environment(home), dir: home}
	s.Thing("pump-07")
	s.Policy("jobs", s.JobsPolicy())
	s.Policy("wide", testserver.WidePolicy)

	own := &authority{t: t}
	ca := own.certify("Pumps Ltd CA")
	own.cert, own.key = ca.Leaf, ca.PrivateKey.(crypto.Signer)
	code := c.json("iot", "get-registration-code")["registrationCode"].(string)
	own.write(filepath.Join(home, "ca.pem"), ca)
	own.write(filepath.Join(home, "verification.pem"), own.certify(code))
	id := c.json("iot", "register-ca-certificate", "--ca-certificate", "file://ca.pem",
		"--verification-certificate", "file://verification.pem", "--set-as-active",
		"--allow-auto-registration")["certificateId"].(string)

	const registrations = "$aws/events/certificates/registered/#"
	listener, in := s.Identify("", "wide"), newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTTS, "operator", s.TLS(&listener), in))
	d.subscribe(registrations)
	other := s.Identify("pump-07", "jobs")
	curious := must[*v3](t)(connect3(t, s.MQTTS, "pump-07", s.TLS(&other), newInbox(t)))
	token := curious.client.Subscribe(registrations, 1, nil).(*mqtt.SubscribeToken)
	if !token.WaitTimeout(5*time.Second) || token.Result()[registrations] != 0x80 {
		t.Errorf("a device that may not hear of registrations is answered %v, want 0x80", token.Result())
	}
	curious.close()

	device := testserver.Identity{Thing: "pump-07", Pair: own.certify("pump-07")}
	if _, err := connect3(t, s.MQTTS, "pump-07", s.TLS(&device), newInbox(t)); err == nil {
		t.Error("connected before the certificate was activated")
	}
	m := in.next()
	certificate, _ := m.at("certificateId").(string)
	if !strings.HasSuffix(m.Topic, "/"+id) || m.at("caCertificateId") != id || certificate == "" ||
		m.at("certificateStatus") != "PENDING_ACTIVATION" || m.at("awsAccountId") == nil {
		t.Errorf("on %s: %s", m.Topic, m.Text)
	}
	c.want(certificate+"\tPENDING_ACTIVATION", "list-certificates-by-ca", "--ca-certificate-id", id,
		"--query", "certificates[].[certificateId,status]")
	c.json("iot", "update-certificate", "--certificate-id", certificate, "--new-status", "ACTIVE")
	arn := s.ARN("cert", certificate)
	c.json("iot", "attach-thing-principal", "--thing-name", "pump-07", "--principal", arn)
	c.json("iot", "attach-policy", "--policy-name", "jobs", "--target", arn)

	inDevice := newInbox(t)
	pump := must[*v3](t)(connect3(t, s.MQTTS, "pump-07", s.TLS(&device), inDevice))
	pump.publish("$aws/things/pump-07/jobs/get", "{}")
	inDevice.expect("/get/accepted")
	in.empty() // its second connection is no news

	// With a template the next device needs nobody: it connects, is provisioned, and connects again. One
	// that the template cannot provision leaves nothing.
	template := filepath.Join(home, "jitp.json")
	if err := os.WriteFile(template, []byte(provisionFirst), 0o600); err != nil {
		t.Fatal(err)
	}
	const role = "arn:aws:iam::000000000000:role/provisioning"
	c.json("iot", "create-provisioning-template", "--template-name", "pumps", "--type", "JITP", "--enabled",
		"--provisioning-role-arn", role, "--template-body", "file://jitp.json")
	c.run("iot", "update-ca-certificate", "--certificate-id", id,
		"--registration-config", "templateName=pumps,roleArn="+role)
	next := testserver.Identity{Thing: "pump-08", Pair: own.certify("pump-08")}
	if _, err := connect3(t, s.MQTTS, "pump-08", s.TLS(&next), newInbox(t)); err == nil {
		t.Error("connected with the certificate that was being provisioned")
	}
	if m := in.next(); m.at("certificateStatus") != "ACTIVE" {
		t.Errorf("provisioned: %s", m.Text)
	}
	inNext := newInbox(t)
	pump = must[*v3](t)(connect3(t, s.MQTTS, "pump-08", s.TLS(&next), inNext))
	pump.publish("$aws/things/pump-08/jobs/get", "{}")
	inNext.expect("/get/accepted")
	nameless := testserver.Identity{Pair: own.certify("")}
	for range 2 {
		if _, err := connect3(t, s.MQTTS, "pump-09", s.TLS(&nameless), newInbox(t)); err == nil {
			t.Error("connected without a name for the thing")
		}
	}
	in.empty()
	c.want("2", "list-certificates-by-ca", "--ca-certificate-id", id, "--query", "length(certificates)")
	if !strings.Contains(s.Output.String(), "the provisioning template of its CA cannot be carried out") {
		t.Error("the log does not say why a device was not provisioned")
	}
}

// provisionFirst is a template for devices that provision themselves by their certificate (R-ID-75).
const provisionFirst = `{"Parameters": {"AWS::IoT::Certificate::CommonName": {"Type": "String"}, "AWS::IoT::Certificate::Id": {"Type": "String"}},
 "Resources": {
  "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "AWS::IoT::Certificate::CommonName"}}},
  "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"}},
  "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "jobs"}}}}`
