package gateway_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/authorizer"
)

// asked is a service that authorizers ask. It lets in whose user name begins with ok, and answers
// otherwise as the user name says.
type asked struct {
	mu        sync.Mutex
	questions []authorizer.Question
	answer    func(authorizer.Question) (any, error) // nil: as above
	now, most int                                    // questions at once
}

func (a *asked) ask(ctx context.Context, url string, question, into any) error {
	q := question.(authorizer.Question)
	a.mu.Lock()
	a.questions = append(a.questions, q)
	answer := a.answer
	a.now++
	a.most = max(a.most, a.now)
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.now--
	}()
	if url != "https://auth.example.org/door" {
		return errors.New("the URL is " + url)
	}
	if answer == nil {
		answer = usualAnswer
	}
	type result struct {
		answer any
		err    error
	}
	ended := make(chan result, 1)
	go func() {
		answered, err := answer(q)
		ended <- result{answered, err}
	}()
	var r result
	select {
	case r = <-ended:
	case <-ctx.Done():
		r.err = ctx.Err()
	}
	if r.err != nil {
		return r.err
	}
	text, err := json.Marshal(r.answer)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// count is how many questions there were.
func (a *asked) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.questions)
}

func (a *asked) last() (q authorizer.Question) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.questions); n > 0 {
		q = a.questions[n-1]
	}
	return q
}

// usualAnswer is that of the service without another one.
func usualAnswer(q authorizer.Question) (any, error) {
	name, _, _ := strings.Cut(q.ProtocolData.MQTT.Username, "?")
	switch name {
	case "ok", "":
		return letIn("device1", fullAccess("pump")+","+allow("iot:Connect", "client/pump")), nil
	case "no answer":
		return nil, errors.New("did not answer")
	case "no object":
		return []int{1}, nil
	case "no principal":
		return map[string]any{"isAuthenticated": true}, nil
	case "no policies":
		return map[string]any{"isAuthenticated": true, "principalId": "d"}, nil
	case "malformed policy":
		return map[string]any{
			"isAuthenticated": true, "principalId": "d", "policyDocuments": []string{`{"a":1}`},
		}, nil
	}
	return map[string]any{"isAuthenticated": false, "principalId": "d"}, nil
}

// letIn is the answer that allows a principal statements.
func letIn(principal, statements string) map[string]any {
	return map[string]any{
		"isAuthenticated":          true,
		"principalId":              principal,
		"disconnectAfterInSeconds": 3600,
		"refreshAfterInSeconds":    300,
		"context":                  map[string]any{"a": 1},
		"policyDocuments":          []string{fmt.Sprintf(`{"Version":"2012-10-17","Statement":[%s]}`, statements)},
	}
}

// addAuthorizer creates an authorizer; change makes it another than an ACTIVE one that asks the
// service and needs no signature.
func (s *server) addAuthorizer(name string, change func(*registry.Authorizer)) {
	s.t.Helper()
	a := registry.Authorizer{
		Name:            name,
		Function:        "https://auth.example.org/door",
		SigningDisabled: true,
		Status:          registry.AuthorizerActive,
	}
	if change != nil {
		change(&a)
	}
	if err := s.engine.Identity.CreateAuthorizer(s.t.Context(), a, nil); err != nil {
		s.t.Fatal(err)
	}
}

// tokenSigner signs tokens.
type tokenSigner struct {
	key *rsa.PrivateKey
	pem string // of the public key
}

func newTokenSigner(t *testing.T) tokenSigner {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return tokenSigner{key, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}
}

func (s tokenSigner) sign(t *testing.T, token string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(token))
	signature, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// plainALPN connects as clients of authorizers do: mqtt by ALPN on the common listener, and no
// certificate.
func (s *server) plainALPN(t *testing.T) *mqttClient {
	t.Helper()
	config := s.tlsConfig(credentials{})
	config.NextProtos = []string{"mqtt"}
	return s.dial(t, s.https, config)
}

// connectAs sends a CONNECT and returns the reason in the CONNACK.
func (c *mqttClient) connectAs(p mqtt.Connect) string {
	p.CleanStart = true
	if p.Version == 0 {
		p.Version = mqtt.V5
	}
	if _, err := c.conn.Write(mqtttest.Connect(&p, "")); err != nil {
		return "closed"
	}
	packet, err := c.in.Next()
	if err != nil || packet.Type != mqtt.TypeConnack {
		return "closed"
	}
	return fmt.Sprintf("CONNACK %02X", packet.Body[1])
}

// Who is let in by an authorizer over TLS, and what a client is told otherwise. A client that is
// refused before anybody is asked costs no question.
func TestAuthorizerOverTLS(t *testing.T) { // R-BRK-2, R-BRK-15, R-BRK-17, R-ID-90, R-ID-92, R-ID-93, R-ID-94
	t.Parallel()
	s := newServer(t)
	keys, other := newTokenSigner(t), newTokenSigner(t)
	s.addAuthorizer("door", nil)
	s.addAuthorizer("closed", func(a *registry.Authorizer) { a.Status = registry.AuthorizerInactive })
	s.addAuthorizer("signed", func(a *registry.Authorizer) {
		a.SigningDisabled, a.TokenKey = false, "Token-Key"
		a.SigningKeys = map[string]string{"old": other.pem, "new": keys.pem}
	})
	const named = "?x-amz-customauthorizer-name="
	signature := url.QueryEscape(keys.sign(t, "to/ken=1"))
	for _, row := range []struct {
		name, username, client string
		want                   string
		questions              int
	}{
		{"let in", "ok" + named + "door", "pump", "CONNACK 00", 1},
		{"with what SDKs append", "ok" + named + "door&SDK=PythonV2&Version=1.2", "pump", "CONNACK 00", 1},
		{"with a second question mark", "ok" + named + "door?SDK=x", "pump", "CONNACK 00", 1},
		{"another client id", "ok" + named + "door", "lamp", "CONNACK 87", 1},
		{"not authenticated", "eve" + named + "door", "pump", "CONNACK 87", 1},
		{"no authorizer", "ok", "pump", "CONNACK 87", 0},
		{"unknown", "ok" + named + "none", "pump", "CONNACK 87", 0},
		{"inactive", "ok" + named + "closed", "pump", "CONNACK 87", 0},
		{"no answer", "no answer" + named + "door", "pump", "CONNACK 88", 1},
		{"no object", "no object" + named + "door", "pump", "CONNACK 87", 1},
		{"no principal", "no principal" + named + "door", "pump", "CONNACK 87", 1},
		{"no policies", "no policies" + named + "door", "pump", "CONNACK 87", 1},
		{"malformed policy", "malformed policy" + named + "door", "pump", "CONNACK 87", 1},
		{"too much", "ok" + named + "door&x=" + strings.Repeat("x", authorizer.MaxBytes), "pump", "CONNACK 87", 0},
		{"signed", "ok" + named + "signed&token-key=to%2Fken=1&x-amz-customauthorizer-signature=" + signature,
			"pump", "CONNACK 00", 1},
		{"signed, with plus signs", "ok" + named + "signed&Token-Key=to/ken=1&x-amz-customauthorizer-signature=" +
			keys.sign(t, "to/ken=1"), "pump", "CONNACK 00", 1},
		{"another token", "ok" + named + "signed&Token-Key=to&x-amz-customauthorizer-signature=" + signature,
			"pump", "CONNACK 87", 0},
		{"no token", "ok" + named + "signed&x-amz-customauthorizer-signature=" + signature, "pump", "CONNACK 87", 0},
		{"no signature", "ok" + named + "signed&Token-Key=to/ken=1", "pump", "CONNACK 87", 0},
		{"no base64", "ok" + named + "signed&Token-Key=to/ken=1&x-amz-customauthorizer-signature=!", "pump", "CONNACK 87", 0},
	} {
		before := s.asked.count()
		c := s.plainALPN(t)
		if got := c.connectAs(mqtt.Connect{ClientID: row.client, Username: row.username}); got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
		if asked := s.asked.count() - before; asked != row.questions {
			t.Errorf("%s: %d questions, want %d", row.name, asked, row.questions)
		}
		if row.want == "CONNACK 00" {
			if got := c.publish("$aws/things/pump/jobs/get", "{}"); got != "PUBACK 00 accepted" {
				t.Errorf("%s: got %s", row.name, got)
			}
			if got := c.publish("$aws/things/lamp/jobs/get", "{}"); got != "PUBACK 87" {
				t.Errorf("%s: for another thing: got %s", row.name, got)
			}
		}
	}
	if q := s.asked.questions[0]; q.SignatureVerified || q.Token != "" {
		t.Errorf("of a token that is not signed: %+v", q)
	}

	old := s.plainALPN(t)
	if got := old.connectAs(mqtt.Connect{Version: mqtt.V311, ClientID: "pump", Username: "eve" + named + "door"}); got != "CONNACK 05" {
		t.Errorf("refused, in MQTT 3.1.1: %s", got)
	}
	old = s.plainALPN(t)
	if got := old.connectAs(mqtt.Connect{Version: mqtt.V311, ClientID: "pump", Username: "no answer" + named + "door"}); got != "CONNACK 03" {
		t.Errorf("not answered, in MQTT 3.1.1: %s", got)
	}

	if err := s.engine.Identity.SetDefaultAuthorizer(t.Context(), "door"); err != nil {
		t.Fatal(err)
	}
	c := s.plainALPN(t)
	if got := c.connectAs(mqtt.Connect{ClientID: "pump", Username: "ok", Password: []byte("pass\x00")}); got != "CONNACK 00" {
		t.Errorf("by the default: %s", got)
	}
	want := authorizer.Question{
		Protocols: []string{"mqtt"}, // the test connects to an address, so there is no name
		ProtocolData: authorizer.ProtocolData{
			MQTT: &authorizer.MQTTData{Username: "ok", Password: []byte("pass\x00"), ClientID: "pump"},
		},
	}
	got := s.asked.last()
	if got.Connection == nil || len(got.Connection.ID) != 36 {
		t.Errorf("the connection is %+v", got.Connection)
	}
	got.Connection = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the question (-want +got):\n%s", diff)
	}
}

// A certificate counts also where mqtt was offered, and without one nothing else than an authorizer
// lets anybody in.
func TestAuthorizerAndCertificate(t *testing.T) { // R-BRK-2
	t.Parallel()
	s := newServer(t)
	if got := s.plainALPN(t).connect("pump", "ok"); got != "CONNACK 87" {
		t.Errorf("without any authorizer: %s", got)
	}
	certificate := newCertificate(t, valid)
	s.register(certificate, registry.CertificateActive, fullAccess("pump"))
	config := s.tlsConfig(credentials{})
	config.NextProtos, config.Certificates = []string{"mqtt"}, []tls.Certificate{certificate}
	if got := s.dial(t, s.https, config).connect("pump-1", "ok"); got != "CONNACK 00" {
		t.Errorf("with a certificate: %s", got)
	}
	if n := s.asked.count(); n != 0 {
		t.Errorf("%d questions", n)
	}
}

// What an authorizer has said of a client is not found by its id: after a restart, and on another
// node, a will is refused.
func TestAuthorizedByID(t *testing.T) { // R-BRK-24
	t.Parallel()
	s := newServer(t)
	s.addAuthorizer("door", nil)
	if p, err := s.keyed.Principal(t.Context(), "authorizer:door:device1"); err == nil {
		t.Errorf("found %+v", p)
	}
}

// openUnsigned opens a WebSocket without a signature.
func (s *server) openUnsigned(
	t *testing.T, query string, header http.Header,
) (c *mqttClient, refused string) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: s.tlsConfig(credentials{})}
	t.Cleanup(transport.CloseIdleConnections)
	socket, response, err := websocket.Dial(t.Context(), "https://"+s.https+"/mqtt"+query, &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: transport},
		HTTPHeader:   header,
		Subprotocols: []string{"mqtt"},
	})
	if err != nil {
		if response == nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return nil, fmt.Sprint(response.StatusCode, " ", response.Header.Get("x-amzn-ErrorType"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	t.Cleanup(func() { cancel(); socket.CloseNow() })
	c = &mqttClient{conn: websocket.NetConn(ctx, socket, websocket.MessageBinary)}
	c.in.Reset(c.conn, 1<<20)
	return c, ""
}

// wantKnown waits until so many connections count among those of known callers.
func (s *server) wantKnown(t *testing.T, want int) {
	t.Helper()
	for until := time.Now().Add(timeout); ; time.Sleep(time.Millisecond) {
		_, known := s.limiter.Count()
		if known == want {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%d connections count among those of known callers, want %d", known, want)
		}
	}
}

// Over WebSocket the authorizer is named by headers, by the query or by the user name. The service is
// told what the request had, without the cookie of a console.
func TestAuthorizerOverWebSocket(t *testing.T) { // R-BRK-7, R-BRK-32, R-ID-92, R-ID-93
	t.Parallel()
	s := newServer(t)
	if _, refused := s.openUnsigned(t, "", nil); refused != unsigned {
		t.Errorf("without any authorizer: %s", refused)
	}
	keys := newTokenSigner(t)
	s.addAuthorizer("door", nil)
	s.addAuthorizer("closed", func(a *registry.Authorizer) { a.Status = registry.AuthorizerInactive })
	s.addAuthorizer("signed", func(a *registry.Authorizer) {
		a.SigningDisabled, a.TokenKey = false, "TokenKey"
		a.SigningKeys = map[string]string{"k": keys.pem}
	})
	headers := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	signature := keys.sign(t, "t")
	for _, row := range []struct {
		name, query string
		header      http.Header
		username    string
		want        string
	}{
		{"user name", "", nil, "ok?x-amz-customauthorizer-name=door", "CONNACK 00"},
		{"headers", "", headers("x-amz-customauthorizer-name", "signed", "X-Amz-CustomAuthorizer-Signature", signature,
			"tokenkey", "t", "Authorization", "Bearer x", "Cookie", "drover-session=secret"), "", "CONNACK 00"},
		{"query", "?x-amz-customauthorizer-name=signed&TokenKey=t&x-amz-customauthorizer-signature=" +
			url.QueryEscape(signature), nil, "", "CONNACK 00"},
		{"wrong signature", "?x-amz-customauthorizer-name=signed&TokenKey=u&x-amz-customauthorizer-signature=" +
			url.QueryEscape(signature), nil, "", "CONNACK 87"},
		{"no name and no default", "", nil, "ok", "CONNACK 87"},
		{"unknown", "?x-amz-customauthorizer-name=none", nil, "ok", "403 AccessDeniedException"},
		{"inactive", "", headers("x-amz-customauthorizer-name", "closed"), "ok", "403 AccessDeniedException"},
	} {
		c, got := s.openUnsigned(t, row.query, row.header)
		if got == "" {
			got = c.connectAs(mqtt.Connect{ClientID: "pump", Username: row.username})
		}
		if got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
		if got == "CONNACK 00" {
			s.wantKnown(t, 1) // R-WIRE-29
			c.conn.Close()
			s.wantKnown(t, 0)
		}
		if row.name == "headers" {
			q := s.asked.last()
			h := q.ProtocolData.HTTP.Headers
			if q.Token != "t" || !q.SignatureVerified || h["tokenkey"] != "t" || h["authorization"] != "Bearer x" || h["cookie"] != "" {
				t.Errorf("the question is %+v, headers %v", q, h)
			}
		}
		if row.name == "query" {
			q := s.asked.last().ProtocolData.HTTP
			if q.QueryString != row.query {
				t.Errorf("the query is %q", q.QueryString)
			}
		}
	}
	if c, _ := s.open(t, opening{key: s.key}, "mqtt"); c.connect("pump", "ok?x-amz-customauthorizer-name=none") != "CONNACK 00" {
		t.Error("a client that has signed is not asked about an authorizer (R-BRK-15)")
	}
}

// What an authorizer reads from a file of tokens, which the operator of the machine puts there.
func TestAuthorizerFile(t *testing.T) { // R-ID-96
	t.Parallel()
	s := newServer(t)
	s.createPolicy("of-thing", allow("iot:Connect", "client/${iot:Connection.Thing.ThingName}")+","+
		allow("iot:Publish", "topic/$aws/things/${iot:Connection.Thing.ThingName}/jobs/*")+","+
		allow("iotjobsdata:*", "thing/*"))
	s.addAuthorizer("file", func(a *registry.Authorizer) { a.Function = "file:tokens" })
	connect := func(client, password string) (*mqttClient, string) {
		c := s.plainALPN(t)
		return c, c.connectAs(mqtt.Connect{ClientID: client, Password: []byte(password),
			Username: "u?x-amz-customauthorizer-name=file"})
	}
	path := filepath.Join(s.authorizers.Tokens.Folder, "tokens")
	write := func(lines ...string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	line := func(token, rest string) string { return fmt.Sprintf("%x %s", sha256.Sum256([]byte(token)), rest) }
	if _, got := connect("pump", "one"); got != "CONNACK 88" {
		t.Errorf("without the file: %s", got)
	}
	write("# tokens", "", line("one", "pump_1 of-thing"), line("two", "lamp none"))
	one, got := connect("pump", "one")
	if got != "CONNACK 00" {
		t.Fatalf("with the token: %s", got)
	}
	for _, row := range []struct{ client, password string }{{"pump", "three"}, {"pump", ""}, {"none", "one"}, {"lamp", "two"}} {
		if _, got := connect(row.client, row.password); got != "CONNACK 87" {
			t.Errorf("%v: %s", row, got)
		}
	}
	write("nonsense")
	if _, got := connect("pump", "one"); got != "CONNACK 88" {
		t.Errorf("with a file that cannot be read: %s", got)
	}
	if got := one.publish("$aws/things/pump/jobs/get", "{}"); got != "PUBACK 00 accepted" {
		t.Errorf("the client that is connected: %s", got)
	}
	write(line("four", `lamp {"Version":"2012-10-17","Statement":[`+allow("iot:Connect", "client/lamp")+`]}`))
	one.conn.SetReadDeadline(time.Now().Add(timeout))
	if packet, err := one.in.Next(); err != nil || packet.Type != mqtt.TypeDisconnect ||
		mqtt.Reason(packet.Body[0]) != mqtt.NotAuthorized {
		t.Errorf("a token that is not in the file any more: packet %d %x, %v", packet.Type, packet.Body, err)
	}
	if _, got := connect("lamp", "four"); got != "CONNACK 00" {
		t.Errorf("with a document: %s", got)
	}
}

// A request over HTTPS is not let in by an authorizer: nobody is asked, and the refusal says where
// authorizers count. Caching for such requests is stored and shown (R-ID-97).
func TestNoAuthorizerOverHTTPS(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.addAuthorizer("door", func(a *registry.Authorizer) { a.CachingForHTTP = true })
	if err := s.engine.Identity.SetDefaultAuthorizer(t.Context(), "door"); err != nil {
		t.Fatal(err)
	}
	if a, err := s.engine.Identity.DefaultAuthorizer(t.Context()); err != nil || !a.CachingForHTTP {
		t.Errorf("stored as %+v, %v", a, err)
	}
	const (
		data = "abc.jobs.iot.us-east-1.amazonaws.com"
		name = "X-Amz-Customauthorizer-Name"
		says = "a custom authorizer lets clients in over MQTT and over WebSocket at /mqtt; " +
			"this request needs a signature or a client certificate"
	)
	certificate := newCertificate(t, valid)
	s.register(certificate, registry.CertificateActive, fullAccess("pump"))
	none, named := credentials{}, http.Header{name: {"door"}}
	for _, row := range []struct {
		what string
		who  credentials
		call call
		want string
		says string
	}{
		{"a header", none, call{path: "/things/pump/jobs", host: data, header: named}, unsigned, says},
		{"a header, at another host", none, call{path: "/things/pump/jobs", header: named}, unsigned, says},
		{
			"the query", none,
			call{path: "/things/pump/jobs?x-amz-customauthorizer-name=door", host: data}, unsigned, says,
		},
		{
			"only a signature of a token", none, call{
				path: "/things/pump/jobs", host: data, header: http.Header{"X-Amz-Customauthorizer-Signature": {"c2lnbmVk"}},
			}, unsigned, says,
		},
		{
			"the token as Authorization", none, call{
				path: "/things/pump/jobs", host: data, header: http.Header{name: {"door"}, "Authorization": {"Bearer x"}},
			}, unsigned, says,
		},
		{
			"a report", none, call{
				method: "POST", path: "/things/pump/jobs/fw", host: data, header: named, body: `{"status":"SUCCEEDED"}`,
			}, unsigned, says,
		},
		{
			"publishing", none,
			call{method: "POST", path: "/topics/a?qos=1", header: named, body: "x"}, unsigned, says,
		},
		{"an operation of operators", none, call{path: "/jobs", header: named}, unsigned, says},
		{
			"with a signature that is wrong", credentials{key: s.key.AccessKeyID, secret: "wrong"},
			call{path: "/jobs", service: "iot", header: named}, bad, "",
		},
		{"with a signature", s.signedBy(), call{path: "/jobs", service: "iot", header: named}, "200", ""},
		{
			"with a certificate", credentials{certificate: &certificate},
			call{path: "/things/pump/jobs", header: named}, "200", "",
		},
		{"none of all that", none, call{path: "/things/pump/jobs", host: data}, unsigned, "the request is not signed"},
	} {
		if row.call.method == "" {
			row.call.method = "GET"
		}
		for _, base := range []string{"http://" + s.http, "https://" + s.https} {
			if row.who.certificate != nil && base == "http://"+s.http {
				continue
			}
			answer, body := s.send(t, base, row.who, row.call)
			if answer != row.want || !strings.Contains(body, row.says) {
				t.Errorf("%s, %s: %s %s, want %s %s", base, row.what, answer, body, row.want, row.says)
			}
		}
	}
	if n := s.asked.count(); n != 0 {
		t.Errorf("%d questions were asked", n)
	}
}
