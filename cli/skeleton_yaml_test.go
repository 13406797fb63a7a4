package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/cli/yaml"
)

// Sample requests in YAML hold what those in JSON hold (R-CMD-54).
func TestSkeletonsInYAML(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"HOME": t.TempDir()}
	for _, s := range command.Services {
		for _, name := range command.Names(s) {
			inJSON := call1(t, vars, "", s.Name, name, "--generate-cli-skeleton")
			inYAML := call1(t, vars, "", s.Name, name, "--generate-cli-skeleton", "yaml-input")
			want, err := value.ParseJSON(inJSON.out)
			if err != nil {
				t.Fatal(err)
			}
			got, err := yaml.Parse(inYAML.out)
			if err != nil {
				t.Errorf("%s %s: %v", s.Name, name, err)
				continue
			}
			compact := func(v value.Value) string { return string(value.AppendJSON(nil, v, "", "")) }
			if diff := cmp.Diff(compact(want), compact(got)); diff != "" {
				t.Errorf("%s %s (-JSON +YAML):\n%s", s.Name, name, diff)
			}
		}
	}
}
