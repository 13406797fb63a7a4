package bus

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"nats://nats.example.org:4222":        true,
		"tls://user:pass@nats.example.org":    true,
		"nats://a:4222,nats://b:4222":         true,
		"nats://token@10.0.0.1:4222, tls://b": true,
		"":                                    false,
		"nats.example.org:4222":               false,
		"http://nats.example.org":             false,
		"nats://":                             false,
		"nats://:4222":                        false,
		"nats://a:4222,":                      false,
		"nats://user:pa55word@a:4222, b":      false,
		"nats://user:pa55word@a:not-a-port":   false,
		"postgres://user:pa55word@a/drover":   false,
	} {
		err := CheckURL(text)
		if (err == nil) != good || err != nil && strings.Contains(err.Error(), "pa55word") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What is shown and warned of.
func TestShown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		shown    string
		password bool
	}{
		"":                                  {"", false},
		"nats://a:4222":                     {"nats://a:4222", false},
		"nats://a:4222,tls://u:p@b:1/x?y=z": {"nats://a:4222,tls://b:1", true},
		"nats://token@a":                    {"nats://a", true},
	} {
		if got := Shown(text); got != want.shown || HasPassword(text) != want.password {
			t.Errorf("%q: %q, a password: %v", text, got, HasPassword(text))
		}
	}
}

// pair is a key pair of NATS.
func pair(t *testing.T, create func() (nkeys.KeyPair, error)) (k nkeys.KeyPair, public string) {
	t.Helper()
	k, err := create()
	if err == nil {
		public, err = k.PublicKey()
	}
	if err != nil {
		t.Fatal(err)
	}
	return k, public
}

// withCredentials is a NATS server with one user, and the file with that one's credentials.
func withCredentials(t *testing.T) (s *server.Server, file string) {
	t.Helper()
	operator, operatorKey := pair(t, nkeys.CreateOperator)
	account, accountKey := pair(t, nkeys.CreateAccount)
	user, userKey := pair(t, nkeys.CreateUser)
	accountJWT, err := jwt.NewAccountClaims(accountKey).Encode(operator)
	if err != nil {
		t.Fatal(err)
	}
	userJWT, err := jwt.NewUserClaims(userKey).Encode(account)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.FormatUserConfig(userJWT, seed)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "user.creds")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s = natsServer(t, 0, func(o *server.Options) {
		o.TrustedKeys = []string{operatorKey}
		resolver := &server.MemAccResolver{}
		if err := resolver.Store(accountKey, accountJWT); err != nil {
			t.Fatal(err)
		}
		o.AccountResolver = resolver
	})
	return s, file
}

// A file of credentials is read with each connection; one that has none, or that others may read, is
// refused.
func TestCredentials(t *testing.T) {
	t.Parallel()
	s, file := withCredentials(t)
	if err := CheckCredentials(file); err != nil {
		t.Fatal(err)
	}
	c := Config{URL: s.ClientURL(), Credentials: file}
	a, b := join(t, c), join(t, c)
	a.Publish([]byte("x"))
	if got := b.next(); got != "x" {
		t.Errorf("got %q", got)
	}
	if without := join(t, Config{URL: s.ClientURL()}); !strings.Contains(without.logged(), "the bus does not answer") {
		t.Errorf("without credentials:\n%s", without.logged())
	}

	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	onlyJWT, _, _ := strings.Cut(string(text), "-----BEGIN USER NKEY SEED")
	for name, content := range map[string]string{"empty": "", "text": "SECRET", "without a key": onlyJWT} {
		wrong := filepath.Join(t.TempDir(), "wrong.creds")
		if err := os.WriteFile(wrong, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		err := CheckCredentials(wrong)
		if err == nil || !strings.HasSuffix(err.Error(), "has not the JWT and the key of a user, as nsc writes them") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := CheckCredentials(filepath.Join(t.TempDir(), "missing")); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := CheckCredentials(file); err == nil {
		t.Error("a file that others may read is accepted")
	}
}
