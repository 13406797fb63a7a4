package policy

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

const (
	topics  = "arn:aws:iot:us-east-1:000000000000:topic/"
	clients = "arn:aws:iot:us-east-1:000000000000:client/"
)

func allow(action, resource string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}]}`
}

// eitherOf allows an action on two resources.
func eitherOf(action, resource, other string) string {
	return strings.Replace(allow(action, resource), `"`+resource+`"`,
		`["`+resource+`","`+other+`"]`, 1)
}

func deny(action, resource string) string {
	return strings.Replace(allow(action, resource), "Allow", "Deny", 1)
}

// What policies decide (R-ID-25, R-ID-26, R-ID-30, R-ID-36, R-ID-37).
func TestEvaluate(t *testing.T) {
	t.Parallel()
	pump := &registry.Thing{Name: "pump-07", Type: "pump",
		Attributes: map[string]string{"site": "north"}}
	tests := []struct {
		name     string
		policies []string
		action   string
		resource string
		context  Context
		want     Decision
	}{
		{"R-ID-25 nothing says so", nil, "iot:Connect", clients + "a", Context{}, ImplicitDeny},
		{"R-ID-25 allowed", []string{allow("iot:Connect", "*")}, "iot:Connect", clients + "a",
			Context{}, Allowed},
		{"R-ID-25 deny wins", []string{allow("*", "*"), deny("iot:Connect", clients+"a")},
			"iot:Connect", clients + "a", Context{}, ExplicitDeny},
		{"R-ID-25 deny wins whatever the order",
			[]string{deny("iot:Connect", clients+"a"), allow("*", "*")}, "iot:Connect",
			clients + "a", Context{}, ExplicitDeny},
		{"R-ID-26 action in any case", []string{allow("IOT:connect", "*")}, "iot:Connect",
			clients + "a", Context{}, Allowed},
		{"R-ID-26 resource case counts", []string{allow("iot:Connect", clients+"A")}, "iot:Connect",
			clients + "a", Context{}, ImplicitDeny},
		{"R-ID-26 family", []string{allow("iot:*", "*")}, "iotjobsdata:UpdateJobExecution", "arn:x",
			Context{}, ImplicitDeny},
		{"R-ID-26 star crosses slashes", []string{allow("iot:Publish", topics+"a/*")},
			"iot:Publish", topics + "a/b/c", Context{}, Allowed},
		{"R-ID-26 question mark is one", []string{allow("iot:Publish", topics+"a?c")},
			"iot:Publish", topics + "abc", Context{}, Allowed},
		{"R-ID-26 question mark is not none", []string{allow("iot:Publish", topics+"a?c")},
			"iot:Publish", topics + "ac", Context{}, ImplicitDeny},
		{"R-ID-26 whole string", []string{allow("iot:Publish", topics+"a")}, "iot:Publish",
			topics + "ab", Context{}, ImplicitDeny},
		{"R-ID-26 plus is literal", []string{allow("iot:Subscribe", topics+"a/+")}, "iot:Subscribe",
			topics + "a/b", Context{}, ImplicitDeny},
		{"R-ID-26 two stars", []string{allow("iot:Publish", topics+"*/x/*y")}, "iot:Publish",
			topics + "a/x/x/yy", Context{}, Allowed},
		{"R-ID-30 client id", []string{allow("iot:Connect", clients+"${iot:ClientId}")},
			"iot:Connect", clients + "a", Context{ClientID: "a"}, Allowed},
		{"R-ID-30 values are literal", []string{allow("iot:Connect", clients+"${iot:ClientId}")},
			"iot:Connect", clients + "b", Context{ClientID: "*"}, ImplicitDeny},
		{"R-ID-30 unresolved", []string{allow("iot:Connect", clients+"${iot:ClientId}")},
			"iot:Connect", clients + "${iot:ClientId}", Context{}, ImplicitDeny},
		{"R-ID-30 unresolved deny", []string{allow("*", "*"),
			deny("iot:Connect", clients+"${iot:ClientId}")}, "iot:Connect", clients + "a",
			Context{}, Allowed},
		{"R-ID-30 unresolved beside one that matches",
			[]string{eitherOf("iot:Connect", clients+"${iot:ClientId}", clients+"a")},
			"iot:Connect", clients + "a", Context{}, Allowed},
		{"R-ID-30 unresolved is not the empty resource",
			[]string{allow("iot:Connect", "${iot:ClientId}")}, "iot:Connect", "", Context{}, ImplicitDeny},
		{"R-ID-23 the older version", []string{strings.Replace(allow("iot:Connect", "*"),
			"2012-10-17", "2008-10-17", 1)}, "iot:Connect", clients + "a", Context{}, Allowed},
		{"R-ID-30 thing name", []string{allow("iot:Publish",
			topics+"$aws/things/${iot:Connection.Thing.ThingName}/jobs/*")}, "iot:Publish",
			topics + "$aws/things/pump-07/jobs/get", Context{Thing: pump}, Allowed},
		{"R-ID-30 other thing's topic",
			[]string{allow("iot:Publish", topics+"$aws/things/${iot:Connection.Thing.ThingName}/jobs/*")}, "iot:Publish",
			topics + "$aws/things/pump-08/jobs/get", Context{Thing: pump}, ImplicitDeny},
		{"R-ID-30 thing name without thing",
			[]string{allow("iot:Publish", topics+"${iot:Thing.ThingName}")}, "iot:Publish",
			topics + "pump-07", Context{}, ImplicitDeny},
		{"R-ID-30 attribute", []string{allow("iot:Publish",
			topics+"${iot:Connection.Thing.Attributes[site]}/${iot:Connection.Thing.ThingTypeName}")}, "iot:Publish",
			topics + "north/pump", Context{Thing: pump}, Allowed},
		{"R-ID-30 escaped star", []string{allow("iot:Publish", topics+"a${*}")}, "iot:Publish",
			topics + "a*", Context{}, Allowed},
		{"R-ID-30 escaped star is literal", []string{allow("iot:Publish", topics+"a$(*)")},
			"iot:Publish", topics + "ab", Context{}, ImplicitDeny},
		{"R-ID-36 lone dollar", []string{allow("iot:Publish", topics+"$aws/things/x")},
			"iot:Publish", topics + "$aws/things/x", Context{}, Allowed},
		{"R-ID-37 alias", []string{allow("iot:UpdateJobExecution", "*")},
			"iotjobsdata:UpdateJobExecution", "arn:x", Context{}, Allowed},
		{"NotAction", []string{strings.Replace(allow("iot:Connect", "*"), "Action", "NotAction",
			1)}, "iot:Publish", topics + "a", Context{}, Allowed},
		{"NotResource", []string{strings.Replace(allow("iot:Publish", topics+"a"), "Resource",
			"NotResource", 1)}, "iot:Publish", topics + "a", Context{}, ImplicitDeny},
		{"NotResource unresolved allows nothing",
			[]string{strings.Replace(allow("iot:Publish", topics+"${iot:ClientId}"), "Resource",
				"NotResource", 1)},
			"iot:Publish", topics + "b", Context{}, ImplicitDeny},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var compiled []*Document
			for _, text := range tt.policies {
				p, err := Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				compiled = append(compiled, p)
			}
			if got := Evaluate(compiled, Request{Action: tt.action, Resource: tt.resource,
				Context: tt.context}); got != tt.want {
				t.Errorf("decision %d, want %d", got, tt.want)
			}
		})
	}
}

// Conditions (R-ID-31).
func TestConditions(t *testing.T) {
	t.Parallel()
	context := Context{
		ClientID: "pump-07", Attached: true, SourceIP: "10.0.8.21", CertificateID: "abc",
		ConnectAttributes: []string{"PersistentConnect"},
		Certificate: &x509.Certificate{SerialNumber: big.NewInt(0xbeef),
			Subject: pkix.Name{CommonName: "device", Organization: []string{"one", "two"}}},
	}
	tests := []struct {
		condition string
		want      bool
	}{
		{`{"Bool":{"iot:Connection.Thing.IsAttached":["true"]}}`, true},
		{`{"Bool":{"iot:Connection.Thing.IsAttached":false}}`, false},
		{`{"StringEquals":{"iot:ClientId":"pump-07"}}`, true},
		{`{"StringEquals":{"iot:ClientId":["x","pump-07"]}}`, true},
		{`{"StringEquals":{"iot:ClientId":"pump-*"}}`, false},
		{`{"StringLike":{"iot:ClientId":"pump-*"}}`, true},
		{`{"StringNotLike":{"iot:ClientId":"pump-*"}}`, false},
		{`{"StringNotEquals":{"iot:ClientId":"other"}}`, true},
		{`{"StringNotEquals":{"iot:ClientId":"${no:such}"}}`, false},
		{`{"StringNotEquals":{"iot:ClientId":["other","${no:such}"]}}`, false},
		{`{"StringEquals":{"iot:ClientId":["pump-07","${no:such}"]}}`, true},
		{`{"StringEqualsIgnoreCase":{"iot:ClientId":"PUMP-07"}}`, true},
		{`{"StringEquals":{"no:such":"x"}}`, false},
		{`{"StringNotEquals":{"no:such":"x"}}`, true},
		{`{"StringEqualsIfExists":{"no:such":"x"}}`, true},
		{`{"ForAllValues:StringEquals":{"no:such":"x"}}`, true},
		{`{"ForAnyValue:StringEquals":{"iot:ConnectAttributes":["LastWill","PersistentConnect"]}}`,
			true},
		{`{"ForAllValues:StringEquals":{"iot:ConnectAttributes":["LastWill"]}}`, false},
		{`{"Null":{"iot:ClientId":"false"}}`, true},
		{`{"Null":{"no:such":true}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, true},
		{`{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, false},
		{`{"NumericLessThan":{"aws:SourceIp":"5"}}`, false},
		{`{"StringEquals":{"iot:Certificate.Subject.CommonName":"device"}}`, true},
		{`{"StringEquals":{"iot:Certificate.Subject.Organization.1":"two"}}`, true},
		{`{"StringEquals":{"iot:Certificate.SerialNumber":"beef"}}`, true},
		{`{"StringEquals":{"iot:ClientId":"${iot:ClientId}"},"Bool":{"iot:Connection.Thing.IsAttached":"false"}}`, false},
	}
	for _, tt := range tests {
		p, err := Parse(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":` + tt.condition + `}}`)
		if err != nil {
			t.Errorf("%s: %v", tt.condition, err)
			continue
		}
		if got := Evaluate([]*Document{p},
			Request{Action: "iot:Connect", Resource: clients + "x",
				Context: context}) == Allowed; got != tt.want {
			t.Errorf("%s: %v, want %v", tt.condition, got, tt.want)
		}
	}
}

// What is not a policy (R-ID-23, R-ID-24, R-ID-31).
func TestMalformedPolicies(t *testing.T) {
	t.Parallel()
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }
	for _, text := range []string{
		``, `[]`, `{`, `{"Statement":[]}`,
		`{"Version":"2020-01-01","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		statement(`{"Effect":"allow","Action":"*","Resource":"*"}`),
		statement(`{"Action":"*","Resource":"*"}`),
		statement(`{"Effect":"Allow","Resource":"*"}`),
		statement(`{"Effect":"Allow","Action":"*"}`),
		statement(`{"Effect":"Allow","Action":"*","NotAction":"a","Resource":"*"}`),
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}`),
		statement(`{"Effect":"Allow","Action":5,"Resource":"*"}`),
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringSomething":{"a":"b"}}}`),
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Not":{"a":"b"}}}`),
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"BoolNot":{"a":"b"}}}`),
		statement(`{"Effect":"Allow","Action":"*","Resource":"*"}`) + `}`,
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}} {}`,
		allow("*", strings.Repeat("x", 2048)),
	} {
		if _, err := Parse(text); !fault.Is(err, fault.MalformedPolicy) {
			t.Errorf("%.80s: %v, want MalformedPolicy", text, err)
		}
	}
	if _, err := Parse(allow("*", "*") + strings.Repeat(" ", 5000)); err != nil {
		t.Errorf("white space does not count: %v", err)
	}
}

// The bootstrap policy of R-ID-35 lets a thing do its own jobs, and nobody else's.
func TestBootstrapPolicy(t *testing.T) {
	t.Parallel()
	p, err := Parse(strings.NewReplacer("R:A", "us-east-1:000000000000").Replace(`{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:R:A:client/${iot:Connection.Thing.ThingName}"},
 {"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":"arn:aws:iot:R:A:topic/$aws/things/${iot:Connection.Thing.ThingName}/jobs/*"},
 {"Effect":"Allow","Action":"iot:Subscribe","Resource":"arn:aws:iot:R:A:topicfilter/$aws/things/${iot:Connection.Thing.ThingName}/jobs/*"},
 {"Effect":"Allow","Action":"iotjobsdata:*","Resource":"arn:aws:iot:R:A:thing/*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	context := Context{ClientID: "pump-07", Thing: &registry.Thing{Name: "pump-07"}}
	for _, tt := range []struct {
		action, resource string
		want             Decision
	}{
		{"iot:Connect", clients + "pump-07", Allowed},
		{"iot:Connect", clients + "pump-08", ImplicitDeny},
		{"iot:Publish", topics + "$aws/things/pump-07/jobs/$next/get", Allowed},
		{"iot:Publish", topics + "$aws/things/pump-08/jobs/$next/get", ImplicitDeny},
		{"iot:Subscribe", "arn:aws:iot:us-east-1:000000000000:topicfilter/$aws/things/pump-07/jobs/+/get/+", Allowed},
		{"iot:Subscribe", "arn:aws:iot:us-east-1:000000000000:topicfilter/$aws/things/+/jobs/notify", ImplicitDeny},
		{"iotjobsdata:UpdateJobExecution", "arn:aws:iot:us-east-1:000000000000:thing/x", Allowed},
	} {
		if got := Evaluate([]*Document{p},
			Request{Action: tt.action, Resource: tt.resource, Context: context}); got != tt.want {
			t.Errorf("%s on %s: %d, want %d", tt.action, tt.resource, got, tt.want)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) { // R-ID-33: typically below 50 µs
	p, err := Parse(allow("iot:Publish",
		topics+"$aws/things/${iot:Connection.Thing.ThingName}/jobs/*"))
	if err != nil {
		b.Fatal(err)
	}
	request := Request{Action: "iot:Publish",
		Resource: topics + "$aws/things/pump-07/jobs/j1/update",
		Context:  Context{Thing: &registry.Thing{Name: "pump-07"}}}
	b.ReportAllocs()
	for b.Loop() {
		if Evaluate([]*Document{p}, request) != Allowed {
			b.Fatal("denied")
		}
	}
}
