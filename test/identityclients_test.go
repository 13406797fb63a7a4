package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

// claimPolicy lets a claim provision devices by the template fleet, and do nothing else.
const claimPolicy = `{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:R:A:client/new-*"},
 {"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":[
  "arn:aws:iot:R:A:topic/$aws/certificates/create/*",
  "arn:aws:iot:R:A:topic/$aws/certificates/create-from-csr/*",
  "arn:aws:iot:R:A:topic/$aws/provisioning-templates/fleet/provision/*"]},
 {"Effect":"Allow","Action":"iot:Subscribe","Resource":[
  "arn:aws:iot:R:A:topicfilter/$aws/certificates/create/*",
  "arn:aws:iot:R:A:topicfilter/$aws/certificates/create-from-csr/*",
  "arn:aws:iot:R:A:topicfilter/$aws/provisioning-templates/fleet/provision/*"]}]}`

// Devices provision themselves with every identity client of the SDKs for JavaScript and Java, on both
// versions of MQTT, by a claim that may do nothing else. Their template puts them into a group, so that
// each finds a job when it connects by itself (R-ID-45, R-ID-79, R-ID-80, R-ID-82, R-ID-83).
func TestIdentityClients(t *testing.T) {
	t.Parallel()
	modules := must[string](t)(filepath.Abs("../.tools/javascript-sdk/node_modules"))
	for _, sdk := range []struct {
		name    string
		program []string
		clients []string
		site    string // how the program prints the device configuration
	}{
		{
			"JavaScript",
			[]string{"node", "testdata/provision.js"},
			[]string{"IotIdentityClient 3", "IotIdentityClient 5", "IotIdentityClientv2 3", "IotIdentityClientv2 5"},
			`{"site":"north"}`,
		},
		{
			"Java",
			// Java's second compiler takes longer than it saves in a program as short as this.
			[]string{"java", "-XX:TieredStopAtLevel=1", "-cp", "../.tools/java-sdk/jars/*", "testdata/Provision.java"},
			[]string{"IotIdentityClient 3", "IotIdentityClient 5", "IotIdentityV2Client 3", "IotIdentityV2Client 5"},
			"{site=north}",
		},
	} {
		t.Run(sdk.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			folder := s.claim()
			arguments := append(sdk.program[1:], s.MQTTS[strings.LastIndex(s.MQTTS, ":")+1:], folder)
			devices := exec.CommandContext(within(t, 2*time.Minute), sdk.program[0], arguments...)
			devices.Env = append(os.Environ(), "NODE_PATH="+modules)
			devices.Stderr = os.Stderr
			out, err := devices.Output()
			if err != nil {
				t.Errorf("the devices (make setup installs the SDK): %v", err)
			}
			var want []string
			for i, client := range sdk.clients {
				for _, line := range []string{
					"rejected 400 InvalidRequest",
					fmt.Sprintf("thing pump-%da %s", i, sdk.site),
					"rejected 400 InvalidCertificateOwnershipToken",
					fmt.Sprintf("job pump-%da fw IN_PROGRESS upgrade", i),
					"rejected 400 InvalidRequest",
					fmt.Sprintf("thing pump-%db %s", i, sdk.site),
					fmt.Sprintf("job pump-%db fw IN_PROGRESS upgrade", i),
				} {
					want = append(want, client+" "+line)
				}
			}
			if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(string(out)), "\n")); diff != "" {
				t.Errorf("the devices saw (-want +got):\n%s", diff)
			}
			s.want("fw", "IN_PROGRESS q0 p8 s0 f0 t0 c0")
		})
	}
}

// claim makes a template whose things come into a group that has a job, and a folder with what devices
// need that provision themselves by it.
func (s *server) claim() (folder string) {
	t, client := s.t, s.Control()
	t.Helper()
	ctx := within(t, time.Minute)
	s.Policy("jobs", s.JobsPolicy())
	s.Policy("claim", strings.ReplaceAll(claimPolicy, "R:A", s.Region+":"+s.Account))
	must[*iot.CreateThingGroupOutput](t)(client.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: aws.String("pumps")}))
	s.create("fw", "pumps", func(in *iot.CreateJobInput) {
		in.TargetSelection, in.Document = types.TargetSelectionContinuous, aws.String(`{"operation":"upgrade"}`)
	})
	body := strings.Replace(fleetTemplate, `"AttributePayload"`, `"ThingGroups": ["pumps"], "AttributePayload"`, 1)
	must[*iot.CreateProvisioningTemplateOutput](t)(client.CreateProvisioningTemplate(ctx, &iot.CreateProvisioningTemplateInput{
		TemplateName: aws.String("fleet"), TemplateBody: &body, Enabled: aws.Bool(true),
		ProvisioningRoleArn: aws.String("arn:aws:iam::000000000000:role/provisioning")}))
	made := must[*iot.CreateKeysAndCertificateOutput](t)(client.CreateKeysAndCertificate(ctx,
		&iot.CreateKeysAndCertificateInput{SetAsActive: true}))
	must[*iot.AttachPolicyOutput](t)(client.AttachPolicy(ctx, &iot.AttachPolicyInput{
		PolicyName: aws.String("claim"), Target: made.CertificateArn}))
	request, key := signingRequest(t)
	return folderOf(t, map[string]string{
		"ca.pem":      string(must[[]byte](t)(os.ReadFile(s.CA))),
		"claim.pem":   *made.CertificatePem,
		"claim.key":   *made.KeyPair.PrivateKey,
		"request.pem": request,
		"request.key": key,
	})
}
