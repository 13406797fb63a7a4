package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const deploy = "../../deploy/agent"

// called runs the program with words, and returns what it printed and its exit status.
func called(t *testing.T, words ...string) (out, errs string, status int) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), words, &o, &e)
	return o.String(), e.String(), status
}

// Words that are wrong, or ask for something else than to do jobs.
func TestWords(t *testing.T) { // R-AGT-21
	t.Parallel()
	for _, row := range []struct {
		words     string
		out, errs string // what is said, among other things
		status    int
	}{
		{"--help", "\n  --endpoint <address>\n", "", 0},
		{"help", "\n  --handlers <folders>\n", "", 0},
		{"-h", "(default 3)", "", 0},
		{"version", "drover ", "", 0},
		{"--version", "drover ", "", 0},
		{"--endpont a", "", "did you mean --endpoint?", 2},
		{"--endpoint a pump-07", "", `unknown words: ["pump-07"]`, 2},
		{"--thing pump-07", "", "endpoint: is missing", 1},
		{"--endpoint a --thing pump-07 --step-attempts 0", "", "--step-attempts: 0", 1},
	} {
		out, errs, status := called(t, strings.Fields(row.words)...)
		if !strings.Contains(out, row.out) || !strings.Contains(errs, row.errs) || status != row.status {
			t.Errorf("%s: printed %q and %q, status %d", row.words, out, errs, status)
		}
		if (row.out == "") != (out == "") || (row.errs == "") != (errs == "") {
			t.Errorf("%s: printed to the wrong place: %q and %q", row.words, out, errs)
		}
	}
}

// The settings of the package name nothing until the owner has filled them in, and then they are settings
// that there are. The unit starts the agent with them, from where the package has it.
func TestPackage(t *testing.T) { // R-AGT-23, R-AGT-24
	t.Parallel()
	unit := read(t, filepath.Join(deploy, "drover-agent.service"))
	if !strings.Contains(unit, "\nExecStart=/usr/bin/drover-agent --config /etc/drover-agent/agent.yaml\n") {
		t.Errorf("the unit starts something else:\n%s", unit)
	}
	contents := read(t, filepath.Join(deploy, "debian/nfpm.yaml"))
	for _, path := range []string{"/usr/bin/drover-agent", "/etc/drover-agent/agent.yaml", "/etc/drover-agent/handlers"} {
		if !strings.Contains(contents, "dst: "+path+"\n") {
			t.Errorf("the package has no %s", path)
		}
	}
	text := read(t, filepath.Join(deploy, "agent.yaml"))
	if _, errs, status := called(t, "--check", "--config", written(t, text)); status != 1 ||
		!strings.Contains(errs, "endpoint: is missing") {
		t.Errorf("the settings as they are installed: %d, %q", status, errs)
	}
	certificate, claim, found := strings.Cut(text, "# Or one that gets it by a claim")
	if !found {
		t.Fatal("agent.yaml has no part about claims")
	}
	folder := t.TempDir()
	writeIdentity(t, folder)
	server, _, _ := strings.Cut(certificate, "# A device with a certificate")
	for name, part := range map[string]string{"the thing pump-07": certificate, "a thing by the template pumps": server + "#" + claim} {
		part = regexp.MustCompile(`(?m)^# ([a-z-]+: )`).ReplaceAllString(part, "$1")
		part = strings.ReplaceAll(part, "/etc/drover-agent", folder) + "state: " + folder + "/state\n"
		out, errs, status := called(t, "--check", "--config", written(t, part))
		want := "the settings are complete: " + name + " at jobs.example.org:8883\n"
		if out != want || status != 0 {
			t.Errorf("got %q, %q, %d; want %q, of the settings\n%s", out, errs, status, want, part)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(folder, "state")); err == nil {
		t.Errorf("--check has made %v", entries)
	}
}

// --check says what a start would fail for.
func TestCheck(t *testing.T) { // R-AGT-22
	t.Parallel()
	folder := t.TempDir()
	writeIdentity(t, folder)
	in := func(name string) string { return filepath.Join(folder, name) }
	if err := os.WriteFile(in("empty"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	all := []string{
		"--check", "--endpoint", "jobs.example.org:443", "--thing", "pump-07", "--state", in("state"),
		"--ca", in("ca.pem"), "--certificate", in("device.pem"), "--key", in("device.key"),
	}
	if out, errs, status := called(t, all...); status != 0 ||
		out != "the settings are complete: the thing pump-07 at jobs.example.org:443\n" {
		t.Errorf("all is there: %q, %q, %d", out, errs, status)
	}
	claim := []string{"--template", "pumps", "--claim-certificate", in("device.pem"), "--claim-key", in("none")}
	for _, row := range []struct {
		more []string
		want string
	}{
		{[]string{"--ca", in("none")}, in("none")},
		{[]string{"--ca", in("empty")}, "no certificate in PEM"},
		{[]string{"--certificate", in("none")}, "the certificate of the device: open " + in("none")},
		{[]string{"--key", in("empty")}, "the certificate of the device: tls: failed to find any PEM data"},
		{append([]string{"--certificate", in("none")}, claim...), "the claim: open " + in("none")},
		{append([]string{"--thing", ""}, claim...), "the name of the thing"},
		{[]string{"--endpoint", "a b"}, `"a b" is neither host nor host:port`},
	} {
		out, errs, status := called(t, append(all[:len(all):len(all)], row.more...)...)
		if status != 1 || out != "" || !strings.Contains(errs, row.want) {
			t.Errorf("%q: printed %q and %q, status %d, want %q", row.more, out, errs, status, row.want)
		}
	}
}

// writeIdentity writes the certificate and the key of a device, a claim and an authority into a folder.
// The tests verify nobody with them.
func writeIdentity(t *testing.T, folder string) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	pair := s.TLS.Certificates[0]
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if _, err := tls.X509KeyPair(certificate, key); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"ca.pem": certificate, "device.pem": certificate, "device.key": key, "claim.pem": certificate, "claim.key": key,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// written writes a file of settings.
func written(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "agent.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
