package attack

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/test/testserver"
)

var signedHeaders = regexp.MustCompile(`SignedHeaders=[^,]*,`)

// Nobody gets in without a signature that is right for exactly this request, and what is refused
// makes nothing (R-WIRE-3, R-WIRE-4).
func TestSignatures(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	const path, body = "/things/forged", `{"attributePayload":{"attributes":{"a":"b"}}}`
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	replace := func(old, with string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization",
				strings.Replace(r.Header.Get("Authorization"), old, with, 1))
		}
	}
	type row struct {
		name  string
		spoil func(*request)
	}
	var rows []row
	spoiled := func(name string, f func(*http.Request)) {
		rows = append(rows, row{name, func(r *request) { r.spoil = f }})
	}
	for _, authorization := range []string{
		"", " ", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=",
		"AWS4-ECDSA-P256-SHA256 Credential=a/b/c/iot/aws4_request, SignedHeaders=host, Signature=00",
		"AWS AKIA:c2lnbmF0dXJl", "Bearer token", "Basic " + base64.StdEncoding.EncodeToString([]byte("a:b")),
		"AWS4-HMAC-SHA256 Credential=" + s.AccessKeyID + "/20261128/us-east-1/iot/aws4_request",
		strings.Repeat("A", 8000),
	} {
		spoiled("Authorization "+authorization[:min(40, len(authorization))],
			header("Authorization", authorization))
	}
	spoiled("no Authorization", func(r *http.Request) { r.Header.Del("Authorization") })
	spoiled("two Authorizations", func(r *http.Request) {
		r.Header["Authorization"] = append([]string{"x"}, r.Header["Authorization"]...)
	})
	spoiled("the body changed", func(r *http.Request) {
		changed := strings.Replace(body, `"b"`, `"c"`, 1)
		r.Body = http.NoBody
		if reader, err := http.NewRequest("POST", "/", strings.NewReader(changed)); err == nil {
			r.Body = reader.Body
		}
	})
	spoiled("no body", func(r *http.Request) { r.Body, r.ContentLength = http.NoBody, 0 })
	spoiled("a query", func(r *http.Request) { r.URL.RawQuery = "a=b" })
	spoiled("another path", func(r *http.Request) { r.URL.Path = "/things/forged-too" })
	spoiled("another method", func(r *http.Request) { r.Method = "PATCH" })
	spoiled("another host", func(r *http.Request) { r.Host = "localhost:1" })
	spoiled("another date", header("X-Amz-Date", time.Now().Add(-time.Minute).UTC().Format("20060102T150405Z")))
	spoiled("no date", func(r *http.Request) { r.Header.Del("X-Amz-Date") })
	spoiled("a date that is none", header("X-Amz-Date", "yesterday"))
	spoiled("the date as Date only", func(r *http.Request) {
		r.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
		r.Header.Del("X-Amz-Date")
	})
	spoiled("the host is not signed", replace(";host", ""))
	spoiled("the date is not signed", replace("x-amz-date", "content-type"))
	for _, headers := range []string{
		"", ";", "accept;", "accept;host", "host;", ";host;x-amz-date", "x-amz-date;host",
		"host;host;x-amz-date", "HOST;X-AMZ-DATE", "host;x-amz-date;x-amz-target",
	} {
		spoiled("the signed headers are "+headers, func(r *http.Request) {
			r.Header.Set("Authorization", signedHeaders.ReplaceAllLiteralString(
				r.Header.Get("Authorization"), "SignedHeaders="+headers+","))
		})
	}
	spoiled("another key id", replace("Credential="+s.AccessKeyID, "Credential=AKIAAAAAAAAAAAAAAAAA"))
	spoiled("a signature of zeros", func(r *http.Request) {
		before, _, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
		r.Header.Set("Authorization", before+"Signature="+strings.Repeat("0", 64))
	})
	spoiled("a short signature", func(r *http.Request) {
		before, _, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
		r.Header.Set("Authorization", before+"Signature=")
	})
	for _, hash := range []string{
		"UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", // of nothing
	} {
		rows = append(rows, row{"the hash of the body is " + hash, func(r *request) {
			r.hash = hash
			r.header = http.Header{"X-Amz-Content-Sha256": {hash}}
		}})
	}
	rows = append(rows,
		row{"another secret", func(r *request) { r.secret = strings.Repeat("s", 40) }},
		row{"no secret", func(r *request) { r.secret = " " }},
		row{"another region", func(r *request) { r.region = "eu-west-1" }},
		row{"another service", func(r *request) { r.service = "lambda" }},
		row{"the service of another plane", func(r *request) { r.service = "iotdata" }},
		row{"16 minutes ago", func(r *request) { r.at = time.Now().Add(-16 * time.Minute) }},
		row{"in 16 minutes", func(r *request) { r.at = time.Now().Add(16 * time.Minute) }},
		row{"a year ago with a fresh date beside", func(r *request) {
			r.at = time.Now().AddDate(-1, 0, 0)
			r.header = http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}
		}},
		row{"unsigned", func(r *request) { r.unsigned = true }},
	)
	good := request{method: "POST", path: path, body: body}
	for _, row := range rows {
		bad := good
		row.spoil(&bad)
		if got := send(t, s, bad); got.status < 400 || got.status >= 500 {
			t.Errorf("%s: status %d: %s", row.name, got.status, got.body)
		}
	}
	if len(rows) < 40 {
		t.Errorf("only %d requests were spoiled", len(rows))
	}
	wantThings(t, s, 0)
	if got := send(t, s, good); got.status != http.StatusOK {
		t.Errorf("the good request, status %d: %s", got.status, got.body)
	}
	wantThings(t, s, 1)
}

// A signature for one path is good for no other spelling of a path, and none reaches an operation
// that it does not name.
func TestPathSpellings(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	const clean = "/things/forged"
	good := rendered(t, s, request{method: "POST", path: clean, body: "{}"})
	for _, path := range []string{
		"//things/forged", "/things//forged", "/things/forged/", "/things/./forged",
		"/x/../things/forged", "/things/%66orged", "/things/forged%00", "/things/forged%2f",
		"/%74hings/forged", "/things%2fforged", "/things/forged%252e", "/things/forged?", "*",
		"/things/forged;a=b", "/things/forged#a", "/things/%zz", "/things/forged?a=%zz",
		"/things/forged?a;b", "http://" + hostOf(t, s.HTTP) + "/x/../things/forged", "/things/for\tged",
	} {
		text := strings.Replace(good, "POST "+clean+" ", "POST "+path+" ", 1)
		if text == good {
			t.Fatal("the path was not replaced")
		}
		got := sendRaw(t, s.HTTP, nil, text)
		if got.status >= 200 && got.status < 300 && path != "/things/forged?" {
			t.Errorf("%s: status %d: %s", path, got.status, got.body)
		}
		if got.status >= 500 {
			t.Errorf("%s: status %d: %s", path, got.status, got.body)
		}
	}
	things := 0
	if got := send(t, s, request{method: "GET", path: "/things/forged"}); got.status == http.StatusOK {
		things = 1 // "/things/forged?" is the same request: its query is empty
	}
	wantThings(t, s, things)
}

// Bodies that say their length twice or wrongly, and headers that stand twice, are refused or mean
// one thing only.
func TestAmbiguousRequests(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	good := rendered(t, s, request{method: "POST", path: "/things/forged", body: "{}"})
	for _, row := range []struct{ name, old, with string }{
		{"two lengths", "Content-Length: 2\r\n", "Content-Length: 2\r\nContent-Length: 3\r\n"},
		{"a length and chunks", "Content-Length: 2\r\n",
			"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"},
		{"chunks within chunks", "Content-Length: 2\r\n", "Transfer-Encoding: chunked, chunked\r\n"},
		{"an unknown coding", "Content-Length: 2\r\n", "Transfer-Encoding: gzip\r\n"},
		{"a negative length", "Content-Length: 2\r\n", "Content-Length: -2\r\n"},
		{"two hosts", "Host: ", "Host: localhost\r\nHost: "},
		{"no host", "Host: ", "X-Host: "},
		{"a header without a name", "Host: ", ": x\r\nHost: "},
		{"HTTP/1.0 without a host", "HTTP/1.1\r\nHost: ", "HTTP/1.0\r\nX-Host: "},
		{"HTTP/9.9", "HTTP/1.1", "HTTP/9.9"},
	} {
		text := strings.Replace(good, row.old, row.with, 1)
		if text == good {
			t.Fatalf("%s: nothing was replaced", row.name)
		}
		text += "\r\n\r\n" // so that nobody waits for the end of a chunk
		if got := sendRaw(t, s.HTTP, nil, text); got.status >= 200 && got.status < 400 ||
			got.status >= 500 && got.status != http.StatusNotImplemented &&
				got.status != http.StatusHTTPVersionNotSupported {
			t.Errorf("%s: status %d: %s", row.name, got.status, got.body)
		}
	}
	wantThings(t, s, 0)
}

// A page in a browser can neither call the server nor read from it.
func TestBrowserPage(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t, "--clock", "virtual")
	for _, origin := range []string{"https://evil.example", "null", s.HTTP} {
		for _, path := range []string{"/_drover/clock", "/_drover/reset"} {
			r := request{
				method:   "POST",
				path:     path,
				body:     `{"advance":"1h"}`,
				unsigned: true,
				header:   http.Header{"Origin": {origin}},
			}
			if got := send(t, s, r); got.status != http.StatusForbidden {
				t.Errorf("%s from %s: status %d: %s", path, origin, got.status, got.body)
			}
		}
	}
	preflight := send(t, s, request{
		method:   "OPTIONS",
		path:     "/things/forged",
		unsigned: true,
		header: http.Header{
			"Origin":                        {"https://evil.example"},
			"Access-Control-Request-Method": {"POST"},
		},
	})
	for name := range preflight.header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("the answer to a preflight has %s", name)
		}
	}
	got := send(t, s, request{method: "POST", path: "/things/forged", body: "{}", unsigned: true})
	if got.status != http.StatusForbidden {
		t.Errorf("an unsigned call from this machine: status %d: %s", got.status, got.body)
	}
	// A form that is posted to the MQTT port is no CONNECT.
	text := fmt.Sprintf("POST / HTTP/1.1\r\nHost: %s\r\nUser-Agent: a browser\r\n"+
		"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", hostOf(t, s.MQTT))
	if got := sendRaw(t, s.MQTT, nil, text); got.status != 0 {
		t.Errorf("the MQTT port answered HTTP with %d", got.status)
	}
	wantThings(t, s, 0)
}
