package output

import (
	"os"
	"strings"
	"testing"

	"github.com/drover-iot/drover/cli/value"
)

// All lines of a table are equally wide, and none has a control character, whatever the value holds
// (R-CMD-83); text is written without a panic.
func FuzzTable(f *testing.F) {
	for _, name := range []string{"table", "text"} {
		file, err := os.ReadFile("testdata/" + name + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(file)) {
			f.Add(strings.TrimSpace(line), 80)
		}
	}
	f.Fuzz(func(t *testing.T, text string, width int) {
		// Deep values are drawn between as many bars, which shows nothing more and takes long.
		v, err := value.ParseJSON(text)
		if err != nil || strings.Count(text, "{")+strings.Count(text, "[") > 100 {
			return
		}
		AppendText(nil, v)
		drawn := string(Style{Format: Table, Title: "ListJobs", Width: width}.Append(nil, v))
		first, _, _ := strings.Cut(drawn, "\n")
		for line := range strings.Lines(drawn) {
			line = strings.TrimSuffix(line, "\n")
			if strings.ContainsFunc(line, isControl) || DisplayWidth(line) != DisplayWidth(first) {
				t.Errorf("%s: %q is not as wide as %q:\n%s", text, line, first, drawn)
			}
		}
	})
}
