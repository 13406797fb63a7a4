package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/test/testserver"
)

// The deprecated operations on principal policies, what policies say, and billing groups, with the
// stock aws command line and with drover's own.
func TestOlderOperationsWalk(t *testing.T) {
	t.Parallel()
	stock := must[string](t)(filepath.Abs("../.tools/aws/bin/aws"))
	if _, err := os.Stat(stock); err != nil {
		t.Fatalf("the aws command line is missing: run make setup: %v", err)
	}
	for name, program := range map[string][]string{"aws": {stock}, "drover": {testserver.Binary}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, home := serve(t), t.TempDir()
			c := commandLine{t: t, program: program, env: s.environment(home), dir: home}
			certificate := c.principalPolicies(s)
			c.authorization(s, certificate)
			c.billingGroups(s)
		})
	}
}

// principalPolicies returns the ARN of a certificate that has two policies.
func (c commandLine) principalPolicies(s *server) string { // R-ID-62
	certificate := c.json("iot", "create-keys-and-certificate", "--set-as-active")["certificateArn"].(string)
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"` +
		s.ARN("client", "${iot:Connection.Thing.ThingName}") + `"}]}`
	for _, policy := range []string{"z", "a", "m"} { // another order than that of the names
		c.json("iot", "create-policy", "--policy-name", policy, "--policy-document", document)
		c.json("iot", "attach-principal-policy", "--policy-name", policy, "--principal", certificate)
	}
	c.json("iot", "attach-principal-policy", "--policy-name", "z", "--principal", certificate)
	names := []string{"list-principal-policies", "--principal", certificate, "--query", "policies[].policyName"}
	c.want("m\ta\tz", names...)
	c.want("z\ta\tm", append(names, "--ascending-order")...)
	c.want("z", append(names, "--ascending-order", "--page-size", "1")...)
	marker := strings.TrimSpace(c.ok("iot", "list-principal-policies", "--principal", certificate, "--page-size", "2",
		"--query", "nextMarker", "--output", "text"))
	c.want("z", append(names, "--page-size", "2", "--marker", marker)...)
	c.refused("InvalidRequestException", "iot", "list-principal-policies", "--principal", certificate, "--ascending-order", "--marker", marker)
	c.want("a\tm\tz", "list-attached-policies", "--target", certificate, "--query", "policies[].policyName")
	c.json("iot", "create-thing-group", "--thing-group-name", "site")
	c.json("iot", "attach-policy", "--policy-name", "z", "--target", s.ARN("thinggroup", "site"))
	c.want(s.ARN("thinggroup", "site")+"\t"+certificate, "list-policy-principals", "--policy-name", "z", "--query", "principals")
	c.want(certificate+"\t"+s.ARN("thinggroup", "site"), "list-policy-principals", "--policy-name", "z", "--query", "principals", "--ascending-order")
	c.json("iot", "detach-principal-policy", "--policy-name", "m", "--principal", certificate)
	c.json("iot", "detach-principal-policy", "--policy-name", "m", "--principal", certificate)
	c.want("a\tz", append(names, "--max-items", "9")...)

	c.refused("ResourceNotFoundException", "iot", "attach-principal-policy", "--policy-name", "none", "--principal", "x")
	c.refused("InvalidRequestException", "iot", "attach-principal-policy", "--policy-name", "a", "--principal", "x")
	c.refused("ResourceNotFoundException", "iot", "list-policy-principals", "--policy-name", "none")
	c.refused("InvalidRequestException", "iot", "list-policy-principals", "--policy-name", "a", "--page-size", "251")
	c.refused("InvalidRequestException", "iot", "list-policy-principals", "--policy-name", "a", "--marker", "abcd")
	return certificate
}

func (c commandLine) authorization(s *server, certificate string) { // R-ID-63, R-ID-64
	c.json("iot", "create-thing", "--thing-name", "pump")
	c.json("iot", "attach-thing-principal", "--thing-name", "pump", "--principal", certificate)
	c.json("iot", "add-thing-to-thing-group", "--thing-group-name", "site", "--thing-name", "pump")
	c.json("iot", "create-policy", "--policy-name", "no", "--policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iot:Publish","Resource":"*"}]}`)
	c.json("iot", "attach-policy", "--policy-name", "no", "--target", s.ARN("thinggroup", "site"))
	effective := []string{"get-effective-policies", "--principal", certificate, "--query", "effectivePolicies[].policyName"}
	c.want("a\tz", effective...)
	c.want("a\tno\tz", append(effective, "--thing-name", "pump")...)
	c.refused("InvalidRequestException", "iot", "get-effective-policies")
	c.refused("ResourceNotFoundException", "iot", "get-effective-policies", "--thing-name", "none")

	test := func(client, action, resource string, more ...string) []string {
		return append([]string{"test-authorization", "--principal", certificate, "--client-id", client,
			"--auth-infos", "actionType=" + action + ",resources=" + resource}, more...)
	}
	decision := []string{"--query", "authResults[].authDecision"}
	c.want("ALLOWED", test("pump", "CONNECT", s.ARN("client", "pump"), decision...)...)
	c.want("IMPLICIT_DENY", test("pump", "CONNECT", s.ARN("client", "lamp"), decision...)...)
	c.want("EXPLICIT_DENY", test("pump", "PUBLISH", s.ARN("topic", "a"), decision...)...)
	c.want("IMPLICIT_DENY", append(test("pump", "PUBLISH", s.ARN("topic", "a"), decision...), "--policy-names-to-skip", "no")...)
	c.want("EXPLICIT_DENY", append(test("lamp", "PUBLISH", s.ARN("topic", "a"), decision...), "--policy-names-to-add", "no")...)
	c.want("iot:Connection.Thing.ThingName", test("lamp", "CONNECT", s.ARN("client", "lamp"), "--query", "authResults[].missingContextValues[]")...)
	c.want("no", test("pump", "PUBLISH", s.ARN("topic", "a"), "--query", "authResults[].denied.explicitDeny.policies[].policyName")...)
	c.refused("InvalidRequestException", append([]string{"iot"}, test("pump", "PUBLISH", s.ARN("client", "a"))...)...)
	c.refused("ResourceNotFoundException", append([]string{"iot"}, append(test("pump", "PUBLISH", s.ARN("topic", "a")), "--policy-names-to-add", "none")...)...)
}

func (c commandLine) billingGroups(s *server) { // R-ID-43, R-ID-44
	arn := s.ARN("billinggroup", "sales")
	c.want(arn, "create-billing-group", "--billing-group-name", "sales", "--query", "billingGroupArn",
		"--billing-group-properties", "billingGroupDescription=All of sales", "--tags", "Key=cost,Value=7")
	c.refused("ResourceAlreadyExistsException", "iot", "create-billing-group", "--billing-group-name", "sales")
	c.json("iot", "create-billing-group", "--billing-group-name", "lab")
	c.want("lab\nsales", "list-billing-groups", "--query", "billingGroups[].groupName", "--page-size", "1")
	c.want("sales", "list-billing-groups", "--query", "billingGroups[].groupName", "--name-prefix-filter", "s")
	c.want("1\tAll of sales", "describe-billing-group", "--billing-group-name", "sales", "--query", "[version,billingGroupProperties.billingGroupDescription]")
	c.want("2", "update-billing-group", "--billing-group-name", "sales", "--billing-group-properties", "billingGroupDescription=Sales",
		"--expected-version", "1", "--query", "version")
	c.refused("VersionConflictException", "iot", "update-billing-group", "--billing-group-name", "sales", "--billing-group-properties", "{}", "--expected-version", "1")
	c.want("cost\t7", "list-tags-for-resource", "--resource-arn", arn, "--query", "tags[].[Key,Value][]")

	c.json("iot", "create-thing", "--thing-name", "lamp", "--billing-group-name", "sales")
	c.refused("ResourceNotFoundException", "iot", "create-thing", "--thing-name", "x", "--billing-group-name", "none")
	c.json("iot", "add-thing-to-billing-group", "--billing-group-arn", arn, "--thing-name", "pump")
	c.refused("InvalidRequestException", "iot", "add-thing-to-billing-group", "--billing-group-name", "lab", "--thing-name", "pump")
	c.refused("InvalidRequestException", "iot", "add-thing-to-billing-group", "--billing-group-name", "lab")
	c.refused("ResourceNotFoundException", "iot", "add-thing-to-billing-group", "--billing-group-name", "lab", "--thing-name", "none")
	c.want("lamp\npump", "list-things-in-billing-group", "--billing-group-name", "sales", "--query", "things", "--page-size", "1")
	c.want("sales", "describe-thing", "--thing-name", "pump", "--query", "billingGroupName")
	c.json("iot", "remove-thing-from-billing-group", "--billing-group-name", "sales", "--thing-name", "pump")
	c.json("iot", "remove-thing-from-billing-group", "--billing-group-name", "sales", "--thing-name", "pump")
	c.want("lamp", "list-things-in-billing-group", "--billing-group-name", "sales", "--query", "things")
	c.json("iot", "delete-billing-group", "--billing-group-name", "sales")
	c.want("None", "describe-thing", "--thing-name", "lamp", "--query", "billingGroupName")
	c.refused("ResourceNotFoundException", "iot", "describe-billing-group", "--billing-group-name", "sales")
	c.refused("ResourceNotFoundException", "iot", "list-tags-for-resource", "--resource-arn", arn)
}
