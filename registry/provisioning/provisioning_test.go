package provisioning

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

const id = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

// bare is a template with a certificate and what else is put in.
func bare(more string) string {
	return `{"Resources": {"certificate": {"Type": "AWS::IoT::Certificate",
		"Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"}}` + more + `}}`
}

// withThing is a template whose thing has these properties beside its name.
func withThing(properties string) string {
	return `{"Parameters": {"Serial": {"Type": "String"}, "Site": {"Type": "String", "Default": "north"}},
	"Mappings": {"Sites": {"north": {"url": "https://n", "port": 8883}, "south": {"url": "https://s"}}},
	"Resources": {"certificate": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": "` + id + `"}},
	"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Fn::Join": ["-", ["pump", {"Ref": "Serial"}]]}` +
		properties + `}}}}`
}

func evaluate(text string, v Values) (Plan, error) {
	t, err := Parse(text)
	if err != nil {
		return Plan{}, err
	}
	return t.Evaluate(v)
}

// The whole language at once, as the examples of the vendor use it.
func TestPlan(t *testing.T) { // R-ID-77, R-ID-78
	t.Parallel()
	text := `{
	"Parameters": {"Serial": {"Type": "String"}, "Site": {"Type": "String", "Default": "north"},
		"AWS::IoT::Certificate::Id": {"Type": "String"}},
	"Mappings": {"Sites": {"north": {"url": "https://n", "port": 8883}}},
	"Resources": {
		"thing": {"Type": "AWS::IoT::Thing",
			"Properties": {
				"ThingName": {"Fn::Sub": "pump-${Serial}"},
				"ThingTypeName": {"Fn::Select": ["0", {"Fn::Split": [",", "pump,valve"]}]},
				"ThingGroups": ["all", {"Ref": "Site"}, "all"],
				"BillingGroup": "bills",
				"AttributePayload": {"serial": {"Ref": "Serial"}, "port": {"Fn::FindInMap": ["Sites", {"Ref": "Site"}, "port"]}}},
			"OverrideSettings": {"AttributePayload": "MERGE", "ThingTypeName": "REPLACE", "ThingGroups": "FAIL"}},
		"certificate": {"Type": "AWS::IoT::Certificate",
			"Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active",
				"ThingPrincipalType": "EXCLUSIVE_THING"},
			"OverrideSettings": {"Status": "REPLACE"}},
		"named": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "jobs"}},
		"written": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": {"Version": "2012-10-17",
			"Statement": [{"Effect": "Allow", "Action": "iot:Publish", "Resource":
				{"Fn::Sub": ["arn:aws:iot:r:a:topic/${!iot:ClientId}/${serial}", {"serial": {"Ref": "Serial"}}]}}]}}}},
	"DeviceConfiguration": {"url": {"Fn::FindInMap": ["Sites", {"Ref": "Site"}, "url"]}, "b": [1, true, null], "a": "<&>"}}`
	got, err := evaluate(text, Values{
		Parameters: map[string]string{"Serial": "7", "other": "x", "AWS::IoT::Certificate::Id": "forged"},
		Pseudo:     CertificateID(id),
	})
	if err != nil {
		t.Fatal(err)
	}
	document := `{"Statement":[{"Action":"iot:Publish","Effect":"Allow",` +
		`"Resource":"arn:aws:iot:r:a:topic/${iot:ClientId}/7"}],"Version":"2012-10-17"}`
	sum := sha256.Sum256([]byte(document))
	want := Plan{
		Thing: &Thing{
			ID:           "thing",
			Name:         "pump-7",
			Attributes:   map[string]string{"serial": "7", "port": "8883"},
			Type:         "pump",
			Groups:       []string{"all", "north"},
			BillingGroup: "bills",
			OnAttributes: Merge,
			OnType:       Replace,
			OnGroups:     Fail,
		},
		Certificate: Certificate{
			LogicalID: "certificate",
			ID:        strings.ToLower(id),
			Status:    registry.CertificateActive,
			OnStatus:  Replace,
			Exclusive: true,
		},
		Policies: []Policy{
			{ID: "named", Name: "jobs"},
			{ID: "written", Name: hex.EncodeToString(sum[:]), Document: document},
		},
		Configuration: `{"a":"<&>","b":[1,true,null],"url":"https://n"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Without OverrideSettings what is there stays as it is (R-ID-79).
func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := evaluate(withThing(""), Values{Parameters: map[string]string{"Serial": "7"}})
	want := Plan{
		Thing: &Thing{ID: "thing", Name: "pump-7", OnAttributes: DoNothing, OnType: DoNothing, OnGroups: DoNothing},
		Certificate: Certificate{
			LogicalID: "certificate",
			ID:        strings.ToLower(id),
			Status:    registry.CertificateActive,
			OnStatus:  DoNothing,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// What cannot be a template is refused when it is read, with its place in it.
func TestParseRefuses(t *testing.T) { // R-ID-77
	t.Parallel()
	thing := func(rest string) string { return bare(`, "t": {"Type": "AWS::IoT::Thing"` + rest + `}`) }
	policy := func(rest string) string {
		return bare(`, "p": {"Type": "AWS::IoT::Policy", "Properties": {` + rest + `}}`)
	}
	many := ""
	for i := range MaxPolicies + 1 {
		many += fmt.Sprintf(`, "p%02d": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "p"}}`, i)
	}
	for _, row := range []struct{ name, text, want string }{
		{"no JSON", `{"Resources": {},}`, "not JSON: at byte"},
		{"a list", `[]`, "must be a JSON object"},
		{"deep", strings.Repeat(`{"a":`, 25) + "1" + strings.Repeat("}", 25), "nested deeper than 20"},
		{"a key twice", `{"Resources": {"a": 1, "a": 2}}`, "Resources.a: the key stands twice"},
		{"a section", `{"Resource": {}}`, "Resource: not a section"},
		{"no resources", `{}`, "Resources: required"},
		{"no certificate", `{"Resources": {}}`, "no resource of type AWS::IoT::Certificate"},
		{"a type", bare(`, "x": {"Type": "AWS::IoT::Job"}`), "Resources.x.Type: must be one of"},
		{"a member", bare(`, "x": {"Type": "AWS::IoT::Thing", "Property": {}}`), "Resources.x.Property: not known here"},
		{"a property", thing(`, "Properties": {"ThingName": "a", "Name": "b"}`), "Resources.t.Properties.Name: not known"},
		{"no name", thing(``), "Resources.t.Properties.ThingName: required"},
		{"two things", bare(`, "t": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "a"}},
			"u": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "b"}}`), "Resources.u: t is a thing already"},
		{"two certificates", bare(`, "d": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": "x"}}`),
			"Resources.d: certificate is a certificate already"},
		{"two ways", `{"Resources": {"c": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": "x", "CertificatePem": "y"}}}}`,
			"Resources.c.Properties: must have one of"},
		{"no way", `{"Resources": {"c": {"Type": "AWS::IoT::Certificate"}}}`, "Resources.c.Properties: must have one of"},
		{"a lone CA", `{"Resources": {"c": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": "x", "CACertificatePem": "y"}}}}`,
			"CACertificatePem: goes with CertificatePem only"},
		{"an empty policy", policy(``), "Resources.p.Properties: must have PolicyName"},
		{"both of a policy", policy(`"PolicyName": "a", "PolicyDocument": "b"`), "and not both"},
		{"a document by a function", policy(`"PolicyDocument": {"Fn::Sub": "{}"}`), "could be completed by a parameter"},
		{"many policies", bare(many), "at most 10 policies"},
		{"a setting", thing(`, "Properties": {"ThingName": "a"}, "OverrideSettings": {"ThingTypeName": "MERGE"}`),
			"OverrideSettings.ThingTypeName: must be one of DO_NOTHING, REPLACE, FAIL"},
		{"a setting of what", thing(`, "Properties": {"ThingName": "a"}, "OverrideSettings": {"ThingName": "FAIL"}`),
			"there are settings for AttributePayload, ThingGroups, ThingTypeName"},
		{"a setting of a policy", bare(`, "p": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "a"},
			"OverrideSettings": {"PolicyName": "FAIL"}}`), "Resources.p.OverrideSettings: a policy has none"},
		{"a parameter's type", `{"Parameters": {"a": {"Type": "Number"}}, "Resources": {}}`, "Parameters.a.Type: must be String"},
		{"a default", `{"Parameters": {"a": {"Type": "String", "Default": 1}}, "Resources": {}}`, "Parameters.a.Default: must be a string"},
		{"a mapping", `{"Mappings": {"a": {"b": "c"}}, "Resources": {}}`, "Mappings.a.b: must be an object"},
		{"an unknown name", withThing(`, "BillingGroup": {"Ref": "Sites"}`), `BillingGroup.Ref: "Sites" is not a parameter`},
		{"an unknown name in a text", withThing(`, "BillingGroup": {"Fn::Sub": "a${b}"}`), `"b" is not a parameter`},
		{"an open text", withThing(`, "BillingGroup": {"Fn::Sub": "a${b"}`), "${ without }"},
		{"a function", withThing(`, "BillingGroup": {"Fn::Equals": ["a", "b"]}`), "not a function of templates"},
		{"too few arguments", withThing(`, "BillingGroup": {"Fn::Join": [""]}`), "must be a list of 2 arguments"},
		{"arguments of Sub", withThing(`, "BillingGroup": {"Fn::Sub": ["a"]}`), "must be a text, or a list"},
		{"the configuration", `{"Resources": {"c": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": "x"}}},
			"DeviceConfiguration": []}`, "DeviceConfiguration: must be an object"},
	} {
		_, err := Parse(row.text)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "templateBody: ") ||
			!strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
}

// Values that cannot be used are refused when they are known.
func TestEvaluateRefuses(t *testing.T) { // R-ID-78
	t.Parallel()
	in := func(serial string) map[string]string { return map[string]string{"Serial": serial} }
	policy := func(resource string) string {
		return strings.Replace(withThing(""), `"thing":`, `"p": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument":
			{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:Publish", "Resource": `+resource+`}}}}, "thing":`, 1)
	}
	for _, row := range []struct {
		name, text string
		given      map[string]string
		want       string
	}{
		{"a parameter is missing", withThing(""), nil, "parameters: Serial is required"},
		{"a name", withThing(""), in("a/b"), `Resources.thing.Properties.ThingName: "pump-a/b" does not match`},
		{"a long name", withThing(""), in(strings.Repeat("x", 300)), "…"},
		{"an attribute", withThing(`, "AttributePayload": {"a": {"Ref": "Serial"}}`), in("x y"), "ThingName"},
		{"an attribute's text", withThing(`, "AttributePayload": {"a": {"Ref": "Site"}}`),
			map[string]string{"Serial": "7", "Site": "x y"}, `AttributePayload.a: "x y" does not match`},
		{"an attribute's name", withThing(`, "AttributePayload": {"a b": "c"}`), in("7"), `AttributePayload: "a b" does not match`},
		{"no text", withThing(`, "BillingGroup": ["a"]`), in("7"), "BillingGroup: must be a text"},
		{"no list", withThing(`, "ThingGroups": "a"`), in("7"), "ThingGroups: must be a list"},
		{"a group", withThing(`, "ThingGroups": ["a", "b c"]`), in("7"), "ThingGroups[1]"},
		{"an empty name", withThing(`, "BillingGroup": ""`), in("7"), "BillingGroup"},
		{"an index", withThing(`, "BillingGroup": {"Fn::Select": [2, ["a", "b"]]}`), in("7"), `"2" is no index of a list of 2`},
		{"null", withThing(`, "BillingGroup": {"Fn::Select": [0, [null]]}`), in("7"), "item 0 is null"},
		{"a key", withThing(`, "BillingGroup": {"Fn::FindInMap": ["Sites", {"Ref": "Serial"}, "url"]}`), in("7"), "Mappings has no Sites, 7, url"},
		{"a delimiter", withThing(`, "ThingGroups": {"Fn::Split": ["", "a"]}`), in("7"), "must be a delimiter and a text"},
		{"a status", strings.Replace(bare(""), "Active", "REVOKED", 1), nil, "Status: \"REVOKED\" is not one of ACTIVE, INACTIVE"},
		{"a wildcard in a policy", policy(`{"Fn::Sub": "arn:aws:iot:r:a:topic/${Serial}"}`), in("*"), "ThingName"},
		{"a wildcard of another parameter", policy(`{"Fn::Join": ["", ["arn:aws:iot:r:a:topic/", {"Ref": "Site"}]]}`),
			map[string]string{"Serial": "7", "Site": "*"}, "the value of Site has one of * ? $ in it"},
		{"a variable in a policy", policy(`{"Ref": "Site"}`), map[string]string{"Serial": "7", "Site": "${iot:ClientId}"}, "* ? $"},
		{"no policy", policy(`"x", "Sid": 1`), in("7"), "Resources.p.Properties.PolicyDocument"},
	} {
		_, err := evaluate(row.text, Values{Parameters: row.given, Pseudo: CertificateID(id)})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
	_, err := evaluate(bare(""), Values{Parameters: map[string]string{"AWS::IoT::Certificate::Id": id}})
	if err == nil || !strings.Contains(err.Error(), "AWS::IoT::Certificate::Id has no value here") {
		t.Errorf("a pseudo parameter that a device gives: %v", err)
	}
}

// What devices send does not grow without bound in the functions of a template.
func TestGrowth(t *testing.T) { // R-ID-78
	t.Parallel()
	nested := `{"Ref": "Site"}`
	for range 2 {
		nested = `{"Fn::Join": [{"Ref": "Site"}, {"Fn::Split": [",", ` + nested + `]}]}`
	}
	many := strings.Repeat("${Site}", 100)
	for name, properties := range map[string]string{
		"nested": `, "AttributePayload": {"a": ` + nested + `}`,
		"text":   `, "AttributePayload": {"a": {"Fn::Sub": "` + many + `"}}`,
	} {
		_, err := evaluate(withThing(properties), Values{Parameters: map[string]string{"Serial": "7", "Site": strings.Repeat(",", 4096)}})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "more than 262144 bytes") {
			t.Errorf("%s: %.200v", name, err)
		}
	}
	large := strings.TrimSuffix(bare(""), "}") + `, "Parameters": {"P": {"Type": "String"}}, "DeviceConfiguration": {`
	for i := range 20 {
		large += fmt.Sprintf(`"%d": {"Ref": "P"}, `, i)
	}
	_, err := evaluate(large+`"z": 1}}`, Values{Parameters: map[string]string{"P": strings.Repeat("x", 4096)}, Pseudo: CertificateID(id)})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "DeviceConfiguration: ") {
		t.Errorf("configuration: %.200v", err)
	}
}

// A text that is not a template is refused, and never makes the reader fall.
func FuzzParse(f *testing.F) {
	f.Add(bare(""), "7")
	f.Add(withThing(`, "ThingGroups": {"Fn::Split": [",", {"Ref": "Site"}]}`), "a,b")
	f.Add(withThing(`, "AttributePayload": {"a": {"Fn::Sub": ["${x}${Site}", {"x": {"Ref": "Serial"}}]}}`), "${")
	f.Fuzz(func(t *testing.T, text, value string) {
		if len(text) > 10240 {
			return
		}
		template, err := Parse(text)
		if err != nil {
			if fault.Of(err) == nil {
				t.Errorf("no fault: %v", err)
			}
			return
		}
		_, err = template.Evaluate(Values{
			Parameters: map[string]string{"Serial": value, "Site": value},
			Pseudo:     CertificateID(id),
		})
		if err != nil && fault.Of(err) == nil {
			t.Errorf("no fault: %v", err)
		}
	})
}

// The pseudo parameters of a certificate are its id and what its subject has.
func TestFromCertificate(t *testing.T) { // R-ID-77
	t.Parallel()
	der := func(types ...string) *x509.Certificate {
		c := &x509.Certificate{SerialNumber: big.NewInt(77)}
		for i := 0; i < len(types); i += 2 {
			c.Subject.Names = append(c.Subject.Names, pkix.AttributeTypeAndValue{Type: oid(types[i]), Value: types[i+1]})
		}
		return c
	}
	got := FromCertificate("id", der("2.5.4.3", "pump-7", "2.5.4.6", "DE", "2.5.4.3", "second", "1.2.3", "other", "2.5.4.10", ""))
	want := map[string]string{pseudoPrefix + "Id": "id", pseudoPrefix + "CommonName": "pump-7", pseudoPrefix + "Country": "DE",
		pseudoPrefix + "SerialNumber": "77"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := FromCertificate("id", der("2.5.4.5", "S1"))[pseudoPrefix+"SerialNumber"]; got != "S1" {
		t.Errorf("a serial number in the subject: %q", got)
	}
}

func oid(text string) (made []int) {
	for part := range strings.SplitSeq(text, ".") {
		n, _ := strconv.Atoi(part)
		made = append(made, n)
	}
	return made
}
