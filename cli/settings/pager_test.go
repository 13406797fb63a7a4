package settings_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/drover-iot/drover/cli/settings"
)

// Which pager is asked for, of help and of answers (R-CMD-99, R-CMD-137, R-CMD-140).
func TestPager(t *testing.T) {
	t.Parallel()
	const unset = "unset"
	for _, tt := range []struct{ variable, profile, other, help, answers string }{
		{unset, unset, "more", "more", ""},
		{"most", "less -S", "more", "most", "most"},
		{"", "less -S", "more", "", ""},
		{unset, "less -S", "more", "less -S", "less -S"},
		{unset, "", "more", "", ""},
	} {
		vars := map[string]string{"HOME": t.TempDir(), "AWS_REGION": "us-east-1", "PAGER": tt.other}
		if tt.variable != unset {
			vars["AWS_PAGER"] = tt.variable
		}
		if tt.profile != unset {
			vars["AWS_CONFIG_FILE"] = filepath.Join(vars["HOME"], "config")
			if err := os.WriteFile(vars["AWS_CONFIG_FILE"], []byte("[default]\ncli_pager = "+tt.profile+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		lookUp := func(name string) (string, bool) { text, set := vars[name]; return text, set }
		from := settings.Sources{
			Option: func(string) (string, bool) { return "", false }, Getenv: func(name string) string { return vars[name] }, Service: "iot", Offline: true,
		}
		if got := settings.HelpPager(from, lookUp); got != tt.help {
			t.Errorf("%+v: help through %q", tt, got)
		}
		s, err := settings.Find(from)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Pager(lookUp); got != tt.answers {
			t.Errorf("%+v: answers through %q", tt, got)
		}
	}
}
