package browser

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/drover-iot/drover/test/testserver"
)

// Every page of the console is good in all looks, and asks no other host for anything (R-WEB-60).
// The pages are those of console/web/pages.js: a new one needs a row here.
func TestPages(t *testing.T) {
	t.Parallel()
	f, b := serveJob(t)
	f.Policy("devices", testserver.WidePolicy)
	f.sink("hook", "https://127.0.0.1:1")
	certificate := f.Identify(thing(0), "devices").CertificateID
	rows := map[string]struct{ name, heading string }{
		"":               {"", "Jobs"},
		"jobs":           {"", "Jobs"},
		"jobs/*":         {"firmware-7", "firmware-7"},
		"create-job":     {"", "Create a job"},
		"update-job/*":   {"firmware-7", "Update firmware-7"},
		"things":         {"", "Things"},
		"things/*":       {"pump-01", "pump-01"},
		"groups":         {"", "Groups"},
		"groups/*":       {"pumps", "pumps"},
		"certificates":   {"", "Certificates"},
		"certificates/*": {certificate, "Certificate " + certificate[:16] + "…"},
		"policies":       {"", "Policies"},
		"policies/*":     {"devices", "devices"},
		"templates":      {"", "Templates"},
		"artifacts":      {"", "Artifacts"},
		"sinks":          {"", "Sinks"},
		"sinks/*":        {"hook", "hook"},
		"nodes":          {"", "Nodes"},
		"audit":          {"", "Audit"},
	}
	pattern := regexp.MustCompile(`\['([a-z/-]*?)(\*?)', './pages/`)
	text, err := os.ReadFile(filepath.Join("..", "..", "console", "web", "pages.js"))
	if err != nil {
		t.Fatal(err)
	}
	pages := pattern.FindAllStringSubmatch(string(text), -1)
	if len(pages) != len(rows) {
		t.Errorf("the console has %d pages, and %d rows here", len(pages), len(rows))
	}
	for _, page := range pages {
		path := page[1] + page[2]
		row, known := rows[path]
		if !known {
			t.Errorf("the page %q has no row", path)
			continue
		}
		b.open("/#/" + page[1] + row.name)
		b.find("heading", row.heading)
		if path != "" { // it shows the same as another
			b.inspect(path)
		}
	}
}
