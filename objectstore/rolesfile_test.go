package objectstore

import (
	"strings"
	"testing"
)

const firmware = "arn:aws:iam::123456789012:role/firmware"

// What a file of roles may hold (R-ART-2). No message shows a secret.
func TestParseRoles(t *testing.T) {
	t.Parallel()
	const secret = "the secret"
	for _, tt := range []struct{ text, says string }{ // "" is accepted
		{`{}`, ""},
		{`{"` + firmware + `":{"accessKeyId":"A","secretAccessKey":"the secret"}}`, ""},
		{`{"*":{"accessKeyId":"A","secretAccessKey":"the secret","sessionToken":"t"}}`, ""},
		{`{"*":{"assumeRole":true}}`, ""},
		{`{"` + firmware + `":{"assumeRole":true,"stsEndpoint":"http://127.0.0.1:9000"}}`, ""},
		{`{"firmware":{"assumeRole":true}}`, `"firmware": must be the ARN of a role`},
		{`{"":{"assumeRole":true}}`, `"": must be the ARN of a role`},
		{`{"*":{}}`, "*: must have accessKeyId and secretAccessKey, or assumeRole"},
		{`{"*":{"accessKeyId":"A"}}`, "must have accessKeyId and secretAccessKey"},
		{`{"*":{"secretAccessKey":"the secret"}}`, "must have accessKeyId and secretAccessKey"},
		{`{"*":{"assumeRole":true,"secretAccessKey":"the secret"}}`, "*: has a key and assumeRole"},
		{`{"*":{"accessKeyId":"A","secretAccessKey":"the secret","stsEndpoint":"http://x"}}`,
			"*: stsEndpoint goes with assumeRole only"},
		{`{"*":{"assumeRole":true,"stsEndpoint":"x"}}`, "*: stsEndpoint: "},
		{`{"*":{"accesskey":"the secret"}}`, "unknown field"},
		{`{"*":{"accessKeyId":5,"secretAccessKey":"the secret"}}`, "cannot unmarshal number"},
		{`["the secret"]`, "cannot unmarshal array"},
		{`{} {}`, "must be one JSON object"},
		{``, "EOF"},
	} {
		_, err := parseRoles([]byte(tt.text), true)
		if tt.says == "" && err == nil {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.says) || tt.says == "" ||
			strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want %q", tt.text, err, tt.says)
		}
	}
	_, err := parseRoles([]byte(`{"*":{"assumeRole":true}}`), false)
	if err == nil || !strings.Contains(err.Error(), "DROVER_S3_ACCESS_KEY_ID") {
		t.Errorf("assumeRole without a credential: %v", err)
	}
}
