package gateway_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/control"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
)

// A claim connects by TLS like any certificate, and its policies decide about the topics of
// provisioning as about others: a temporary one may use those of its template and nothing else. A
// client that does not subscribe to the answer gets none, and nothing is made (R-ID-80, R-ID-83,
// R-ID-86).
func TestClaims(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	plane := s.controlPlane(t)
	const body = `{"Resources": {"c": {"Type": "AWS::IoT::Certificate",
		"Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}}}}}`
	for _, name := range []string{"fleet", "other"} {
		_, err := plane.CreateProvisioningTemplate(t.Context(), &iot.CreateProvisioningTemplateRequest{
			TemplateName:        iot.ProvisioningTemplateName(name),
			TemplateBody:        body,
			Enabled:             new(true),
			ProvisioningRoleArn: "arn:aws:iam::000000000000:role/r",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	made, err := plane.CreateProvisioningClaim(t.Context(), &iot.CreateProvisioningClaimRequest{TemplateName: "fleet"})
	if err != nil {
		t.Fatal(err)
	}
	temporary, err := tls.X509KeyPair([]byte(made.CertificatePem), []byte(made.KeyPair.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	shared, stranger := newCertificate(t, valid), newCertificate(t, valid)
	s.register(shared, registry.CertificateActive, allow("iot:*", "*"))
	s.register(stranger, registry.CertificateActive, fullAccess("pump"))

	const create, csr = "$aws/certificates/create/json", "$aws/certificates/create-from-csr/json"
	provision := func(name string) string { return "$aws/provisioning-templates/" + name + "/provision/json" }
	for _, row := range []struct {
		name, client  string
		who           tls.Certificate
		hears         []string
		topic, result string
	}{
		{"a temporary claim", "factory", temporary, []string{csr + "/+"}, csr, "PUBACK 00 rejected"},
		{"its template", "factory", temporary, []string{provision("fleet") + "/accepted", provision("fleet") + "/rejected"},
			provision("fleet"), "PUBACK 00 rejected"},
		{"another template", "factory", temporary, nil, provision("other"), "PUBACK 87"},
		{"jobs of a thing", "factory", temporary, nil, "$aws/things/pump/jobs/get", "PUBACK 87"},
		{"who does not subscribe", "factory", temporary, nil, create, "PUBACK 00"},
		{"an answer", "factory", temporary, nil, create + "/accepted", "PUBACK 90"},
		{"another claim", "factory", shared, []string{csr + "/+"}, csr, "PUBACK 00 rejected"},
		{"what is no topic of provisioning", "factory", shared, nil, "$aws/certificates/delete/json", "PUBACK 90"},
		{"a device", "pump-1", stranger, nil, create, "PUBACK 87"},
	} {
		c := s.dial(t, s.mqtts, &tls.Config{
			RootCAs: s.roots, ServerName: "127.0.0.1", Certificates: []tls.Certificate{row.who}})
		if got := c.connect(row.client, ""); got != "CONNACK 00" {
			t.Fatalf("%s: %s", row.name, got)
		}
		for _, filter := range row.hears {
			c.subscribe(t, filter)
		}
		if got := c.publish(row.topic, "{}"); got != row.result {
			t.Errorf("%s: got %s, want %s", row.name, got, row.result)
		}
		c.conn.Close()
	}
	plain := s.dial(t, s.mqtt, nil)
	if got := plain.connect("nobody", ""); got != "CONNACK 00" {
		t.Fatal(got)
	}
	plain.subscribe(t, create+"/+")
	if got := plain.publish(create, "{}"); got != "PUBACK 00 rejected" {
		t.Errorf("on the plain listener: %s", got)
	}
	parsed, err := x509.ParseCertificate(temporary.Certificate[0])
	if err != nil || !parsed.NotAfter.Before(made.Expiration.Time().Add(2*time.Second)) {
		t.Errorf("the claim is good until %v, %v, and expires at %v", parsed.NotAfter, err, made.Expiration)
	}
	found, err := s.engine.Identity.DescribeCertificate(t.Context(), tlsutil.Fingerprint(parsed.Raw))
	if err != nil || found.Status != registry.CertificateActive {
		t.Errorf("the claim is %+v, %v", found, err)
	}
}

// controlPlane is a control plane over the engine of the server, with a device authority.
func (s *server) controlPlane(t *testing.T) *control.Plane {
	t.Helper()
	return &control.Plane{
		Identity:  s.engine.Identity,
		Provision: s.engine.Provision,
		RealNow:   time.Now,
		Scope:     registry.DefaultScope,
		Issuer:    gateway.NewIssuer(rsaAuthority),
	}
}
