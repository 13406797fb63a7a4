package policy

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// explained are the policies of TestExplain: the statements of each.
var explained = map[string]string{
	"all":      `{"Effect":"Allow","Action":"*","Resource":"*"}`,
	"a":        `{"Effect":"Allow","Action":"iot:Publish","Resource":"topic/a"}`,
	"no-b":     `{"Effect":"Deny","Action":"iot:Publish","Resource":"topic/b"}`,
	"a-not-b":  `{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"not b","Effect":"Deny","Action":"iot:Publish","Resource":"topic/b"}`,
	"connect":  `{"Effect":"Allow","Action":"iot:Connect","Resource":"${iot:ClientId}"}`,
	"own":      `{"Effect":"Allow","Action":"iot:Publish","Resource":"topic/${iot:ClientId}"}`,
	"from-net": `{"Effect":"Allow","Action":"iot:Publish","Resource":"topic/a","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`,
}

// What policies say together and each alone (R-ID-25, R-ID-64).
func TestExplain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		policies  []string
		resources []string
		want      Explanation
	}{
		{"no policy", nil, []string{"topic/a"}, Explanation{}},
		{"allowed", []string{"a", "no-b"}, []string{"topic/a"},
			Explanation{Decision: Allowed, Allowing: []string{"a"}, Silent: []string{"no-b"}}},
		{"denied", []string{"all", "no-b"}, []string{"topic/b"},
			Explanation{Decision: ExplicitDeny, Allowing: []string{"all"}, Denying: []string{"no-b"},
				Statements: []Statement{{"no-b", 1, ""}}}},
		{"one policy does both", []string{"a-not-b"}, []string{"topic/b"},
			Explanation{Decision: ExplicitDeny, Allowing: []string{"a-not-b"}, Denying: []string{"a-not-b"},
				Statements: []Statement{{"a-not-b", 2, "not b"}}}},
		{"nothing matches", []string{"a"}, []string{"topic/c"},
			Explanation{Decision: ImplicitDeny, Silent: []string{"a"}}},
		{"each resource is allowed", []string{"all"}, []string{"topic/a", "topic/b"},
			Explanation{Decision: Allowed, Allowing: []string{"all"}}},
		{"one of two is not", []string{"a"}, []string{"topic/a", "topic/c"},
			Explanation{Decision: ImplicitDeny, Allowing: []string{"a"}}},
		{"the other of two is not", []string{"a"}, []string{"topic/c", "topic/a"},
			Explanation{Decision: ImplicitDeny, Allowing: []string{"a"}}},
		{"one of two is denied, the other not allowed", []string{"no-b"}, []string{"topic/b", "topic/c"},
			Explanation{Decision: ExplicitDeny, Denying: []string{"no-b"},
				Statements: []Statement{{"no-b", 1, ""}}}},
		{"the same in the other order", []string{"no-b"}, []string{"topic/c", "topic/b"},
			Explanation{Decision: ExplicitDeny, Denying: []string{"no-b"},
				Statements: []Statement{{"no-b", 1, ""}}}},
		{"a variable without a value", []string{"own"}, []string{"topic/a"},
			Explanation{Decision: ImplicitDeny, Silent: []string{"own"}, Unresolved: []string{"iot:ClientId"}}},
		{"a key without a value", []string{"from-net", "own"}, []string{"topic/a"}, Explanation{Decision: ImplicitDeny,
			Silent: []string{"from-net", "own"}, Unresolved: []string{"aws:SourceIp", "iot:ClientId"}}},
		{"a statement about another action asks for nothing", []string{"connect"}, []string{"topic/a"},
			Explanation{Decision: ImplicitDeny, Silent: []string{"connect"}}},
		{"a statement after the one that decided is asked too", []string{"a", "own"}, []string{"topic/a"}, Explanation{
			Decision: Allowed, Allowing: []string{"a"}, Silent: []string{"own"}, Unresolved: []string{"iot:ClientId"}}},
	} {
		for _, name := range tt.want.Allowing { // each by its first statement
			tt.want.Allows = append(tt.want.Allows, Statement{name, 1, ""})
		}
		var named []Named
		for _, name := range tt.policies {
			document, err := Parse(`{"Version":"2012-10-17","Statement":[` + explained[name] + `]}`)
			if err != nil {
				t.Fatal(err)
			}
			named = append(named, Named{Name: name, Document: document})
		}
		var requests []Request
		for _, resource := range tt.resources {
			requests = append(requests, Request{Action: "iot:Publish", Resource: resource})
		}
		got := Explain(named, requests)
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if slices.ContainsFunc(requests, func(r Request) bool { return r.Context.Unresolved != nil }) {
			t.Errorf("%s: the requests of the caller were changed", tt.name)
		}
	}
}

// Why one request was decided so, in words (R-ID-65).
func TestExplanationText(t *testing.T) {
	t.Parallel()
	r := Request{Action: "iot:Publish", Resource: "arn:aws:iot:r:a:topic/a"}
	const about = "iot:Publish on arn:aws:iot:r:a:topic/a"
	for _, tt := range []struct {
		e    Explanation
		want string
	}{
		{Explanation{}, "no policy is in effect, so nothing allows " + about},
		{Explanation{Decision: Allowed, Allows: []Statement{{"p", 3, ""}, {"q", 1, ""}}},
			"statement 3 of policy p allows " + about},
		{Explanation{Decision: ExplicitDeny, Allows: []Statement{{"p", 3, ""}}, Statements: []Statement{{"q", 2, "No"}}},
			"statement 2 of policy q (No) denies " + about},
		{Explanation{Silent: []string{"p", "q"}}, "no statement allows " + about + "; policies in effect: p, q"},
		{Explanation{Silent: []string{"p"}, Unresolved: []string{"iot:ClientId"}},
			"no statement allows " + about + "; policies in effect: p; without a value: iot:ClientId"},
	} {
		if got := tt.e.Text(r); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.e, got, tt.want)
		}
	}
}
