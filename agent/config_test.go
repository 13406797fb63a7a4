package agent

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/config"
)

var rewrite = flag.Bool("rewrite", false, "write the settings into docs/agent.md")

// docs/agent.md ends with what the table of settings says.
func TestDocumented(t *testing.T) { // R-AGT-1, R-CFG-7
	const file = "../docs/agent.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "-rewrite -->\n"
	c := Default()
	// The page has chapters of its own, so those of the table are one level below.
	want := strings.ReplaceAll(config.Markdown(c.Settings()), "\n#", "\n##")
	head, got, found := strings.Cut(string(text), mark)
	if *rewrite {
		if err := os.WriteFile(file, []byte(head+mark+want), 0o644); err != nil {
			t.Fatal(err)
		}
		got = want
	}
	if diff := cmp.Diff(want, got); diff != "" || !found {
		t.Errorf("go test ./agent -run Documented -rewrite writes it anew (-table +file):\n%s", diff)
	}
}

// Every setting has a text, a range and a good default, and its variable is no setting of a server with
// another meaning.
func TestSettings(t *testing.T) { // R-AGT-1
	t.Parallel()
	c := Default()
	names := map[string]bool{}
	for _, s := range config.All(c.Settings()) {
		_, ranged := s.Value.(config.Ranger)
		if names[s.Name] || s.About == "" || s.Range == "" && !ranged || strings.HasSuffix(s.About, ".") {
			t.Errorf("%s: is there twice, or has no text or range", s.Name)
		}
		names[s.Name] = true
		before := s.Value.String()
		if err := s.Value.Set(before); err != nil || s.Value.String() != before || s.Value.Check() != nil {
			t.Errorf("%s: %q became %q, %v, %v", s.Name, before, s.Value.String(), err, s.Value.Check())
		}
	}
}

func TestServer(t *testing.T) { // R-AGT-2
	t.Parallel()
	for endpoint, want := range map[string][2]string{
		"a.example.org":      {"a.example.org:8883", "a.example.org"},
		"a.example.org:443":  {"a.example.org:443", "a.example.org"},
		"10.0.0.1":           {"10.0.0.1:8883", "10.0.0.1"},
		"[2001:db8::1]:8883": {"[2001:db8::1]:8883", "2001:db8::1"},
		"[2001:db8::1]":      {"[2001:db8::1]:8883", "2001:db8::1"},
		"https://a":          {},
		"a b":                {},
		":8883":              {},
	} {
		c := Config{Endpoint: endpoint}
		address, host, err := c.server()
		if got := [2]string{address, host}; got != want || (err == nil) == (want[0] == "") {
			t.Errorf("%s: got %v, %v", endpoint, got, err)
		}
	}
	got, err := Config{Parameters: "a=1, b = x=y ,c="}.parameters()
	if d := cmp.Diff(map[string]string{"a": "1", "b": "x=y", "c": ""}, got); d != "" || err != nil {
		t.Error(d, err)
	}
}
