package attack

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/test/testserver"
)

// Documents that look as if they denied, or as if they had a condition, are refused, as a policy and
// as a new version of one (R-ID-23, R-ID-31).
func TestPolicyGrammar(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	s.Policy("good", testserver.WidePolicy)
	statement := func(text string) string { return `{"Version":"2012-10-17","Statement":[{` + text + `}]}` }
	const all = `"Action":"*","Resource":"*"`
	for _, document := range []string{
		statement(`"Effect":"Deny","Effect":"Allow",` + all),
		statement(`"Effect":"Deny","effect":"Allow",` + all),
		statement(`"Effect":"Deny","E\u0066fect":"Allow",` + all),
		statement(`"effect":"Allow",` + all),
		statement(`"Effect":"Allow","Action":"iot:Connect",` + all),
		statement(`"Effect":"Allow","Resource":"a",` + all),
		statement(`"Effect":"Allow","condition":{"Bool":{"a":"true"}},` + all),
		statement(`"Effect":"Allow","Condition":{"Bool":{"a":"true"}},"Condition":{},` + all),
		statement(`"Effect":"Allow","Condition":null,` + all),
		statement(`"Effect":"Allow","Condition":{"StringEquals":null},` + all),
		statement(`"Effect":"Allow","Condition":{"StringEquals":{}},` + all),
		statement(`"Effect":"Allow","Condition":{"StringNotEquals":{"iot:ClientId":[]}},` + all),
		statement(`"Effect":"Allow","Condition":{"StringEquals":{"a":"b"},"StringEquals":{"a":"c"}},` + all),
		statement(`"Effect":"Allow","Condition":{"StringEquals":{"a":"b","a":"c"}},` + all),
		statement(`"Effect":"Allow","Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/99"}},` + all),
		statement(`"Effect":"Allow","Condition":{"NullIfExists":{"a":"true"}},` + all),
		`{"Statement":[{"Effect":"Deny",` + all + `}],"Statement":[{"Effect":"Allow",` + all + `}]}`,
		`{"statement":[{"Effect":"Allow",` + all + `}]}`,
	} {
		var malformed *types.MalformedPolicyException
		_, err := s.Control().CreatePolicy(t.Context(), &iot.CreatePolicyInput{
			PolicyName: aws.String("bad"), PolicyDocument: &document})
		if !errors.As(err, &malformed) {
			t.Errorf("CreatePolicy of %s: %v", document, err)
		}
		_, err = s.Control().CreatePolicyVersion(t.Context(), &iot.CreatePolicyVersionInput{
			PolicyName: aws.String("good"), PolicyDocument: &document})
		if !errors.As(err, &malformed) {
			t.Errorf("CreatePolicyVersion of %s: %v", document, err)
		}
	}
}

// "Connect unless with a will" is not met by a will beside a persistent session (R-ID-31).
func TestNegatedCondition(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	s.Policy("unless", `{"Version":"2012-10-17","Statement":[
	 {"Effect":"Allow","Action":"iot:Publish","Resource":"*"},
	 {"Effect":"Allow","Action":"iot:Connect","Resource":"*",
	  "Condition":{"StringNotEquals":{"iot:ConnectAttributes":"LastWill"}}}]}`)
	s.Thing("pump-07")
	id := s.Identify("pump-07", "unless")
	will := &mqtt.Will{Message: mqtt.Publish{Topic: "gone"}}
	for _, row := range []struct {
		name    string
		connect mqtt.Connect
		want    mqtt.Reason
	}{
		{"nothing", mqtt.Connect{}, mqtt.Success},
		{"a persistent session", mqtt.Connect{SessionExpiry: 60}, mqtt.Success},
		{"a will", mqtt.Connect{Will: will}, mqtt.NotAuthorized},
		{"both", mqtt.Connect{SessionExpiry: 60, Will: will}, mqtt.NotAuthorized},
	} {
		t.Log(row.name)
		row.connect.ClientID = "pump-07"
		c := connect(t, dial(t, s.MQTTS, s.TLS(&id)), row.connect)
		c.wantConnack(row.want)
	}
	if !strings.Contains(s.Output.String(), "not allowed to connect") {
		t.Error("the refusal is not logged")
	}
}
