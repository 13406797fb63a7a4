package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The settings in the Debian package are settings that there are, those in its comments too, and the
// unit starts the server with them.
func TestPackage(t *testing.T) { // R-SVC-3
	const folder = "../../deploy/debian"
	file := filepath.Join(folder, "drover.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	whole := regexp.MustCompile(`(?m)^# ([a-z-]+: )`).ReplaceAllString(string(text), "$1")
	if strings.Count(whole, "\n") != strings.Count(string(text), "\n") || whole == string(text) {
		t.Fatal("the file has no settings in comments")
	}
	all := filepath.Join(t.TempDir(), "drover.yaml")
	if err := os.WriteFile(all, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	unit, err := os.ReadFile(filepath.Join(folder, "drover.service"))
	if err != nil {
		t.Fatal(err)
	}
	_, command, found := strings.Cut(string(unit), "\nExecStart=/usr/bin/drover serve --config ")
	if installed, _, _ := strings.Cut(command, "\n"); !found || installed != "/etc/drover/drover.yaml" {
		t.Errorf("the unit starts something else: %q", installed)
	}
	for _, file := range []string{file, all} {
		settings := newServerSettings("serve")
		if err := settings.flags.Parse([]string{"--config", file}); err != nil {
			t.Fatal(err)
		}
		c, _, err := settings.read()
		if err != nil {
			t.Fatal(err)
		}
		if c.Data != "/var/lib/drover" {
			t.Errorf("%s: the data is in %s, which is not the unit's folder", file, c.Data)
		}
	}
}
