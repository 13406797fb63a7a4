package provisioning

import (
	"encoding/json"

	"github.com/drover-iot/drover/registry"
)

// The topics of provisioning, without what follows them (docs/spec/32, section 5).
const (
	CreateTopic   = "$aws/certificates/create/"
	FromCSRTopic  = "$aws/certificates/create-from-csr/"
	TemplateTopic = "$aws/provisioning-templates/" // then NAME/provision/
)

// ClaimPolicy is what a temporary claim to a template may do: connect, ask for a certificate, and
// provision by this template (R-ID-86).
func ClaimPolicy(scope registry.Scope, template string) string {
	type statement struct {
		Effect   string
		Action   []string
		Resource []string
	}
	arns := func(kind string) (list []string) {
		for _, topic := range []string{
			CreateTopic, FromCSRTopic, TemplateTopic + template + "/provision/",
		} {
			list = append(list, scope.ARN(kind, topic+"*"))
		}
		return list
	}
	text, _ := json.Marshal(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{
		{"Allow", []string{"iot:Connect"}, []string{scope.ARN("client", "*")}},
		{"Allow", []string{"iot:Publish", "iot:Receive"}, arns("topic")},
		{"Allow", []string{"iot:Subscribe"}, arns("topicfilter")},
	}}) // structures of texts always are JSON
	return string(text)
}
