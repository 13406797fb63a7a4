package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The built-in templates against the two tables of chapter 23 section 6: names with plain hyphens
// (R-MT-3), the shape of their documents (R-MT-4, R-MT-6) and that of Run-Command (R-MT-5), version
// and environments (R-MT-1), parameters.
func TestBuiltInTemplates(t *testing.T) {
	t.Parallel()
	catalogue, err := openManaged(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(catalogue) != 8 {
		t.Errorf("%d templates, want 8", len(catalogue))
	}
	regex := map[string]string{"runAsUser": "(.){0,256}", "pathToHandler": "(.){0,4096}"}
	for _, tt := range []struct{ name, handler, required string }{
		{"Reboot", "reboot.sh", ""},
		{"Download-File", "download-file.sh", "downloadUrl filePath"},
		{"Install-Application", "install-packages.sh", "packages"},
		{"Remove-Application", "remove-packages.sh", "packages"},
		{"Start-Application", "start-services.sh", "services"},
		{"Stop-Application", "stop-services.sh", "services"},
		{"Restart-Application", "restart-services.sh", "services"},
		{"Run-Command", "", "command"},
	} {
		m, err := catalogue.Find("AWS-"+tt.name, "1.0")
		if err != nil {
			t.Errorf("R-MT-3: %v", err)
			continue
		}
		place := func(key string) string { return `"${aws:iot:parameter:` + key + `}"` }
		var args []string
		for _, key := range strings.Fields(tt.required) {
			args = append(args, place(key))
		}
		kind, input, keys := "runCommand", `"command":`+place("command"), tt.required+" runAsUser" // R-MT-5
		if tt.handler != "" {
			kind, input, keys = "runHandler", fmt.Sprintf(`"handler":%q,"args":[%s],"path":%s`, tt.handler, strings.Join(args, ","), place("pathToHandler")), keys+" pathToHandler"
			input = strings.Replace(input, `"args":[],`, "", 1)
		}
		want := fmt.Sprintf(`{"version":"1.0","steps":[{"action":{"name":%q,"type":%q,"input":{%s},"runAsUser":%s}}]}`, tt.name, kind, input, place("runAsUser"))
		if diff := cmp.Diff(want, string(m.Document)); diff != "" {
			t.Errorf("R-MT-4, R-MT-5, R-MT-6: %s (-want +got):\n%s", tt.name, diff)
		}
		var got []string
		for _, p := range m.Parameters {
			pattern, optional := regex[p.Key]
			if pattern == "" {
				pattern = "(.*?)"
			}
			if p.Optional != optional || p.Regex != pattern || p.Description == "" || p.Example == "" {
				t.Errorf("%s: parameter %+v", tt.name, p)
			}
			got = append(got, p.Key)
		}
		if diff := cmp.Diff(strings.Fields(keys), got); diff != "" {
			t.Errorf("%s: parameters in their order (-want +got):\n%s", tt.name, diff)
		}
		if diff := cmp.Diff([]string{"LINUX"}, m.Environments); diff != "" || m.Description == "" {
			t.Errorf("R-MT-1: %s: description %q, environments (-want +got):\n%s", tt.name, m.Description, diff)
		}
	}
}

// Operators may add templates of their own, under another prefix than AWS- (R-MT-8).
func TestOwnTemplates(t *testing.T) {
	t.Parallel()
	const file = `{"templateName":%q,"templateVersion":"2.1","description":"d","environments":["RTOS"],"documentParameters":[],"document":{"do":"it"}}`
	for name, accepted := range map[string]bool{"Acme-Flash": true, "AWS-Flash": false, "AWS-Reboot": false, "aws-flash": true} {
		data := t.TempDir()
		folder := filepath.Join(data, managedFolder)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "one.json"), fmt.Appendf(nil, file, name), 0o600); err != nil {
			t.Fatal(err)
		}
		catalogue, err := openManaged(data, "")
		if (err == nil) != accepted {
			t.Errorf("%s: %v, want accepted %v", name, err, accepted)
		}
		if err != nil {
			continue
		}
		if m, err := catalogue.Find(name, ""); err != nil || m.Version != "2.1" || string(m.Document) != `{"do":"it"}` {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
		if len(catalogue) != 9 {
			t.Errorf("%s: %d templates, want the eight built-in ones and it", name, len(catalogue))
		}
	}
}
