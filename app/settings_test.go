package app

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/config"
)

// configurationFile is the documentation of all settings.
const configurationFile = "../docs/configuration.md"

var rewrite = flag.Bool("rewrite", false, "write "+configurationFile+" anew")

// What stands in front of the settings, by hand.
const configurationIntroduction = `# The settings of a server

<!-- Made from the table in app/settings.go: go test ./app -run Documented -rewrite -->

Each setting is an option of ` + "`drover serve`" + `, an environment variable, and a key of a file that ` + "`--config FILE`" + ` or
` + "`DROVER_CONFIG`" + ` names. An option counts before the variable, that before the file, and that before the default. A file is YAML,
with the names of options as keys:

` + "```yaml" + `
data: /var/lib/drover
https: 0.0.0.0:443
host: jobs.example.org
account: "123456789012"
retention: 2160h
` + "```" + `

` + "`drover config`" + ` takes the options of ` + "`drover serve`" + `, shows what is in force and where it came from, and says what is wrong. A key
that there is not is refused, and a variable ` + "`DROVER_…`" + ` that there is not is warned of. Passwords and keys belong into variables,
or into a file that nobody else may read. SIGHUP reads the file again (docs/spec/55).
`

// docs/configuration.md is what the table says.
func TestDocumented(t *testing.T) { // R-CFG-7
	t.Parallel()
	c := Default()
	want := configurationIntroduction + config.Markdown(c.Settings())
	if *rewrite {
		if err := os.WriteFile(configurationFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(configurationFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("go test ./app -run Documented -rewrite writes it anew (-table +file):\n%s", diff)
	}
}

// Every setting says what it is and which values are good; its default is good, and reading that as
// a text gives the same again.
func TestSettingsAreWhole(t *testing.T) { // R-CFG-1
	t.Parallel()
	c := Default()
	names := map[string]bool{}
	for _, s := range config.All(c.Settings()) {
		if names[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		names[s.Name] = true
		_, hasRange := s.Value.(config.Ranger)
		if s.About == "" || s.Range == "" && !hasRange {
			t.Errorf("%s has no text or no range", s.Name)
		}
		if strings.HasSuffix(s.About, ".") {
			t.Errorf("%s: help ends with a full stop", s.Name)
		}
		before := s.Value.String()
		if err := s.Value.Set(before); err != nil || s.Value.String() != before {
			t.Errorf("%s: %q became %q, %v", s.Name, before, s.Value.String(), err)
		}
		if err := s.Value.Check(); err != nil {
			t.Errorf("%s: its default %s %v", s.Name, before, err)
		}
	}
}
