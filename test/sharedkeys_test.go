package test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/test/testpostgres"
	"github.com/drover-iot/drover/test/testserver"
)

// What all servers on one database share, each with a data folder of its own (R-NODE-1). As long as
// a second server is refused while a first one runs, they run one after the other.

// keys calls drover keys for a server, and returns what it printed, in which a key stands as two
// variables of the environment.
func keys(s *testserver.Server, verb string, args ...string) string {
	s.T.Helper()
	return keysLine(s).ok(slices.Concat([]string{"keys", verb, "--data", s.Dir}, args)...)
}

// keysLine is the command line beside a server.
func keysLine(s *testserver.Server) commandLine {
	return commandLine{
		t:       s.T,
		program: []string{testserver.Binary},
		env:     append([]string{"DROVER_STORE=" + s.Store}, s.Env...),
	}
}

var variables = regexp.MustCompile(`^export \w+_ACCESS_KEY_ID=(\S+) \w+_SECRET_ACCESS_KEY=(\S+)\n$`)

// madeKey reads a key that drover keys has printed.
func madeKey(t testing.TB, printed string) aws.Credentials {
	t.Helper()
	found := variables.FindStringSubmatch(printed)
	if found == nil {
		t.Fatalf("no key is printed: %q", printed)
	}
	return aws.Credentials{AccessKeyID: found[1], SecretAccessKey: found[2]}
}

// as is a server for a caller with another key.
func as(s *testserver.Server, key aws.Credentials) *testserver.Server {
	other := *s
	other.AccessKeyID, other.SecretAccessKey = key.AccessKeyID, key.SecretAccessKey
	return &other
}

// accepted reports whether a key may call the server.
func accepted(s *testserver.Server, key aws.Credentials) bool {
	_, err := as(s, key).Control().ListThings(s.T.Context(), &iot.ListThingsInput{})
	return err == nil
}

// onOneDatabase returns two servers on an empty database, which do not run.
func onOneDatabase(t *testing.T) (first, second *testserver.Server) {
	first, second = testserver.New(t), testserver.New(t)
	first.Store = testpostgres.Schema(t)
	second.Store = first.Store
	return first, second
}

// A second server on a database goes on with the operator keys, the authorities and the page tokens
// of the first, once it is given the secret that the first one has made; its certificate is its own.
func TestSecondServerOnDatabase(t *testing.T) { // R-NODE-1
	t.Parallel()
	first, second := onOneDatabase(t)
	first.Start()
	secret := filepath.Join(first.Dir, "secret.key")
	eventually(t, "it is ready", func() bool { return strings.Contains(first.Output.String(), "DROVER_SECRET") })
	wantText(t, first.Output.String(), "An operator key was made", "\n  "+secret+"\n",
		"with --secret-file FILE or in\nthe variable DROVER_SECRET")
	first.Thing("pump-07")
	first.Thing("pump-08")
	first.Policy("all", testserver.WidePolicy)
	device := first.Identify("pump-07", "all")
	page := must[*iot.ListThingsOutput](t)(first.Control().ListThings(t.Context(), &iot.ListThingsInput{MaxResults: aws.Int32(1)}))
	ci := madeKey(t, keys(first, "create", "--name", "ci"))
	if !accepted(first, ci) {
		t.Error("a new key is not accepted")
	}
	authority := must[[]byte](t)(os.ReadFile(first.CA))
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}

	if status, printed := second.Refused(); status != 1 ||
		!regexp.MustCompile(`^drover: the keys in the database are encrypted: .*--secret-file FILE or in DROVER_SECRET.*\n$`).MatchString(printed) {
		t.Errorf("without the secret: status %d, %s", status, printed)
	}
	second.Env = []string{"DROVER_SECRET=" + string(must[[]byte](t)(os.ReadFile(secret)))}
	second.Start("--host", "127.0.0.2", "--https", "127.0.0.2:0")
	if second.AccessKeyID != first.AccessKeyID || second.SecretAccessKey != first.SecretAccessKey {
		t.Error("endpoints.json has another key")
	}
	if strings.Contains(second.Output.String(), "was made") {
		t.Errorf("the second server greets as the first one:\n%s", second.Output)
	}
	if diff := cmp.Diff(string(authority), string(must[[]byte](t)(os.ReadFile(second.CA)))); diff != "" || filepath.Dir(second.CA) != second.Dir {
		t.Errorf("%s is another authority:\n%s", second.CA, diff)
	}
	certificate := servedCertificate(t, second)
	if err := certificate.VerifyHostname("127.0.0.2"); err != nil {
		t.Error(err)
	}
	rest := must[*iot.ListThingsOutput](t)(as(second, ci).Control().ListThings(t.Context(), &iot.ListThingsInput{NextToken: page.NextToken}))
	if len(rest.Things) != 1 || aws.ToString(rest.Things[0].ThingName) != "pump-08" {
		t.Errorf("the next page is %+v", rest.Things)
	}
	registerAgain(t, second, device)
	keys(second, "delete", ci.AccessKeyID)
	time.Sleep(time.Second) // R-NODE-1 says how long another process may take to see it
	if accepted(second, ci) {
		t.Error("a key that was deleted a second ago is accepted")
	}
	if list := keys(second, "list"); !strings.Contains(list, second.AccessKeyID) || strings.Contains(list, ci.AccessKeyID) {
		t.Errorf("keys list:\n%s", list)
	}
	second.Kill()

	first.Start() // without a word about the secret, which is in its folder
	if accepted(first, ci) || !accepted(first, aws.Credentials{AccessKeyID: second.AccessKeyID, SecretAccessKey: second.SecretAccessKey}) {
		t.Error("the first server does not have the keys that the second one left")
	}
}

// registerAgain deletes the certificate of a device and registers it again, as only a server with the
// device authority that has issued it lets its operators (R-ID-55).
func registerAgain(t *testing.T, s *testserver.Server, device testserver.Identity) {
	t.Helper()
	ctx, client, policy := t.Context(), s.Control(), "all"
	for _, step := range []func() error{
		func() error {
			_, err := client.UpdateCertificate(ctx, &iot.UpdateCertificateInput{CertificateId: &device.CertificateID, NewStatus: "INACTIVE"})
			return err
		},
		func() error {
			_, err := client.DetachThingPrincipal(ctx, &iot.DetachThingPrincipalInput{ThingName: &device.Thing, Principal: &device.ARN})
			return err
		},
		func() error {
			_, err := client.DetachPolicy(ctx, &iot.DetachPolicyInput{PolicyName: &policy, Target: &device.ARN})
			return err
		},
		func() error {
			_, err := client.DeleteCertificate(ctx, &iot.DeleteCertificateInput{CertificateId: &device.CertificateID})
			return err
		},
		func() error {
			_, err := client.RegisterCertificate(ctx, &iot.RegisterCertificateInput{CertificatePem: &device.PEM})
			return err
		},
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}

// servedCertificate is the certificate of the HTTPS listener, which must be signed by ca.pem.
func servedCertificate(t *testing.T, s *testserver.Server) *x509.Certificate {
	t.Helper()
	config := s.TLS(nil)
	config.ServerName = "127.0.0.2"
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: 10 * time.Second}, Config: config}
	conn := must[net.Conn](t)(dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.HTTPS, "https://")))
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
}

// A server of another account or region is refused, and so is one with a secret that is none, before
// it makes a folder (R-NODE-1).
func TestRefusedServersOfDatabase(t *testing.T) {
	t.Parallel()
	first, second := onOneDatabase(t)
	first.Start("--account", "123456789012", "--region", "eu-west-1")
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	const hidden = "correct-horse-battery-staple"
	for _, row := range []struct {
		secret, want string
		flags        []string
		made         bool // the folder is made
	}{
		{hidden, "DROVER_SECRET: must be 32 bytes in base64 or hexadecimal", nil, false},
		{"", "--account 123456789012 --region eu-west-1\n", []string{"--secret-file", filepath.Join(first.Dir, "secret.key")}, true},
	} {
		second.Env = []string{"DROVER_SECRET=" + row.secret}
		status, printed := second.Refused(row.flags...)
		if status != 1 || strings.Count(printed, "\n") != 1 || !strings.Contains(printed, row.want) || strings.Contains(printed, hidden) {
			t.Errorf("status %d, printed:\n%s\nwant status 1 and one line with %q", status, printed, row.want)
		}
		if _, err := os.Stat(second.Dir); (err == nil) != row.made {
			t.Errorf("the folder: %v", err)
		}
	}
}

// No secret is in what a server logs or prints, apart from its greeting, nor in the files of a
// folder whose server was given the secret, apart from the operator key in endpoints.json and the
// server's own key (R-NODE-1).
func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	first, second := onOneDatabase(t)
	first.Start("--log", "debug")
	text := strings.TrimSpace(string(must[[]byte](t)(os.ReadFile(filepath.Join(first.Dir, "secret.key")))))
	ci, urls := madeKey(t, keys(first, "create")), madeKey(t, keys(first, "urls"))
	operator := first.SecretAccessKey
	secrets := []string{text, ci.SecretAccessKey, urls.SecretAccessKey, "PRIVATE KEY"}
	use := func(s *testserver.Server) {
		s.T.Helper()
		if !accepted(s, ci) || accepted(s, aws.Credentials{AccessKeyID: ci.AccessKeyID, SecretAccessKey: "wrong"}) {
			s.T.Error("the key is not as it was made")
		}
		if err := s.Stop(); err != nil {
			s.T.Error(err)
		}
	}
	use(first)
	greeting, log, _ := strings.Cut(first.Output.String(), "describe-job --job-id hello")
	wantNone(t, "the greeting", greeting, secrets...)
	wantNone(t, "the log", log, append(secrets, operator)...)

	second.Env = []string{"DROVER_SECRET=" + text}
	second.Start("--log", "debug")
	files := map[string]string{}
	for _, file := range must[[]string](t)(filepath.Glob(filepath.Join(second.Dir, "*"))) {
		if info := must[fs.FileInfo](t)(os.Stat(file)); !info.IsDir() {
			files[filepath.Base(file)] = string(must[[]byte](t)(os.ReadFile(file)))
		}
	}
	use(second)
	wantNone(t, "the log of the second server", second.Output.String(), append(secrets, operator)...)
	for name, content := range files {
		switch name {
		case "endpoints.json":
			wantNone(t, name, content, secrets...)
		case "server.key":
			wantNone(t, name, content, append(secrets[:3:3], operator)...)
		default:
			wantNone(t, name, content, append(secrets, operator)...)
		}
	}
	line := keysLine(first)
	line.env = append(line.env, "DROVER_SECRET="+text[1:]) // one that is none
	out, problem, status := line.run("keys", "list")
	if wantNone(t, "what keys list prints", out+problem, text[1:]); status != 1 {
		t.Errorf("keys list with a secret that is none: status %d", status)
	}
}

// wantNone fails when a text has one of these.
func wantNone(t *testing.T, what, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s has the secret %s…", what, secret[:4])
		}
	}
}

// drover keys says in one sentence what it lacks, and makes no tables in a database that no server
// has used (R-NODE-1).
func TestKeysRefuses(t *testing.T) {
	t.Parallel()
	first, second := onOneDatabase(t)
	embedded := testserver.New(t)
	embedded.Store = ""
	embedded.Env = []string{"DROVER_S3_ACCESS_KEY_ID=AKIA", "DROVER_S3_SECRET_ACCESS_KEY=secret"}
	embedded.Start("--artifacts", "off")
	line := keysLine(second)
	refused := func(what, want string, args ...string) {
		t.Helper()
		out, problem, status := line.run(append([]string{"keys"}, args...)...)
		if status != 1 || out != "" || strings.Count(problem, "\n") != 1 || !strings.Contains(problem, want) {
			t.Errorf("%s: status %d, %s%s\nwant one line with %s", what, status, out, problem, want)
		}
	}
	refused("an empty database", "there is no store in the database", "list")
	first.Start()
	refused("no secret", "the keys in the database are encrypted: ", "create")
	line.env = append(line.env, "DROVER_SECRET="+strings.Repeat("00", 32))
	refused("a wrong secret", "DROVER_SECRET is not the secret that", "create")
	line = keysLine(first)
	line.env = nil
	refused("no database", "are in a database: name it with --store or DROVER_STORE", "create", "--data", first.Dir)
	refused("no URL", "--store: must be a URL", "create", "--store", "drover.db")
	if _, problem, _ := line.run("keys", "list", "--store", "postgres://u:"+wrongPassword+"@127.0.0.1:1/d"); !strings.Contains(problem, "use DROVER_STORE") || strings.Contains(problem, wrongPassword) {
		t.Errorf("a password on the command line: %s", problem)
	}
	line = keysLine(first)
	refused("an unknown key", `there is no key with the id "ci"`, "delete", "--data", first.Dir, "ci")
	line = keysLine(embedded)
	refused("no folder", "data folder: ", "list", "--data", filepath.Join(embedded.Dir, "none"))
	refused("no key of URLs", "no key pair for presigned URLs yet", "urls", "--data", embedded.Dir)
	for _, args := range [][]string{{"delete"}, {"delete", "a", "b"}, {"list", "a"}, {"move"}} {
		if _, problem, status := line.run(append([]string{"keys"}, args...)...); status != 2 || !strings.Contains(problem, "usage: drover keys") {
			t.Errorf("keys %v: status %d, %s", args, status, problem)
		}
	}
}

// A reset removes things and jobs, and no key: neither for the running server nor for the next start
// (R-NODE-1).
func TestResetLeavesKeys(t *testing.T) {
	t.Parallel()
	first, _ := onOneDatabase(t)
	first.Start("--clock", "virtual")
	first.Thing("pump-07")
	authority := must[[]byte](t)(os.ReadFile(first.CA))
	key := aws.Credentials{AccessKeyID: first.AccessKeyID, SecretAccessKey: first.SecretAccessKey}
	if status, text := (&server{Server: first, t: t}).post("/_drover/reset", `{}`); status != 200 {
		t.Fatalf("reset: %d %s", status, text)
	}
	for range 2 {
		things := must[*iot.ListThingsOutput](t)(as(first, key).Control().ListThings(t.Context(), &iot.ListThingsInput{}))
		if len(things.Things) != 0 {
			t.Errorf("left: %+v", things.Things)
		}
		first.Kill()
		first.Start("--clock", "virtual")
	}
	if diff := cmp.Diff(string(authority), string(must[[]byte](t)(os.ReadFile(first.CA)))); diff != "" {
		t.Errorf("another authority:\n%s", diff)
	}
}

// The keys of a server go with its data: from the files of a folder into a database when a server
// starts on it, from there with a copy into another database, and back into files (R-NODE-1,
// R-NODE-14).
func TestKeysFollowCopies(t *testing.T) {
	t.Parallel()
	s := testserver.New(t)
	s.Store = ""
	s.Start()
	s.Thing("pump-07")
	s.Policy("all", testserver.WidePolicy)
	device := s.Identify("pump-07", "all")
	ci, urls := madeKey(t, keys(s, "create", "--name", "ci")), madeKey(t, keys(s, "urls"))
	want := keys(s, "list")
	authority := must[[]byte](t)(os.ReadFile(s.CA))
	check := func(where string) {
		t.Helper()
		if got := keys(s, "list"); got != want || madeKey(t, keys(s, "urls")) != urls || !accepted(s, ci) {
			t.Errorf("%s: the keys are\n%s\nwant\n%s", where, got, want)
		}
		if got := must[[]byte](t)(os.ReadFile(s.CA)); string(got) != string(authority) {
			t.Errorf("%s: another authority", where)
		}
		conn := must[*tls.Conn](t)(tls.Dial("tcp", strings.TrimPrefix(s.MQTTS, "mqtts://"), s.TLS(&device)))
		_ = conn.Close()
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}
	check("in the folder")
	line := commandLine{t: t, program: []string{testserver.Binary}}
	copyTo := func(from, to string) {
		t.Helper()
		line.ok("store", "copy", from, to)
	}

	folder, one, other := s.Dir, testpostgres.Schema(t), testpostgres.Schema(t)
	copyTo(folder, one)
	s.Store = one
	s.Start()
	check("in a database")
	if left := must[[]string](t)(filepath.Glob(filepath.Join(folder, "*key*"))); fmt.Sprint(left) != fmt.Sprint([]string{filepath.Join(folder, "secret.key"), filepath.Join(folder, "server.key")}) {
		t.Errorf("left in the folder: %v", left)
	}
	s.Store = ""
	if status, printed := s.Refused(); status != 1 || !strings.Contains(printed, "are in a database: name it with --store") {
		t.Errorf("on the file that was copied: status %d, %s", status, printed)
	}

	copyTo(one, other)
	s.Dir, s.Store = filepath.Join(t.TempDir(), "data"), other
	s.Env = []string{"DROVER_SECRET=" + string(must[[]byte](t)(os.ReadFile(filepath.Join(folder, "secret.key"))))}
	s.Start()
	check("in another database")

	s.Dir, s.Store = filepath.Join(t.TempDir(), "data"), ""
	copyTo(other, s.Dir)
	secret := s.Env
	s.Env = nil
	if status, printed := s.Refused(); status != 1 || !strings.Contains(printed, "are encrypted: ") {
		t.Errorf("without the secret: status %d, %s", status, printed)
	}
	s.Env = secret
	s.Start()
	check("in a folder again")
	s.Env = nil
	s.Start() // which needs no secret any more
	check("in a folder, once more")
}
