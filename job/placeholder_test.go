package job

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

// What each placeholder that cannot be resolved is told (R-SUB-4 to R-SUB-7, R-SUB-9, R-SUB-11).
func TestPlaceholderFaults(t *testing.T) {
	t.Parallel()
	const name = "InvalidJobDocument: document: "
	for _, tt := range []struct{ rule, value, says string }{
		{"R-SUB-5", "${aws:iot:s3-presigned-url:x", name + "${aws: without a closing brace"},
		{"R-SUB-5", "x ${aws:", name + "${aws: without a closing brace"},
		{"R-SUB-6", "${aws:iot:s3-url:x}", name + "unknown placeholder ${aws:iot:s3-url…}"},
		{"R-SUB-6", "${aws:s3:x}", name + "unknown placeholder ${aws:iot:s3:x…}"},
		{"R-SUB-7", "${aws:iot:s3-presigned-url:${aws:iot:parameter:p}}",
			name + "a placeholder stands inside another"},
		{"R-SUB-9", "${aws:iot:package:p}",
			name + "placeholder ${aws:iot:package…}: this server has no package catalogue"},
		{"R-SUB-11", "${aws:iot:code-sign-signature:x}",
			name + "placeholder ${aws:iot:code-sign-signature…}: put the signature into the document"},
		{"R-PAR-1", "${aws:iot:parameter:p}",
			name + "placeholder ${aws:iot:parameter…}: parameters belong to managed templates"},
	} {
		_, err := CheckDocument(fmt.Sprintf(`{"a":[%q]}`, tt.value), "", DefaultRequestLimits)
		invalid(t, tt.rule+" "+tt.value, err, tt.says)
	}
	_, err := CheckDocument(`{"a":"`+strings.Repeat("${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}", 11)+`"}`, "", DefaultRequestLimits)
	invalid(t, "R-SUB-4", err, name+"11 placeholders, at most 10 are allowed")
}

// Where placeholders are found: in every string value, in order, and in no member name (R-SUB-2).
func TestPlaceholdersFound(t *testing.T) {
	t.Parallel()
	const at = "https://s3.amazonaws.com/b/"
	const text = `{"${aws:iot:s3-presigned-url:name}": {"a": ["x ${aws:iot:s3-presigned-url:` + at +
		`1} y", 5, "${aws:iot:s3-presigned-url-v1:` + at + `2}"],
		"b" : "\u0024{aws:iot:s3-presigned-url-v2:` + at + `3}"}}`
	found, err := CheckDocument(text, "", DefaultRequestLimits)
	want := []Placeholder{{PresignedURL, at + "1"}, {PresignedURLv1, at + "2"},
		{PresignedURLv2, at + "3"}}
	if diff := cmp.Diff(want, found); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got := (Placeholder{Kind: "x"}).String(); got != "${aws:iot:x}" {
		t.Errorf("R-DOC-8: one without an argument is written as %s", got)
	}
	for _, p := range append(want, Placeholder{Kind: "x"}) {
		resolved, err := Resolve(fmt.Sprintf(`{"a":"%s"}`, p),
			func(got Placeholder) (string, error) {
				if got != p {
					t.Errorf("%v reads as %v", p, got)
				}
				return "", nil
			})
		if err != nil || resolved != `{"a":""}` {
			t.Errorf("%v: %s, %v", p, resolved, err)
		}
	}
}

// Parameters come first, and a value may bring a placeholder of its own, which counts (R-SUB-1,
// R-SUB-4, R-PAR-2 to R-PAR-4).
func TestParameterFaults(t *testing.T) {
	t.Parallel()
	m, err := ParseManagedTemplate([]byte(managedFile), "")
	if err != nil {
		t.Fatal(err)
	}
	url := "${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}"
	got, err := m.Resolve(map[string]string{"size": "1", "note": url}, DefaultRequestLimits)
	if want := `{"size":"1","note":"<` + url + `>"}`; err != nil || got != want {
		t.Errorf("R-SUB-1: %s, %v", got, err)
	}
	for _, tt := range []struct {
		rule   string
		values map[string]string
		says   string
	}{
		{"R-PAR-2", map[string]string{"size": "1", "x": "y"},
			`documentParameters: template Op-Do has no parameter "x"`},
		{"R-PAR-2", map[string]string{}, "documentParameters.size: required by template Op-Do"},
		{"R-PAR-3", map[string]string{"size": "a"},
			"documentParameters.size: the value does not match [0-9]+"},
		{"R-SUB-4", map[string]string{"size": "1", "note": strings.Repeat(url, 8)}, ""},
		{"R-SUB-4", map[string]string{"size": "1", "note": strings.Repeat(url, 9)},
			"InvalidJobDocument: document: 11 placeholders, at most 10 are allowed"},
	} {
		_, err := m.Resolve(tt.values, DefaultRequestLimits)
		invalid(t, fmt.Sprintf("%s %.40v", tt.rule, tt.values), err, tt.says)
	}
}

// The S3 placeholders of a managed template stay for delivery, beside parameters that are filled
// in, and both count: 10 are accepted, 11 are not (R-SUB-1, R-SUB-4, R-PAR-4).
func TestParametersBesidePresigned(t *testing.T) {
	t.Parallel()
	const (
		url  = "${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}"
		size = "${aws:iot:parameter:size}"
		many = "InvalidJobDocument: document: 11 placeholders, at most 10 are allowed"
	)
	for _, tt := range []struct {
		rule   string
		inside string // of the template's document
		want   string // empty: refused
	}{
		{"R-SUB-1 beside", size + "," + url, "1," + url},
		{"R-SUB-1 alone", url, url},
		{"R-SUB-4 9 and 1", strings.Repeat(size, 9) + url, "111111111" + url},
		{"R-SUB-4 1 and 9", size + strings.Repeat(url, 9), "1" + strings.Repeat(url, 9)},
		{"R-SUB-4 10 parameters", strings.Repeat(size, 10), "1111111111"},
		{"R-SUB-4 10 and 1", strings.Repeat(size, 10) + url, ""},
		{"R-SUB-4 11 parameters", strings.Repeat(size, 11), ""},
	} {
		file := strings.Replace(managedFile, "<${aws:iot:parameter:note}>", tt.inside, 1)
		file = strings.Replace(file, `"size": "`+size+`", `, "", 1)
		m, err := ParseManagedTemplate([]byte(file), "")
		if err != nil {
			t.Fatalf("%s: %v", tt.rule, err)
		}
		got, err := m.Resolve(map[string]string{"size": "1"}, DefaultRequestLimits)
		if tt.want == "" {
			invalid(t, tt.rule, err, many)
		} else if err != nil || got != `{"note":"`+tt.want+`"}` {
			t.Errorf("%s: %s, %v, want %s", tt.rule, got, err, tt.want)
		}
	}
}

// Files of managed templates that are refused when they are read.
func TestManagedFiles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ old, new, says string }{
		{`"templateName": "Op-Do"`, `"templateName": ""`, "must be 1 to 64 characters"},
		{`"templateName": "Op-Do"`, `"templateName": "` + strings.Repeat("x", 65) + `"`,
			"must be 1 to 64 characters"},
		{`"1.0"`, `"1"`, `templateVersion "1": must be like 1.0`},
		{`"1.0"`, `"0.1"`, "must be like 1.0"},
		{`"1.0"`, `"99999999999999999999.0"`, "must be like 1.0"},
		{`"document": {"size": "${aws:iot:parameter:size}", "note": "<${aws:iot:parameter:note}>"}`,
			`"environments": []`, "document: unexpected end"},
		{`"description": "d", "env`, `"other": "d", "env`, "unknown field"},
		{`parameter:note`, `parameter:else`, `document: parameter "else" is not described`},
		{`parameter:note`, `s3-url:note`, "unknown placeholder"},
		{`[0-9]+`, `[0-9`, "documentParameters[0].regex"},
		{`{"templateName"`, `["templateName"`, "invalid character"},
	} {
		_, err := ParseManagedTemplate([]byte(strings.Replace(managedFile, tt.old, tt.new, 1)), "")
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %s", tt.new, err, tt.says)
		}
	}
	longest := strings.Repeat("x", 64)
	m, err := ParseManagedTemplate([]byte(strings.Replace(managedFile, "Op-Do", longest, 1)), "")
	if err != nil || m.Name != longest {
		t.Errorf("a name of 64 characters: %q, %v", m.Name, err)
	}
	var list ManagedTemplates
	if _, err := list.Find("x", ""); fault.Of(err).Message != "managed template x does not exist" {
		t.Errorf("R-MT-2: %v", err)
	}
	if _, err := list.Find("x", "1.0"); !fault.Is(err, fault.NotFound) ||
		fault.Of(err).Message != "managed template x in version 1.0 does not exist" {
		t.Errorf("R-MT-2: %v", err)
	}
}
