package sigv4

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/drover-iot/drover/internal/fault"
)

// presigned is a request as a server gets it, presigned by the AWS signer at noon. The header is
// signed with it, a session token goes into the query.
func presigned(t *testing.T, method, target, body, token string, header http.Header) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, "http://localhost:8080"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	signed, sent, err := v4.NewSigner().PresignHTTP(context.Background(), aws.Credentials{
		AccessKeyID:     keyID,
		SecretAccessKey: secret,
		SessionToken:    token,
	}, r, sha(body), "iot", "us-east-1", noon)
	if err != nil {
		t.Fatal(err)
	}
	return receive(method, signed, body, sent)
}

// receive is a request for a URL as a server gets it.
func receive(method, address, body string, header http.Header) *http.Request {
	target, _ := strings.CutPrefix(address, "http://localhost:8080")
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "localhost:8080"
	for name, values := range header {
		if name != "Host" && name != "Content-Length" {
			r.Header[name] = values
		}
	}
	return r
}

// edit changes the query of a request.
func edit(r *http.Request, change func(url.Values)) {
	query := r.URL.Query()
	change(query)
	r.URL.RawQuery = query.Encode()
	r.RequestURI = r.URL.EscapedPath() + "?" + r.URL.RawQuery
}

// set puts a value into the query of a request, and "" removes it.
func set(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		edit(r, func(q url.Values) {
			q.Set(name, value)
			if value == "" {
				q.Del(name)
			}
		})
	}
}

// What the AWS signer has presigned verifies; whatever is changed afterwards does not.
func TestVerifyPresigned(t *testing.T) { // R-WIRE-26
	t.Parallel()
	const body = `{"a":1}`
	for _, row := range []struct {
		name, target, body, token string
		header                    http.Header
		change                    func(*http.Request)
		want                      fault.Code
	}{
		{name: "a plain path", target: "/jobs"},
		{name: "a body", target: "/jobs", body: body},
		{name: "a query", target: "/jobs?status=IN_PROGRESS&maxResults=5&empty=&b=x%20y%2Fz"},
		{name: "repeated members", target: "/things?a=2&a=1"},
		{name: "R-HTTP-4 $next as it is", target: "/things/pump/jobs/$next"},
		{name: "R-HTTP-4 $next encoded", target: "/things/pump/jobs/%24next"},
		{name: "a colon as it is", target: "/things/a:b/jobs"},
		{name: "a colon encoded", target: "/things/a%3Ab/jobs"},
		{name: "a session token", target: "/jobs", token: "to/ken+="},
		{name: "expires", target: "/jobs?X-Amz-Expires=3600"},
		{
			name: "signed headers", target: "/jobs", body: body,
			header: http.Header{"Content-Type": {"application/json"}, "X-Trace": {"a  b", "c"}},
		},
		{
			name: "a header that becomes a member", target: "/jobs",
			header: http.Header{"X-Amz-Something": {"a b"}},
		},
		{
			name: "the hash of the body", target: "/jobs", body: body,
			header: http.Header{"X-Amz-Content-Sha256": {sha(body)}},
		},
		{name: "the hash of the body in the query", target: "/jobs?X-Amz-Content-Sha256=" + sha("")},
		{
			name: "a header that is not signed", target: "/jobs",
			change: func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.1") },
		},
		{
			name: "the hash of another body in the query", want: fault.BadSignature,
			target: "/jobs?X-Amz-Content-Sha256=" + sha(body),
		},
		{
			name: "a body without its hash", target: "/jobs?X-Amz-Content-Sha256=UNSIGNED-PAYLOAD",
			body: body, want: fault.BadSignature,
		},
		{
			name: "another path", target: "/jobs/a", want: fault.BadSignature,
			change: func(r *http.Request) { r.RequestURI = strings.Replace(r.RequestURI, "/a?", "/b?", 1) },
		},
		{
			name: "R-HTTP-4 the path encoded again", target: "/jobs/$next", want: fault.BadSignature,
			change: func(r *http.Request) { r.RequestURI = strings.Replace(r.RequestURI, "$", "%24", 1) },
		},
		{
			name: "another method", target: "/jobs", want: fault.BadSignature,
			change: func(r *http.Request) { r.Method = "DELETE" },
		},
		{
			name: "another host", target: "/jobs", want: fault.BadSignature,
			change: func(r *http.Request) { r.Host = "example.org" },
		},
		{
			name: "a signed header changed", target: "/jobs", want: fault.BadSignature,
			header: http.Header{"X-Trace": {"a"}},
			change: func(r *http.Request) { r.Header.Set("X-Trace", "b") },
		},
		{name: "a member changed", target: "/jobs?a=1", want: fault.BadSignature, change: set("a", "2")},
		{name: "a member added", target: "/jobs", want: fault.BadSignature, change: set("force", "true")},
		{name: "a member removed", target: "/jobs?a=1", want: fault.BadSignature, change: set("a", "")},
		{name: "no token", target: "/jobs", token: "t", want: fault.BadSignature, change: set("X-Amz-Security-Token", "")},
		{name: "a longer time", target: "/jobs?X-Amz-Expires=60", want: fault.BadSignature, change: set(memberExpires, "600")},
		{name: "no end", target: "/jobs?X-Amz-Expires=60", want: fault.BadSignature, change: set(memberExpires, "")},
		{name: "another time", target: "/jobs", want: fault.BadSignature, change: set(memberDate, "20260301T120001Z")},
		{name: "another day", target: "/jobs", want: fault.BadSignature, change: set(memberDate, "20260302T120000Z")},
		{name: "no time", target: "/jobs", want: fault.BadSignature, change: set(memberDate, "noon")},
		{name: "a signed header twice", target: "/jobs", want: fault.BadSignature, change: set(memberSignedHeaders, "host;host")},
		{name: "other headers", target: "/jobs", want: fault.BadSignature, change: func(r *http.Request) {
			r.Header.Set("X-Trace", "a")
			set(memberSignedHeaders, "host;x-trace")(r)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := presigned(t, "PUT", row.target, row.body, row.token, row.header)
			if row.change != nil {
				row.change(r)
			}
			verify(t, r, row.body, secret, noon, row.want)
		})
	}
	verify(t, presigned(t, "PUT", "/jobs", body, "", nil), "{}", secret, noon, fault.BadSignature)
	verify(t, presigned(t, "PUT", "/jobs", body, "", nil), body, "another", noon, fault.BadSignature)
}

// What is wrong with a signature in the query that cannot be read. Each member that is missing is
// named.
func TestParseQuery(t *testing.T) { // R-WIRE-26
	t.Parallel()
	header := func(r *http.Request) {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=K/20260301/us-east-1/iot/aws4_request, "+
			"SignedHeaders=host, Signature=ab")
	}
	for _, row := range []struct {
		name, says string
		change     func(*http.Request)
	}{
		{"no algorithm", "not complete: X-Amz-Algorithm is missing", set(memberAlgorithm, "")},
		{"no credential", "not complete: X-Amz-Credential is missing", set(memberCredential, "")},
		{"no date", "not complete: X-Amz-Date is missing", set(memberDate, "")},
		{"no signed headers", "not complete: X-Amz-SignedHeaders is missing", set(memberSignedHeaders, "")},
		{"no signature", "not complete: X-Amz-Signature is missing", set(memberSignature, "")},
		{
			"nothing but the algorithm",
			"X-Amz-Credential, X-Amz-Date, X-Amz-SignedHeaders, X-Amz-Signature is missing",
			func(r *http.Request) {
				edit(r, func(q url.Values) { clear(q); q.Set(memberAlgorithm, algorithm) })
			},
		},
		{"another algorithm", "X-Amz-Algorithm must be AWS4-HMAC-SHA256", set(memberAlgorithm, "AWS4-ECDSA")},
		{"a short credential", "X-Amz-Credential must be KEY/DATE", set(memberCredential, "K/20260301/iot/aws4_request")},
		{"host is not signed", "X-Amz-SignedHeaders must contain host", set(memberSignedHeaders, "x-trace")},
		{
			"a member twice", "X-Amz-Date more than once",
			func(r *http.Request) { edit(r, func(q url.Values) { q.Add(memberDate, "x") }) },
		},
		{"both ways", "Authorization header and a signature in the query", header},
		{"both ways, one of them not complete", "Authorization header and a signature in the query", func(r *http.Request) {
			header(r)
			set(memberDate, "")(r)
		}},
		{"expires at once", "X-Amz-Expires must be a number of seconds from 1 to 604800", set(memberExpires, "0")},
		{"expires before", "X-Amz-Expires must be", set(memberExpires, "-1")},
		{"expires after more than 7 days", "X-Amz-Expires must be", set(memberExpires, "604801")},
		{"expires after ages", "X-Amz-Expires must be", set(memberExpires, "99999999999999999999")},
		{"expires, but no number", "X-Amz-Expires must be", set(memberExpires, "1h")},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := presigned(t, "GET", "/jobs", "", "", nil)
			row.change(r)
			if _, err := Parse(r); !fault.Is(err, fault.BadSignature) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want BadSignature with %q", err, row.says)
			}
		})
	}
	if _, err := Parse(httptest.NewRequest("GET", "/jobs?X-Amz-Date=1", nil)); !fault.Is(err, fault.NoCredentials) {
		t.Errorf("R-ERR-9: not signed: %v", err)
	}
}

// A presigned request can be made from 15 minutes before its date, which is what the clocks may
// differ by, until it expires; without X-Amz-Expires until 15 minutes after.
func TestExpires(t *testing.T) { // R-WIRE-26, R-ERR-6
	t.Parallel()
	for _, row := range []struct {
		expires     string
		first, last time.Duration
	}{
		{"?X-Amz-Expires=1", -15 * time.Minute, time.Second},
		{"?X-Amz-Expires=3600", -15 * time.Minute, time.Hour},
		{"?X-Amz-Expires=604800", -15 * time.Minute, 7 * 24 * time.Hour},
		{"", -15 * time.Minute, 15 * time.Minute},
	} {
		for after, want := range map[time.Duration]fault.Code{
			row.first - time.Second: fault.Expired,
			row.first:               "",
			0:                       "",
			row.last:                "",
			row.last + time.Second:  fault.Expired,
		} {
			r := presigned(t, "GET", "/jobs"+row.expires, "", "", nil)
			verify(t, r, "", secret, noon.Add(after), want)
		}
	}
}

// URLs that generate_presigned_url of botocore 1.43 has made at noon, with the same keys.
func TestBotocore(t *testing.T) { // R-WIRE-26
	t.Parallel()
	const scope = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLE%2F20260301%2Fus-east-1%2F"
	const times = "%2Faws4_request&X-Amz-Date=20260301T120000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders="
	withType := http.Header{"Content-Type": {"application/json"}}
	for _, row := range []struct {
		method, address string
		header          http.Header
	}{
		{"GET", "/things/t%3A1/jobs?" + scope + "iot-jobs-data" + times + "host&X-Amz-Signature=" +
			"04ad181c22fb8b40076f95e4678fa661515f3e84c2f05a858ad9852f7a5ab14a", nil},
		{"GET", "/things/t/jobs/%24next?includeJobDocument=false&" + scope + "iot-jobs-data" + times +
			"host&X-Amz-Security-Token=TOK%2Fen%2B%3D&X-Amz-Signature=" +
			"e2cabb67ec2e0910c34e41b74351e5729b73157bc2623ad817319e33520e36c3", nil},
		{"PUT", "/things/t/jobs/$next?" + scope + "iot-jobs-data" + times + "content-type%3Bhost&X-Amz-Signature=" +
			"23fa1802e6214f71a203c57fbe696b94ebbe2d32c008945ac58a30218a7ae2d3", withType},
		{"GET", "/things?attributeName=a%20b&attributeValue=x%2Fy&" + scope + "iot" + times + "host&X-Amz-Signature=" +
			"ec61835dd94d121c039f56a79d64706f54f20c94b9988a3f7c3a9a7edf17a568", nil},
		{"PUT", "/jobs/j/cancel?force=true&" + scope + "iot" + times + "content-type%3Bhost&X-Amz-Signature=" +
			"9fdd99a5e5d2c9501e8eeb0342c3be9d4438826a37e6391788cbca0074f190a1", withType},
	} {
		verify(t, receive(row.method, row.address, "", row.header), "", secret, noon, "")
		verify(t, receive(row.method, row.address, "", row.header), "", secret, noon.Add(2*time.Hour), fault.Expired)
		verify(t, receive(row.method, row.address, "", row.header), "{}", secret, noon, fault.BadSignature)
	}
}
