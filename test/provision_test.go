package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/google/go-cmp/cmp"
)

// fleetTemplate makes a thing with a policy that exists.
const fleetTemplate = `{
	"Parameters": {"Serial": {"Type": "String"}},
	"Resources": {
		"thing": {"Type": "AWS::IoT::Thing", "Properties": {
			"ThingName": {"Fn::Join": ["-", ["pump", {"Ref": "Serial"}]]},
			"AttributePayload": {"serial": {"Ref": "Serial"}}}},
		"certificate": {"Type": "AWS::IoT::Certificate", "Properties": {
			"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"}},
		"policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "jobs"}}},
	"DeviceConfiguration": {"site": "north"}}`

// Devices provision themselves by a claim with the stock SDK, by a key of the server and by one of
// their own, and are ordinary devices afterwards; on the way a request is refused, and a token that
// was used (R-ID-45, R-ID-81 to R-ID-83). The claim is a temporary one (R-ID-86).
func TestProvisionByClaim(t *testing.T) {
	t.Parallel()
	python := must[string](t)(filepath.Abs("../.tools/aws/bin/python"))
	s := serve(t)
	ctx, client := within(t, time.Minute), s.Control()
	must[*iot.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iot.CreatePolicyInput{
		PolicyName: aws.String("jobs"), PolicyDocument: aws.String(s.JobsPolicy())}))
	must[*iot.CreateProvisioningTemplateOutput](t)(client.CreateProvisioningTemplate(ctx, &iot.CreateProvisioningTemplateInput{
		TemplateName: aws.String("fleet"), TemplateBody: aws.String(fleetTemplate), Enabled: aws.Bool(true),
		ProvisioningRoleArn: aws.String("arn:aws:iam::000000000000:role/provisioning")}))
	want := []string{
		"rejected InvalidRequest", "thing pump-7 {'site': 'north'}", "rejected 400 InvalidCertificateOwnershipToken",
		"thing pump-8", "pump-7 has jobs 0 0", "pump-8 has jobs 0 0",
	}
	for _, version := range []string{"3", "5"} {
		claim := must[*iot.CreateProvisioningClaimOutput](t)(client.CreateProvisioningClaim(ctx,
			&iot.CreateProvisioningClaimInput{TemplateName: aws.String("fleet")}))
		request, key := signingRequest(t)
		folder := folderOf(t, map[string]string{
			"ca.pem":      string(must[[]byte](t)(os.ReadFile(s.CA))),
			"device.pem":  *claim.CertificatePem,
			"device.key":  *claim.KeyPair.PrivateKey,
			"request.pem": request,
			"request.key": key,
		})
		port := s.MQTTS[strings.LastIndex(s.MQTTS, ":")+1:]
		device := exec.CommandContext(ctx, python, "testdata/provision.py", version, port, folder)
		device.Stderr = os.Stderr
		out, err := device.Output()
		if err != nil {
			t.Errorf("MQTT %s: %v", version, err)
		}
		if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(string(out)), "\n")); diff != "" {
			t.Errorf("with MQTT %s the device saw (-want +got):\n%s", version, diff)
		}
	}
	thing := must[*iot.DescribeThingOutput](t)(client.DescribeThing(ctx, &iot.DescribeThingInput{ThingName: aws.String("pump-7")}))
	if diff := cmp.Diff(map[string]string{"serial": "7"}, thing.Attributes); diff != "" || thing.Version != 1 {
		t.Errorf("the thing has version %d, attributes (-want +got):\n%s", thing.Version, diff)
	}
}

// signingRequest makes a certificate signing request and its key, in PEM form.
func signingRequest(t testing.TB) (request, key string) {
	t.Helper()
	made := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	der := must[[]byte](t)(x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{Subject: pkix.Name{CommonName: "pump"}}, made))
	private := must[[]byte](t)(x509.MarshalECPrivateKey(made))
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}))
}
