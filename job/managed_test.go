package job

import (
	"strings"
	"testing"

	"github.com/drover-iot/drover/internal/fault"
)

const managedFile = `{"templateName": "Op-Do", "templateVersion": "1.0", "description": "d", "environments": ["LINUX"],
 "documentParameters": [
  {"key": "size", "description": "d", "regex": "[0-9]+", "example": "1", "optional": false},
  {"key": "note", "description": "d", "regex": "(.*?)", "example": "n", "optional": true}],
 "document": {"size": "${aws:iot:parameter:size}", "note": "<${aws:iot:parameter:note}>"}}`

// The parameters of a managed template: what is required, what is known, what a value must match as
// a whole, what a missing one becomes, and how large the document may become.
func TestManagedParameters(t *testing.T) {
	t.Parallel()
	m, err := ParseManagedTemplate([]byte(managedFile), "")
	if err != nil {
		t.Fatal(err)
	}
	fits := strings.Repeat("n", DefaultRequestLimits.DocumentBytes-len(`{"size":"1","note":"<>"}`))
	for _, tt := range []struct {
		rule   string
		values map[string]string
		want   string // empty: refused
	}{
		{"R-PAR-2 required", map[string]string{"note": "n"}, ""},
		{"R-PAR-2 none", nil, ""},
		{"R-PAR-2 unknown", map[string]string{"size": "1", "other": "x"}, ""},
		{"R-PAR-3 matches", map[string]string{"size": "42", "note": "n"},
			`{"size":"42","note":"<n>"}`},
		{"R-PAR-3 not the end", map[string]string{"size": "42x"}, ""},
		{"R-PAR-3 not the start", map[string]string{"size": "x42"}, ""},
		{"R-PAR-3 empty", map[string]string{"size": ""}, ""},
		{"R-PAR-4 optional", map[string]string{"size": "1"}, `{"size":"1","note":"<>"}`},
		{"R-PAR-5 32768 bytes", map[string]string{"size": "1", "note": fits},
			`{"size":"1","note":"<` + fits + `>"}`},
		{"R-PAR-5 32769 bytes", map[string]string{"size": "1", "note": fits + "n"}, ""},
		{"R-PAR-5 escaped to more", map[string]string{"size": "1", "note": fits[1:] + `"`}, ""},
	} {
		got, err := m.Resolve(tt.values, DefaultRequestLimits)
		if err == nil && got != tt.want || (err != nil) != (tt.want == "") || err != nil &&
			!fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %.60q, %v, want %.60q", tt.rule, got, err, tt.want)
		}
	}
}

// The catalogue is by name, the newest version first, and a template without a named version is the
// newest one (R-MT-2, R-API-35).
func TestCatalogue(t *testing.T) {
	t.Parallel()
	versions := func(text string) (list []ManagedTemplate) {
		for _, word := range strings.Fields(text) {
			name, version, _ := strings.Cut(word, ":")
			list = append(list, ManagedTemplate{Name: name, Version: version})
		}
		return list
	}
	given := versions("b:1.0 a:1.2 a:1.10 a:2.0 c:1.0")
	c, err := NewManagedTemplates(given)
	if err != nil {
		t.Fatal(err)
	}
	if given[0].Name != "b" {
		t.Error("the list that was given is in another order")
	}
	var order []string
	for _, m := range c {
		order = append(order, m.Name+":"+m.Version)
	}
	if got := strings.Join(order, " "); got != "a:2.0 a:1.10 a:1.2 b:1.0 c:1.0" {
		t.Errorf("order %s", got)
	}
	for _, tt := range []struct{ name, version, want string }{{"a", "", "2.0"}, {"a", "1.2", "1.2"},
		{"a", "3.0", ""}, {"d", "", ""}} {
		if m, err := c.Find(tt.name, tt.version); m.Version != tt.want ||
			(tt.want == "") != fault.Is(err, fault.NotFound) {
			t.Errorf("%s %q: %q, %v, want %q", tt.name, tt.version, m.Version, err, tt.want)
		}
	}
	if _, err := NewManagedTemplates(versions("a:1.0 a:1.0")); err == nil {
		t.Error("the same version twice is accepted")
	}
}
