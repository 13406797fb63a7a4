package gateway_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

const sessionPath = "/_drover/console/session"

// withSessions has operators sign in, on a server whose clock shows the beginning of 2030.
func withSessions(h *gateway.HTTP) {
	h.Sessions = &gateway.Sessions{
		Operators: h.Operators,
		Version:   "v1.2.3",
		Virtual:   true,
		Now:       func() time.Time { return time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC) },
		Log:       slog.New(slog.DiscardHandler),
	}
}

// cookieFor is the value of a session's cookie, by the rule and not by the code (R-WEB-9).
func cookieFor(id, secret string, ends time.Time) string {
	claims := fmt.Sprintf("%s.%d.nonce", id, ends.Unix())
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("drover console session 1\n" + claims))
	return base64.RawURLEncoding.EncodeToString([]byte(claims)) + "." +
		base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// page is what a browser sends from a page of the server, with the cookie of a session.
func (s *server) page(address, cookie string) http.Header {
	_, port, _ := net.SplitHostPort(address)
	return http.Header{
		"Content-Type":   {"application/json"},
		"Cookie":         {"other=1; drover-session-" + port + "=" + cookie},
		"Sec-Fetch-Site": {"same-origin"},
	}
}

// answered is the answer to a request, without its body.
type answered struct {
	status  int
	header  http.Header
	cookies []*http.Cookie
}

// ask sends a request to a base address, and returns the answer and its body.
func (s *server) ask(t *testing.T, base string, c call) (answered, string) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: s.tlsConfig(credentials{})}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: timeout}
	response, err := client.Do(s.request(t, base, credentials{}, c))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{response.StatusCode, response.Header, response.Cookies()}, string(text)
}

// signInAs signs in with a pair and returns the answer, its body, and its cookie, nil for none.
func (s *server) signInAs(
	t *testing.T, base, id, secret string,
) (answered, string, *http.Cookie) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"accessKeyId": id, "secretAccessKey": secret})
	if err != nil {
		t.Fatal(err)
	}
	response, text := s.ask(t, base, call{
		method: "POST",
		path:   sessionPath,
		body:   string(body),
		header: http.Header{"Content-Type": {"application/json"}},
	})
	for _, cookie := range response.cookies {
		return response, text, cookie
	}
	return response, text, nil
}

// Whoever knows a key signs in, gets a cookie that scripts and other sites cannot use, calls the
// control plane as that key, and signs out.
func TestSession(t *testing.T) { // R-WEB-7, R-WEB-8, R-WEB-9, R-WEB-11
	t.Parallel()
	s := newServer(t, withSessions)
	for _, base := range []string{"http://" + s.http, "https://" + s.https} {
		response, text, cookie := s.signInAs(t, base, s.key.AccessKeyID, s.key.SecretAccessKey)
		if response.status != 200 || cookie == nil {
			t.Fatalf("%s: %d %s", base, response.status, text)
		}
		secured := strings.HasPrefix(base, "https")
		port := base[strings.LastIndex(base, ":")+1:]
		if cookie.Name != "drover-session-"+port || !cookie.HttpOnly || cookie.Path != "/" ||
			cookie.SameSite != http.SameSiteStrictMode || cookie.Secure != secured ||
			cookie.MaxAge < 43190 || cookie.MaxAge > 43200 || cookie.Domain != "" {
			t.Errorf("%s: the cookie is %v", base, cookie)
		}
		if strings.Contains(text+cookie.Value, s.key.SecretAccessKey) {
			t.Errorf("%s: the secret is in the answer", base)
		}
		var in struct {
			KeyID, Name, Role, Account, Region, Version, Clock string
			ExpiresAt, Now                                     time.Time
		}
		if err := json.Unmarshal([]byte(text), &in); err != nil {
			t.Error(err)
		}
		got := []any{
			in.KeyID, in.Name, in.Role, in.Account, in.Region, in.Version, in.Clock, in.Now.Year(),
		}
		want := fmt.Sprint(s.key.AccessKeyID,
			" operator admin 000000000000 us-east-1 v1.2.3 virtual 2030")
		if fmt.Sprintln(got...) != want+"\n" {
			t.Errorf("%s: signed in as %v, want %s", base, got, want)
		}
		if left := time.Until(in.ExpiresAt); left < 12*time.Hour-time.Minute || left > 12*time.Hour {
			t.Errorf("%s: the session ends in %v", base, left)
		}
		header := s.page(base[strings.Index(base, "//")+2:], cookie.Value)
		again, text := s.ask(t, base, call{method: "GET", path: sessionPath, header: header})
		if again.status != 200 || !strings.Contains(text, s.key.AccessKeyID) ||
			len(again.cookies) != 0 {
			t.Errorf("%s: asked again: %d %s %v", base, again.status, text, again.cookies)
		}
		for path, member := range map[string]string{
			"GET /jobs": "jobs", "GET /things/pump/jobs": "executionSummaries",
			"PATCH /things/pump": "", "POST /things/made-" + port: "thingName",
		} {
			method, path, _ := strings.Cut(path, " ")
			c := call{method: method, path: path, header: header, body: "{}"}
			response, text := s.ask(t, base, c)
			if response.status != 200 || !strings.Contains(text, member) {
				t.Errorf("%s%s: %d %s", base, path, response.status, text)
			}
		}
		out, _ := s.ask(t, base, call{method: "DELETE", path: sessionPath, header: header})
		if gone := out.cookies; out.status != 204 || len(gone) != 1 || gone[0].MaxAge >= 0 ||
			gone[0].Name != cookie.Name || gone[0].Value != "" {
			t.Errorf("%s: signed out: %d %v", base, out.status, gone)
		}
	}
}

// A wrong pair is refused in one sentence, whichever half is wrong, and what is no pair, too.
func TestSignInRefused(t *testing.T) { // R-WEB-7
	t.Parallel()
	s := newServer(t, withSessions)
	base := "http://" + s.http
	id, secret := s.key.AccessKeyID, s.key.SecretAccessKey
	const wrong = "403 there is no operator key with this access key id and this secret"
	for _, row := range [][3]string{
		{id, "wrong", wrong},
		{id, secret + "x", wrong},
		{id, secret[:39], wrong},
		{"AKIANOBODY", secret, wrong},
		{"akia", "x", wrong},
		{id, "", "400 the body must be"},
		{"", secret, "400 the body must be"},
		{strings.Repeat("A", 5000), "x", "413 the body has more than 4096 bytes"},
	} {
		response, text, cookie := s.signInAs(t, base, row[0], row[1])
		var refusal struct{ Message string }
		err := json.Unmarshal([]byte(text), &refusal)
		got := fmt.Sprint(response.status, " ", refusal.Message)
		if err != nil || !strings.HasPrefix(got, row[2]) || cookie != nil {
			t.Errorf("%.20q, %.10q…: %s, %v, %v", row[0], row[1], got, err, cookie)
		}
	}
	for name, c := range map[string]call{
		"no JSON": {body: "{"}, "a list": {body: "[]"}, "another member": {body: `{"secret":"x"}`},
		"a form": {body: "{}", header: http.Header{"Content-Type": {"text/plain"}}},
	} {
		c.method, c.path = "POST", sessionPath
		if c.header == nil {
			c.header = http.Header{"Content-Type": {"application/json"}}
		}
		if response, text := s.ask(t, base, c); response.status != 400 {
			t.Errorf("%s: %d %s", name, response.status, text)
		}
	}
	put, _ := s.ask(t, base, call{method: "PUT", path: sessionPath})
	if put.status != 405 || put.header.Get("Allow") != "GET, POST, DELETE" {
		t.Errorf("PUT: %d %v", put.status, put.header)
	}
}

// A session is good until it ends and as long as its key is there with its secret; a cookie that
// was changed never was one. It is renewed in its second half.
func TestSessionEnds(t *testing.T) { // R-WEB-8, R-WEB-9, R-WEB-10
	t.Parallel()
	s := newServer(t, withSessions)
	keys := s.handler.Operators.Keys
	deleted := create(t, keys, "deleted")
	if err := keys.Delete(deleted.AccessKeyID); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	in := func(d time.Duration) string {
		return cookieFor(s.key.AccessKeyID, s.key.SecretAccessKey, now.Add(d))
	}
	good := in(7 * time.Hour)
	claims, code, _ := strings.Cut(good, ".")
	later := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s.%d.nonce",
		s.key.AccessKeyID, now.Add(8*time.Hour).Unix()))
	for _, row := range []struct {
		name, cookie string
		want         int
		renewed      bool
	}{
		{"in its first half", good, 200, false},
		{"in its second half", in(5 * time.Hour), 200, true},
		{"about to end", in(time.Minute), 200, true},
		{"at its end", in(0), 401, false},
		{"has ended", in(-time.Hour), 401, false},
		{
			"of a deleted key",
			cookieFor(deleted.AccessKeyID, deleted.SecretAccessKey, now.Add(time.Hour)), 401, false,
		},
		{
			"made with another secret, as before the secret was changed",
			cookieFor(s.key.AccessKeyID, "changed", now.Add(time.Hour)), 401, false,
		},
		{"with no secret", cookieFor(s.key.AccessKeyID, "", now.Add(time.Hour)), 401, false},
		{"longer than it was made for", later + "." + code, 401, false},
		{"without its code", claims, 401, false},
		{"with an empty code", claims + ".", 401, false},
		{"with a part of its code", good[:len(good)-8], 401, false},
		{"empty", "", 401, false},
		{"no base64", "!." + code, 401, false},
		{"not three parts", base64.RawURLEncoding.EncodeToString([]byte("a.b")) + "." + code, 401, false},
		{"no time", base64.RawURLEncoding.EncodeToString([]byte("a.b.c")) + "." + code, 401, false},
	} {
		header := s.page(s.http, row.cookie)
		response, text := s.ask(t, "http://"+s.http,
			call{method: "GET", path: sessionPath, header: header})
		status, changed := row.want, row.renewed
		if row.want == 401 { // nobody is signed in, and the cookie is removed
			status, changed = 204, true
		}
		if response.status != status || (len(response.cookies) == 1) != changed ||
			changed && (response.cookies[0].MaxAge < 0) != (status == 204) ||
			(text == "") != (status == 204) {
			t.Errorf("%s: %d %s %v", row.name, response.status, text, response.cookies)
		}
		jobs, text := s.ask(t, "http://"+s.http, call{method: "GET", path: "/jobs", header: header})
		exception := jobs.header.Get("x-amzn-ErrorType")
		if jobs.status != row.want || (exception == "UnauthorizedException") != (row.want == 401) {
			t.Errorf("%s: jobs: %d %s %s", row.name, jobs.status, exception, text)
		}
	}
	none, text := s.ask(t, "http://"+s.http, call{method: "GET", path: sessionPath})
	if none.status != 204 || text != "" || len(none.cookies) != 0 {
		t.Errorf("without a cookie: %d %s %v", none.status, text, none.cookies)
	}
}

// The cookie counts only where nothing else says who calls, and never for the device plane or the
// store of artifacts. The name has the port of the server.
func TestSessionCounts(t *testing.T) { // R-WEB-11
	t.Parallel()
	s := newServer(t, withSessions, withArtifacts(t))
	cookie := cookieFor(s.key.AccessKeyID, s.key.SecretAccessKey, time.Now().Add(time.Hour))
	certificate := newCertificate(t, valid)
	s.register(certificate, "ACTIVE", fullAccess("pump"))
	get := func(path string) call {
		return call{method: "GET", path: path, service: "iot", header: s.page(s.http, cookie)}
	}
	wrong := credentials{key: s.key.AccessKeyID, secret: "wrong"}
	for _, row := range []struct {
		name string
		who  credentials
		call call
		want string
	}{
		{"alone", credentials{}, get("/jobs"), "200"},
		{"of another port", credentials{}, call{
			method: "GET", path: "/jobs", header: s.page("127.0.0.1:1", cookie),
		}, "403 MissingAuthenticationTokenException"},
		{"with a wrong signature", wrong, get("/jobs"), "403 InvalidSignatureException"},
		{"with one in the query", credentials{}, get(
			"/jobs?X-Amz-Algorithm=AWS4-HMAC-SHA256"), "403 InvalidSignatureException"},
		{"for artifacts", credentials{}, get("/artifacts/a"), "404 UnknownOperationException"},
		{"for the device plane", credentials{}, get("/things/pump/jobs/fw"), "200"},
	} {
		answer, body := s.send(t, "http://"+s.http, row.who, row.call)
		if answer != row.want {
			t.Errorf("%s: %s %s", row.name, answer, body)
		}
		if row.name == "for the device plane" && !strings.Contains(body, "queuedAt") {
			t.Errorf("not the control plane has answered: %s", body)
		}
	}
	c := call{method: "GET", path: "/jobs", header: s.page(s.https, cookie)}
	answer, _ := s.send(t, "https://"+s.https, credentials{certificate: &certificate}, c)
	if answer != "404 UnknownOperationException" { // it is a device
		t.Errorf("with a certificate: %s", answer)
	}
}

// A session gives the role of its key, with the same refusal.
func TestSessionRoles(t *testing.T) { // R-WEB-1, R-WEB-3, R-WEB-6, R-WEB-12
	t.Parallel()
	s := newServer(t, withSessions, withServer)
	ends := time.Now().Add(time.Hour)
	for _, h := range s.holders() {
		header := s.page(s.http, cookieFor(h.who.key, h.who.secret, ends))
		for line, needed := range map[string]schema.Role{
			"GET /jobs": schema.Viewer, "PUT /jobs/x": schema.Operator,
			"DELETE /certificates/x": schema.Admin, "POST /policies/x": schema.Admin,
			"GET /_drover/clock": schema.Viewer, "POST /_drover/clock": schema.Admin,
		} {
			method, path, _ := strings.Cut(line, " ")
			c := call{method: method, path: path, header: header, body: "{}"}
			c.header.Set("Origin", "http://"+s.http)
			response, text := s.ask(t, "http://"+s.http, c)
			may := h.role.Includes(needed)
			if refused := response.status == 403; may == refused {
				t.Errorf("the role %q, %s: %d %s", h.role, line, response.status, text)
			}
		}
	}
}

// Authorize is for what the server answers by itself: with a session or a signature, and a role.
func TestAuthorize(t *testing.T) { // R-WEB-6
	t.Parallel()
	s := newServer(t)
	ends := time.Now().Add(time.Hour)
	for _, h := range s.holders() {
		for _, needed := range schema.Roles() {
			for name, r := range map[string]*http.Request{
				"signed": s.request(t, "http://"+s.http, h.who, call{
					method: "GET", path: "/_drover/console/live", service: "iot",
				}),
				"session": s.request(t, "http://"+s.http, credentials{}, call{
					method: "GET", path: "/_drover/console/live",
					header: s.page(s.http, cookieFor(h.who.key, h.who.secret, ends)),
				}),
			} {
				r.RequestURI, r.RemoteAddr, r.Body = r.URL.RequestURI(), "127.0.0.1:5000", http.NoBody
				err := s.handler.Operators.Authorize(r, needed)
				if h.role.Includes(needed) && err != nil ||
					!h.role.Includes(needed) && !fault.Is(err, fault.Forbidden) {
					t.Errorf("%s, the role %q for %s: %v", name, h.role, needed, err)
				}
			}
		}
	}
	r := s.request(t, "http://"+s.http, credentials{}, call{method: "GET", path: "/"})
	r.RemoteAddr = "127.0.0.1:5000"
	if err := s.handler.Operators.Authorize(r, schema.Viewer); !fault.Is(err, fault.NoCredentials) {
		t.Errorf("without anything: %v", err)
	}
}
