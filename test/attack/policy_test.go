package attack

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/test/testserver"
)

// Documents that look as if they denied, or as if they had a condition, are refused, as a policy
// and as a new version of one (R-ID-23, R-ID-31).
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

// What policies allow on live connections. A row is one policy of statements; every thing that is
// tried is a kind and a resource, such as "publish a/b", with ! before it when it must be refused
// (R-ID-25 to R-ID-31). R: stands for the beginning of an ARN.
func TestPolicies(t *testing.T) {
	t.Parallel()
	const (
		connect   = `{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}`
		publish   = `"Action":"iot:Publish"`
		subscribe = `"Action":"iot:Subscribe"`
		allow     = `"Effect":"Allow"`
		all       = `"Resource":"*"`
	)
	statement := func(parts ...string) string { return "{" + strings.Join(parts, ",") + "}" }
	may := func(resource string) string {
		return connect + "," + statement(allow, publish, `"Resource":"R:topic/`+resource+`"`)
	}
	when := func(condition string) string {
		return connect + "," + statement(allow, publish, all, `"Condition":{`+condition+`}`)
	}
	s := testserver.Serve(t)
	_, err := s.Control().CreateThing(t.Context(), &iot.CreateThingInput{
		ThingName:        aws.String("pump-07"),
		AttributePayload: &types.AttributePayload{Attributes: map[string]string{"site": "north"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range []struct{ name, statements, tries string }{
		{"nothing", statement(allow, `"Action":"iot:Receive"`, all), "!connect pump-07"},
		{"one client id", statement(allow, `"Action":"iot:Connect"`, `"Resource":"R:client/pump-07"`),
			"connect pump-07, !connect pump-08, !connect pump-0, !connect pump-070, !connect PUMP-07"},
		{"client ids by *", statement(allow, `"Action":"iot:Connect"`, `"Resource":"R:client/pump-*"`),
			"connect pump-07, connect pump-, !connect pump, !connect xpump-07"},
		{"client ids by ?", statement(allow, `"Action":"iot:Connect"`, `"Resource":"R:client/pump-0?"`),
			"connect pump-07, connect pump-0?, !connect pump-0, !connect pump-077"},
		{"the client id of the thing", statement(allow, `"Action":"iot:Connect"`,
			`"Resource":"R:client/${iot:Connection.Thing.ThingName}"`), "connect pump-07, !connect pump-08"},
		{"a topic as resource of a client", statement(allow, `"Action":"iot:Connect"`, `"Resource":"R:topic/*"`),
			"!connect pump-07"},

		{"a topic", may("a/b"), "publish a/b, !publish a/B, !publish a/b/c, !publish a, !publish xa/b"},
		{"* crosses levels", may("a/*"), "publish a/b, publish a/b/c, !publish a, !publish b/a"},
		{"* in the middle", may("a/*/c"), "publish a/b/c, publish a/b/b/c, !publish a/c, !publish a/b/cc"},
		{"? is one character", may("a/?"), "publish a/b, publish a/é, !publish a/bc, !publish a"},
		{"+ is no wildcard", may("a/+/c"), "!publish a/b/c"},
		{"# is no wildcard", may("a/#"), "!publish a/b, !publish a"},
		{"resources of another account", connect + "," + statement(allow, publish,
			`"Resource":"arn:aws:iot:us-east-1:999999999999:topic/*"`), "!publish a"},
		{"resources of another region", connect + "," + statement(allow, publish,
			`"Resource":"arn:aws:iot:eu-west-1:000000000000:topic/*"`), "!publish a"},
		{"several resources", connect + "," + statement(allow, publish, `"Resource":["R:topic/a","R:topic/b"]`),
			"publish a, publish b, !publish c"},

		{"actions in any case", connect + "," + statement(allow, `"Action":"IOT:PUBLISH"`, all), "publish a"},
		{"actions by *", connect + "," + statement(allow, `"Action":"iot:Pub*"`, all), "publish a, !subscribe a"},
		{"another service", connect + "," + statement(allow, `"Action":"iotjobsdata:*"`, all), "!publish a"},
		{"NotAction", connect + "," + statement(allow, `"NotAction":"iot:Subscribe"`, all),
			"publish a, !subscribe a"},
		{"NotResource", connect + "," + statement(allow, publish, `"NotResource":"R:topic/secret/*"`),
			"publish a, !publish secret/a, publish secret"},
		{"a Deny last", may("*") + "," + statement(`"Effect":"Deny"`, publish, `"Resource":"R:topic/secret"`),
			"publish a, !publish secret"},
		{"a Deny first", statement(`"Effect":"Deny"`, publish, `"Resource":"R:topic/secret"`) + "," + may("*"),
			"publish a, !publish secret"},
		{"a Deny of what is not", may("*") + "," + statement(`"Effect":"Deny"`, publish, `"NotResource":"R:topic/a"`),
			"publish a, !publish b"},
		{"retaining takes a right of its own", may("*"), "publish a, !retain a"},
		{"retaining takes both", connect + "," + statement(allow, `"Action":"iot:RetainPublish"`, all), "!retain a"},
		{"retaining", may("*") + "," + statement(allow, `"Action":"iot:RetainPublish"`, `"Resource":"R:topic/a"`),
			"retain a, !retain b"},

		{"a filter", connect + "," + statement(allow, subscribe, `"Resource":"R:topicfilter/a/+"`),
			"subscribe a/+, !subscribe a/b, !subscribe #, !subscribe a/#"},
		{"filters by *", connect + "," + statement(allow, subscribe, `"Resource":"R:topicfilter/a/*"`),
			"subscribe a/+, subscribe a/#, subscribe a/b, !subscribe +/b, !subscribe #"},
		{"a topic as resource of a filter", connect + "," + statement(allow, subscribe, `"Resource":"R:topic/*"`),
			"!subscribe a"},

		{"the client id", may("${iot:ClientId}/x"), "publish pump-07/x, !publish pump-08/x, !publish */x"},
		{"the thing", may("${iot:Connection.Thing.ThingName}/x"), "publish pump-07/x, !publish pump-08/x"},
		{"an attribute", may("${iot:Connection.Thing.Attributes[site]}/x"), "publish north/x, !publish south/x"},
		{"an attribute that the thing has not", may("${iot:Connection.Thing.Attributes[none]}/x"),
			"!publish /x, !publish none/x"},
		{"a variable that there is not", may("${iot:Nothing}/x"), "!publish /x, !publish a/x"},
		{"a Deny by a variable that there is not",
			may("*") + "," + statement(`"Effect":"Deny"`, publish, `"Resource":"R:topic/${iot:Nothing}"`), "publish a"},

		{"StringEquals", when(`"StringEquals":{"iot:ClientId":"pump-07"}`), "publish a"},
		{"StringEquals of another", when(`"StringEquals":{"iot:ClientId":"pump-08"}`), "!publish a"},
		{"StringEquals of one of several", when(`"StringEquals":{"iot:ClientId":["x","pump-07"]}`), "publish a"},
		{"StringEquals has no wildcards", when(`"StringEquals":{"iot:ClientId":"pump-*"}`), "!publish a"},
		{"StringNotEquals", when(`"StringNotEquals":{"iot:ClientId":"pump-07"}`), "!publish a"},
		{"StringEqualsIgnoreCase", when(`"StringEqualsIgnoreCase":{"iot:ClientId":"PUMP-07"}`), "publish a"},
		{"StringLike", when(`"StringLike":{"iot:ClientId":"pump-?7"}`), "publish a"},
		{"StringNotLike", when(`"StringNotLike":{"iot:ClientId":"pump-*"}`), "!publish a"},
		{"a key that the connection has not", when(`"StringEquals":{"none":"a"}`), "!publish a"},
		{"the same IfExists", when(`"StringEqualsIfExists":{"none":"a"}`), "publish a"},
		{"Null", when(`"Null":{"none":"true"}`), "publish a"},
		{"IpAddress", when(`"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}`), "publish a"},
		{"IpAddress of elsewhere", when(`"IpAddress":{"aws:SourceIp":["10.0.0.0/8","::1"]}`), "!publish a"},
		{"NotIpAddress", when(`"NotIpAddress":{"aws:SourceIp":"127.0.0.2"}`), "!publish a"},
		{"Bool", when(`"Bool":{"iot:Connection.Thing.IsAttached":"true"}`), "publish a"},
		{"several operators hold together",
			when(`"StringLike":{"iot:ClientId":"*"},"Bool":{"iot:Connection.Thing.IsAttached":"false"}`), "!publish a"},
	} {
		t.Run(row.name, func(t *testing.T) {
			document := `{"Version":"2012-10-17","Statement":[` + row.statements + `]}`
			prefix := "arn:aws:iot:" + s.Region + ":" + s.Account + ":"
			policy := fmt.Sprint("tried-", i)
			s.Policy(policy, strings.ReplaceAll(document, `R:`, prefix))
			id := s.Identify("pump-07", policy)
			for try := range strings.SplitSeq(row.tries, ", ") {
				what, refused := strings.CutPrefix(try, "!")
				action, resource, _ := strings.Cut(what, " ")
				if got := allowed(t, s, &id, action, resource); got == refused {
					t.Errorf("%s: allowed is %v", what, got)
				}
			}
		})
	}
}

// Policies that are as hard to match as they can be cost a device with them little, and others
// nothing.
func TestCostlyPolicies(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	b := newBystander(t, s, "pump-07")
	s.Thing("pump-08")
	s.Policy("costly", testserver.WidePolicy)
	id := s.Identify("pump-08", "costly")
	for i := range 9 { // ten is the most that a certificate can have
		name := fmt.Sprint("costly-", i)
		s.Policy(name, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iot:Publish","Resource":"`+
			strings.Repeat("*a", 900)+`b"}]}`)
		must[*iot.AttachPolicyOutput](t)(s.Control().AttachPolicy(t.Context(),
			&iot.AttachPolicyInput{PolicyName: &name, Target: &id.ARN}))
	}
	c := join(t, s, &id, mqtt.Connect{ClientID: "pump-08", CleanStart: true})
	started := time.Now()
	for i := range uint16(20) { // the answers are remembered, so each has a topic of its own
		topic := fmt.Sprint(i, strings.Repeat("a", 200))
		if reason := c.publish(i+1, topic, "x"); reason.Failed() {
			t.Errorf("PUBACK 0x%02X", byte(reason))
		}
	}
	if took := time.Since(started); took > 2*time.Second {
		t.Errorf("20 messages took %v", took)
	}
	b.served(time.Second)
}

// allowed reports whether a certificate may do something, on a connection of its own.
func allowed(t *testing.T, s *testserver.Server, id *testserver.Identity, action, resource string) bool {
	t.Helper()
	p := mqtt.Connect{ClientID: "pump-07", CleanStart: true}
	if action == "connect" {
		p.ClientID = resource
	}
	c := connect(t, dial(t, s.MQTTS, s.TLS(id)), p)
	connack := c.want(mqtt.TypeConnack)
	if action == "connect" {
		return mqtt.Reason(connack[1]) == mqtt.Success
	}
	if mqtt.Reason(connack[1]) != mqtt.Success {
		t.Fatalf("CONNACK 0x%02X", connack[1])
	}
	switch action {
	case "publish", "retain":
		c.send(mqtt.AppendPublish(nil, c.version, &mqtt.Publish{
			Topic: resource, Payload: []byte("x"), QoS: 1, ID: 1, Retain: action == "retain"}))
		return !c.wantPuback(1).Failed()
	case "subscribe":
		c.send(mqtttest.Subscribe(c.version, 1, 1, resource))
		suback := c.want(mqtt.TypeSuback)
		return !mqtt.Reason(suback[len(suback)-1]).Failed()
	}
	panic(fmt.Sprintf("nothing is known of %q", action))
}
