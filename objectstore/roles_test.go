package objectstore

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/drover-iot/drover/device/presign"
)

const logs = "arn:aws:iam::123456789012:role/logs"

// newRoles opens the roles of a file with this text; "" is no file. The default credential is
// DEFAULT.
func newRoles(t *testing.T, text string, change func(*RolesConfig)) *Roles {
	t.Helper()
	c := RolesConfig{
		Default: presign.NewCredential(aws.Credentials{
			AccessKeyID: "DEFAULT", SecretAccessKey: "the secret"}),
		Region: "us-east-1",
		Now:    time.Now,
		Log:    slog.New(slog.DiscardHandler),
	}
	if text != "" {
		c.File = filepath.Join(t.TempDir(), "roles.json")
		write(t, c.File, text)
	}
	if change != nil {
		change(&c)
	}
	r, err := OpenRoles(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// key is the access key that signs for a role; the error when none does.
func key(r *Roles, role string) string {
	c, err := r.Credential(role)
	if err != nil {
		return err.Error()
	}
	return c.AccessKeyID
}

// fixed is a file with a key for each of some roles.
func fixed(keys ...string) string {
	var entries []string
	for i := 0; i < len(keys); i += 2 {
		entries = append(entries, `"`+keys[i]+`":{"accessKeyId":"`+keys[i+1]+
			`","secretAccessKey":"the secret"}`)
	}
	return "{" + strings.Join(entries, ",") + "}"
}

// Which credential signs for a role (R-PRE-13, R-PRE-30, R-ART-2), and which reads documents
// (R-DOC-12).
func TestCredentialOfRole(t *testing.T) {
	t.Parallel()
	const refused = "role " + logs + " is not one of the roles of this server"
	for _, tt := range []struct {
		name, file             string
		refuse                 bool
		firmware, logs, readBy string
	}{
		{"no file", "", false, "DEFAULT", "DEFAULT", "DEFAULT"},
		{"one role", fixed(firmware, "F"), false, "F", "DEFAULT", "DEFAULT"},
		{"one role, others refused", fixed(firmware, "F"), true, "F", refused, "DEFAULT"},
		{"every other", fixed(firmware, "F", "*", "O"), false, "F", "O", "O"},
		{"every other is no unknown one", fixed("*", "O"), true, "O", "O", "O"},
	} {
		r := newRoles(t, tt.file, func(c *RolesConfig) { c.RefuseUnknown = tt.refuse })
		got := [3]string{key(r, firmware), key(r, logs), r.ForDocuments().AccessKeyID}
		if want := [3]string{tt.firmware, tt.logs, tt.readBy}; got != want {
			t.Errorf("%s: %q, want %q", tt.name, got, want)
		}
		if r.SignedByOwnKey(logs) {
			t.Errorf("%s: the default is not the server's own key", tt.name)
		}
	}
	own := newRoles(t, fixed(firmware, "F"), func(c *RolesConfig) { c.Own = true })
	if own.SignedByOwnKey(firmware) || !own.SignedByOwnKey(logs) { // R-PRE-26
		t.Error("the server's own key signs for logs only")
	}
}

// A file that has changed is read; when it is wrong, the roles stay as they were (R-ART-2).
func TestRolesFileChanges(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := newRoles(t, fixed(firmware, "F"), func(c *RolesConfig) {
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	for _, step := range []struct{ text, want string }{
		{fixed(firmware, "F2"), "F2"},
		{`{"` + firmware + `":{"secretAccessKey":"the secret"}}`, "F2"},
		{`{`, "F2"},
		{fixed(logs, "L", "*", "O"), "O"},
		{"", "O"}, // removed
		{fixed(firmware, "F3", logs, "L"), "F3"},
	} {
		if step.text == "" {
			if err := os.Remove(r.File); err != nil {
				t.Fatal(err)
			}
		} else {
			write(t, r.File, step.text)
		}
		for range 2 { // it is logged once
			r.reread()
		}
		if got := key(r, firmware); got != step.want {
			t.Errorf("%s: %s signs, want %s", step.text, got, step.want)
		}
	}
	if err := os.Chmod(r.File, 0o644); err != nil {
		t.Fatal(err)
	}
	r.reread()
	text := log.String()
	if n := strings.Count(text, "level=ERROR"); n != 4 || strings.Contains(text, "the secret") {
		t.Errorf("%d errors, want 4, and no secret:\n%s", n, text)
	}
}

// A file that is wrong, open to others or missing is an error at the start.
func TestOpenRolesFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wrong, open := filepath.Join(dir, "wrong"), filepath.Join(dir, "open")
	write(t, wrong, "{")
	write(t, open, "{}")
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{wrong, open, filepath.Join(dir, "missing")} {
		_, err := OpenRoles(RolesConfig{File: path})
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
