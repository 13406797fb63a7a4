package output_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/output"
	"github.com/drover-iot/drover/cli/value"
)

// Each value of the tables is shown as the reference shows it, or as stands there as ours
// (R-CMD-74 to R-CMD-78, R-CMD-80 to R-CMD-84).
func TestReference(t *testing.T) {
	t.Parallel()
	for name, least := range map[string]int{"table": 200, "text": 150} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := os.ReadFile("testdata/" + name + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			var style output.Style
			compared := 0
			lines := strings.Split(string(file), "\n")
			for i, line := range lines {
				if setting(t, &style, line) || line == "" || line == "error" ||
					strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "> ") || strings.HasPrefix(line, "! ") {
					continue
				}
				v, err := value.ParseJSON(line)
				if err != nil {
					t.Fatalf("line %d: %s: %v", i+1, line, err)
				}
				var got strings.Builder
				if err := output.Write(&got, style, v); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(answer(lines[i+1:]), got.String()); diff != "" {
					t.Errorf("line %d: %s (-want +got):\n%s%s", i+1, line, diff, got.String())
				}
				compared++
			}
			if compared < least {
				t.Errorf("only %d values were compared", compared)
			}
		})
	}
}

// setting reads a line that changes the style.
func setting(t *testing.T, s *output.Style, line string) bool {
	t.Helper()
	name, text, ok := strings.Cut(line, ": ")
	if !ok {
		return false
	}
	switch name {
	case "format":
		s.Format = text
	case "title":
		s.Title = text
	case "width":
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		s.Width = n
	case "color":
		s.Color = text == "on"
	default:
		return false
	}
	return true
}

// answer is what the lines after a value say: ours, or else the reference's.
func answer(lines []string) string {
	var theirs, ours strings.Builder
	for _, line := range lines {
		if text, ok := strings.CutPrefix(line, "> "); ok {
			theirs.WriteString(text + "\n")
		} else if text, ok := strings.CutPrefix(line, "! "); ok {
			ours.WriteString(text + "\n")
		} else if line != "error" {
			break
		}
	}
	switch ours.String() {
	case "":
		return theirs.String()
	case "nothing\n":
		return ""
	}
	return ours.String()
}
