package cli

import (
	"encoding/json"
	"flag"
	"fmt"
	"github.com/drover-iot/drover/cli/command"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write golden files anew")

// The skeleton of R-CMD-53, to the letter, and that of every operation; the help of some.
func TestGolden(t *testing.T) {
	t.Parallel()
	golden := func(name, got string) {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, words := range map[string]string{
		"update-job": "iot update-job", "create-job": "iot create-job", "list-things": "iot list-things", "iot": "iot", "iot-jobs-data": "iot-jobs-data",
		"update-job-execution": "iot-jobs-data update-job-execution", "create-keys-and-certificate": "iot create-keys-and-certificate", "all": "",
	} {
		golden(name+".help.txt", call1(t, nil, "", append(strings.Fields(words), "help")...).out)
	}
	golden("update-job.skeleton.json", call1(t, nil, "", "iot", "update-job", "--generate-cli-skeleton").out)
	var all strings.Builder
	for _, s := range command.Services {
		for _, op := range s.Operations {
			name := command.Dashed(op.OperationName())
			got := call1(t, nil, "", s.Name, name, "--generate-cli-skeleton")
			if got.status != 0 || !json.Valid([]byte(got.out)) {
				t.Errorf("%s %s: %+v", s.Name, name, got)
			}
			fmt.Fprintf(&all, "%s %s\n%s", s.Name, name, got.out)
		}
	}
	golden("skeletons.txt", all.String())
}
