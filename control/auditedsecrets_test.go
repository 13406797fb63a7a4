package control

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
)

// The changes that no story makes are recorded, too. No record has a private key or a whole
// certificate in it.
func TestOtherChangesAreRecorded(t *testing.T) { // R-AUD-1
	t.Parallel()
	recorded := map[string]int{}
	w := &world{scenario: newRecorded(t, func(operation string) { recorded[operation]++ })}
	w.plane.Issuer = issuing(t).Issuer
	want := func(operation string, members m) (answer map[string]any) {
		t.Helper()
		answer = w.do(operation, members)
		if recorded[operation] != 1 {
			t.Errorf("%s has left %d records, want 1", operation, recorded[operation])
		}
		delete(recorded, operation)
		return answer
	}

	made := want("CreateKeysAndCertificate", m{"setAsActive": true})
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	csr := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	fromCSR := want("CreateCertificateFromCsr", m{"certificateSigningRequest": string(csr)})
	want("DeleteCertificate", m{"certificateId": fromCSR["certificateId"]})
	want("RegisterCertificate", m{"certificatePem": fromCSR["certificatePem"]})

	want("CreateProvisioningTemplate", m{"templateName": "fleet", "provisioningRoleArn": "arn:aws:iam::000000000000:role/r",
		"templateBody": `{"Resources": {"c": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": "x"}}}}`})
	want("CreateProvisioningClaim", m{"templateName": "fleet"})

	want("CreatePolicy", m{"policyName": "p",
		"policyDocument": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}`})
	want("AttachPrincipalPolicy", m{"policyName": "p", "principal": made["certificateArn"]})

	want("CreateThingType", m{"thingTypeName": "valve"})
	want("DeprecateThingType", m{"thingTypeName": "valve"})
	w.clock.Set(w.clock.Now().Add(6 * time.Minute))
	want("DeleteThingType", m{"thingTypeName": "valve"})

	for _, name := range []string{"a", "b"} {
		want("CreateThing", m{"thingName": name})
	}
	want("CreateJob", m{"jobId": "j", "document": `{"password":"hunter2"}`,
		"targets": []string{testArn + "thing/a", testArn + "thing/b"}})
	report := job.Report{Event: job.ReportFailed}
	if _, err := w.engine.Jobs.Report(t.Context(), "a", "j", report, false); err != nil {
		t.Fatal(err)
	}
	want("RetryJobExecutions", m{"jobId": "j", "statuses": []string{"FAILED"}})

	secret := want("CreateSink", m{"sinkName": "s", "kind": "WEBHOOK", "url": "https://a"})["secret"].(string) // R-SNK-14
	rotated := want("RotateSinkSecret", m{"sinkName": "s"})["secret"].(string)
	want("CreateSink", m{"sinkName": "kafka", "kind": "KAFKA", "url": "kafkas://a", "subject": "t",
		"username": "u", "password": "hunter3"})
	want("UpdateSink", m{"sinkName": "kafka", "password": "hunter4"})
	w.addDeadLetters("s", "one", "two")
	want("RetryDeadLetters", m{"sinkName": "s", "deadLetterIds": []int{1}})
	want("DeleteDeadLetters", m{"sinkName": "s"})

	pair := made["keyPair"].(map[string]any)
	secrets := []string{secret, rotated, pair["PrivateKey"].(string), made["certificatePem"].(string), "hunter2"}
	for _, r := range w.audited() {
		text := string(r.Seal().Text)
		for _, secret := range secrets {
			for _, line := range strings.Fields(secret) { // of a PEM block
				if len(line) > len("PRIVATE") && strings.Contains(text, line) || strings.Contains(text, "hunter") {
					t.Errorf("record %d of %s has %q in it", r.Number, r.Operation, line)
				}
			}
		}
	}
}
