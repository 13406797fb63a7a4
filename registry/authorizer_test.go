package registry

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

// publicPEM is a public key in PEM.
func publicPEM(t *testing.T, kind string, der []byte) string {
	t.Helper()
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestCheckAuthorizer(t *testing.T) { // R-ID-90, R-ID-91
	t.Parallel()
	key := rsaKey(t, 2048)
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ofCurve, err := x509.MarshalPKIXPublicKey(curve.Public())
	if err != nil {
		t.Fatal(err)
	}
	good := publicPEM(t, "PUBLIC KEY", spki)
	many := func(n int) map[string]string {
		keys := map[string]string{}
		for i := range n {
			keys[fmt.Sprint("k", i)] = good
		}
		return keys
	}
	function := func(text string) Authorizer { return Authorizer{Function: text, SigningDisabled: true} }
	signed := func(keys map[string]string) Authorizer {
		return Authorizer{Function: "https://a", TokenKey: "t", SigningKeys: keys}
	}
	const member, keys = "authorizerFunctionArn: ", "tokenSigningPublicKeys"
	for _, row := range []struct {
		name string
		a    Authorizer
		code fault.Code
		says string
	}{
		{"https", function("https://auth.example.org/x?y=z"), "", ""},
		{"http to loopback", function("http://127.0.0.1:8080/x"), "", ""},
		{"http to localhost", function("http://localhost/x"), "", ""},
		{"http", function("http://192.0.2.1/x"), fault.Invalid,
			member + "http://192.0.2.1/x must be https: http is for loopback only"},
		{"another scheme", function("ftp://a/x"), fault.Invalid, member + "must begin with https://"},
		{"no URL", function("door"), fault.Invalid, member + "is neither an https URL nor file:NAME"},
		{"empty", function(""), fault.Invalid, member + "is neither an https URL nor file:NAME"},
		{"a password", function("https://u:hunter2@a/"), fault.Invalid, member + "must have no user and no password"},
		{"a file", function("file:tokens-1.txt"), "", ""},
		{"two keys, one in the older form", signed(map[string]string{"a": good,
			"b": publicPEM(t, "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&key.PublicKey))}), "", ""},
		{"ten keys", signed(many(10)), "", ""},
		{"eleven keys", signed(many(11)), fault.Limit, keys + ": 11 keys, at most 10 are allowed"},
		{"no key", signed(nil), fault.Invalid, keys + ": required, when signingDisabled is not true"},
		{"no PEM", signed(map[string]string{"a": "x"}), fault.Invalid, keys + ".a: is no public key in PEM"},
		{"PEM of something else", signed(map[string]string{"a": publicPEM(t, "PUBLIC KEY", []byte("x"))}), fault.Invalid,
			keys + ".a: is no public key in PEM"},
		{"not RSA", signed(map[string]string{"a": publicPEM(t, "PUBLIC KEY", ofCurve)}), fault.Invalid,
			keys + ".a: is no RSA key"},
		{"a small key", signed(map[string]string{"a": publicPEM(t, "RSA PUBLIC KEY",
			x509.MarshalPKCS1PublicKey(&rsaKey(t, 1024).PublicKey))}), fault.Invalid,
			keys + ".a: has 1024 bits, at least 2048 are required"},
		{"no token key", Authorizer{Function: "https://a", SigningKeys: many(1)}, fault.Invalid,
			"tokenKeyName: required, when signingDisabled is not true: it names the token that is signed"},
	} {
		refused(t, row.name, row.a.Check(), row.code, row.says)
	}
	for _, name := range []string{"", ".", "..", ".hidden", "a/b", `a\b`, "a b", "é", strings.Repeat("a", 129)} {
		if err := function("file:" + name).Check(); !fault.Is(err, fault.Invalid) {
			t.Errorf("the file %q: %v", name, err)
		}
	}
	if got := function("file:a.b").TokensFile(); got != "a.b" {
		t.Errorf("the file is %q", got)
	}
	if got := function("https://a").TokensFile(); got != "" {
		t.Errorf("a URL has the file %q", got)
	}
}

// An update changes what it names, and nothing that cannot be used.
func TestUpdateAuthorizer(t *testing.T) { // R-ID-90
	t.Parallel()
	made, now := time.Unix(1, 0), time.Unix(2, 0)
	before := Authorizer{
		Name: "a", Function: "https://a", TokenKey: "t", SigningDisabled: true,
		Status: AuthorizerInactive, Default: true, CreatedAt: made, UpdatedAt: made,
	}
	same := before
	same.UpdatedAt = now
	if got, err := before.Update(AuthorizerUpdate{}, now); err != nil || !cmp.Equal(got, same) {
		t.Errorf("nothing: %+v, %v", got, err)
	}
	all := same
	all.Function, all.TokenKey, all.Status, all.CachingForHTTP = "file:b", "u", AuthorizerActive, true
	all.SigningKeys = map[string]string{}
	got, err := before.Update(AuthorizerUpdate{
		Function: ptr("file:b"), TokenKey: ptr("u"), Status: ptr(AuthorizerActive), CachingForHTTP: ptr(true),
		SigningKeys: map[string]string{},
	}, now)
	if err != nil || !cmp.Equal(got, all) {
		t.Errorf("all: %+v, %v", got, err)
	}
	_, err = before.Update(AuthorizerUpdate{Function: ptr("b")}, now)
	refused(t, "a wrong function", err, fault.Invalid, "authorizerFunctionArn: is neither an https URL nor file:NAME")
	refused(t, "delete, INACTIVE", before.CheckDelete(), "", "")
	refused(t, "delete, ACTIVE", all.CheckDelete(), fault.DeleteConflict,
		"authorizer a is ACTIVE; set it to INACTIVE first, which ends its connections")
}

func TestDefaultAuthorizer(t *testing.T) { // R-ID-90
	t.Parallel()
	a, b, isDefault := Authorizer{Name: "a"}, Authorizer{Name: "b"}, Authorizer{Name: "b", Default: true}
	changed, err := SetDefault([]Authorizer{a, b}, "b")
	if err != nil || !cmp.Equal(changed, []Authorizer{isDefault}) {
		t.Errorf("set: %+v, %v", changed, err)
	}
	if changed, err := SetDefault([]Authorizer{a, isDefault}, "b"); err != nil || changed != nil {
		t.Errorf("set again: %+v, %v", changed, err)
	}
	_, err = SetDefault([]Authorizer{a, isDefault}, "a")
	refused(t, "another", err, fault.Exists, "authorizer b is the default; ClearDefaultAuthorizer comes first")
	_, err = SetDefault([]Authorizer{a}, "b")
	refused(t, "unknown", err, fault.NotFound, "authorizer b does not exist")
	if got, err := DefaultAuthorizer([]Authorizer{a, isDefault}); err != nil || got.Name != "b" {
		t.Errorf("the default is %+v, %v", got, err)
	}
	_, err = DefaultAuthorizer([]Authorizer{a, b})
	refused(t, "none", err, fault.NotFound, "there is no default authorizer")
}
