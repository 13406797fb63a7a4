package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/cli/exit"
)

// Values from files, and what is not there yet (R-CMD-37, R-CMD-42, R-CMD-49, R-CMD-98).
func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"text": "a\r\nb\n", "latin": "\xe9", "$UNSET": "odd", "tag": "Key=a,\n Value=b\n", "bom.json": "\ufeff{\"jobId\":\"j\"}", "one": "only",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	update, create := []string{"iot", "update-job", "--job-id", "j"}, []string{"iot", "create-job", "--job-id", "j", "--targets", "t"}
	for _, tt := range []struct {
		rule  string
		words []string
		want  string // what is sent, or the message
	}{
		{"R-CMD-42 line ends", append(update[:4:4], "--description", "file://~/text"), `PATCH /jobs/j {"description":"a\nb\n"}`},
		{"R-CMD-42 variable", append(update[:4:4], "--description", "file://$DIR/one"), `PATCH /jobs/j {"description":"only"}`},
		{"R-CMD-42 unset", append(update[:4:4], "--description", "file://${DIR}/$UNSET"), `PATCH /jobs/j {"description":"odd"}`},
		{"R-CMD-42 decoding", append(update[:4:4], "--description", "file://~/latin"), "text contents could not be decoded"},
		{"R-CMD-42 bytes", append(update[:4:4], "--description", "fileb://~/one"), "Invalid type for parameter description"},
		{"R-CMD-42 element", []string{"iot", "create-job", "--job-id", "j", "--targets", "file://~/one"}, `PUT /jobs/j {"targets":["only"]}`},
		{"R-CMD-42 two words", []string{"iot", "create-job", "--job-id", "j", "--targets", "file://~/one", "x"}, `PUT /jobs/j {"targets":["file://~/one","x"]}`},
		{"R-CMD-42 shorthand", append(create[:6:6], "--tags", "file://~/tag"), `PUT /jobs/j {"targets":["t"],"tags":[{"Key":"a","Value":"b"}]}`},
		{"R-CMD-49 mark", []string{"iot", "update-job", "--cli-input-json", "file://~/bom.json"}, `PATCH /jobs/j {}`},
		{"R-CMD-49 hint", []string{"iot", "update-job", "--cli-input-json", filepath.Join(dir, "one")}, "did you mean file://"},
		{"R-CMD-49 both", append(update[:4:4], "--cli-input-json", "{}", "--cli-input-yaml", "{}"), "Only one --cli-input- parameter may be specified."},
		{"R-CMD-50 a word", []string{"iot", "update-job", "--cli-input-yaml", "jobId: yes"}, `PATCH /jobs/yes {}`},
		{"R-CMD-50 another", []string{"iot", "update-job", "--cli-input-yaml", "jobId: on"}, `PATCH /jobs/on {}`},
		{"R-CMD-50 no sexagesimal", []string{"iot", "update-job", "--cli-input-yaml", "jobId: 12:30:45"}, `PATCH /jobs/12%3A30%3A45 {}`},
		{"R-CMD-50 a tag", []string{"iot", "update-job", "--cli-input-yaml", "jobId: !!str 123"}, `PATCH /jobs/123 {}`},
		{"R-CMD-50 an anchor", []string{"iot", "update-job", "--cli-input-yaml", "jobId: &a x\ndescription: *a"}, `PATCH /jobs/x {"description":"x"}`},
		{"R-CMD-50 a block", []string{"iot", "update-job", "--cli-input-yaml", "jobId: x\ndescription: |\n  a\n  b\n"}, `PATCH /jobs/x {"description":"a\nb\n"}`},
		{"R-CMD-50 leading zero", []string{"iot", "update-job", "--cli-input-yaml", "jobId: x\ntimeoutConfig:\n  inProgressTimeoutInMinutes: 010"}, `PATCH /jobs/x {"timeoutConfig":{"inProgressTimeoutInMinutes":10}}`},
		{"R-CMD-50 a number", []string{"iot", "update-job", "--cli-input-yaml", "jobId: 123"}, "Invalid type for parameter jobId"},
		{"R-CMD-50 nothing", []string{"iot", "update-job", "--cli-input-yaml", "jobId: ~"}, "Invalid type for parameter jobId"},
		{"R-CMD-50 two documents", []string{"iot", "update-job", "--cli-input-yaml", "jobId: a\n---\njobId: b"}, "Invalid YAML received."},
		{"R-CMD-50 a key twice", []string{"iot", "update-job", "--cli-input-yaml", "jobId: a\njobId: b"}, "Invalid YAML received."},
		{"R-CMD-50 broken", []string{"iot", "update-job", "--cli-input-yaml", "[a"}, "Error parsing parameter 'cli-input-yaml': Invalid YAML received."},
		{"R-CMD-50 a text", []string{"iot", "update-job", "--cli-input-yaml", "plain"}, "expecting map"},
		{"R-CMD-50 a list", []string{"iot", "update-job", "--cli-input-yaml", "- a"}, "expecting map"},
		{"R-CMD-47 in YAML", []string{"iot", "update-job", "--cli-input-yaml", "jobId: a\ndescription: d", "--description", "e"}, `PATCH /jobs/a {"description":"e"}`},
		{"R-CMD-98 prompt", append(update[:4:4], "--cli-auto-prompt"), "there is no prompt"},
		{"R-CMD-98 both", append(update[:4:4], "--cli-auto-prompt", "--no-cli-auto-prompt"), "Both --cli-auto-prompt and"},
		{"R-CMD-98 no prompt", append(update[:4:4], "--no-cli-auto-prompt", "--cli-binary-format", "base64", "--cli-error-format", "legacy"), `PATCH /jobs/j {}`},
		{"lost quotes", append(update[:4:4], "--timeout-config", "{inProgressTimeoutInMinutes:5}"), "the shell may have taken them"},
		{"shorthand hint", append(update[:4:4], "--timeout-config", "a==5"), "or the whole is written as JSON"},
	} {
		r := record(t)
		vars := r.environment(t)
		vars["HOME"], vars["DIR"] = dir, dir
		got := call1(t, vars, "", tt.words...)
		said := got.problem
		if len(r.sent) > 0 {
			said = r.sent[0]
		} else if got.status != exit.StatusUsage {
			t.Errorf("%s: status %d", tt.rule, got.status)
		}
		if !strings.Contains(said, tt.want) || len(r.sent) > 0 && said != tt.want {
			t.Errorf("%s: %v: %s\nwant %s", tt.rule, tt.words[2:], said, tt.want)
		}
	}
}

// Parts of an answer in files of their owner; a call that fails leaves what was there (R-CMD-130).
func TestOutfiles(t *testing.T) {
	t.Parallel()
	body := `{"certificateId":"c","certificatePem":"PEM\n","keyPair":{"PublicKey":"PUBLIC","PrivateKey":"PRIVATE"}}`
	r := record(t, answer{400, "LimitReached", "{}"}, answer{200, "", body})
	key, certificate := filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "pem")
	if err := os.WriteFile(key, []byte("an older and longer key"), 0o644); err != nil { //nolint:gosec // it gets narrower
		t.Fatal(err)
	}
	words := []string{"iot", "create-keys-and-certificate", "--private-key-outfile", key, "--certificate-pem-outfile", certificate}
	for _, tt := range []struct {
		status int
		want   string
	}{{exit.StatusService, "an older and longer key"}, {0, "PRIVATE"}} {
		got := call1(t, r.environment(t), "", words...)
		text, err := os.ReadFile(key)
		if err != nil || got.status != tt.status || string(text) != tt.want {
			t.Errorf("status %d, %q, want %d, %q: %v\n%s", got.status, text, tt.status, tt.want, err, got.problem)
		}
	}
	for path, want := range map[string]string{key: "PRIVATE", certificate: "PEM\n"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 || string(text) != want {
			t.Errorf("%s: %q, %v, %v", filepath.Base(path), text, info.Mode(), err)
		}
	}
	if got := call1(t, r.environment(t), "", append(words, "--public-key-outfile", "/nonexistent/x")...); got.status != exit.StatusUsage || got.problem != "Unable to write to file: /nonexistent/x\n" || len(r.sent) != 2 {
		t.Errorf("%+v, sent %v", got, r.sent)
	}
}

// A file that cannot be written costs nothing else: the other files get their parts, the answer
// is shown, and a device stays as it was.
func TestOutfileThatFails(t *testing.T) {
	t.Parallel()
	r := record(t, answer{200, "", `{"certificatePem":"PEM","keyPair":{"PublicKey":"PUBLIC","PrivateKey":"PRIVATE"}}`})
	key, full := filepath.Join(t.TempDir(), "key"), "/dev/full"
	before, err := os.Stat(full)
	if err != nil {
		t.Fatal(err)
	}
	got := call1(t, r.environment(t), "", "iot", "create-keys-and-certificate", "--public-key-outfile", full, "--private-key-outfile", key)
	text, err := os.ReadFile(key)
	if err != nil || string(text) != "PRIVATE" || got.status != exit.StatusOther || !strings.Contains(got.out, "PRIVATE") || !strings.Contains(got.problem, full) {
		t.Errorf("%+v, the key's file holds %q, %v", got, text, err)
	}
	if after, err := os.Stat(full); err != nil || after.Mode() != before.Mode() {
		t.Errorf("the device went from %v to %v, %v", before.Mode(), after.Mode(), err)
	}
	if got := call1(t, r.environment(t), "", "iot", "create-keys-and-certificate", "--private-key-outfile", os.DevNull); got.status != 0 {
		t.Errorf("to a device: %+v", got)
	}
}
