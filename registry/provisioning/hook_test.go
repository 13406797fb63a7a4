package provisioning

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/drover-iot/drover/internal/fault"
)

func TestAnswersOfHooks(t *testing.T) { // R-ID-84
	t.Parallel()
	given := map[string]string{"a": "1", "b": "2"}
	for _, row := range []struct {
		name, body string
		allowed    bool
		want       map[string]string // nil: the answer is wrong
	}{
		{"allowed", `{"allowProvisioning": true}`, true, given},
		{"overrides", `{"allowProvisioning": true, "parameterOverrides": {"b": "3", "c": "4"}, "more": []}`, true,
			map[string]string{"a": "1", "b": "3", "c": "4"}},
		{"not allowed", `{"allowProvisioning": false}`, false, given},
		{"nothing", `{}`, false, nil},
		{"no JSON", `true;`, false, nil},
		{"a text", `{"allowProvisioning": "true"}`, false, nil},
		{"a number", `{"allowProvisioning": true, "parameterOverrides": {"b": 3}}`, false, nil},
		{"too long", `{"allowProvisioning": true, "parameterOverrides": {"b": "` + strings.Repeat("x", 4097) + `"}}`, true, nil},
	} {
		var got map[string]string
		var allowed bool
		var a Answer
		err := json.Unmarshal([]byte(row.body), &a)
		if err == nil {
			got, allowed, err = a.Parameters(given)
		}
		if (err == nil) != (row.want != nil) || err == nil && (!maps.Equal(got, row.want) || allowed != row.allowed) {
			t.Errorf("%s: got %v, %v, %v", row.name, got, allowed, err)
		}
	}
	if len(given) != 2 {
		t.Errorf("what the device has given was changed: %v", given)
	}
}

func TestTargetsOfHooks(t *testing.T) { // R-ID-84
	t.Parallel()
	for target, want := range map[string]string{
		"https://hooks.example/p?q=1":      "",
		"http://localhost:8000/p":          "",
		"http://127.0.0.9/p":               "",
		"http://[::1]:80/":                 "",
		"http://hooks.example/p":           "http is for loopback only",
		"http://localhost.evil.example/":   "http is for loopback only",
		"https://user:pass@hooks.example/": "no user and no password",
		"ftp://hooks.example/":             "must begin with https://",
		"hooks.example/p":                  "is not the address of a server",
		"":                                 "is not the address of a server",
		"arn:aws:lambda:us-east-1:000000000000:function:f": "Lambda cannot be called from here; give the https URL",
	} {
		err := CheckTarget("preProvisioningHook.targetArn", target)
		if want == "" && err != nil || want != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", target, err, want)
		}
	}
}

func TestBoundsOfParameters(t *testing.T) { // R-ID-78
	t.Parallel()
	many := map[string]string{}
	for i := range maxParameters {
		many[strings.Repeat("x", i+1)] = ""
	}
	if err := CheckParameters(many); err != nil {
		t.Error(err)
	}
	many["y"] = ""
	for _, given := range []map[string]string{many, {strings.Repeat("n", 2049): ""}, {"n": strings.Repeat("v", 4097)}} {
		if err := CheckParameters(given); !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v", err)
		}
	}
}
