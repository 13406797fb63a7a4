package control

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
)

// RegisterThing takes a certificate in each way that a template has: by a signing request, in PEM form
// when this server or a registered CA has signed it, and by its id; and refuses others (R-ID-85).
func TestRegisterThing(t *testing.T) {
	t.Parallel()
	p := issuing(t)
	body := func(way string) iot.ProvisioningTemplateBody {
		return iot.ProvisioningTemplateBody(`{"Parameters": {"P": {"Type": "String"}, "CA": {"Type": "String", "Default": ""}},
			"Resources": {"c": {"Type": "AWS::IoT::Certificate", "Properties": {` + way + `}},
			"t": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "a"}}}}`)
	}
	register := func(way string, parameters ...string) (*iot.RegisterThingResponse, error) {
		given := iot.ProvisioningParameters{"P": parameters[0]}
		if len(parameters) > 1 {
			given["CA"] = parameters[1]
		}
		return p.RegisterThing(t.Context(), &iot.RegisterThingRequest{TemplateBody: body(way), Parameters: given})
	}
	const byCSR, byPEM, byID = `"CertificateSigningRequest": {"Ref": "P"}`, `"CertificatePem": {"Ref": "P"}`, `"CertificateId": {"Ref": "P"}`
	const byCA = byPEM + `, "CACertificatePem": {"Ref": "CA"}`
	want := func(what string, made *iot.RegisterThingResponse, err error, status registry.CertificateStatus, ca string) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		parsed, err := registry.ParseCertificate(string(made.CertificatePem))
		if err != nil {
			t.Fatal(err)
		}
		id := tlsutil.Fingerprint(parsed.Raw)
		c, err := p.Identity.DescribeCertificate(t.Context(), id)
		if err != nil || c.Status != status || c.CA != ca || !strings.HasSuffix(made.ResourceArns["c"], id) ||
			!strings.HasSuffix(made.ResourceArns["t"], ":thing/a") {
			t.Errorf("%s: %+v, %v, %v", what, c, err, made.ResourceArns)
		}
	}

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	csr := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request}))
	made, err := register(byCSR, csr)
	want("a signing request", made, err, registry.CertificateActive, "")

	own, err := p.Issuer.Issue(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	made, err = register(byPEM+`, "Status": "INACTIVE"`, string(tlsutil.EncodeCertificate(own)))
	want("of this server", made, err, registry.CertificateInactive, "")
	made, err = register(byPEM, string(tlsutil.EncodeCertificate(own)))
	want("again, with another status", made, err, registry.CertificateInactive, "")

	ca, caPEM := newAuthority(t, "of the operator")
	_, otherPEM := newAuthority(t, "of nobody")
	signed := ca.sign(t, key)
	if _, err := register(byPEM, signed); !fault.Is(err, fault.RegistrationFailed) {
		t.Errorf("of a CA that is not registered: %v", err)
	}
	registered, err := p.RegisterCACertificate(t.Context(), &iot.RegisterCACertificateRequest{
		CaCertificate: iot.CertificatePem(caPEM), CertificateMode: new(iot.CertificateMode("SNI_ONLY")), SetAsActive: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := register(byCA, signed, otherPEM); !fault.Is(err, fault.RegistrationFailed) {
		t.Errorf("of another CA: %v", err)
	}
	made, err = register(byCA, signed, caPEM)
	want("of a registered CA", made, err, registry.CertificateActive, string(registered.CertificateID))

	for what, way := range map[string]string{"no request": byCSR, "no certificate": byPEM, "no id": byID} {
		if _, err := register(way, "x"); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.RegistrationFailed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err = p.CreateProvisioningTemplate(t.Context(), &iot.CreateProvisioningTemplateRequest{
		TemplateName: "fleet", TemplateBody: body(byID), ProvisioningRoleArn: "arn:aws:iam::000000000000:role/r"})
	if err != nil {
		t.Fatal(err)
	}
	claim, err := p.CreateProvisioningClaim(t.Context(), &iot.CreateProvisioningClaimRequest{TemplateName: "fleet"})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range [][2]string{{byID, string(claim.CertificateID)}, {byPEM, string(claim.CertificatePem)}} {
		if _, err := register(row[0], row[1]); !fault.Is(err, fault.RegistrationFailed) || !strings.Contains(err.Error(), "temporary claim") {
			t.Errorf("a temporary claim: %v", err)
		}
	}
}

// testAuthority is an authority of an operator.
type testAuthority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) (a testAuthority, text string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a.key, a.certificate = key, &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, a.certificate, a.certificate, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a, string(tlsutil.EncodeCertificate(der))
}

// sign makes the certificate of a device.
func (a testAuthority) sign(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	device := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "pump"},
		NotBefore: time.Now().Add(-time.Hour),
		NotAfter:  time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, device, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return string(tlsutil.EncodeCertificate(der))
}
