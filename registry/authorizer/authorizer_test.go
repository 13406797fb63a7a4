package authorizer

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// What a client asks for, wherever it says so: headers come before the query, and that before the
// user name.
func TestChoice(t *testing.T) { // R-ID-92
	t.Parallel()
	header := func(name, value string) *HTTP {
		return &HTTP{Headers: map[string]string{name: value}, Query: "x-amz-customauthorizer-name=query&t=of+query%2F"}
	}
	for _, row := range []struct {
		name                     string
		c                        Client
		chosen, token, signature string
	}{
		{"nothing", Client{}, "", "", ""},
		{"a user name alone", Client{Username: "x-amz-customauthorizer-name=a"}, "", "", ""},
		{"user name", Client{Username: "u?x-amz-customauthorizer-name=a&T=b%3D&x-amz-customauthorizer-signature=c+d/e%2B%3D"},
			"a", "b=", "c+d/e+="},
		{"without a user name", Client{Username: "?x-amz-customauthorizer-name=a"}, "a", "", ""},
		{"other case", Client{Username: "u?X-Amz-CustomAuthorizer-Name=a"}, "a", "", ""},
		{"escaped name", Client{Username: "u?x%2Damz-customauthorizer-name=a%3Db"}, "a=b", "", ""},
		{"the first of two", Client{Username: "u?x-amz-customauthorizer-name=a&x-amz-customauthorizer-name=b"}, "a", "", ""},
		{"a second question mark", Client{Username: "u?x-amz-customauthorizer-name=a?SDK=b"}, "a", "", ""},
		{"not escaped well", Client{Username: "u?x-amz-customauthorizer-name=%zz"}, "%zz", "", ""},
		{"a space for a plus sign", Client{Username: "u?x-amz-customauthorizer-signature=a%20b"}, "", "", "a+b"},
		{"query", Client{HTTP: header("other", "x"), Username: "u?x-amz-customauthorizer-name=a"}, "query", "of+query/", ""},
		{"header", Client{HTTP: header("x-amz-customauthorizer-name", "header")}, "header", "of+query/", ""},
		{"header of the token", Client{HTTP: header("t", "of header")}, "query", "of header", ""},
	} {
		got := row.c.Token("T")
		if chosen := row.c.Choice(); chosen != row.chosen || got.Value != row.token || got.Signature != row.signature {
			t.Errorf("%s: got %q and %+v, want %q, %q, %q", row.name, chosen, got, row.chosen, row.token, row.signature)
		}
	}
	if got := (Client{Username: "u?=x"}).Token(""); got.Value != "" {
		t.Errorf("without a key: %+v", got)
	}
	for query, want := range map[string]bool{
		"": false, "a=b": false, "x-amz-customauthorizer-name=a": true, "x-amz-customauthorizer-signature=a": true,
	} {
		if _, got := (&HTTP{Query: query}).Names(); got != want {
			t.Errorf("%q names an authorizer: %v, want %v", query, got, want)
		}
	}
}

// A question has what the connection has, in the form that a Lambda function gets.
func TestQuestion(t *testing.T) { // R-ID-93
	t.Parallel()
	open := registry.Authorizer{SigningDisabled: true, TokenKey: "t"}
	client := Client{
		ServerName: "iot.example.org",
		HTTP:       &HTTP{Headers: map[string]string{"a": "b"}, Query: "c=d"},
		Username:   "u?x=y",
		Password:   []byte{0, 0xff},
		ClientID:   "pump",
	}
	for _, row := range []struct {
		c    Client
		want string
	}{
		{Client{}, `{"signatureVerified":false,"protocols":["mqtt"],"protocolData":{"mqtt":{}},"connectionMetadata":{"id":"1"}}`},
		{client, `{"token":"tok","signatureVerified":false,"protocols":["tls","http","mqtt"],"protocolData":{` +
			`"tls":{"serverName":"iot.example.org"},"http":{"headers":{"a":"b"},"queryString":"?c=d"},` +
			`"mqtt":{"username":"u?x=y","password":"AP8=","clientId":"pump"}},"connectionMetadata":{"id":"1"}}`},
	} {
		shown := Token{}
		if row.c.HTTP != nil {
			shown.Value = "tok"
		}
		q, err := Ask(open, row.c, shown, "1")
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(q)
		if diff := cmp.Diff(row.want, string(got)); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	for n, refusedIt := range map[int]bool{MaxBytes: false, MaxBytes + 1: true} {
		_, err := Ask(open, Client{Password: make([]byte, n)}, Token{}, "1")
		if fault.Is(err, fault.Forbidden) != refusedIt {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// A token must be signed by one of the keys, unless the authorizer has that switched off.
func TestSignature(t *testing.T) { // R-ID-92
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public := func(k *rsa.PrivateKey) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&k.PublicKey)}))
	}
	sign := func(k *rsa.PrivateKey, token string) string {
		digest := sha256.Sum256([]byte(token))
		signature, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(signature)
	}
	a := registry.Authorizer{TokenKey: "t", SigningKeys: map[string]string{"a": public(other), "b": public(key)}}
	good := sign(key, "token")
	stranger := registry.Authorizer{TokenKey: "t", SigningKeys: map[string]string{"a": public(other)}}
	for _, row := range []struct {
		name string
		a    registry.Authorizer
		t    Token
		says string // "": it is signed
	}{
		{"by the second key", a, Token{"token", good}, ""},
		{"without padding", a, Token{"token", strings.TrimRight(good, "=")}, ""},
		{"another token", a, Token{"tokem", good}, "the signature of the token t is of none of the 2 keys"},
		{"a key that is not there", stranger, Token{"token", good}, "the signature of the token t is of none of the 1 keys"},
		{"no token", a, Token{"", good}, "there is no token t"},
		{"no signature", a, Token{"token", ""}, "the token t has no signature"},
		{"no base64", a, Token{"token", "%"}, "the signature of the token t is no base64"},
	} {
		q, err := Ask(row.a, Client{}, row.t, "1")
		if f := fault.Of(err); row.says == "" != (err == nil) || f != nil && (f.Message != row.says || f.Code != fault.Forbidden) {
			t.Errorf("%s: %v, want %q", row.name, err, row.says)
		}
		if err == nil && (!q.SignatureVerified || q.Token != "token") {
			t.Errorf("%s: %+v", row.name, q)
		}
	}
}

const onePolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}`

// What an answer may say, on both sides of each bound.
func TestRead(t *testing.T) { // R-ID-94
	t.Parallel()
	quoted, err := json.Marshal(onePolicy)
	if err != nil {
		t.Fatal(err)
	}
	yes := func(members string) string { return `{"isAuthenticated":true,"principalId":"a"` + members + `}` }
	documents := func(n int) string {
		return yes(`,"policyDocuments":[` + strings.TrimSuffix(strings.Repeat(string(quoted)+",", n), ",") + `]`)
	}
	long := func(n int) string { // a policy of n characters
		head := `{"Version":"2012-10-17","Statement":[{"Sid":"","Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}`
		return strings.Replace(head, `"Sid":""`, `"Sid":"`+strings.Repeat("s", n-len(head))+`"`, 1)
	}
	const wrong = "the answer of the authorizer: "
	for _, row := range []struct {
		name, text, says string
	}{
		{"least", yes(""), ""},
		{"other members", yes(`,"context":{"a":[1]},"x":null`), ""},
		{"not authenticated", `{"isAuthenticated":false}`, ErrNotAuthenticated.Message},
		{"not authenticated, and wrong otherwise", `{"isAuthenticated":false,"principalId":"a b"}`, ErrNotAuthenticated.Message},
		{"no isAuthenticated", `{"principalId":"a"}`, wrong + "isAuthenticated is missing"},
		{"null", `null`, wrong + "isAuthenticated is missing"},
		{"a text for a boolean", `{"isAuthenticated":"true"}`, wrong + "isAuthenticated must not be a string"},
		{"a list", `[]`, wrong + "it must be an object, not array"},
		{"no JSON", `{`, wrong + "it is no JSON"},
		{"128 letters", `{"isAuthenticated":true,"principalId":"` + strings.Repeat("Z", 128) + `"}`, ""},
		{"129 letters", `{"isAuthenticated":true,"principalId":"` + strings.Repeat("Z", 129) + `"}`,
			wrong + "principalId must have 1 to 128 letters and digits, and nothing else"},
		{"a hyphen", `{"isAuthenticated":true,"principalId":"a-b"}`,
			wrong + "principalId must have 1 to 128 letters and digits, and nothing else"},
		{"no principal", `{"isAuthenticated":true}`,
			wrong + "principalId must have 1 to 128 letters and digits, and nothing else"},
		{"an object for a policy", yes(`,"policyDocuments":[` + onePolicy + `]`), ""},
		{"ten policies", documents(10), ""},
		{"eleven policies", documents(11), wrong + "policyDocuments has 11 documents, at most 10 are allowed"},
		{"one text for all", yes(`,"policyDocuments":` + string(quoted)), wrong + "policyDocuments must not be a string"},
		{"a malformed policy", yes(`,"policyDocuments":[{"Version":"2012-10-17"}]`),
			wrong + "policyDocuments[0]: policyDocument: Statement is missing"},
		{"a long policy", yes(`,"policyDocuments":[` + long(2048) + `]`), ""},
		{"a policy that is too long", yes(`,"policyDocuments":[` + onePolicy + `,` + long(2049) + `]`),
			wrong + "policyDocuments[1]: policyDocument: 2049 characters, at most 2048 are allowed"},
		{"a time that is none", yes(`,"refreshAfterInSeconds":"300"`), wrong + "refreshAfterInSeconds must not be a string"},
		{"no time", yes(`,"refreshAfterInSeconds":0`), wrong + "refreshAfterInSeconds is 0, it must be positive"},
		{"a time before", yes(`,"disconnectAfterInSeconds":-1`), wrong + "disconnectAfterInSeconds is -1, it must be positive"},
	} {
		g, err := Read([]byte(row.text))
		if f := fault.Of(err); row.says == "" != (err == nil) || f != nil && f.Message != row.says {
			t.Errorf("%s: %v, want %q", row.name, err, row.says)
		}
		if err == nil && g.PrincipalID == "" {
			t.Errorf("%s: %+v", row.name, g)
		}
	}
	for given, want := range map[string]time.Duration{
		"": MaxTime, "1": MinTime, "299": MinTime, "300": 300 * time.Second, "301": 301 * time.Second,
		"86400": MaxTime, "86401": MaxTime, "9223372036854775807": MaxTime,
	} {
		members := ""
		if given != "" {
			members = fmt.Sprintf(`,"disconnectAfterInSeconds":%s,"refreshAfterInSeconds":%s`, given, given)
		}
		g, err := Read([]byte(yes(members)))
		if err != nil || g.DisconnectAfter != want || g.RefreshAfter != want {
			t.Errorf("%s seconds: %s and %s, %v, want %s", given, g.DisconnectAfter, g.RefreshAfter, err, want)
		}
	}
}

// A file of tokens says who has which, line by line.
func TestTokens(t *testing.T) { // R-ID-96
	t.Parallel()
	hash := func(token string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(token))) }
	tokens, err := ParseTokens("# a comment\n\n" + hash("one") + " pump-07 jobs, more\r\n  " +
		strings.ToUpper(hash("two")) + "\tlamp\t" + onePolicy + "\n")
	if err != nil {
		t.Fatal(err)
	}
	one := Grant{PrincipalID: "pump-07", DisconnectAfter: MaxTime, RefreshAfter: MinTime, Policies: []string{"jobs", "more"}}
	two := Grant{PrincipalID: "lamp", DisconnectAfter: MaxTime, RefreshAfter: MinTime, Documents: []string{onePolicy}}
	password := func(text string) (q Question) {
		q.ProtocolData.MQTT = &MQTTData{Password: []byte(text)}
		return q
	}
	for _, row := range []struct {
		name string
		q    Question
		want Grant // without a principal: refused
	}{
		{"a password", password("one"), one},
		{"a token", Question{Token: "two"}, two},
		{"a token and a password", Question{Token: "one", ProtocolData: password("two").ProtocolData}, one},
		{"another one", password("three"), Grant{}},
		{"nothing", Question{}, Grant{}},
		{"empty", password(""), Grant{}},
	} {
		got, err := tokens.Find(row.q)
		if diff := cmp.Diff(row.want, got); diff != "" || (err == nil) != (row.want.PrincipalID != "") {
			t.Errorf("%s: %v (-want +got):\n%s", row.name, err, diff)
		}
	}
	for text, says := range map[string]string{
		"a":                           "line 1: does not begin with the SHA-256 of a token, 64 hexadecimal digits",
		"\n" + hash("a")[1:] + " a b": "line 2: does not begin with the SHA-256 of a token, 64 hexadecimal digits",
		hash("a"):                     "line 1: the principal id must have 1 to 128 letters, digits, _ and -",
		hash("a") + " a:b c":          "line 1: the principal id must have 1 to 128 letters, digits, _ and -",
		hash("a") + " a":              "line 1: says nothing of what a may do",
		hash("a") + " a {}":           "line 1: the policy: policyDocument: Statement is missing",
		hash("a") + " a b\n" + hash("a") + " c d": "line 2: the token stands twice",
	} {
		if _, err := ParseTokens(text); err == nil || err.Error() != says {
			t.Errorf("%q: %v, want %s", text, err, says)
		}
	}
}

// Whatever a client or a service sends, reading it ends, and what is accepted is within the bounds.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"isAuthenticated":true,"principalId":"a","policyDocuments":[`+onePolicy+`]}`), "u?a=b&c=%zz")
	f.Fuzz(func(t *testing.T, answer []byte, username string) {
		g, err := Read(answer)
		if err == nil && (g.PrincipalID == "" || g.DisconnectAfter > MaxTime || g.RefreshAfter < MinTime || len(g.Documents) > 10) {
			t.Errorf("%q: %+v", answer, g)
		}
		c := Client{Username: username}
		_, query, _ := strings.Cut(username, "?")
		if c.Choice() != "" && query == "" {
			t.Errorf("%q names %q", username, c.Choice())
		}
		if plain := (Client{Username: "?t=" + url.PathEscape(username)}).Token("t").Value; !strings.ContainsAny(username, "&?=") && plain != username {
			t.Errorf("%q came back as %q", username, plain)
		}
	})
}
