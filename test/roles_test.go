package test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/test/testserver"
)

// role is the ARN of a role.
func role(name string) string { return "arn:aws:iam::123456789012:role/" + name }

// keyOf is a credential of an object store, with a secret that no log may have.
func keyOf(id string) aws.Credentials {
	return aws.Credentials{AccessKeyID: id, SecretAccessKey: "secret of " + id}
}

// rolesFile writes a file of roles, each with a key of its own.
func rolesFile(t *testing.T, path string, keys map[string]string) {
	t.Helper()
	file := map[string]map[string]string{}
	for name, id := range keys {
		c := keyOf(id)
		file[role(name)] = map[string]string{"accessKeyId": c.AccessKeyID, "secretAccessKey": c.SecretAccessKey}
	}
	if err := os.WriteFile(path, must[[]byte](t)(json.Marshal(file)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// createAs creates a job on t0001 whose document has one placeholder, and a role.
func (s *server) createAs(id, roleName, placeholder string) error {
	s.t.Helper()
	_, err := s.Control().CreateJob(within(s.t, 20*time.Second), &iot.CreateJobInput{
		JobId: &id, Targets: []string{s.ARN("thinggroup", "g")}, Document: aws.String(`{"from":"${aws:iot:` + placeholder + `}"}`),
		PresignedUrlConfig: &types.PresignedUrlConfig{RoleArn: aws.String(role(roleName)), ExpiresInSec: aws.Int64(600)},
	})
	return err
}

// signedBy is the access key in a presigned URL.
func signedBy(t *testing.T, address string) string {
	t.Helper()
	key, _, _ := strings.Cut(must[*url.URL](t)(url.Parse(address)).Query().Get("X-Amz-Credential"), "/")
	return key
}

// The role that a job has at a delivery selects the credential, from a file that is read again when
// it changes or at a signal. A wrong file changes nothing; a role that is taken out of it leaves
// its executions as they are. No secret is logged.
func TestRoles(t *testing.T) { // R-PRE-12, R-PRE-13, R-UPD-17, R-ART-2
	t.Parallel()
	o := newKeyedStore(t, keyOf("KEYFW"), keyOf("KEYLOGS"), keyOf("KEYNEW"))
	file := filepath.Join(t.TempDir(), "roles.json")
	rolesFile(t, file, map[string]string{"fw": "KEYFW", "logs": "KEYLOGS"})
	s := serveStore(t, o.URL, nil, "--s3-roles", file, "--s3-unknown-roles", "refuse")
	s.fleet("g", 1)
	in := newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTT, "t0001", nil, in))
	const placeholder = "s3-presigned-url:https://s3.amazonaws.com/firmware/fw.bin"
	if err := s.createAs("j", "fw", placeholder); err != nil {
		t.Fatal(err)
	}
	wantKey := func(want string) {
		t.Helper()
		if address := s.delivered("j"); signedBy(t, address) != want || fetch(t, address) != "/firmware/fw.bin" {
			t.Errorf("%s, want a URL that %s has signed", address, want)
		}
	}
	wantKey("KEYFW")
	s.update(&iot.UpdateJobInput{JobId: aws.String("j"), PresignedUrlConfig: &types.PresignedUrlConfig{RoleArn: aws.String(role("logs"))}})
	wantKey("KEYLOGS")
	if err := s.createAs("k", "nobody", placeholder); err == nil || !strings.Contains(err.Error(), "InvalidRole: presignedUrlConfig.roleArn: role "+role("nobody")) {
		t.Errorf("an unknown role: %v", err)
	}

	rolesFile(t, file, map[string]string{"fw": "KEYFW", "logs": "KEYNEW"})
	eventually(t, "the new key signs", func() bool { return signedBy(t, s.delivered("j")) == "KEYNEW" })
	wantKey("KEYNEW")
	if err := os.WriteFile(file, []byte(`{"`+role("logs")+`":{"secretAccessKey":"secret of a wrong file"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Signal(syscall.SIGHUP)
	eventually(t, "the log says what is wrong", func() bool { return strings.Contains(s.Output.String(), "must have accessKeyId and secretAccessKey") })
	wantKey("KEYNEW")

	rolesFile(t, file, map[string]string{"fw": "KEYFW"})
	eventually(t, "the role is gone", func() bool {
		status, exception, _ := s.send(call{method: "GET", path: "/things/t0001/jobs/j", service: "iot-jobs-data"})
		return status == 503 && exception == "ServiceUnavailableException"
	})
	d.publish("$aws/things/t0001/jobs/start-next", `{}`)
	if code := in.expect("/start-next/rejected").at("code"); code != "InternalError" {
		t.Errorf("over MQTT: %v", code)
	}
	if got := s.ask("GET", "/things/t0001/jobs/j", ""); at(got, "execution.status") != "QUEUED" {
		t.Errorf("the execution afterwards: %v", got)
	}
	s.Kill()
	if printed := s.Output.String(); strings.Contains(printed, "secret of") || strings.Contains(printed, "X-Amz") {
		t.Errorf("the log has a secret:\n%s", printed)
	}
}

// A role that is assumed has signed before its first device asks; the request that names it waits
// for the token service, and says what that has refused.
func TestAssumedRoles(t *testing.T) { // R-PRE-13, R-ART-2
	t.Parallel()
	base, temporary := keyOf("KEYBASE"), keyOf("KEYTEMP")
	temporary.SessionToken = "to/ken+="
	o := newKeyedStore(t, temporary)
	var asked atomic.Int32
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.FormValue("RoleArn") != role("fw") || !strings.Contains(r.Header.Get("Authorization"), "Credential=KEYBASE/") {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>`)
			return
		}
		fmt.Fprintf(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey>`+
			`<SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			temporary.AccessKeyID, temporary.SecretAccessKey, temporary.SessionToken, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(sts.Close)
	file := filepath.Join(t.TempDir(), "roles.json")
	if err := os.WriteFile(file, []byte(`{"*":{"assumeRole":true,"stsEndpoint":"`+sts.URL+`"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serveStore(t, o.URL, []string{"DROVER_S3_ACCESS_KEY_ID=" + base.AccessKeyID, "DROVER_S3_SECRET_ACCESS_KEY=" + base.SecretAccessKey}, "--s3-roles", file)
	s.fleet("g", 1)
	if err := s.createAs("j", "fw", "s3-presigned-url:https://s3.amazonaws.com/firmware/fw.bin"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if address := s.delivered("j"); signedBy(t, address) != "KEYTEMP" || fetch(t, address) != "/firmware/fw.bin" {
			t.Errorf("delivered %s", address)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the token service was asked %d times, want once", n)
	}
	// The next delivery after an update has the new role, whatever has become of it.
	s.update(&iot.UpdateJobInput{JobId: aws.String("j"), PresignedUrlConfig: &types.PresignedUrlConfig{RoleArn: aws.String(role("other"))}})
	if status, exception, text := s.send(call{method: "GET", path: "/things/t0001/jobs/j", service: "iot-jobs-data"}); status != 503 || exception != "ServiceUnavailableException" {
		t.Errorf("with a role that cannot be assumed: %d %s %s", status, exception, text)
	}
	err := s.createAs("k", "other", "s3-presigned-url:https://s3.amazonaws.com/firmware/fw.bin")
	if err == nil || !strings.Contains(err.Error(), "InvalidRole: ") || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("a role that cannot be assumed: %v", err)
	}
	s.Kill()
	if printed := s.Output.String(); strings.Contains(printed, "secret of") || strings.Contains(printed, temporary.SessionToken) {
		t.Errorf("the log has a secret:\n%s", printed)
	}
}

// Files of roles and settings that a server refuses to start with.
func TestRolesRefused(t *testing.T) { // R-ART-2, R-ART-3, R-PRE-23
	t.Parallel()
	dir := t.TempDir()
	wrong, open := filepath.Join(dir, "wrong.json"), filepath.Join(dir, "open.json")
	for path, mode := range map[string]os.FileMode{wrong: 0o600, open: 0o644} {
		if err := os.WriteFile(path, []byte(`{"*":{"assumeRole":true}}`), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		flags []string
		says  string
	}{
		{[]string{"--s3-roles", filepath.Join(dir, "missing.json")}, "--s3-roles: "},
		{[]string{"--s3-roles", open}, "--s3-roles: "},
		{[]string{"--s3-roles", wrong}, "assumeRole needs a credential"},
		{[]string{"--s3-unknown-roles", "refuse"}, "--s3-unknown-roles: refuse needs --s3-roles"},
		{[]string{"--s3-unknown-roles", "maybe"}, "must be default or refuse"},
		{[]string{"--s3-upload-bucket", "a/b"}, "--s3-upload-bucket: a/b must be the name of a bucket"},
		{[]string{"--document-hosts", "https://files.example"}, "files.example or inner.example:8443=10.0.0.0/8"},
	} {
		if status, printed := testserver.New(t).Refused(tt.flags...); status == 0 || !strings.Contains(printed, tt.says) || strings.Contains(printed, "goroutine") {
			t.Errorf("%v: %d %s, want %q", tt.flags, status, printed, tt.says)
		}
	}
}
